// GET /v1/changes as server-sent events.
#pragma once

#include "api/context.h"

namespace tenon {

// Answers with an event stream from `after` on. kTooManyRequests when the tenant has too many open.
void StreamChanges(const ApiContext& api, const ExchangePtr& exchange, std::int64_t after);

// What a tenant is told that has all its places for streams and long polls taken.
Error TooManyStreams(const ApiContext& api);

}  // namespace tenon

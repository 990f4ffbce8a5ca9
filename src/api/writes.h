// What all writing endpoints share.
#pragma once

#include "api/context.h"
#include "engine/command.h"

namespace tenon {

// The Idempotency-Key of a POST, bound to its route and body. kInvalidArgument when it is longer
// than 255 characters or not printable ASCII.
Result<Idempotent> ReplayOf(const Exchange& exchange);

// Applies one command and answers with its outcome. Rows of users and api_keys are looked at by
// CheckGrant first, on the pool.
void ApplyAndAnswer(const ApiContext& api, const ExchangePtr& exchange, Command command);

// The answer to an outcome: 201 with Location, 200, or 204.
void SendOutcome(Exchange& exchange, Outcome outcome);

}  // namespace tenon

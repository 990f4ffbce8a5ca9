// A gzip file as the input it was made from.
#pragma once

#include <memory>

#include "services/ingest/input.h"

namespace tenon::ingest {

// Reads what `compressed` decodes to; seeking forward reads up to there. Every reader of a format
// bounds what it takes, so there is no bound here. kInvalidArgument, with the byte, when the data
// is damaged or cut off.
std::unique_ptr<InputSource> OpenGzip(std::unique_ptr<InputSource> compressed);

}  // namespace tenon::ingest

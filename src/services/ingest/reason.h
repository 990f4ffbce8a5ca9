// Why a row was refused, in one line.
#pragma once

#include <string>

#include "base/error.h"

namespace tenon::ingest {

// The error's message and each wrong field, "2 fields are wrong; name: a value is required; type: a
// value is required". A single field that the message says already is not said twice.
std::string ReasonOf(const Error& error);

}  // namespace tenon::ingest

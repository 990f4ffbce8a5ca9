// Records out as JSON bytes. No tree is built.
#pragma once

#include <string>

#include "record/record.h"

namespace tenon {

enum class EncodeFor {
  kAnswer,  // hidden fields left out, secrets as kSealedMark
  kLog,     // as kAnswer, and `redact` fields as "[redacted]"
};

// Appends the record as one JSON object. Times as RFC 3339, decimals as strings, JSON as it is.
void AppendRecord(const Record& record, EncodeFor purpose, std::string& out);

// Appends one value of a type as JSON. Secrets (also inside JSON of a shape) are masked.
void AppendValue(const Value& value, const model::Type& type, EncodeFor purpose, std::string& out);

// The members that differ between two encoded states, as [{"path","before","after"}].
boost::json::array Differences(const boost::json::value& before, const boost::json::value& after);

}  // namespace tenon

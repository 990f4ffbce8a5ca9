// JSON in and out. The tree is Boost.JSON's; this adds what a server needs around it: strict
// reading with positions, and the canonical form that is hashed and compared.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tenon {

namespace json = boost::json;

struct JsonLimits {
  std::size_t depth_max = 64;
};

// Reads one document (RFC 8259). Duplicate keys, invalid UTF-8, NUL in strings, depth over the
// limit and anything after the document are kInvalidArgument, with line and column in the message
// and `line`, `column`, `offset` in Error::details. Numbers keep int64 when they are whole and fit
// (then uint64, then double).
Result<json::value> ParseJson(std::string_view text, const JsonLimits& limits = {});

// RFC 8785 (JCS): members sorted by UTF-16 code units, shortest numbers, no white space.
std::string CanonicalJson(const json::value& value);
void AppendCanonicalJson(const json::value& value, std::string& out);

// Appends `text` as a JSON string with its quotes.
void AppendJsonString(std::string_view text, std::string& out);

// The double as ECMAScript prints it, which is what JCS asks for.
void AppendJsonNumber(double value, std::string& out);

// The value at a path of keys, or nullptr.
const json::value* FindPath(const json::value& root, std::span<const std::string> path);

// Merge patch (RFC 7396) applied in place.
void MergePatch(json::value& target, const json::value& patch);

}  // namespace tenon

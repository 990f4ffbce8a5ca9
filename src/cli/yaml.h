// YAML in and out as JSON values, by YAML 1.2's core schema (yaml-cpp behind it).
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tenon::cli {

// Every document of the text. kInvalidArgument with name, line and column: keys that are no plain
// text or stand twice, nesting over limits::kJsonDepthMax, aliases that blow the text up.
Result<std::vector<json::value>> ReadYaml(std::string_view text, const std::string& name);

// Block style, a final newline; ReadYaml reads it back as the same value.
std::string ToYaml(const json::value& value);

}  // namespace tenon::cli

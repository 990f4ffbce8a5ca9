// The words of the language that more than one of its parts goes by.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace tenon::model {

inline constexpr std::array<std::string_view, 17> kTypeWords = {
    "uuid", "ulid", "text", "int", "decimal", "float", "bool",     "time",  "duration",
    "json", "enum", "map",  "ip",  "url",     "cron",  "timezone", "secret"};

inline bool IsTypeWord(std::string_view word) {
  return std::find(kTypeWords.begin(), kTypeWords.end(), word) != kTypeWords.end();
}

}  // namespace tenon::model

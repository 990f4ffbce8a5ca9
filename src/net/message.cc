#include "net/message.h"

#include <algorithm>
#include <cctype>

namespace tenon::net {

bool EqualFold(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::optional<std::string_view> Find(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (EqualFold(key, name)) return value;
  }
  return std::nullopt;
}

}  // namespace tenon::net

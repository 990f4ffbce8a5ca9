// Whatever ParseJson accepts has a canonical form that it accepts again with the same result.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = tenon::ParseJson(text);
  if (!value) {
    if (value.error().message.empty()) std::abort();
    return 0;
  }
  const std::string canonical = tenon::CanonicalJson(*value);
  const auto again = tenon::ParseJson(canonical);
  if (!again || tenon::CanonicalJson(*again) != canonical) std::abort();
  return 0;
}

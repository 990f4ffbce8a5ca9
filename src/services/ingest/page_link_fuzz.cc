// A link that is found stands in the header as it is given out.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/ingest/page_link.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  const auto target = tenon::ingest::LinkOf(header, "next");
  if (target && header.find(*target) == std::string_view::npos) std::abort();
  return 0;
}

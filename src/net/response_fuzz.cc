// Responses off the wire, whole and cut in pieces, must be read the same and within their bounds.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/response_parser.h"

using tenon::net::ResponseLimits;
using tenon::net::ResponseParser;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ResponseLimits limits{.header_bytes_max = 4096, .headers_max = 16, .body_bytes_max = 65536};
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = data[0] + 1u;
  ResponseParser whole(limits, false);
  const auto at_once = whole.Feed(input);
  ResponseParser pieces(limits, false);
  bool failed = false;
  for (std::size_t at = 0; at < input.size() && !pieces.done() && !failed; at += step) {
    failed = !pieces.Feed(input.substr(at, step)).has_value();
  }
  if (failed == at_once.has_value()) std::abort();
  if (!failed &&
      (whole.done() != pieces.done() || whole.response().body != pieces.response().body ||
       whole.response().headers != pieces.response().headers)) {
    std::abort();
  }
  if (whole.response().body.size() > limits.body_bytes_max + 16384) std::abort();
  (void)whole.End();
  return 0;
}

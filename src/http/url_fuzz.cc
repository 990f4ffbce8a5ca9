// Percent-decoding and request targets: no crash, valid UTF-8 or an error, and encoding comes back.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "http/client.h"
#include "http/gzip.h"
#include "http/url.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool form : {false, true}) {
    const auto decoded = PercentDecode(text, form);
    if (!decoded) continue;
    Require(!tenon::InvalidUtf8At(*decoded) && decoded->find('\0') == std::string::npos);
    Require(*PercentDecode(PercentEncode(*decoded), form) == *decoded);
  }
  Request request;
  request.method = "GET";
  if (ParseTarget(text, request)) {
    Require(request.path.starts_with('/'));
    for (const auto& [name, value] : request.query) {
      Require(!tenon::InvalidUtf8At(name) && !tenon::InvalidUtf8At(value));
    }
  }
  (void)AcceptsGzip(text);
  (void)IsCompressible(text);
  (void)ParseBaseUrl(text);
  return 0;
}

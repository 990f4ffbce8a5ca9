// Bytes of a connection through the parser that the server uses. The first byte says how the rest
// is cut into reads; how it is cut must not change what is understood.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "http/request_parser.h"

namespace {

using tenon::http::Request;
using tenon::http::RequestParser;

constexpr tenon::http::ParserLimits kLimits = {
    .header_bytes_max = 2048, .body_bytes_max = 4096, .header_lines_max = 50};

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckRequest(const Request& request) {
  Require(!request.method.empty());
  Require(request.path.starts_with('/') || request.path == "*");
  Require(!tenon::InvalidUtf8At(request.path));
  Require(request.path.find('\0') == std::string::npos);
  Require(request.body.size() <= kLimits.body_bytes_max);
  Require(request.headers.size() <= kLimits.header_lines_max);
  for (const auto& [name, value] : request.headers) {
    Require(!name.empty() &&
            value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
}

// The requests of `bytes`, and a last line that says how it ended.
std::vector<std::string> Parse(std::string_view bytes, std::size_t step) {
  std::vector<std::string> found;
  RequestParser parser(kLimits);
  std::size_t used = 0, have = 0;
  while (have < bytes.size()) {
    have = std::min(have + step, bytes.size());
    for (;;) {
      used += parser.Feed(bytes.substr(used, have - used));
      Require(used <= have);
      // What a connection must hold for the parser stays bounded.
      if (parser.state() == RequestParser::State::kNeedMore) {
        Require(have - used <= kLimits.header_bytes_max + step);
      }
      if (parser.state() == RequestParser::State::kExpectContinue) {
        parser.Continue();
      } else if (parser.state() == RequestParser::State::kDone) {
        const bool keep_alive = parser.keep_alive();
        const Request request = parser.TakeRequest();
        CheckRequest(request);
        found.push_back(request.method + " " + request.path + " " + request.body);
        parser.Reset();
        if (!keep_alive) return found;
      } else if (parser.state() == RequestParser::State::kRefused) {
        Require(parser.refusal().status >= 400 && !parser.refusal().detail.empty());
        found.push_back(std::to_string(parser.refusal().status));
        return found;
      } else {
        break;
      }
    }
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = Parse(bytes, bytes.size() + 1);
  Require(Parse(bytes, 1 + data[0] % 32) == whole);
  return 0;
}

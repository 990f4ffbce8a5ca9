// Percent-encoding (RFC 3986, 2.1) and the request target (RFC 9112, 3.2). PercentEncode stands in
// client.h.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace tenon::http {

// Undoes percent-encoding; with `form`, + is a space as browsers write queries (WHATWG URL).
// kInvalidArgument, with the position, on a bad escape, a NUL or what is not UTF-8.
Result<std::string> PercentDecode(std::string_view text, bool form = false);

// Fills path, raw_path and query of `request` from a target in origin form ("/path?query"),
// absolute form ("http://host/path?query") or asterisk form (OPTIONS only).
Result<> ParseTarget(std::string_view target, Request& request);

// Where a client finds its server: "http://host:port/prefix", IPv6 in brackets.
struct BaseUrl {
  bool tls = false;
  std::string host;    // without brackets
  std::string port;    // 80 or 443 when not given
  std::string prefix;  // put before every target; without the last /

  // As in the Host field: brackets again, the port when it was given.
  std::string authority;
};
Result<BaseUrl> ParseBaseUrl(std::string_view url);

}  // namespace tenon::http

// URLs of outbound requests (RFC 3986), http and https only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tenon::net {

struct Url {
  bool tls = false;
  std::string host;  // lower case, without brackets
  std::uint16_t port = 80;
  std::string target;  // path and query as they are sent; at least "/"

  // "https://host:port", the port left out when it is the scheme's: what two requests must have in
  // common for one to see what was sent with the other.
  [[nodiscard]] std::string Origin() const;
  // As in the Host field: brackets around IPv6, the port unless it is the scheme's.
  [[nodiscard]] std::string Authority() const;
  [[nodiscard]] std::string ToString() const { return Origin() + target; }
};

// kInvalidArgument, saying what is wrong: another scheme, a user or password in it, no host, a host
// with characters that no name has, over kUrlBytesMax. A fragment is cut off.
Result<Url> ParseUrl(std::string_view text);

// Where `reference` (a Location, a link) leads from `base` (RFC 3986, 5).
Result<Url> ResolveUrl(const Url& base, std::string_view reference);

inline constexpr std::size_t kUrlBytesMax = 8u << 10;

}  // namespace tenon::net

#include "net/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <cctype>
#include <charconv>

namespace tenon::net {
namespace {

namespace urls = boost::urls;

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Names of DNS, with the underscore that real hosts have, and addresses. Percent-encoded and
// non-ASCII names are for whoever made the URL to turn into punycode.
bool IsHostCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
         c == ':';
}

Result<Url> FromView(const urls::url_view_base& parsed) {
  Url url;
  const std::string scheme = Lower(std::string(parsed.scheme()));
  if (scheme != "http" && scheme != "https") {
    return Fail(Code::kInvalidArgument, "a URL begins with http:// or https://");
  }
  url.tls = scheme == "https";
  if (parsed.has_userinfo()) {
    return Fail(Code::kInvalidArgument,
                "a URL has no user or password in it; give them as a header or as auth");
  }
  url.host = Lower(std::string(parsed.encoded_host_address()));
  while (url.host.ends_with('.')) url.host.pop_back();
  if (url.host.empty() || url.host.size() > 253 ||
      !std::ranges::all_of(url.host, IsHostCharacter)) {
    return Fail(Code::kInvalidArgument, "a URL names a host, such as https://api.example.com/v1");
  }
  url.port = url.tls ? 443 : 80;
  if (parsed.has_port() && !parsed.port().empty()) {
    const std::string port(parsed.port());
    const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (problem != std::errc() || end != port.data() + port.size() || url.port == 0) {
      return Fail(Code::kInvalidArgument, "a port is a number from 1 to 65535");
    }
  }
  url.target = std::string(parsed.encoded_path());
  if (url.target.empty()) url.target = "/";
  if (parsed.has_query()) url.target += "?" + std::string(parsed.encoded_query());
  return url;
}

}  // namespace

std::string Url::Authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : fmt::format("{}:{}", name, port);
}

std::string Url::Origin() const { return (tls ? "https://" : "http://") + Authority(); }

Result<Url> ParseUrl(std::string_view text) {
  if (text.size() > kUrlBytesMax) {
    return Fail(Code::kInvalidArgument, fmt::format("a URL has at most {} bytes", kUrlBytesMax));
  }
  const auto parsed = urls::parse_uri({text.data(), text.size()});
  if (!parsed) return Fail(Code::kInvalidArgument, "is no URL: " + parsed.error().message());
  return FromView(*parsed);
}

Result<Url> ResolveUrl(const Url& base, std::string_view reference) {
  if (reference.size() > kUrlBytesMax) {
    return Fail(Code::kInvalidArgument, fmt::format("a URL has at most {} bytes", kUrlBytesMax));
  }
  const auto parsed = urls::parse_uri_reference({reference.data(), reference.size()});
  if (!parsed) return Fail(Code::kInvalidArgument, "is no URL: " + parsed.error().message());
  urls::url whole(base.ToString());
  const auto resolved = whole.resolve(*parsed);
  if (!resolved) return Fail(Code::kInvalidArgument, "is no URL: " + resolved.error().message());
  // Dots that lead above the root are dropped (5.2.4); Boost keeps them.
  Url url = TRY(FromView(whole));
  while (url.target.starts_with("/../")) url.target.erase(0, 3);
  return url;
}

}  // namespace tenon::net

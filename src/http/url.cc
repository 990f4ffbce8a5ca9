#include "http/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/text.h"
#include "http/client.h"

namespace tenon::http {
namespace {

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// Most targets are plain ASCII without escapes; for them decoding is a copy.
bool IsPlain(std::string_view text, bool form) {
  return std::none_of(text.begin(), text.end(), [form](char c) {
    return c == '%' || (form && c == '+') || static_cast<unsigned char>(c) >= 0x80 || c == '\0';
  });
}

Result<> ParseQuery(std::string_view text, Request& request) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = PercentDecode(pair.substr(0, equals), true);
    if (!name) return Fail(std::move(name.error()).In("query parameter name"));
    auto value = PercentDecode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!value) {
      return Fail(std::move(value.error()).In(fmt::format("query parameter {}", *name)));
    }
    request.query.emplace_back(std::move(*name), std::move(*value));
  }
  return {};
}

// "http://host:port/path" to "/path": servers must accept the form that proxies are sent.
std::string_view StripAuthority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() > scheme.size() && EqualFold(target.substr(0, scheme.size()), scheme)) {
      const std::string_view rest = target.substr(scheme.size());
      return rest.substr(std::min(rest.find_first_of("/?"), rest.size()));
    }
  }
  return target;
}

}  // namespace

Result<std::string> PercentDecode(std::string_view text, bool form) {
  if (IsPlain(text, form)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const auto high = i + 2 < text.size() ? HexDigit(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? HexDigit(text[i + 2]) : std::nullopt;
      if (!high || !low) {
        return Fail(Code::kInvalidArgument,
                    fmt::format("% at byte {} is not followed by two hex digits", i));
      }
      c = static_cast<char>(*high * 16 + *low);
      i += 2;
    } else if (form && c == '+') {
      c = ' ';
    }
    if (c == '\0') return Fail(Code::kInvalidArgument, "a NUL character is not allowed");
    out.push_back(c);
  }
  if (const auto at = InvalidUtf8At(out)) {
    return Fail(Code::kInvalidArgument, fmt::format("not valid UTF-8 at decoded byte {}", *at));
  }
  return out;
}

Result<> ParseTarget(std::string_view target, Request& request) {
  if (target == "*" && request.method == "OPTIONS") {
    request.path = "*";
    return {};
  }
  if (!target.starts_with('/')) {
    const std::string_view stripped = StripAuthority(target);
    if (stripped.size() == target.size()) {
      return Fail(Code::kInvalidArgument, "the request target must start with /");
    }
    target = stripped;
  }
  if (target.find('#') != std::string_view::npos) {
    return Fail(Code::kInvalidArgument, "a request target has no fragment: encode # as %23");
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string_view raw_path = mark == 0 ? std::string_view("/") : target.substr(0, mark);
  auto path = PercentDecode(raw_path);
  if (!path) return Fail(std::move(path.error()).In("path"));
  request.path = std::move(*path);
  if (request.path != raw_path) request.raw_path = raw_path;
  return ParseQuery(target.substr(std::min(mark + 1, target.size())), request);
}

Result<BaseUrl> ParseBaseUrl(std::string_view url) {
  const auto fail = [&](std::string_view why) {
    return Fail(Code::kInvalidArgument,
                fmt::format("{} is no server URL such as http://127.0.0.1:7400: {}", url, why));
  };
  BaseUrl base;
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return fail("it does not start with http://");
  const std::string_view scheme = url.substr(0, scheme_end);
  base.tls = EqualFold(scheme, "https");
  if (!base.tls && !EqualFold(scheme, "http")) return fail("the scheme must be http or https");
  std::string_view rest = url.substr(scheme_end + 3);
  if (rest.find_first_of("?# \t\r\n") != std::string_view::npos) {
    return fail("it has a query, a fragment or white space");
  }
  const std::size_t path = std::min(rest.find('/'), rest.size());
  base.prefix = rest.substr(path);
  while (base.prefix.ends_with('/')) base.prefix.pop_back();
  base.authority = rest.substr(0, path);
  std::string_view host = base.authority;
  if (host.find('@') != std::string_view::npos) return fail("user names belong in the API key");
  base.port = base.tls ? "443" : "80";
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    base.port = host.substr(colon + 1);
    host = host.substr(0, colon);
    if (base.port.empty() || base.port.size() > 5 ||
        base.port.find_first_not_of("0123456789") != std::string::npos) {
      return fail("the port is no number");
    }
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return fail("the host is missing");
  base.host = host;
  return base;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(c);
    out.push_back('%');
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

}  // namespace tenon::http

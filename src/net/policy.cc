#include "net/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace tenon::net {
namespace {

// Takes ":port" off the end of `text`; false when what follows the colon is no port.
bool CutPort(std::string_view& text, std::uint16_t& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return true;
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  text = text.substr(0, colon);
  return problem == std::errc() && end == digits.data() + digits.size() && port != 0;
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_';
  });
}

}  // namespace

Result<Policy> Policy::Create(const std::vector<std::string>& rules) {
  Policy policy;
  Error error(Code::kInvalidArgument, "net.allow has rules that cannot be read");
  for (const std::string& text : rules) {
    Rule rule;
    std::string_view rest = text;
    if (const auto network = Network::Parse(rest)) {
      rule.network = *network;
      policy.rules_.push_back(std::move(rule));
      continue;
    }
    bool readable = CutPort(rest, rule.port);
    if (const auto network = Network::Parse(rest); network && readable) {
      rule.network = *network;
    } else {
      if (rest.starts_with("*.")) {
        rule.subdomains = true;
        rest.remove_prefix(2);
      }
      readable = readable && IsName(rest);
      for (const char c : rest) {
        rule.host += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
    if (!readable) {
      error.fields.push_back(
          {"net.allow", "format",
           fmt::format("'{}' is no network such as 10.2.0.0/16, no host name such as "
                       "wiki.corp.example or *.corp.example, and neither with a port",
                       text)});
    }
    policy.rules_.push_back(std::move(rule));
  }
  if (!error.fields.empty()) return Fail(std::move(error));
  return policy;
}

Policy Policy::AllowAll() {
  Policy policy;
  policy.all_ = true;
  return policy;
}

bool Policy::Allows(const Rule& rule, std::string_view host, const Address& address,
                    std::uint16_t port) {
  if (rule.port != 0 && rule.port != port) return false;
  if (rule.host.empty()) return rule.network.Contains(address);
  if (!rule.subdomains) return host == rule.host;
  return host.size() > rule.host.size() + 1 && host.ends_with(rule.host) &&
         host[host.size() - rule.host.size() - 1] == '.';
}

Result<> Policy::Check(std::string_view host, const Address& address, std::uint16_t port) const {
  if (all_) return {};
  const std::string_view range = SpecialRange(address);
  if (range.empty()) return {};
  for (const Rule& rule : rules_) {
    if (Allows(rule, host, address, port)) return {};
  }
  const std::string text = address.ToString();
  return Fail(Code::kForbidden,
              fmt::format("{}{} is a {} address, which outbound requests may not reach; an "
                          "operator can allow it with net.allow in tenon.toml",
                          text == host ? "" : fmt::format("{} resolves to ", host), text, range));
}

}  // namespace tenon::net

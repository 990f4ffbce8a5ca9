// Where the server may connect to. Whoever may write a URL into a row must not be able to make the
// server speak to its own network: every address is checked right before the connection to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace tenon::net {

// Immutable, so thread-safe. Ordinary public addresses are always allowed; special ones
// (SpecialRange) only by a rule.
class Policy {
 public:
  Policy() = default;

  // Each rule is a network ("10.2.0.0/16"), an address, or a host name, which allows whatever the
  // name resolves to: "wiki.corp.example", "*.corp.example" (its subdomains). A name or an IPv4
  // address may end in ":port". kInvalidArgument lists every wrong rule.
  static Result<Policy> Create(const std::vector<std::string>& rules);

  // No limits: for programs that run as the user who names the URL, such as our CLI.
  static Policy AllowAll();

  // kForbidden, with the range and what to configure, when a connection to `address`, which `host`
  // resolved to, is not allowed.
  [[nodiscard]] Result<> Check(std::string_view host, const Address& address,
                               std::uint16_t port) const;

 private:
  struct Rule {
    std::string host;  // empty: a network
    bool subdomains = false;
    Network network;
    std::uint16_t port = 0;  // 0: any
  };
  [[nodiscard]] static bool Allows(const Rule& rule, std::string_view host, const Address& address,
                                   std::uint16_t port);

  bool all_ = false;
  std::vector<Rule> rules_;
};

}  // namespace tenon::net

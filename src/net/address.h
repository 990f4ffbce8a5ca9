// IP addresses, networks, and which addresses are of nobody's concern outside their own network:
// what stands between a user's URL and the metadata service of the cloud.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::net {

class Address {
 public:
  // "192.0.2.1", "2001:db8::1", also in brackets; no zone. What inet_aton takes beyond dotted
  // decimals (0x7f.1, 0177.0.0.1, 2130706433) is refused.
  static std::optional<Address> Parse(std::string_view text);
  static Address V4(const std::array<std::uint8_t, 4>& bytes);
  static Address V6(const std::array<std::uint8_t, 16>& bytes);

  [[nodiscard]] bool is_v4() const { return is_v4_; }
  // 4 or 16 of them count.
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  [[nodiscard]] std::string ToString() const;
  bool operator==(const Address&) const = default;

  // The IPv4 address that an IPv6 one carries and that the packet may end at: mapped
  // (::ffff:0:0/96), compatible (::/96), NAT64 (64:ff9b::/96), 6to4 (2002::/16).
  [[nodiscard]] std::optional<Address> Embedded() const;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  bool is_v4_ = false;
};

class Network {
 public:
  // "10.0.0.0/8", "fd00::/8", or a single address.
  static std::optional<Network> Parse(std::string_view text);
  // An IPv4 network also has the IPv6 addresses that carry one of its own.
  [[nodiscard]] bool Contains(const Address& address) const;

 private:
  Address base_;
  int bits_ = 0;
};

// What kind of special address it is ("loopback", "private", "link-local", "cloud metadata", ...)
// by IANA's special-purpose registries (RFC 6890); empty when it is an ordinary public one. An
// address that carries an IPv4 one is what that is.
std::string_view SpecialRange(const Address& address);

}  // namespace tenon::net

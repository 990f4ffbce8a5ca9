#include "net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace tenon::net {
namespace {

struct Range {
  std::string_view network;
  std::string_view name;
};

// The first that matches counts.
constexpr Range kRanges4[] = {
    {"169.254.169.254/32", "cloud metadata"},
    {"100.100.100.200/32", "cloud metadata"},
    {"168.63.129.16/32", "cloud metadata"},
    {"0.0.0.0/8", "unspecified"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "shared (carrier-grade NAT)"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "reserved"},
    {"192.0.2.0/24", "documentation"},
    {"192.88.99.0/24", "reserved"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"},
};

constexpr Range kRanges6[] = {
    {"fd00:ec2::254/128", "cloud metadata"},
    {"::/128", "unspecified"},
    {"::1/128", "loopback"},
    {"64:ff9b:1::/48", "translation"},
    {"100::/64", "discard-only"},
    {"2001::/23", "reserved"},
    {"2001:db8::/32", "documentation"},
    {"3fff::/20", "documentation"},
    {"5f00::/16", "reserved"},
    {"fc00::/7", "private"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast"},
};

bool SameBits(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b,
              int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
    return false;
  }
  const int rest = bits % 8;
  if (rest == 0) return true;
  const int mask = 0xff << (8 - rest) & 0xff;
  return ((a[whole] ^ b[whole]) & mask) == 0;
}

template <std::size_t kCount>
std::string_view NameOf(const Range (&ranges)[kCount], const Address& address) {
  for (const Range& range : ranges) {
    if (Network::Parse(range.network)->Contains(address)) return range.name;
  }
  return {};
}

}  // namespace

Address Address::V4(const std::array<std::uint8_t, 4>& bytes) {
  Address address;
  std::ranges::copy(bytes, address.bytes_.begin());
  address.is_v4_ = true;
  return address;
}

Address Address::V6(const std::array<std::uint8_t, 16>& bytes) {
  Address address;
  address.bytes_ = bytes;
  return address;
}

std::optional<Address> Address::Parse(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  const std::string name(text);
  if (name.find('\0') != std::string::npos) return std::nullopt;
  std::array<std::uint8_t, 4> four;
  if (::inet_pton(AF_INET, name.c_str(), four.data()) == 1) return V4(four);
  std::array<std::uint8_t, 16> sixteen;
  if (::inet_pton(AF_INET6, name.c_str(), sixteen.data()) == 1) return V6(sixteen);
  return std::nullopt;
}

std::string Address::ToString() const {
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(is_v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

std::optional<Address> Address::Embedded() const {
  if (is_v4_) return std::nullopt;
  const auto four = [this](std::size_t at) {
    return V4({bytes_[at], bytes_[at + 1], bytes_[at + 2], bytes_[at + 3]});
  };
  const auto begins = [this](std::initializer_list<std::uint8_t> prefix) {
    return std::equal(prefix.begin(), prefix.end(), bytes_.begin());
  };
  if (begins({0x20, 0x02})) return four(2);
  if (begins({0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return four(12);
  if (begins({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})) return four(12);
  // :: and ::1 are addresses of their own and carry none.
  const bool is_low = std::all_of(bytes_.begin() + 12, bytes_.begin() + 15,
                                  [](std::uint8_t byte) { return byte == 0; }) &&
                      bytes_[15] <= 1;
  if (begins({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) && !is_low) return four(12);
  return std::nullopt;
}

std::optional<Network> Network::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = Address::Parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network network;
  network.base_ = *address;
  const int width = address->is_v4() ? 32 : 128;
  network.bits_ = width;
  if (slash == std::string_view::npos) return network;
  const std::string_view bits = text.substr(slash + 1);
  const auto [end, problem] =
      std::from_chars(bits.data(), bits.data() + bits.size(), network.bits_);
  if (problem != std::errc() || end != bits.data() + bits.size() || network.bits_ < 0 ||
      network.bits_ > width) {
    return std::nullopt;
  }
  return network;
}

bool Network::Contains(const Address& address) const {
  if (address.is_v4() == base_.is_v4()) return SameBits(address.bytes(), base_.bytes(), bits_);
  const auto embedded = address.Embedded();
  return embedded && base_.is_v4() && Contains(*embedded);
}

std::string_view SpecialRange(const Address& address) {
  if (address.is_v4()) return NameOf(kRanges4, address);
  if (const auto embedded = address.Embedded()) return SpecialRange(*embedded);
  const std::string_view name = NameOf(kRanges6, address);
  if (!name.empty()) return name;
  // Of IPv6 only 2000::/3 is given out.
  return (address.bytes()[0] & 0xe0) == 0x20 ? std::string_view() : "reserved";
}

}  // namespace tenon::net

#include "auth/roles.h"

#include <array>
#include <utility>

#include "base/json.h"

namespace tenon {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"reader",   "writer", "operator",
                                                    "approver", "admin",  "system"};

constexpr std::uint8_t Bit(Role role) { return static_cast<std::uint8_t>(role); }

// The bits of every role that `roles` implies.
std::uint8_t Expand(std::uint8_t roles) {
  std::uint8_t all = 0;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const auto role = static_cast<Role>(1u << i);
    if ((roles & Bit(role)) != 0) all = static_cast<std::uint8_t>(all | Implied(role));
  }
  return all;
}

}  // namespace

std::optional<Role> RoleOfName(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Role>(1u << i);
  }
  return std::nullopt;
}

std::span<const std::string_view> RoleNames() { return kNames; }

std::uint8_t Implied(Role role) {
  switch (role) {
    case Role::kReader:
      return Bit(Role::kReader);
    case Role::kWriter:
    case Role::kOperator:
    case Role::kApprover:
      return static_cast<std::uint8_t>(Bit(role) | Bit(Role::kReader));
    case Role::kAdmin:
      return 31;
    case Role::kSystem:
      return 63;
  }
  return 0;
}

std::uint8_t RolesOfJson(const boost::json::value& list) {
  std::uint8_t roles = 0;
  const auto* array = list.if_array();
  if (array == nullptr) return 0;
  for (const auto& item : *array) {
    const auto* name = item.if_string();
    if (name == nullptr) continue;
    if (const auto role = RoleOfName(std::string_view(*name))) {
      roles = static_cast<std::uint8_t>(roles | Implied(*role));
    }
  }
  return roles;
}

std::uint8_t RolesOfText(std::string_view text) {
  if (text.empty()) return 0;
  const auto value = ParseJson(text);
  return value ? RolesOfJson(*value) : std::uint8_t{0};
}

std::vector<std::string> RoleList(std::uint8_t roles) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const std::uint8_t bit = static_cast<std::uint8_t>(1u << i);
    if ((roles & bit) == 0) continue;
    // Left out when a stronger role that is also held says it already.
    bool implied = false;
    for (std::size_t j = i + 1; j < kNames.size(); ++j) {
      const auto other = static_cast<Role>(1u << j);
      if ((roles & Bit(other)) != 0 && (Implied(other) & bit) != 0) implied = true;
    }
    if (!implied) names.emplace_back(kNames[i]);
  }
  return names;
}

bool Covers(std::uint8_t holder, std::uint8_t wanted) {
  return (Expand(wanted) & static_cast<std::uint8_t>(~Expand(holder))) == 0;
}

}  // namespace tenon

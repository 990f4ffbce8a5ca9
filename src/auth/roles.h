// Roles as text and as bits: the names that models, keys, users and group mappings use.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.h"

namespace tenon {

// "reader" "writer" "operator" "approver" "admin" "system"; nullopt for anything else.
std::optional<Role> RoleOfName(std::string_view name);
std::span<const std::string_view> RoleNames();

// The bits of a role and of all that it implies: admin implies all but system, system implies all,
// writer, operator and approver imply reader.
std::uint8_t Implied(Role role);

// The bits of a JSON list of role names; names that are no role grant nothing.
std::uint8_t RolesOfJson(const boost::json::value& list);
std::uint8_t RolesOfText(std::string_view text);

// The names of the bits, strongest last, without those that another one implies.
std::vector<std::string> RoleList(std::uint8_t roles);

// True when `holder` has every right that `wanted` stands for: one grants only what one has.
bool Covers(std::uint8_t holder, std::uint8_t wanted);

}  // namespace tenon

#include "auth/caller.h"

#include "auth/roles.h"

namespace tenon {

bool Caller::Has(Role role) const { return Covers(roles, static_cast<std::uint8_t>(role)); }

bool Caller::Has(std::string_view role) const {
  const std::optional<Role> known = RoleOfName(role);
  return known.has_value() && Has(*known);
}

}  // namespace tenon

#include "api/grants.h"

#include <algorithm>
#include <string>

#include "auth/roles.h"
#include "base/text.h"

namespace tenon {
namespace {

std::string Joined(std::uint8_t roles) {
  std::string text;
  for (const std::string& name : RoleList(roles)) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Result<void> CheckRoles(const Caller& caller, std::uint8_t wanted, std::string_view what) {
  if (Covers(caller.roles, wanted)) return {};
  return Fail(Code::kForbidden, std::string(what) + " (" + Joined(wanted) +
                                    ") needs a caller who has them; you have " +
                                    Joined(caller.roles));
}

// The roles that the row has now; 0 when there is no such row, which the engine will say.
Result<std::uint8_t> PresentRoles(const ApiContext& api, const Caller& caller,
                                  const Command& command) {
  const auto id = Uuid::Parse(command.id);
  if (!id) return std::uint8_t{0};
  const Directory& directory = api.authenticator.directory();
  if (command.entity->table == "users") {
    // A deleted user's roles count too: restoring it would bring them back.
    const auto user = TRY(directory.UserById(caller.tenant, *id, true));
    return user ? user->roles : std::uint8_t{0};
  }
  const auto key = TRY(directory.KeyById(caller.tenant, *id));
  return key ? key->roles : std::uint8_t{0};
}

// In a batch "$0.field" stands for a value that is not known yet (engine.h, ApplyBatch): where it
// decides who gets which right, it could not be looked at here.
bool NamesEarlier(const json::value& value) {
  if (const json::string* text = value.if_string()) return text->starts_with('$');
  const json::array* list = value.if_array();
  return list != nullptr && std::ranges::any_of(*list, NamesEarlier);
}

}  // namespace

bool ConcernsIdentity(const model::Entity& entity) {
  return entity.table == "users" || entity.table == "api_keys" || entity.table == "tenants";
}

Result<void> CheckGrant(const ApiContext& api, const Caller& caller, const Command& command) {
  const std::string& table = command.entity->table;
  if (table != "users" && table != "api_keys") return {};
  if (command.op == Command::Op::kCreate && table == "api_keys") {
    return Fail(Code::kForbidden,
                "keys are made by POST /v1/api_keys alone, which shows the new key once");
  }
  const json::value* granted = command.body.if_contains("roles");
  if (command.id.starts_with('$') || (granted != nullptr && NamesEarlier(*granted))) {
    return Fail(Code::kForbidden,
                "in " + table + " ids and roles are written out; they cannot name an earlier row");
  }
  // Nobody may write the engine's fields of these rows; roles are what is left to look at.
  if (granted != nullptr) {
    TRY(CheckRoles(caller, RolesOfJson(*granted), "granting these roles"));
  }
  const bool may_exist = command.op != Command::Op::kCreate;
  if (may_exist && !caller.Has(Role::kSystem)) {
    const std::uint8_t present = TRY(PresentRoles(api, caller, command));
    TRY(CheckRoles(caller, present, "changing a user or key with these roles"));
  }
  return {};
}

Result<void> CheckGrants(const ApiContext& api, const Caller& caller,
                         std::span<const Command> commands) {
  for (std::size_t i = 0; i < commands.size(); ++i) {
    auto allowed = CheckGrant(api, caller, commands[i]);
    if (allowed) continue;
    Error error = std::move(allowed).error();
    error.details["index"] = i;
    return Fail(std::move(error));
  }
  return {};
}

}  // namespace tenon

#include "engine/permit.h"

#include <fmt/format.h>

#include <algorithm>

namespace tenon {
namespace {

bool Contains(const std::vector<std::string>& list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

Error Refused(const model::Entity& entity, std::string_view action, std::string_view roles) {
  return {Code::kForbidden, fmt::format("{} {} needs the role {}", action, entity.table, roles)};
}

std::string_view ActionOf(const Command& command) {
  switch (command.op) {
    case Command::Op::kCreate:
      return "create";
    case Command::Op::kUpdate:
      return "update";
    case Command::Op::kDelete:
      return "delete";
    case Command::Op::kRestore:
      return "restore";
    case Command::Op::kEvent:
      return command.event;
  }
  return "update";
}

}  // namespace

Result<void> Permit(const Caller& caller, const model::Entity& entity, std::string_view action) {
  if (caller.Has(Role::kSystem)) return {};
  if (entity.global) return Fail(Refused(entity, action, "system"));
  const bool reads = action == "read";
  if (entity.permits.empty()) {
    const Role wanted = reads ? Role::kReader : Role::kWriter;
    // A line's own `by ROLE` is looked at with the event; it may name a role that is no writer.
    if (caller.Has(wanted)) return {};
    const bool has_by = std::any_of(entity.events.begin(), entity.events.end(), [&](const auto& e) {
      return e.name == action && std::any_of(e.by.begin(), e.by.end(),
                                             [&](const auto& role) { return caller.Has(role); });
    });
    if (has_by) return {};
    std::string roles;
    for (const model::Event& event : entity.events) {
      if (event.name != action) continue;
      for (const std::string& role : event.by) roles += (roles.empty() ? "" : " or ") + role;
    }
    return Fail(Refused(entity, action, !roles.empty() ? roles : reads ? "reader" : "writer"));
  }
  std::string roles;
  for (const model::Permit& permit : entity.permits) {
    if (!Contains(permit.actions, action)) continue;
    if (caller.Has(permit.role)) return {};
    roles += (roles.empty() ? "" : " or ") + permit.role;
  }
  return Fail(Refused(entity, action, roles.empty() ? "admin" : roles));
}

Result<void> PermitCommand(const Caller& caller, const Command& command) {
  const model::Entity& entity = *command.entity;
  const std::string_view action = ActionOf(command);
  if (!command.trusted) {
    if (entity.written_by_engine) {
      return Fail(Code::kForbidden, entity.table + " is written by the server alone");
    }
    if (caller.across_tenants) {
      return Fail(Code::kInvalidArgument, "tenant=* is for reading; name one tenant to write");
    }
    TRY(Permit(caller, entity, action));
  }
  const bool changes = command.op != Command::Op::kCreate;
  if (entity.append_only && changes && !command.trusted &&
      !(command.op == Command::Op::kEvent && Contains(entity.append_only_except, command.event))) {
    return Fail(Code::kConflict,
                fmt::format("{} is append only: its rows are not changed", entity.table));
  }
  return {};
}

}  // namespace tenon

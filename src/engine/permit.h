// Who may do what to an entity. A model's `permit` lines replace the default: readers read,
// writers create, update, delete and send events, admins all; global and engine-written entities
// are the system's.
#pragma once

#include <string_view>

#include "auth/caller.h"
#include "base/result.h"
#include "engine/command.h"
#include "model/model.h"

namespace tenon {

// `action` is read, create, update, delete or the name of an event. kForbidden names the roles
// that would do.
Result<void> Permit(const Caller& caller, const model::Entity& entity, std::string_view action);

// The action of a command, and whether the entity takes it at all (append only, written by
// engine).
Result<void> PermitCommand(const Caller& caller, const Command& command);

}  // namespace tenon

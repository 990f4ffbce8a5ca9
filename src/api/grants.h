// One grants only what one has: rows of users and api_keys carry roles, and a write to them must
// not make a caller stronger, nor take a key away from somebody stronger.
#pragma once

#include <span>

#include "api/context.h"
#include "engine/command.h"

namespace tenon {

// True for rows that decide who may do what: after a write to one, known callers are forgotten.
bool ConcernsIdentity(const model::Entity& entity);

// kForbidden when the command would grant a role that the caller has not, or change a user or a key
// that has one. Reads the row that is changed: call it off the I/O thread.
Result<void> CheckGrant(const ApiContext& api, const Caller& caller, const Command& command);
Result<void> CheckGrants(const ApiContext& api, const Caller& caller,
                         std::span<const Command> commands);

}  // namespace tenon

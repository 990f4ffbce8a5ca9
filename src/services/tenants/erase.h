// The erasure of a tenant: its rows go, its users lose their names, the payloads of its log go.
// What stays are log rows that say that something happened, and when, so that the chain verifies
// as before; and the tenant's own row, as erased.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "auth/caller.h"
#include "base/ids.h"
#include "base/result.h"
#include "engine/engine.h"

namespace tenon::tenants {

struct Erased {
  std::int64_t rows = 0;      // of all tables
  std::int64_t log_rows = 0;  // that lost their payload
};

// For the role system, of a tenant that was closed before (kConflict else), never the system's own.
// In small bulk jobs; cut off in the middle it is called again. Followers drop what they kept of
// the rows as they go. Backups and archives keep what they have.
Result<Erased> EraseTenant(Engine& engine, const Caller& caller, const Uuid& tenant,
                           const std::string& reason);

}  // namespace tenon::tenants

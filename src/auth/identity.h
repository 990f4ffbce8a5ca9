// The identities that exist before anybody was invited: the reserved tenants and users.
#pragma once

#include "auth/caller.h"
#include "base/ids.h"

namespace tenon {

// Fixed UUIDs (version 8, RFC 9562, 5.8), the same in every installation, so that backups and
// exports of two servers agree on who `system` is.
Uuid SystemTenantId();   // slug `system`: node registrations and what the server does for itself
Uuid DefaultTenantId();  // slug `default`: where a fresh server keeps its first tenant's rows
Uuid SystemUserId();     // users row of the server itself, in `system`: its service user
Uuid AdminUserId();      // users row behind DIR/admin.key, in `default`

inline constexpr std::string_view kSystemSlug = "system";
inline constexpr std::string_view kDefaultSlug = "default";

// The server's own work within a tenant (the system tenant when not said): all roles, actor
// SystemUserId().
Caller SystemCaller();
Caller SystemCaller(const Uuid& tenant, std::string slug);

}  // namespace tenon

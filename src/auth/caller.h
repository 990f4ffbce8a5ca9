// Who asks: everything the engine needs to know of a request's origin.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace tenon {

// Roles within a tenant, and `system` across tenants. A set of bits; kAdmin implies all but
// kSystem, kSystem implies all.
enum class Role : std::uint8_t {
  kReader = 1,
  kWriter = 2,
  kOperator = 4,
  kApprover = 8,
  kAdmin = 16,
  kSystem = 32,
};

struct Caller {
  Uuid tenant;                          // the tenant the request works in
  std::string tenant_slug;              // its slug: the default of `namespace` fields
  std::vector<std::string> namespaces;  // further labels that the tenant's config allows
  Uuid user;                            // the actor, a row of users
  Uuid user_tenant;  // the actor's own tenant; nil: the same. A system caller's differs, and
                     // then the engine writes as the tenant's own service user and
                     // names the real actor in the log row's metadata
  std::uint8_t roles = 0;
  // The limit of all requests of the caller's tenant together; 0: none. Not held against system
  // callers who work in a tenant that is not their own.
  int tenant_requests_per_second = 0;
  bool across_tenants = false;  // system callers with ?tenant=*: reads only
  std::string user_agent;
  std::string address;  // client IP, empty for the server's own work
  std::string job;      // migration job that this write belongs to, or empty
  Uuid key_id;          // the API key used, or nil
  Uuid connector;       // the one connector that the key may push to, and nothing else; nil: any
  std::string origin;   // the follower that writes, which skips its own log rows; empty: a client

  // True when the role, or one that implies it, is held. Names as in models: "approver".
  [[nodiscard]] bool Has(Role role) const;
  [[nodiscard]] bool Has(std::string_view role) const;
};

}  // namespace tenon

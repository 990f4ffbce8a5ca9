#include "auth/identity.h"

#include <utility>

namespace tenon {
namespace {

// 7e6e6f6e is "~non"; the last byte tells them apart.
Uuid Reserved(std::uint8_t last) {
  return Uuid{{0x7e, 0x6e, 0x6f, 0x6e, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, last}};
}

}  // namespace

Uuid SystemTenantId() { return Reserved(1); }
Uuid DefaultTenantId() { return Reserved(2); }
// The service user that the engine would make for the system tenant (engine/tenants.h).
Uuid SystemUserId() { return UuidV5(SystemTenantId(), "tenon-service-user"); }
Uuid AdminUserId() { return Reserved(3); }

Caller SystemCaller() { return SystemCaller(SystemTenantId(), std::string(kSystemSlug)); }

Caller SystemCaller(const Uuid& tenant, std::string slug) {
  Caller caller;
  caller.tenant = tenant;
  caller.tenant_slug = std::move(slug);
  caller.user = SystemUserId();
  if (tenant != SystemTenantId()) caller.user_tenant = SystemTenantId();
  caller.roles = static_cast<std::uint8_t>(Role::kSystem);
  caller.user_agent = "tenon";
  return caller;
}

}  // namespace tenon

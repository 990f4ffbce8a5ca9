#include "engine/tenants.h"

#include "base/json.h"

namespace tenon {
namespace {

TenantInfo InfoOf(const Uuid& id, std::string_view slug, std::string_view status,
                  std::string_view config_text) {
  TenantInfo info;
  info.id = id;
  info.slug = slug;
  info.status = status;
  const auto config = ParseJson(config_text);
  if (!config || !config->is_object()) return info;
  if (const json::value* names = config->as_object().if_contains("namespaces");
      names != nullptr && names->is_array()) {
    for (const json::value& name : names->as_array()) {
      if (name.is_string()) info.namespaces.emplace_back(name.as_string());
    }
  }
  if (const json::value* quotas = config->as_object().if_contains("quotas");
      quotas != nullptr && quotas->is_object()) {
    for (const auto& [name, limit] : quotas->as_object()) {
      if (limit.is_int64()) info.quotas[std::string(name)] = limit.as_int64();
    }
  }
  return info;
}

}  // namespace

Uuid ServiceUserOf(const Uuid& tenant) { return UuidV5(tenant, "tenon-service-user"); }

Result<std::shared_ptr<const TenantInfo>> Tenants::Get(Reader& reader, const Uuid& tenant) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = tenants_.find(tenant); found != tenants_.end()) return found->second;
  }
  std::shared_ptr<const TenantInfo> info;
  const Value id(tenant);
  TRY(reader.Query("SELECT slug, status, config FROM tenants WHERE id = $1", std::span(&id, 1),
                   [&](const Row& row) -> Result<bool> {
                     info = std::make_shared<TenantInfo>(
                         InfoOf(tenant, row.Text(0), row.Text(1),
                                row.IsNull(2) ? std::string_view("{}") : row.Text(2)));
                     return false;
                   }));
  if (info == nullptr) return Fail(Code::kNotFound, "there is no such tenant");
  const std::lock_guard lock(mutex_);
  tenants_[tenant] = info;
  return info;
}

void Tenants::Forget(const Uuid& tenant) {
  const std::lock_guard lock(mutex_);
  tenants_.erase(tenant);
}

Result<std::int64_t> Tenants::Count(Reader& reader, const model::Entity& entity,
                                    const Uuid& tenant) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = counts_.find({&entity, tenant}); found != counts_.end()) {
      return found->second;
    }
  }
  SqlBuilder sql(reader.dialect());
  (sql << "SELECT count(*) FROM ").Name(entity.table) << " WHERE ";
  sql.Name(entity.tenant->name) << " = ";
  sql.Bind(Value(tenant));
  std::int64_t count = 0;
  TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
    count = row.Int(0);
    return false;
  }));
  const std::lock_guard lock(mutex_);
  counts_[{&entity, tenant}] = count;
  return count;
}

void Tenants::Added(const model::Entity& entity, const Uuid& tenant, std::int64_t rows) {
  const std::lock_guard lock(mutex_);
  if (const auto found = counts_.find({&entity, tenant}); found != counts_.end()) {
    found->second += rows;
  }
}

void Tenants::ForgetCounts() {
  const std::lock_guard lock(mutex_);
  counts_.clear();
}

bool Tenants::HasServiceUser(const Uuid& tenant) {
  const std::lock_guard lock(mutex_);
  return service_users_.contains(tenant);
}

void Tenants::SetServiceUser(const Uuid& tenant) {
  const std::lock_guard lock(mutex_);
  service_users_.insert(tenant);
}

}  // namespace tenon

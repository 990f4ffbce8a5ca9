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
  if (const json::value* bytes = config->as_object().if_contains("document_bytes_max");
      bytes != nullptr && bytes->is_int64()) {
    info.document_bytes_max = bytes->as_int64();
  }
  if (const json::value* kept = config->as_object().if_contains("audit_retention");
      kept != nullptr && kept->is_string()) {
    info.audit_retention = ParseDuration(std::string_view(kept->as_string()));
  }
  return info;
}

constexpr std::string_view kTenant = "SELECT slug, status, config FROM tenants WHERE id = $1";

// How long a count is believed where other nodes write too.
constexpr std::chrono::milliseconds kCountKept{5000};
constexpr std::chrono::milliseconds kCountKeptNear{200};

SqlBuilder CountRows(Dialect dialect, const model::Entity& entity, const Uuid& tenant) {
  SqlBuilder sql(dialect);
  (sql << "SELECT count(*) FROM ").Name(entity.table) << " WHERE ";
  sql.Name(entity.tenant->name) << " = ";
  sql.Bind(Value(tenant));
  return sql;
}

}  // namespace

std::optional<std::int64_t> RowLimitOf(const TenantInfo& tenant, const model::Entity& entity) {
  const std::string& name = entity.quota ? entity.quota->name : entity.table;
  if (const auto found = tenant.quotas.find(name); found != tenant.quotas.end()) {
    return found->second;
  }
  if (entity.quota && entity.quota->default_max != 0) return entity.quota->default_max;
  return std::nullopt;
}

Uuid ServiceUserOf(const Uuid& tenant) { return UuidV5(tenant, "tenon-service-user"); }

Result<std::shared_ptr<const TenantInfo>> Tenants::Get(Reader& reader, const Uuid& tenant) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = tenants_.find(tenant); found != tenants_.end()) return found->second;
  }
  std::shared_ptr<const TenantInfo> info;
  const Value id(tenant);
  TRY(reader.Query(kTenant, std::span(&id, 1), [&](const Row& row) -> Result<bool> {
    info = std::make_shared<TenantInfo>(InfoOf(
        tenant, row.Text(0), row.Text(1), row.IsNull(2) ? std::string_view("{}") : row.Text(2)));
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

void Tenants::ForgetAll() {
  const std::lock_guard lock(mutex_);
  tenants_.clear();
}

void Tenants::Expect(Reader& reader, const model::Entity& entity, const Uuid& tenant) {
  bool knows_tenant = false;
  bool has_limit = false;
  bool knows_count = false;
  {
    const std::lock_guard lock(mutex_);
    const auto known = tenants_.find(tenant);
    knows_tenant = known != tenants_.end();
    has_limit = knows_tenant && RowLimitOf(*known->second, entity).has_value();
    const auto count = counts_.find({&entity, tenant});
    knows_count =
        count != counts_.end() && std::chrono::steady_clock::now() - count->second.at < kCountKept;
  }
  const Value id(tenant);
  if (!knows_tenant) reader.Expect(kTenant, std::span(&id, 1));
  if (knows_count || !has_limit) return;
  const SqlBuilder sql = CountRows(reader.dialect(), entity, tenant);
  reader.Expect(sql.text(), sql.parameters());
}

Result<std::int64_t> Tenants::Count(Reader& reader, const model::Entity& entity, const Uuid& tenant,
                                    std::int64_t limit) {
  const bool alone = reader.dialect() == Dialect::kSqlite;
  const auto now =
      alone ? std::chrono::steady_clock::time_point() : std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = counts_.find({&entity, tenant}); found != counts_.end()) {
      const bool near = found->second.rows >= limit - limit / 10;
      const auto kept = near ? kCountKeptNear : kCountKept;
      if (alone || now - found->second.at < kept) return found->second.rows;
    }
  }
  const SqlBuilder sql = CountRows(reader.dialect(), entity, tenant);
  std::int64_t count = 0;
  TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
    count = row.Int(0);
    return false;
  }));
  const std::lock_guard lock(mutex_);
  counts_[{&entity, tenant}] = {count, now};
  return count;
}

void Tenants::Added(const model::Entity& entity, const Uuid& tenant, std::int64_t rows) {
  const std::lock_guard lock(mutex_);
  if (const auto found = counts_.find({&entity, tenant}); found != counts_.end()) {
    found->second.rows += rows;
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

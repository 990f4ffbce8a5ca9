#include "auth/directory.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "auth/roles.h"
#include "base/json.h"
#include "record/sql.h"

namespace tenon {
namespace {

// Keys are looked up before anybody knows the tenant.
Scope Everywhere() { return {.tenant = {}, .across_tenants = true}; }

Result<const model::Entity*> Bind(const model::Model& model, std::string_view table,
                                  std::span<const std::string_view> columns) {
  const model::Entity* entity = model.FindTable(table);
  if (entity == nullptr) {
    return Fail(Code::kInvalidArgument, "the model has no table " + std::string(table) +
                                            ", which identity needs; load models/catalog.tenon");
  }
  for (const std::string_view column : columns) {
    if (entity->FindField(column) != nullptr) continue;
    return Fail(Code::kInvalidArgument, "the table " + std::string(table) + " has no column " +
                                            std::string(column) + ", which identity needs");
  }
  return entity;
}

void ReadConfig(std::string_view config, TenantRow& tenant) {
  const auto value = ParseJson(config);
  const json::object* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return;
  if (const json::value* list = object->if_contains("namespaces");
      list != nullptr && list->is_array()) {
    for (const json::value& item : list->as_array()) {
      if (const json::string* name = item.if_string()) tenant.namespaces.emplace_back(*name);
    }
  }
  if (const json::value* rate = object->if_contains("requests_per_second");
      rate != nullptr && rate->is_int64()) {
    tenant.requests_per_second =
        static_cast<int>(std::clamp<std::int64_t>(rate->as_int64(), 0, 1'000'000));
  }
}

constexpr std::string_view kTenantColumns = R"(t."id", t."slug", t."status", t."config")";

Result<TenantRow> ReadTenant(const Row& row, int first) {
  TenantRow tenant;
  const auto id = Uuid::Parse(row.Text(first));
  if (!id) return Fail(Code::kInternal, "a row of tenants has an id that is no UUID");
  tenant.id = *id;
  tenant.slug = std::string(row.Text(first + 1));
  tenant.status = std::string(row.Text(first + 2));
  if (!row.IsNull(first + 3)) ReadConfig(row.Text(first + 3), tenant);
  return tenant;
}

Result<Uuid> ReadUuid(const Row& row, int column) {
  const auto id = Uuid::Parse(row.Text(column));
  if (!id) return Fail(Code::kInternal, "an id of users or api_keys is no UUID");
  return *id;
}

// A time that cannot be read must not make a key live for ever: it counts as long past.
std::optional<Time> ReadTime(const Row& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  model::Type type;
  type.kind = model::TypeKind::kTime;
  const auto value = row.Get(column, type);
  const Time* time = value ? value->If<Time>() : nullptr;
  return time == nullptr ? Time{} : *time;
}

void AndLive(const model::Entity& entity, std::string_view alias, SqlBuilder& sql) {
  if (!entity.soft_delete) return;
  sql << " AND ";
  AppendLive(entity, alias, sql);
}

// What a key may do: its own roles as far as its user still has them; the user's when it has none.
std::uint8_t Effective(std::string_view key_roles, std::string_view user_roles) {
  const std::uint8_t of_user = RolesOfText(user_roles);
  const std::uint8_t of_key = RolesOfText(key_roles);
  const auto list = ParseJson(key_roles);
  const bool own = list && list->is_array() && !list->as_array().empty();
  return own ? static_cast<std::uint8_t>(of_key & of_user) : of_user;
}

}  // namespace

Result<Directory> Directory::Create(const model::Model& model, Store& store) {
  constexpr std::array<std::string_view, 4> kTenants = {"id", "slug", "status", "config"};
  constexpr std::array<std::string_view, 5> kUsers = {"id", "tenant_id", "email", "roles",
                                                      "subject"};
  constexpr std::array<std::string_view, 10> kKeys = {
      "id",       "tenant_id", "user_id",    "name",       "prefix",
      "key_hash", "roles",     "expires_at", "revoked_at", "connector_id"};
  const model::Entity* tenants = TRY(Bind(model, "tenants", kTenants));
  const model::Entity* users = TRY(Bind(model, "users", kUsers));
  const model::Entity* keys = TRY(Bind(model, "api_keys", kKeys));
  return Directory(*tenants, *users, *keys, store);
}

Result<std::optional<KeyRow>> Directory::Key(std::string_view column, const Value& value,
                                             const std::optional<Uuid>& tenant) const {
  std::vector<KeyRow> found = TRY(Keys(column, value, tenant));
  if (found.empty()) return std::optional<KeyRow>();
  return std::move(found.front());
}

Result<std::vector<KeyRow>> Directory::Keys(std::string_view column, const Value& value,
                                            const std::optional<Uuid>& tenant) const {
  std::vector<KeyRow> found;
  const auto work = [&](Reader& reader) -> Result<void> {
    SqlBuilder sql(reader.dialect());
    sql << R"(SELECT k."id", k."user_id", k."key_hash", k."name", k."prefix", k."roles", )"
        << R"(k."expires_at", k."revoked_at", u."roles", k."connector_id", )" << kTenantColumns
        << R"( FROM "api_keys" k)"
        << R"( JOIN "users" u ON u."tenant_id" = k."tenant_id" AND u."id" = k."user_id")";
    AndLive(*users_, "u", sql);
    sql << R"( JOIN "tenants" t ON t."id" = k."tenant_id" WHERE k.)";
    sql.Name(column) << " = ";
    sql.Bind(value);
    if (tenant) {
      sql << R"( AND k."tenant_id" = )";
      sql.Bind(*tenant);
    }
    AndLive(*keys_, "k", sql);
    found.clear();
    return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
      KeyRow key;
      key.id = TRY(ReadUuid(row, 0));
      key.user = TRY(ReadUuid(row, 1));
      key.hash = std::string(row.Text(2));
      key.name = std::string(row.Text(3));
      key.prefix = std::string(row.Text(4));
      key.roles = Effective(row.IsNull(5) ? std::string_view{} : row.Text(5), row.Text(8));
      key.expires = ReadTime(row, 6);
      key.revoked = ReadTime(row, 7);
      if (!row.IsNull(9)) key.connector = TRY(ReadUuid(row, 9));
      key.tenant = TRY(ReadTenant(row, 10));
      found.push_back(std::move(key));
      return true;
    });
  };
  TRY(store_->Read(Everywhere(), work));
  return found;
}

Result<std::optional<KeyRow>> Directory::KeyByHash(std::string_view hash) const {
  return Key("key_hash", Value(hash), std::nullopt);
}

Result<std::vector<KeyRow>> Directory::KeysOfConnector(const Uuid& tenant,
                                                       const Uuid& connector) const {
  std::vector<KeyRow> keys = TRY(Keys("connector_id", Value(connector), tenant));
  std::erase_if(keys, [](const KeyRow& key) { return key.revoked.has_value(); });
  return keys;
}

Result<std::optional<KeyRow>> Directory::KeyById(const Uuid& tenant, const Uuid& id) const {
  return Key("id", Value(id), tenant);
}

Result<std::optional<TenantRow>> Directory::Tenant(std::string_view id_or_slug) const {
  std::optional<TenantRow> found;
  const auto id = Uuid::Parse(id_or_slug);
  const auto work = [&](Reader& reader) -> Result<void> {
    SqlBuilder sql(reader.dialect());
    sql << "SELECT " << kTenantColumns << R"( FROM "tenants" t WHERE )"
        << (id ? R"(t."id" = )" : R"(t."slug" = )");
    sql.Bind(id ? Value(*id) : Value(id_or_slug));
    AndLive(*tenants_, "t", sql);
    return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
      found = TRY(ReadTenant(row, 0));
      return false;
    });
  };
  TRY(store_->Read(Everywhere(), work));
  return found;
}

Result<std::optional<UserRow>> Directory::User(const Uuid& tenant, std::string_view column,
                                               const Value& value, bool with_deleted) const {
  std::optional<UserRow> found;
  const auto work = [&](Reader& reader) -> Result<void> {
    SqlBuilder sql(reader.dialect());
    sql << R"(SELECT u."id", u."roles" FROM "users" u WHERE u."tenant_id" = )";
    sql.Bind(tenant) << " AND u.";
    sql.Name(column) << " = ";
    sql.Bind(value);
    if (!with_deleted) AndLive(*users_, "u", sql);
    return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
      found = UserRow{TRY(ReadUuid(row, 0)), RolesOfText(row.Text(1))};
      return false;
    });
  };
  TRY(store_->Read({.tenant = tenant}, work));
  return found;
}

Result<std::optional<UserRow>> Directory::UserById(const Uuid& tenant, const Uuid& id,
                                                   bool with_deleted) const {
  return User(tenant, "id", Value(id), with_deleted);
}

Result<std::optional<UserRow>> Directory::UserByEmail(const Uuid& tenant,
                                                      std::string_view email) const {
  return User(tenant, "email", Value(email));
}

Result<std::optional<UserRow>> Directory::UserBySubject(const Uuid& tenant,
                                                        std::string_view subject) const {
  return User(tenant, "subject", Value(subject));
}

}  // namespace tenon

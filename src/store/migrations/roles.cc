#include "store/migrations/roles.h"

#include <fmt/format.h>

#include <algorithm>

namespace tenon {
namespace {

Result<void> CheckRoleName(const std::string& name) {
  constexpr std::size_t kBytesMax = 63;
  const bool plain = std::all_of(name.begin(), name.end(), [](const char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  const bool starts = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
  if (!plain || !starts || name.size() > kBytesMax || name.starts_with("pg_") || name == "public") {
    return Fail(Code::kInvalidArgument,
                fmt::format("'{}' cannot be the name of a role: take small letters, digits and _, "
                            "at most {} of them, not beginning with a digit or pg_",
                            name, kBytesMax));
  }
  return {};
}

std::string GrantsOn(const PhysicalTable& table, const PostgresRoles& roles) {
  const std::string name = QuoteName(table.name);
  const std::string application = QuoteName(roles.application);
  const std::string system = QuoteName(roles.system);
  std::string_view rights = "SELECT, INSERT, UPDATE, DELETE";
  if (table.insert_only) rights = "SELECT, INSERT";
  if (table.tenant.empty()) rights = "SELECT";  // the engine's own: the system writes it
  std::string sql = fmt::format(
      "REVOKE ALL ON {0} FROM PUBLIC, {1}, {2};\n"
      "GRANT {3} ON {0} TO {1};\n"
      "GRANT SELECT, INSERT, UPDATE, DELETE ON {0} TO {2};\n",
      name, application, system, rights);
  if (!table.tenant.empty()) {
    sql += fmt::format(
        "DROP POLICY IF EXISTS \"tenant_system\" ON {0};\n"
        "CREATE POLICY \"tenant_system\" ON {0} TO {1} USING (true) WITH CHECK (true);\n",
        name, system);
  }
  return sql;
}

}  // namespace

Result<void> CheckRoleNames(const PostgresRoles& roles) {
  TRY(CheckRoleName(roles.application));
  TRY(CheckRoleName(roles.system));
  if (roles.application == roles.system) {
    return Fail(Code::kInvalidArgument,
                fmt::format("the application's and the system's role are both '{}': row-level "
                            "security would hold for neither",
                            roles.application));
  }
  return {};
}

std::string RolesSql(const PostgresRoles& roles) {
  std::string sql;
  for (const std::string& role : {roles.application, roles.system}) {
    // Two databases of the cluster may make the role at once.
    sql += fmt::format(
        "DO $$ BEGIN\n"
        "  IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {0}) THEN\n"
        "    CREATE ROLE {1} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;\n"
        "  END IF;\n"
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;\nEND $$;\n"
        "DO $$ BEGIN\n"
        "  IF NOT pg_catalog.pg_has_role(current_user, {0}, 'MEMBER') THEN\n"
        "    EXECUTE format('GRANT {1} TO %I', current_user);\n"
        "  END IF;\n"
        "END $$;\n",
        QuoteText(role), QuoteName(role));
  }
  sql += fmt::format(
      "DO $$ BEGIN\n"
      "  EXECUTE format('GRANT USAGE ON SCHEMA %I TO {}, {}', current_schema());\n"
      "END $$;\n",
      QuoteName(roles.application), QuoteName(roles.system));
  return sql;
}

std::string GrantsSql(const PhysicalSchema& schema, const PostgresRoles& roles) {
  std::string sql = "SET LOCAL client_min_messages = 'warning';\n";
  for (const PhysicalTable& table : schema.tables) sql += GrantsOn(table, roles);
  sql += fmt::format(
      "REVOKE ALL ON schema_migrations FROM PUBLIC;\n"
      "GRANT SELECT ON schema_migrations TO {}, {};\n",
      QuoteName(roles.application), QuoteName(roles.system));
  sql += fmt::format("GRANT USAGE ON SEQUENCE audit_order TO {}, {};\n",
                     QuoteName(roles.application), QuoteName(roles.system));
  sql += fmt::format("GRANT EXECUTE ON FUNCTION tenon_make_partitions(text, integer) TO {};\n",
                     QuoteName(roles.system));
  return sql;
}

}  // namespace tenon

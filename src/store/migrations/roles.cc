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

constexpr std::string_view kSystemRights = "SELECT, INSERT, UPDATE, DELETE";

std::string_view ApplicationRights(const PhysicalTable& table) {
  if (table.tenant.empty()) return "SELECT";  // the engine's own: the system writes it
  // The chain of the log is the sealer's; a request leaves its row in the outbox.
  if (table.name == "audit_seals" || table.name == "audit_heads") return "SELECT";
  if (table.name == "audit_pending") return "SELECT, INSERT";
  return table.insert_only ? "SELECT, INSERT" : "SELECT, INSERT, UPDATE, DELETE";
}

std::string GrantsOn(const PhysicalTable& table, const PostgresRoles& roles) {
  const std::string name = QuoteName(table.name);
  const std::string application = QuoteName(roles.application);
  const std::string system = QuoteName(roles.system);
  std::string sql = fmt::format(
      "REVOKE ALL ON {0} FROM PUBLIC, {1}, {2};\n"
      "GRANT {3} ON {0} TO {1};\n"
      "GRANT {4} ON {0} TO {2};\n",
      name, application, system, ApplicationRights(table), kSystemRights);
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

std::string LackingGrantsSql(const PhysicalSchema& schema, const PostgresRoles& roles) {
  std::string wanted = "('schema_migrations', 'SELECT', 'SELECT', false)";
  for (const PhysicalTable& table : schema.tables) {
    wanted += fmt::format(", ({}, '{}', '{}', {})", QuoteText(table.name), ApplicationRights(table),
                          kSystemRights, !table.tenant.empty());
  }
  return fmt::format(
      "WITH wanted (name, application, system, tenant) AS (VALUES {2}),\n"
      "rights AS (SELECT name, {0} AS role, string_to_array(application, ', ') AS granted FROM "
      "wanted\n"
      "  UNION ALL SELECT name, {1}, string_to_array(system, ', ') FROM wanted)\n"
      "SELECT w.name FROM wanted w JOIN pg_class c ON c.relname = w.name AND c.relnamespace = "
      "current_schema()::regnamespace\n"
      "WHERE EXISTS (SELECT 1 FROM rights r, unnest(r.granted) g WHERE r.name = w.name AND NOT "
      "has_table_privilege(r.role, c.oid, g))\n"
      "  OR EXISTS (SELECT 1 FROM aclexplode(c.relacl) a LEFT JOIN pg_roles p ON p.oid = a.grantee "
      "LEFT JOIN rights r ON r.name = w.name AND r.role = p.rolname\n"
      "    WHERE a.grantee = 0 OR a.privilege_type <> ALL (r.granted))\n"
      "  OR (w.tenant AND NOT EXISTS (SELECT 1 FROM pg_policy p JOIN pg_roles r ON r.oid = ANY "
      "(p.polroles) WHERE p.polrelid = c.oid AND p.polname = 'tenant_system' AND r.rolname = "
      "{1}))\n"
      "UNION ALL SELECT 'audit_order' WHERE NOT has_sequence_privilege({0}, 'audit_order', "
      "'USAGE') "
      "OR NOT has_sequence_privilege({1}, 'audit_order', 'USAGE')",
      QuoteText(roles.application), QuoteText(roles.system), wanted);
}

}  // namespace tenon

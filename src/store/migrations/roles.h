// Who may do what on PostgreSQL.
//
//   owner         the role that migrates: owns schema and tables, is a member of the two below
//   application   serves requests. Row-level security is forced on it; it may not bypass it
//   system        followers, clock, sealer, callers across tenants: a policy lets it see all rows
//
// The server connects as any role that is a member of application and system, and takes the one or
// the other for each transaction (SET LOCAL ROLE). None of the three needs to be a superuser or to
// have BYPASSRLS. Roles belong to the cluster: several Tenons in one give each pair its own names.
#pragma once

#include <string>

#include "base/result.h"
#include "store/migrations/schema.h"

namespace tenon {

struct PostgresRoles {
  std::string application = "tenon_app";
  std::string system = "tenon_system";
};

// kInvalidArgument when a name is empty, longer than 63 bytes, not lower case, reserved (pg_), or
// when both are the same.
Result<void> CheckRoleNames(const PostgresRoles& roles);

// Makes the roles where they are missing, without login, and makes the present user a member. Needs
// CREATEROLE only when something is missing; otherwise a DBA runs it once.
std::string RolesSql(const PostgresRoles& roles);

// Grants and the system's policy on every table of the schema that is there, and nothing for
// PUBLIC. Repeatable. Partitions are reached through their tables only.
std::string GrantsSql(const PhysicalSchema& schema, const PostgresRoles& roles);

// A query for the names of what GrantsSql would change: tables of the schema that are there without
// their grants or their policy or with more, schema_migrations, audit_order. A policy is made under
// a lock that keeps everybody out, so it is not made again for nothing.
std::string LackingGrantsSql(const PhysicalSchema& schema, const PostgresRoles& roles);

}  // namespace tenon

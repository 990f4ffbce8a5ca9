// A database that belongs to a role which is no superuser, as a DBA would set one up for Tenon, and
// names of roles for its application and system. All of them are gone with it.
//
// Tests of migrations use it: as a superuser, neither row-level security nor a missing grant shows.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "store/migrations/roles.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/test_server.h"

namespace tenon::testing {

class OwnedDatabase {
 public:
  // kUnavailable when PostgreSQL is not installed: skip then.
  static Result<std::unique_ptr<OwnedDatabase>> Make() {
    return Make(TRY(PostgresServer::Shared()));
  }
  static Result<std::unique_ptr<OwnedDatabase>> Make(std::shared_ptr<PostgresServer> server) {
    std::unique_ptr<OwnedDatabase> made(new OwnedDatabase(server));
    made->database_ = TRY(TestDatabase::Make(server));
    const std::string& name = made->database_->name();
    made->roles_ = {.application = name + "_app", .system = name + "_system"};
    made->owner_ = name + "_owner";
    TRY(made->database_->Run(fmt::format(
        "CREATE ROLE {0} LOGIN CREATEROLE; ALTER DATABASE {1} OWNER TO {0}", made->owner_, name)));
    return made;
  }
  ~OwnedDatabase() {
    if (database_ == nullptr) return;
    database_.reset();
    for (const std::string& role : {roles_.application, roles_.system, owner_}) {
      [[maybe_unused]] const auto gone = server_->Run("postgres", "DROP ROLE IF EXISTS " + role);
    }
  }

  [[nodiscard]] TestDatabase& database() const { return *database_; }
  [[nodiscard]] PostgresServer& server() const { return *server_; }
  [[nodiscard]] const PostgresRoles& roles() const { return roles_; }
  [[nodiscard]] const std::string& owner() const { return owner_; }
  // Of the owner.
  [[nodiscard]] std::string url() const { return database_->url(owner_); }

  // Migrates and looks around; serves nobody.
  [[nodiscard]] PostgresOptions OwnerOptions() const {
    PostgresOptions options;
    options.url = url();
    return options;
  }
  // As a node has it: one login, changing to the role that the work needs.
  [[nodiscard]] PostgresOptions NodeOptions() const {
    PostgresOptions options = OwnerOptions();
    options.role = roles_.application;
    options.system_role = roles_.system;
    return options;
  }

 private:
  explicit OwnedDatabase(std::shared_ptr<PostgresServer> server) : server_(std::move(server)) {}
  std::shared_ptr<PostgresServer> server_;
  std::unique_ptr<TestDatabase> database_;
  PostgresRoles roles_;
  std::string owner_;
};

}  // namespace tenon::testing

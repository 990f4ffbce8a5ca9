// Stores with the shipped models' tables, of either kind, for tests of what stands above a store.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "model/testing.h"
#include "store/migrations/migrate.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/test_server.h"
#include "store/sqlite/sqlite_store.h"
#include "store/testing.h"

namespace tenon::testing {

enum class StoreKind { kSqlite, kPostgres };

inline std::string NameOf(StoreKind kind) {
  return kind == StoreKind::kSqlite ? "sqlite" : "postgres";
}

// The store that this run of the program is about: TENON_TEST_STORE, which tests/run sets for
// programs that CMake's tenon_test marks STORES; SQLite by itself.
inline StoreKind StoreOfRun() {
  const char* name = std::getenv("TENON_TEST_STORE");
  return name != nullptr && std::string(name) == "postgres" ? StoreKind::kPostgres
                                                            : StoreKind::kSqlite;
}

// One database with the tables, which each test copies: migrating takes longer than most tests.
struct PostgresTemplate {
  std::shared_ptr<PostgresServer> server;
  std::unique_ptr<TestDatabase> database;
  PostgresRoles roles;
};

inline PostgresOptions PostgresOptionsFor(const TestDatabase& database,
                                          const PostgresRoles& roles) {
  PostgresOptions options;
  options.url = database.url();
  options.role = roles.application;
  options.system_role = roles.system;
  return options;
}

inline Result<std::shared_ptr<PostgresTemplate>> MakeTemplate(const model::Model& model) {
  auto made = std::make_shared<PostgresTemplate>();
  made->server = TRY(PostgresServer::Shared());
  made->database = TRY(TestDatabase::Make(made->server));
  made->roles = {.application = made->database->name() + "_app",
                 .system = made->database->name() + "_system"};
  // As the owner: the migration makes the other two roles.
  PostgresOptions owner;
  owner.url = made->database->url();
  const auto store = TRY(PostgresStore::Open(std::move(owner)));
  SystemClock clock;
  MigrateOptions migrate;
  migrate.roles = made->roles;
  TRY(Migrate(*store, model, clock, migrate));
  store->Close();
  return made;
}

// A database of one's own with the shipped models' tables, a copy of one that is made once.
class PostgresClone {
 public:
  static Result<std::unique_ptr<PostgresClone>> Make() {
    static Result<std::shared_ptr<PostgresTemplate>> whole =
        []() -> Result<std::shared_ptr<PostgresTemplate>> {
      return TRY(MakeTemplate(*TRY(model::testing::Shipped())));
    }();
    std::unique_ptr<PostgresClone> made(new PostgresClone);
    made->template_ = TRY(whole);
    made->database_ =
        TRY(TestDatabase::Make(made->template_->server, made->template_->database->name()));
    return made;
  }
  [[nodiscard]] TestDatabase& database() const { return *database_; }
  [[nodiscard]] PostgresOptions options() const {
    return PostgresOptionsFor(*database_, template_->roles);
  }

 private:
  PostgresClone() = default;
  std::shared_ptr<PostgresTemplate> template_;
  std::unique_ptr<TestDatabase> database_;
};

// A migrated store; on PostgreSQL several can be opened, as several nodes would.
class TestStore {
 public:
  // kUnavailable when PostgreSQL is not installed: skip then.
  static Result<std::unique_ptr<TestStore>> Make(StoreKind kind) {
    std::unique_ptr<TestStore> made(new TestStore(kind));
    made->model_ = TRY(model::testing::Shipped());
    SystemClock clock;
    if (kind == StoreKind::kSqlite) {
      SqliteOptions options;
      options.directory = made->folder_.path();
      made->store_ = TRY(SqliteStore::Open(std::move(options)));
      TRY(Migrate(*made->store_, *made->model_, clock));
      return made;
    }
    made->clone_ = TRY(PostgresClone::Make());
    made->store_ = TRY(made->OpenPostgres());
    return made;
  }
  ~TestStore() {
    if (store_) store_->Close();
  }

  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] const std::shared_ptr<const model::Model>& model() const { return model_; }
  [[nodiscard]] StoreKind kind() const { return kind_; }
  [[nodiscard]] TestDatabase& database() { return clone_->database(); }  // PostgreSQL only

  [[nodiscard]] PostgresOptions options() const { return clone_->options(); }  // PostgreSQL only

  // Another node's store over the same database.
  Result<std::unique_ptr<PostgresStore>> OpenAnother() { return OpenPostgres(); }

 private:
  explicit TestStore(StoreKind kind) : kind_(kind) {}
  Result<std::unique_ptr<PostgresStore>> OpenPostgres() {
    return PostgresStore::Open(clone_->options());
  }

  const StoreKind kind_;
  TempDir folder_;
  std::shared_ptr<const model::Model> model_;
  std::unique_ptr<PostgresClone> clone_;
  std::unique_ptr<Store> store_;
};

}  // namespace tenon::testing

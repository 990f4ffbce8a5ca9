// Where a node's rows are, and opening it there: a file of the data directory, or a PostgreSQL
// server.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/config.h"
#include "base/clock.h"
#include "base/result.h"
#include "model/model.h"
#include "store/migrations/roles.h"
#include "store/postgres/options.h"
#include "store/store.h"

namespace tenon {

struct PostgresPlace {
  // The server's own logins, the roles that it takes, and its connections.
  PostgresOptions server;
  // Of the owner of the tables, for migrations. Empty: server.url.
  std::string owner_url;

  [[nodiscard]] PostgresRoles roles() const { return {server.role, server.system_role}; }
};

struct StorePlace {
  // The data directory. With PostgreSQL it holds the first key and the archives of purges.
  std::string directory;
  bool create = true;  // make what is not there yet
  std::optional<PostgresPlace> postgres = {};
  // As SqliteOptions::around_answers.
  std::function<void(const std::function<void()>& answer)> around_answers = {};
};

// As the configuration says.
StorePlace PlaceOf(const Config& config);

// Makes the tables of a shared search index on PostgreSQL, unless it is "embedded". With "auto" a
// login that may not is no error: a warning says what a DBA has to grant.
Result<void> PrepareSearch(Store& owner, const StorePlace& place, const std::string& search,
                           const std::function<void(std::string_view, const std::string&)>& log);

struct BringUp {
  bool migrate = true;          // else kUnavailable when the tables are not the models'
  std::string search = "auto";  // SearchConfig::index: whether the search index needs its tables
  std::function<void(std::string_view level, const std::string& message)> log = {};
};

// A store that may change the schema: of a PostgreSQL server, as the owner of the tables.
Result<std::unique_ptr<Store>> OpenForSchema(const StorePlace& place);

// A store to serve from, with the models' tables. On PostgreSQL the migration runs as the owner
// before the roles are there; a server whose login is not the owner's starts all the same when
// nothing is to be done. kUnavailable says what a DBA or the operator has to do.
Result<std::unique_ptr<Store>> OpenForServing(const StorePlace& place, const model::Model& model,
                                              Clock& clock, const BringUp& bring_up);

}  // namespace tenon

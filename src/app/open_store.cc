#include "app/open_store.h"

#include <fmt/format.h>

#include <utility>

#include "search/postgres/schema.h"
#include "services/move/move.h"
#include "store/migrations/migrate.h"
#include "store/migrations/postgres_migrate.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

namespace tenon {
namespace {

constexpr std::string_view kOwnerAdvice =
    "set database.owner_url (TENON_DATABASE_OWNER_URL) to a login that owns the tables, or let a "
    "DBA run 'tenon migrate' with it";

Result<std::unique_ptr<Store>> OpenSqlite(const StorePlace& place) {
  SqliteOptions options;
  options.directory = place.directory;
  options.create = place.create;
  options.around_answers = place.around_answers;
  return TRY(SqliteStore::Open(std::move(options)));
}

// Whether the login may change the tables: it owns them, or may make them.
Result<bool> OwnsTables(Store& store) {
  bool owns = false;
  TRY(ReadAsOwner(store, [&](Reader& reader) {
    return reader.Query(
        "SELECT coalesce((SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = "
        "to_regclass('schema_migrations')), has_schema_privilege(current_schema(), 'CREATE'))::int "
        "::bigint",
        {}, [&](const Row& row) -> Result<bool> {
          owns = row.Int(0) != 0;
          return false;
        });
  }));
  return owns;
}

Result<bool> HasTables(Store& store) {
  bool has = false;
  TRY(ReadAsOwner(store, [&](Reader& reader) -> Result<void> {
    has = TRY(HasHistory(reader));
    return {};
  }));
  return has;
}

void Say(const BringUp& bring_up, std::string_view level, const std::string& message) {
  if (bring_up.log) bring_up.log(level, message);
}

Result<void> MigrateNow(Store& store, const model::Model& model, Clock& clock,
                        MigrateOptions options, const BringUp& bring_up) {
  options.on_applied = [&](const Migration& migration) {
    Say(bring_up, "info", "migrated to " + migration.version + ": " + migration.description);
  };
  const MigrationPlan plan = TRY(Migrate(store, model, clock, options));
  for (const std::string& change : plan.not_rolling) {
    Say(bring_up, "warn",
        change + ": nodes of the version before cannot work with that; stop them");
  }
  for (const std::string& waiting : plan.contracts) {
    Say(bring_up, "info",
        waiting +
            ": a part of the migration waits until no node of the version before runs: tenon "
            "migrate --contract");
  }
  for (const std::string& kept : plan.kept) {
    Say(bring_up, "warn",
        kept +
            " is no longer in the models; its data is kept. To drop it: tenon migrate "
            "--drop " +
            kept);
  }
  return {};
}

Result<void> RequireCurrent(Store& store, const model::Model& model, std::string_view advice) {
  if (store.dialect() == Dialect::kPostgres) {
    const SchemaStanding standing = TRY(CompareSchema(store, model));
    if (standing.age == SchemaAge::kServes) return {};
  }
  // What waits for nodes of the version before to go keeps nobody from serving.
  const MigrationPlan plan = TRY(PlanMigrations(store, model, {}, MigrationPhase::kExpand));
  if (plan.migrations.empty()) return {};
  return Fail(
      Code::kUnavailable,
      "the store is not at the models' version; look at tenon plan, then " + std::string(advice));
}

Result<void> PreparePostgresTables(Store& owner, const StorePlace& place, const model::Model& model,
                                   Clock& clock, const BringUp& bring_up) {
  if (!place.create && !TRY(HasTables(owner))) {
    return Fail(Code::kNotFound,
                "the database has no tables of Tenon yet; 'tenon serve' or 'tenon migrate' makes "
                "them");
  }
  if (!bring_up.migrate) return RequireCurrent(owner, model, "run tenon migrate");
  if (!TRY(OwnsTables(owner))) return RequireCurrent(owner, model, kOwnerAdvice);
  MigrateOptions options;
  options.roles = place.postgres->roles();
  options.older_allowed = false;
  options.phase = MigrationPhase::kExpand;  // nodes of the version before may be at work
  TRY(MigrateNow(owner, model, clock, std::move(options), bring_up));
  return PrepareSearch(owner, place, bring_up.search, bring_up.log);
}

}  // namespace

Result<void> PrepareSearch(Store& owner, const StorePlace& place, const std::string& search,
                           const std::function<void(std::string_view, const std::string&)>& log) {
  if (!place.postgres || search == "embedded") return {};
  auto made = search::PrepareSearchSchema(owner, place.postgres->roles());
  if (made || search == "postgres" || made.error().code != Code::kForbidden) return made;
  if (log) log("warn", "search: " + made.error().message);
  return {};
}

StorePlace PlaceOf(const Config& config) {
  StorePlace place;
  place.directory = config.data;
  if (config.store != "postgres") return place;
  const auto milliseconds = [](Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
  };
  const DatabaseConfig& database = config.database;
  PostgresPlace& postgres = place.postgres.emplace();
  postgres.owner_url = database.owner_url;
  PostgresOptions& server = postgres.server;
  server.url = config.database_url;
  server.system_url = database.system_url;
  server.role = database.role;
  server.system_role = database.system_role;
  server.writers_max = static_cast<std::size_t>(database.writers);
  server.readers_max = static_cast<std::size_t>(database.readers);
  server.system_max = static_cast<std::size_t>(database.system);
  server.statement_timeout = milliseconds(database.statement_timeout);
  server.outage_patience = milliseconds(database.outage_patience);
  server.open_patience = milliseconds(database.wait);
  return place;
}

Result<std::unique_ptr<Store>> OpenForSchema(const StorePlace& place) {
  if (!place.postgres) return OpenSqlite(place);
  PostgresOptions options = place.postgres->server;
  if (!place.postgres->owner_url.empty()) options.url = place.postgres->owner_url;
  // As itself: the roles may not be there yet, and do not own anything.
  options.role.clear();
  options.system_role.clear();
  options.system_url.clear();
  options.writers_max = 1;
  options.readers_max = 1;
  options.system_max = 2;
  return TRY(PostgresStore::Open(std::move(options)));
}

Result<std::unique_ptr<Store>> OpenForServing(const StorePlace& place, const model::Model& model,
                                              Clock& clock, const BringUp& bring_up) {
  if (!place.postgres) {
    std::unique_ptr<Store> store = TRY(OpenSqlite(place));
    if (bring_up.migrate) {
      TRY(MigrateNow(*store, model, clock, {}, bring_up));
    } else {
      TRY(RequireCurrent(*store, model, "run tenon migrate"));
    }
    if (const auto moved = TRY(NoteServing(*store))) {
      Say(bring_up, "warn",
          fmt::format("the rows of this data directory were moved to {}: what is written here from "
                      "now on is not there. To serve those, set store = \"postgres\" and "
                      "database_url",
                      *moved));
    }
    return store;
  }
  {
    const std::unique_ptr<Store> owner = TRY(OpenForSchema(place));
    TRY(PreparePostgresTables(*owner, place, model, clock, bring_up));
    owner->Close();
  }
  return TRY(PostgresStore::Open(place.postgres->server));
}

}  // namespace tenon

#include "services/move/target.h"

#include <fmt/format.h>

#include <utility>

#include "store/migrations/derive.h"
#include "store/migrations/migrate.h"
#include "store/migrations/postgres_migrate.h"
#include "store/migrations/sql_text.h"

namespace tenon {
namespace {

constexpr std::string_view kMakeState =
    "CREATE TABLE tenon_move (table_name text PRIMARY KEY, token text NOT NULL, last_rowid bigint "
    "NOT NULL DEFAULT 0, rows bigint NOT NULL DEFAULT 0);\n"
    "REVOKE ALL ON tenon_move FROM PUBLIC;\n";

// Two that fill one table at once: the second finds that the place is not where it was.
std::string AdvanceSql(const std::string& table, const MoveTarget::Place& from,
                       const MoveTarget::Place& to) {
  return fmt::format(
      "DO $do$ BEGIN\n"
      "  UPDATE tenon_move SET last_rowid = {}, rows = {} WHERE table_name = {} AND last_rowid = "
      "{};\n"
      "  IF NOT FOUND THEN RAISE EXCEPTION 'another move into this database is at work' USING "
      "ERRCODE = 'unique_violation'; END IF;\nEND $do$;\n",
      to.last_rowid, to.rows, QuoteText(table), from.last_rowid);
}

Result<void> Script(PgConnection& connection, const std::string& statements) {
  if (std::optional<Failure> failure = connection.Script(statements)) {
    return Fail(std::move(failure->error));
  }
  return {};
}

}  // namespace

MoveTarget::MoveTarget(const model::Model& model)
    : schema_(DeriveSchema(model, Dialect::kPostgres)) {}

MoveTarget::~MoveTarget() {
  if (store_ != nullptr) store_->Close();
}

Result<std::unique_ptr<MoveTarget>> MoveTarget::Open(const MoveOptions& options,
                                                     const model::Model& model, Clock& clock) {
  std::unique_ptr<MoveTarget> target(new MoveTarget(model));
  target->store_ = TRY(PostgresStore::Open(options.target));
  target->connection_ =
      TRY(PgConnection::Open({.url = options.target.url,
                              .role = options.target.schema_role,
                              .connect_timeout = options.target.connect_timeout,
                              .statement_timeout = std::chrono::milliseconds(0)}));
  if (TRY(MoveIsUnderWay(*target->store_))) return target;
  MigrateOptions migrate;
  migrate.roles = options.roles;
  TRY(Migrate(*target->store_, model, clock, migrate));
  return target;
}

Result<std::int64_t> MoveTarget::CountOf(const std::string& table) {
  std::int64_t count = 0;
  TRY(ReadAsOwner(*store_, [&](Reader& reader) {
    return reader.Query("SELECT count(*) FROM " + QuoteName(table), {},
                        [&](const Row& row) -> Result<bool> {
                          count = row.Int(0);
                          return false;
                        });
  }));
  return count;
}

Result<void> MoveTarget::RefuseRows(const std::vector<std::string>& tables) {
  for (const std::string& table : tables) {
    const std::int64_t rows = TRY(CountOf(table));
    if (rows == 0) continue;
    return Fail(Code::kConflict,
                fmt::format("the database already has {} rows in {}, and no move into it has "
                            "begun: move into an empty database, which no server has served from",
                            rows, table));
  }
  return {};
}

// An empty database without what slows rows down: FinishSchema finds out what lacks.
Result<void> MoveTarget::MakeRoom(const std::string& token,
                                  const std::vector<std::string>& tables) {
  std::string sql = "DROP TABLE IF EXISTS tenon_move;\n" + std::string(kMakeState);
  for (const PhysicalTable& table : schema_.tables) {
    for (const PhysicalReference& reference : table.references) {
      sql += fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {};\n", QuoteName(table.name),
                         QuoteName(reference.name));
    }
    for (const PhysicalIndex& index : table.indexes) {
      if (!index.unique) sql += fmt::format("DROP INDEX IF EXISTS {};\n", QuoteName(index.name));
    }
  }
  sql += fmt::format("TRUNCATE {};\n", NameList(tables));
  for (const std::string& table : tables) {
    sql += fmt::format("INSERT INTO tenon_move (table_name, token) VALUES ({}, {});\n",
                       QuoteText(table), QuoteText(token));
  }
  return ChangeSchemaPatiently(*store_, [&](SchemaTransaction& t) { return t.RunScript(sql); });
}

Result<bool> MoveTarget::Begin(const std::string& token, const std::vector<std::string>& tables) {
  const bool begun = TRY(MoveIsUnderWay(*store_));
  if (!begun) TRY(RefuseRows(tables));
  for (const std::string& table : tables) places_[table] = {};
  std::size_t known = 0;
  if (begun) {
    TRY(ReadAsOwner(*store_, [&](Reader& reader) {
      known = 0;
      const Value values[] = {Value(token)};
      return reader.Query("SELECT table_name, last_rowid, rows FROM tenon_move WHERE token = $1",
                          values, [&](const Row& row) -> Result<bool> {
                            const auto place = places_.find(std::string(row.Text(0)));
                            if (place == places_.end()) return true;
                            place->second = {row.Int(1), row.Int(2)};
                            ++known;
                            return true;
                          });
    }));
  }
  if (known == tables.size()) return true;
  for (auto& [table, place] : places_) place = {};
  TRY(MakeRoom(token, tables));
  return false;
}

Result<void> MoveTarget::Load(const std::string& table, const std::vector<std::string>& columns,
                              const std::string& rows, const Place& place) {
  // COPY does not go with row-level security, to which the owner is subject as well. It is off for
  // the owner, and for the owner only, until this transaction ends.
  const std::string name = QuoteName(table);
  const PhysicalTable& physical = *schema_.Find(table);
  const bool forced = !physical.policies.empty();
  Place& present = places_[table];
  std::string before = "BEGIN;\n" + AdvanceSql(table, present, place);
  if (forced) before += fmt::format("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY;\n", name);
  const auto load = [&]() -> Result<void> {
    TRY(Script(*connection_, before));
    if (std::optional<Failure> failure = connection_->Copy(
            fmt::format("COPY {} ({}) FROM STDIN", name, NameList(columns)), rows)) {
      return Fail(std::move(failure->error));
    }
    return Script(*connection_,
                  forced ? fmt::format("ALTER TABLE {} FORCE ROW LEVEL SECURITY;\nCOMMIT", name)
                         : std::string("COMMIT"));
  };
  Result<void> done = load();
  if (!done) {
    if (!connection_->broken()) static_cast<void>(connection_->Script("ROLLBACK"));
    return done;
  }
  present = place;
  return {};
}

Result<void> MoveTarget::Complete() {
  TRY(FinishSchema(*store_));
  std::string sql;
  for (const auto& [table, place] : places_) sql += fmt::format("ANALYZE {};\n", QuoteName(table));
  return ChangeSchemaPatiently(*store_, [&](SchemaTransaction& t) { return t.RunScript(sql); });
}

Result<void> MoveTarget::End() {
  return ChangeSchemaPatiently(
      *store_, [](SchemaTransaction& t) { return t.RunScript("DROP TABLE IF EXISTS tenon_move"); });
}

}  // namespace tenon

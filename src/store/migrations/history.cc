#include "store/migrations/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "store/migrations/postgres_migrate.h"

namespace tenon {
namespace {

constexpr std::size_t kHashAt = 10;  // in RememberedJson, from 1 as SQL counts
constexpr std::size_t kHashDigits = 64;

int NumberOf(std::string_view version) {
  const std::size_t dot = version.rfind('.');
  int number = 0;
  if (dot != std::string_view::npos) {
    std::from_chars(version.data() + dot + 1, version.data() + version.size(), number);
  }
  return number;
}

// Placeholders of the dialect in a statement written with ?1, ?2...
std::string Sql(Dialect dialect, std::string text) {
  if (dialect == Dialect::kPostgres) std::replace(text.begin(), text.end(), '?', '$');
  return text;
}

Result<void> AddTables(std::string_view remembered, CurrentSchema& current) {
  const json::value document = TRY(ParseJson(remembered));
  const json::value* tables =
      document.is_object() ? document.as_object().if_contains("tables") : nullptr;
  if (tables == nullptr || !tables->is_array()) {
    return Fail(Code::kInternal, "schema_migrations holds a schema that cannot be read");
  }
  for (const json::value& item : tables->as_array()) {
    PhysicalTable table = TRY(TableFromJson(item));
    // A table may have moved from one model to another; the later owner's word counts.
    if (PhysicalTable* there = current.schema.Find(table.name)) {
      *there = std::move(table);
    } else {
      current.schema.tables.push_back(std::move(table));
    }
  }
  return {};
}

}  // namespace

std::string MigrationsTableSql(Dialect dialect) {
  const bool sqlite = dialect == Dialect::kSqlite;
  const std::string_view text = sqlite ? "TEXT" : "text COLLATE \"C\"";
  return fmt::format(
      "CREATE TABLE \"schema_migrations\" (\n"
      "  \"version\" {},\n"
      "  \"applied_at\" {},\n"
      "  \"description\" {},\n"
      "  \"model\" {},\n"
      "  \"schema_json\" {},\n"
      "  \"up_sql\" {},\n"
      "  \"down_sql\" {},\n"
      "  PRIMARY KEY (\"version\")\n){}",
      sqlite ? "TEXT NOT NULL CONSTRAINT \"ck_schema_migrations_version\" CHECK "
               "(length(\"version\") <= 50)"
             : "varchar(50) COLLATE \"C\" NOT NULL",
      sqlite ? "TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))"
             : "timestamptz NOT NULL DEFAULT now()",
      text, text, text, text, text, sqlite ? " STRICT" : "");
}

Result<bool> HasHistory(Reader& reader) {
  const char* sql = reader.dialect() == Dialect::kSqlite
                        ? "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'"
                        : "SELECT 1 WHERE to_regclass('schema_migrations') IS NOT NULL";
  bool found = false;
  TRY(reader.Query(sql, {}, [&](const Row&) -> Result<bool> {
    found = true;
    return false;
  }));
  return found;
}

Result<void> EnsureHistory(Store& store) {
  bool there = false;
  TRY(ReadAsOwner(store, [&](Reader& reader) -> Result<void> {
    there = TRY(HasHistory(reader));
    return {};
  }));
  if (there) return {};
  return store.ChangeSchema([&](SchemaTransaction& transaction) {
    return transaction.RunScript(MigrationsTableSql(store.dialect()));
  });
}

Result<CurrentSchema> LoadCurrent(Reader& reader, Dialect dialect, bool tables) {
  CurrentSchema current;
  current.schema.dialect = dialect;
  if (!TRY(HasHistory(reader))) return current;
  // Versions of one model sort by number, since it is written with four digits. The order of the
  // last migrations keeps what was made first first.
  // A contract that waits says so behind the hash.
  const std::string sql = fmt::format(
      "SELECT m.version, m.model, {}, CASE WHEN replace(m.schema_json, '\"kept\":true', '') <> "
      "m.schema_json THEN 1 ELSE 0 END, CASE WHEN substr(m.schema_json, {}, 15) = "
      "'\"contract\":true' THEN 1 ELSE 0 END FROM schema_migrations m WHERE m.version = (SELECT "
      "max(n.version) FROM schema_migrations n WHERE n.model = m.model) ORDER BY m.applied_at",
      tables ? "m.schema_json"
             : fmt::format("substr(m.schema_json, 1, {})", kHashAt - 1 + kHashDigits),
      kHashAt + kHashDigits + 2);
  TRY(reader.Query(sql, {}, [&](const Row& row) -> Result<bool> {
    const std::string model(row.Text(1));
    const std::string_view remembered = row.Text(2);
    current.numbers[model] = NumberOf(row.Text(0));
    current.keeps = current.keeps || row.Int(3) != 0;
    if (row.Int(4) != 0) current.contracts.insert(model);
    if (remembered.size() >= kHashAt - 1 + kHashDigits) {
      current.hashes[model] = remembered.substr(kHashAt - 1, kHashDigits);
    }
    if (tables) TRY(AddTables(remembered, current));
    return true;
  }));
  return current;
}

Result<std::vector<AppliedMigration>> LoadHistory(Reader& reader) {
  std::vector<AppliedMigration> out;
  if (!TRY(HasHistory(reader))) return out;
  model::Type time;
  time.kind = model::TypeKind::kTime;
  TRY(reader.Query(
      "SELECT version, model, applied_at, description, down_sql FROM schema_migrations "
      "ORDER BY applied_at, version",
      {}, [&](const Row& row) -> Result<bool> {
        AppliedMigration item;
        item.version = row.Text(0);
        item.model = row.Text(1);
        const Value applied = TRY(row.Get(2, time));
        if (const Time* at = applied.If<Time>()) item.applied_at = *at;
        item.description = row.Text(3);
        item.down_sql = row.Text(4);
        out.push_back(std::move(item));
        return true;
      }));
  return out;
}

Result<std::vector<RememberedHashes>> LoadHashes(Reader& reader) {
  // More than what stands before the tables.
  constexpr int kHeadBytes = 256;
  constexpr std::string_view kBefore = "\"before\":\"";
  std::vector<RememberedHashes> out;
  if (!TRY(HasHistory(reader))) return out;
  TRY(reader.Query(
      fmt::format("SELECT version, model, substr(schema_json, 1, {}) FROM schema_migrations WHERE "
                  "model IS NOT NULL ORDER BY model, version",
                  kHeadBytes),
      {}, [&](const Row& row) -> Result<bool> {
        std::string head(row.Text(2));
        head.resize(std::min(head.size(), head.find("\"tables\"")));
        if (head.size() < kHashAt - 1 + kHashDigits) return true;
        RememberedHashes item{std::string(row.Text(0)),
                              std::string(row.Text(1)),
                              head.substr(kHashAt - 1, kHashDigits),
                              {}};
        const std::size_t before = head.find(kBefore);
        if (before != std::string::npos) {
          item.before = head.substr(before + kBefore.size(), kHashDigits);
        }
        out.push_back(std::move(item));
        return true;
      }));
  return out;
}

Result<void> Remember(Transaction& transaction, const Migration& migration, Time now) {
  const Dialect dialect = transaction.dialect();
  if (migration.steps.empty()) {
    TRY(transaction.Execute(
        Sql(dialect, "UPDATE schema_migrations SET schema_json = ?1 WHERE version = ?2"),
        std::vector<Value>{Value(migration.schema_json), Value(migration.version)}));
    return {};
  }
  TRY(transaction.Execute(
      Sql(dialect,
          "INSERT INTO schema_migrations (version, applied_at, description, model, schema_json, "
          "up_sql, down_sql) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
      std::vector<Value>{Value(migration.version), Value(now), Value(migration.description),
                         Value(migration.model), Value(migration.schema_json),
                         Value(migration.Up()), Value(migration.Down())}));
  return {};
}

Result<void> Forget(Transaction& transaction, const std::string& version) {
  TRY(transaction.Execute(
      Sql(transaction.dialect(), "DELETE FROM schema_migrations WHERE version = ?1"),
      std::vector<Value>{Value(version)}));
  return {};
}

}  // namespace tenon

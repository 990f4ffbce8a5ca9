#include "services/move/move.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/hash.h"
#include "base/ids.h"
#include "log/outbox_log.h"
#include "services/move/target.h"
#include "store/migrations/migrate.h"
#include "store/postgres/copy_text.h"

namespace tenon {
namespace {

constexpr std::size_t kTokenBytes = 16;
// In engine_meta of the source.
constexpr std::string_view kTokenKey = "move_token";
constexpr std::string_view kMovedKey = "moved_to";

// What belongs to the store and not to its rows: who holds a lease, rows that wait for a sealer
// (none on SQLite), migrations.
const std::set<std::string_view> kLeftOut = {"leases", "audit_pending", "schema_migrations"};

const Scope kEverywhere{.tenant = {}, .across_tenants = true};

struct SourceTable {
  std::string name;
  std::vector<std::string> columns;
  std::vector<const model::Field*> fields;
  std::string filter;  // " AND ...", or empty
  std::int64_t rows = 0;
};

Result<std::string> ReadMeta(Store& store, std::string_view key) {
  std::string value;
  const Value parameter(key);
  TRY(store.Read(kEverywhere, [&](Reader& reader) {
    return reader.Query("SELECT value FROM engine_meta WHERE key = ?1", std::span(&parameter, 1),
                        [&](const Row& row) -> Result<bool> {
                          value = row.Text(0);
                          return false;
                        });
  }));
  return value;
}

Result<void> WriteMeta(Store& store, std::string_view key, const std::string& value) {
  const Value parameters[] = {Value(key), Value(value)};
  return store.Write(kEverywhere, [&](Transaction& transaction) -> Result<void> {
    TRY(
        transaction.Execute("INSERT INTO engine_meta (key, value) VALUES (?1, ?2) ON CONFLICT "
                            "(key) DO UPDATE SET value = excluded.value",
                            parameters));
    return {};
  });
}

Result<std::int64_t> CountOf(Store& store, const SourceTable& table) {
  std::int64_t count = 0;
  Scope scope = kEverywhere;
  scope.deadline = std::chrono::minutes(10);
  scope.long_snapshot = true;
  TRY(store.Read(scope, [&](Reader& reader) {
    return reader.Query(
        fmt::format("SELECT count(*) FROM {} WHERE true{}", QuoteName(table.name), table.filter),
        {}, [&](const Row& row) -> Result<bool> {
          count = row.Int(0);
          return false;
        });
  }));
  return count;
}

Result<std::vector<SourceTable>> TablesOf(Store& source, const model::Model& model) {
  std::vector<SourceTable> tables;
  for (const model::Entity* entity : model.ByDependency()) {
    if (kLeftOut.contains(entity->table)) continue;
    SourceTable table;
    table.name = entity->table;
    for (const model::Field& field : entity->fields) {
      table.columns.push_back(field.name);
      table.fields.push_back(&field);
    }
    if (table.name == "engine_meta") {
      table.filter = fmt::format(" AND \"key\" NOT IN ('{}', '{}')", kTokenKey, kMovedKey);
    }
    table.rows = TRY(CountOf(source, table));
    tables.push_back(std::move(table));
  }
  return tables;
}

class Mover {
 public:
  Mover(Store& source, MoveTarget& target, const MoveOptions& options)
      : source_(source), target_(target), options_(options) {}

  Result<MoveReport> Run(const std::string& token, std::vector<SourceTable> tables, Clock& clock,
                         Random& random);

 private:
  Result<void> Copy(const SourceTable& table);
  Result<bool> CopyPortion(const SourceTable& table);
  Result<MoveTarget::Place> ReadPortion(const SourceTable& table, MoveTarget::Place place);
  Result<void> ReadRow(const SourceTable& table, const Row& row);
  Error Explain(Error error, const SourceTable& table) const;
  Result<void> CheckCounts(const std::vector<SourceTable>& tables);
  Result<void> CheckChain(Clock& clock, Random& random);
  Result<void> Interrupted() const;
  void Say(const std::string& what) const {
    if (options_.progress) options_.progress(what, done_, total_);
  }

  Store& source_;
  MoveTarget& target_;
  const MoveOptions& options_;
  std::int64_t done_ = 0;
  std::int64_t total_ = 0;
  // Of the present portion.
  CopyText portion_;
  std::vector<std::string> keys_;  // of its rows, for people
};

Result<void> Mover::Interrupted() const {
  if (!options_.interrupted || !options_.interrupted()) return {};
  return Fail(Code::kUnavailable, "interrupted; the same command goes on from here");
}

Result<void> Mover::ReadRow(const SourceTable& table, const Row& row) {
  keys_.emplace_back(row.IsNull(1) ? std::string_view() : row.Text(1));
  std::vector<Value> values;
  values.reserve(table.fields.size());
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    auto value = row.Get(static_cast<int>(i) + 1, table.fields[i]->type);
    if (!value) return Fail(std::move(value).error().In(table.columns[i]));
    values.push_back(std::move(*value));
  }
  return portion_.Add(values);
}

// Where the table is once the rows that now stand in `portion_` are in; as it was when there are no
// more.
Result<MoveTarget::Place> Mover::ReadPortion(const SourceTable& table, MoveTarget::Place place) {
  std::string names;
  for (const std::string& column : table.columns) names += ", " + QuoteName(column);
  const std::string sql =
      fmt::format("SELECT rowid{} FROM {} WHERE rowid > ?1{} ORDER BY rowid LIMIT ?2", names,
                  QuoteName(table.name), table.filter);
  const Value parameters[] = {Value(place.last_rowid), Value(options_.portion_rows)};
  TRY(source_.Read(kEverywhere, [&](Reader& reader) {
    return reader.Query(sql, parameters, [&](const Row& row) -> Result<bool> {
      if (auto read = ReadRow(table, row); !read) {
        read.error().code = Code::kConflict;
        return Fail(std::move(read).error().In(fmt::format("{} {}", table.name, keys_.back())));
      }
      place.last_rowid = row.Int(0);
      ++place.rows;
      return portion_.text().size() < options_.portion_bytes;
    });
  }));
  return place;
}

// False when there was none left.
Result<bool> Mover::CopyPortion(const SourceTable& table) {
  portion_.Clear();
  keys_.clear();
  const MoveTarget::Place& present = target_.PlaceOf(table.name);
  const MoveTarget::Place place = TRY(ReadPortion(table, present));
  if (portion_.rows() == 0) return false;
  const auto loaded = target_.Load(table.name, table.columns, portion_.text(), place);
  if (!loaded) return Fail(Explain(loaded.error(), table));
  done_ += static_cast<std::int64_t>(portion_.rows());
  return true;
}

// The server names the line of the portion; people know rows by their keys.
Error Mover::Explain(Error error, const SourceTable& table) const {
  constexpr std::string_view kLine = ", line ";
  const std::size_t at = error.message.rfind(kLine);
  std::size_t line = 0;
  if (at != std::string::npos) {
    const std::string_view rest = std::string_view(error.message).substr(at + kLine.size());
    std::from_chars(rest.data(), rest.data() + rest.size(), line);
  }
  const bool known = line > 0 && line <= keys_.size();
  if (error.code == Code::kInvalidArgument) error.code = Code::kConflict;
  return std::move(error).In(
      fmt::format("{}{}", table.name, known ? " " + keys_[line - 1] : std::string()));
}

Result<void> Mover::Copy(const SourceTable& table) {
  done_ += target_.PlaceOf(table.name).rows;
  Say(table.name);
  while (TRY(CopyPortion(table))) {
    Say(table.name);
    TRY(Interrupted());
  }
  return {};
}

Result<void> Mover::CheckCounts(const std::vector<SourceTable>& tables) {
  for (const SourceTable& table : tables) {
    const std::int64_t there = TRY(target_.CountOf(table.name));
    if (there == table.rows) continue;
    return Fail(Code::kConflict,
                fmt::format("{} has {} rows here and {} there: the move is not whole; empty the "
                            "database and move again",
                            table.name, table.rows, there));
  }
  return {};
}

// Every seal computed again from what is there now, and the heads those of the source.
Result<void> Mover::CheckChain(Clock& clock, Random& random) {
  IdSource ids(clock, random);
  // Reads only, as the source's own log would.
  OutboxLog there(target_.store(), ids, random, {.seal = false});
  std::vector<AuditHead> heads;
  TRY(source_.Read(kEverywhere, [&](Reader& reader) {
    heads.clear();
    return reader.Query(
        "SELECT tenant_id, seq, seal FROM audit_heads", {}, [&](const Row& row) -> Result<bool> {
          heads.push_back(
              {Uuid::Parse(row.Text(0)).value_or(Uuid{}), row.Int(1), std::string(row.Text(2))});
          return true;
        });
  }));
  const std::int64_t before = done_;
  const auto fault = TRY(there.Verify(std::nullopt, heads, [&](std::int64_t rows) {
    done_ = before + rows;
    Say("audit chain");
  }));
  if (!fault) return {};
  return Fail(Code::kConflict,
              fmt::format("the audit chain is not whole there: position {}: {}. Look at it here "
                          "with 'tenon audit verify'",
                          fault->seq, fault->what));
}

Result<MoveReport> Mover::Run(const std::string& token, std::vector<SourceTable> tables,
                              Clock& clock, Random& random) {
  MoveReport report;
  std::vector<std::string> names;
  for (const SourceTable& table : tables) {
    names.push_back(table.name);
    total_ += table.rows;
    report.rows += table.rows;
    if (table.rows > 0) report.tables.push_back({table.name, table.rows});
    if (table.name == "audit_seals") total_ += table.rows;  // they are walked as well
  }
  report.resumed = TRY(target_.Begin(token, names));
  for (const SourceTable& table : tables) TRY(Copy(table));
  Say("indexes");
  TRY(target_.Complete());
  TRY(CheckCounts(tables));
  TRY(CheckChain(clock, random));
  TRY(source_.Read(kEverywhere, [&](Reader& reader) {
    return reader.Query("SELECT coalesce(max(seq), 0) FROM audit_seals", {},
                        [&](const Row& row) -> Result<bool> {
                          report.position = row.Int(0);
                          return false;
                        });
  }));
  TRY(WriteMeta(source_, kMovedKey,
                fmt::format("{} at {}", options_.target_name, FormatTime(clock.Now()))));
  TRY(target_.End());
  return report;
}

}  // namespace

Result<MoveReport> MoveToPostgres(Store& source, const model::Model& model, Clock& clock,
                                  Random& random, const MoveOptions& options) {
  const MigrationPlan plan = TRY(PlanMigrations(source, model));
  if (!plan.migrations.empty()) {
    return Fail(Code::kConflict,
                "the data directory is not at the models' version: run 'tenon migrate' without "
                "--to first");
  }
  const auto target = TRY(MoveTarget::Open(options, model, clock));
  std::string token = TRY(ReadMeta(source, kTokenKey));
  if (token.empty()) {
    token = ToHex(random.Bytes(kTokenBytes));
    TRY(WriteMeta(source, kTokenKey, token));
  }
  MoveReport report =
      TRY(Mover(source, *target, options).Run(token, TRY(TablesOf(source, model)), clock, random));
  report.left_out = plan.kept;
  return report;
}

Result<std::optional<std::string>> NoteServing(Store& store) {
  if (!TRY(ReadMeta(store, kTokenKey)).empty()) {
    const Value key[] = {Value(kTokenKey)};
    TRY(store.Write(kEverywhere, [&](Transaction& transaction) -> Result<void> {
      TRY(transaction.Execute("DELETE FROM engine_meta WHERE key = ?1", key));
      return {};
    }));
  }
  std::string moved = TRY(ReadMeta(store, kMovedKey));
  return moved.empty() ? std::optional<std::string>() : std::move(moved);
}

}  // namespace tenon

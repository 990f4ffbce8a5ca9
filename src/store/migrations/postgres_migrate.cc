#include "store/migrations/postgres_migrate.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "store/migrations/alter.h"
#include "store/migrations/ddl.h"
#include "store/migrations/history.h"
#include "store/migrations/postgres_support.h"

namespace tenon {
namespace {

constexpr int kAttemptsMax = 8;
constexpr std::chrono::milliseconds kFirstPause{100};  // doubles with each attempt

constexpr std::string_view kMakeLock =
    "CREATE TABLE IF NOT EXISTS schema_migrator (name text PRIMARY KEY, holder text NOT NULL, "
    "since timestamptz NOT NULL DEFAULT clock_timestamp());\n"
    "REVOKE ALL ON schema_migrator FROM PUBLIC;\n";

Scope SystemScope() {
  Scope scope;
  scope.across_tenants = true;
  return scope;
}

Result<std::vector<std::string>> Names(Reader& reader, const std::string& sql,
                                       std::span<const Value> parameters = {}) {
  std::vector<std::string> out;
  TRY(reader.Query(sql, parameters, [&](const Row& row) -> Result<bool> {
    out.emplace_back(row.Text(0));
    return true;
  }));
  return out;
}

Result<std::string> One(Reader& reader, const std::string& sql,
                        std::span<const Value> parameters = {}) {
  const std::vector<std::string> found = TRY(Names(reader, sql, parameters));
  return found.empty() ? std::string() : found.front();
}

std::string HostName() {
  char host[256] = "";
  if (gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';
  return host;
}

std::string HolderName() {
  // Two of one process are told apart as well.
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return fmt::format("{} {} {}", HostName(), getpid(), since_start.count());
}

// The index as the database has it: valid, or left behind by a build that failed.
struct Found {
  std::map<std::string, bool> indexes;
  std::set<std::pair<std::string, std::string>> constraints;  // table, name
};

Result<Found> FindWhatIsThere(Reader& reader) {
  Found found;
  TRY(reader.Query(
      "SELECT c.relname, i.indisvalid::int::bigint FROM pg_index i JOIN pg_class c ON c.oid = "
      "i.indexrelid WHERE c.relnamespace = current_schema()::regnamespace",
      {}, [&](const Row& row) -> Result<bool> {
        found.indexes[std::string(row.Text(0))] = row.Int(1) != 0;
        return true;
      }));
  TRY(
      reader.Query("SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = "
                   "k.conrelid WHERE "
                   "c.relnamespace = current_schema()::regnamespace",
                   {}, [&](const Row& row) -> Result<bool> {
                     found.constraints.emplace(row.Text(0), row.Text(1));
                     return true;
                   }));
  return found;
}

// What is left to do for the remembered schema, in order.
std::vector<std::string> Missing(const PhysicalSchema& schema, const Found& found) {
  std::vector<std::string> out;
  for (const PhysicalTable& table : schema.tables) {
    for (const PhysicalIndex& index : table.indexes) {
      const auto there = found.indexes.find(index.name);
      const bool invalid = there != found.indexes.end() && !there->second;
      if (invalid && table.partition.empty()) {
        out.push_back("DROP INDEX CONCURRENTLY IF EXISTS " + QuoteName(index.name));
      }
      if (there == found.indexes.end() || (invalid && table.partition.empty())) {
        out.push_back(BuildIndexSql(table, index));
      }
      const std::string replaced = ReplacedIndexName(index.name);
      if (found.indexes.contains(replaced)) {
        out.push_back(fmt::format("DROP INDEX {}{}", table.partition.empty() ? "CONCURRENTLY " : "",
                                  QuoteName(replaced)));
      }
    }
  }
  // References wait for the unique index of their target.
  for (const PhysicalTable& table : schema.tables) {
    for (const PhysicalReference& reference : table.references) {
      if (found.constraints.contains({table.name, reference.name})) continue;
      if (schema.Find(reference.table) == nullptr) continue;
      for (std::string& sql : AddReferenceLaterSql(table, reference)) out.push_back(std::move(sql));
    }
  }
  return out;
}

// What keeps nobody out may wait for its locks as long as it takes. The rest gives way.
Result<void> RunOne(Store& store, const std::string& statement) {
  const bool online = statement.find(" CONCURRENTLY ") != std::string::npos ||
                      statement.find(" VALIDATE CONSTRAINT ") != std::string::npos;
  Result<void> done = online ? store.RunAlone(statement)
                             : ChangeSchemaPatiently(store, [&](SchemaTransaction& transaction) {
                                 return transaction.RunScript(statement);
                               });
  if (done) return {};
  return Fail(std::move(done).error().In(statement));
}

}  // namespace

Result<void> ReadAsOwner(Store& store, const std::function<Result<void>(Reader&)>& work) {
  if (store.dialect() != Dialect::kPostgres) return store.Read(SystemScope(), work);
  return store.ChangeSchema([&](SchemaTransaction& transaction) { return work(transaction); });
}

Result<void> ChangeSchemaPatiently(Store& store,
                                   const std::function<Result<void>(SchemaTransaction&)>& work) {
  std::chrono::milliseconds pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    Result<void> done = store.ChangeSchema(work);
    const bool again = !done && store.dialect() == Dialect::kPostgres &&
                       done.error().code == Code::kUnavailable && attempt < kAttemptsMax;
    if (!again) return done;
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
}

MigratorLock::MigratorLock(MigratorLock&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)),
      holder_(std::move(other.holder_)),
      alive_(std::move(other.alive_)) {}

namespace {

Result<Error> Busy(Store& store) {
  std::string holder;
  TRY(store.ChangeSchema([&](SchemaTransaction& t) -> Result<void> {
    if (TRY(One(t, "SELECT coalesce(to_regclass('schema_migrator')::text, '')")).empty()) return {};
    holder = TRY(One(t, "SELECT holder || ', since ' || since FROM schema_migrator"));
    return {};
  }));
  return Error(Code::kUnavailable, fmt::format("another migration is at work ({}): wait for it",
                                               holder.empty() ? "it has just begun" : holder));
}

}  // namespace

Result<MigratorLock> MigratorLock::Take(Store& store, std::chrono::milliseconds wait) {
  MigratorLock lock(nullptr);
  if (store.dialect() != Dialect::kPostgres) return lock;
  const auto deadline = std::chrono::steady_clock::now() + wait;
  for (;;) {
    lock.alive_ = TRY(store.TryLock("migrator"));
    if (lock.alive_ != nullptr) break;
    if (std::chrono::steady_clock::now() >= deadline) return Fail(TRY(Busy(store)));
    std::this_thread::sleep_for(kFirstPause);
  }
  // Whoever stands in the row has ended, in whatever way.
  lock.holder_ = HolderName();
  TRY(ChangeSchemaPatiently(store, [&](SchemaTransaction& t) -> Result<void> {
    if (TRY(One(t, "SELECT coalesce(to_regclass('schema_migrator')::text, '')")).empty()) {
      TRY(t.RunScript(kMakeLock));
    }
    const Value holder[] = {Value(lock.holder_)};
    TRY(
        t.Execute("INSERT INTO schema_migrator (name, holder) VALUES ('migrator', $1) ON CONFLICT "
                  "(name) DO UPDATE SET holder = EXCLUDED.holder, since = clock_timestamp()",
                  holder));
    return {};
  }));
  lock.store_ = &store;
  return lock;
}

Result<void> MigratorLock::Confirm(Transaction& transaction) const {
  if (store_ == nullptr) return {};
  const Value holder[] = {Value(holder_)};
  const std::int64_t mine = TRY(
      transaction.Execute("UPDATE schema_migrator SET holder = holder WHERE holder = $1", holder));
  if (mine == 1) return {};
  return Fail(Code::kConflict, "another migrator has taken over; look at its result and try again");
}

MigratorLock::~MigratorLock() {
  if (store_ == nullptr) return;
  // Left behind, the row keeps nobody out.
  [[maybe_unused]] const auto released =
      store_->ChangeSchema([&](SchemaTransaction& transaction) -> Result<void> {
        const Value holder[] = {Value(holder_)};
        TRY(transaction.Execute("DELETE FROM schema_migrator WHERE holder = $1", holder));
        return {};
      });
}

Result<void> PreparePostgres(Store& store, const PostgresRoles& roles) {
  TRY(CheckRoleNames(roles));
  TRY(ChangeSchemaPatiently(store, [&](SchemaTransaction& t) -> Result<void> {
    const std::string there =
        TRY(One(t, "SELECT 1 WHERE to_regprocedure('tenon_functions_version()') IS NOT NULL"));
    // A newer binary's functions serve this one as well.
    bool old = there.empty();
    if (!old) {
      const std::string behind =
          TRY(One(t, fmt::format("SELECT 1 WHERE tenon_functions_version() < {}",
                                 kPostgresFunctionsVersion)));
      old = !behind.empty();
    }
    if (old) TRY(t.RunScript(PostgresSupportSql()));
    Result<void> made = t.RunScript(RolesSql(roles));
    if (!made) {
      return Fail(std::move(made).error().In(
          fmt::format("making the roles {} and {} (without CREATEROLE a superuser makes them once: "
                      "see docs/postgresql.md, \"Roles\")",
                      roles.application, roles.system)));
    }
    return {};
  }));
  std::vector<std::string> leaky;
  TRY(ReadAsOwner(store, [&](Reader& reader) -> Result<void> {
    const std::string super =
        TRY(One(reader, "SELECT 1 FROM pg_roles WHERE rolname = current_user AND rolsuper"));
    if (super.empty()) return {};
    leaky = TRY(Names(reader, LeakySql()));
    return {};
  }));
  if (leaky.empty()) return {};
  return ChangeSchemaPatiently(store,
                               [&](SchemaTransaction& t) { return t.RunScript(LeakproofSql()); });
}

Result<std::string> MissingGrantsSql(Reader& reader, const PhysicalSchema& wanted,
                                     const PostgresRoles& roles) {
  const std::vector<std::string> lacking = TRY(Names(reader, LackingGrantsSql(wanted, roles)));
  if (lacking.empty()) return std::string();
  const std::set<std::string> names(lacking.begin(), lacking.end());
  PhysicalSchema some;
  some.dialect = wanted.dialect;
  for (const PhysicalTable& table : wanted.tables) {
    if (names.contains(table.name)) some.tables.push_back(table);
  }
  return GrantsSql(some, roles);
}

Result<void> EnsureGrants(Store& store, const PhysicalSchema& wanted, const PostgresRoles& roles) {
  return ChangeSchemaPatiently(store, [&](SchemaTransaction& transaction) -> Result<void> {
    const std::string missing = TRY(MissingGrantsSql(transaction, wanted, roles));
    return missing.empty() ? Result<void>{} : transaction.RunScript(missing);
  });
}

Result<std::int64_t> MakePartitions(Store& store, const PhysicalSchema& wanted) {
  std::int64_t made = 0;
  for (const PhysicalTable& table : wanted.tables) {
    if (wanted.dialect != Dialect::kPostgres || table.partition.empty()) continue;
    TRY(store.Write(SystemScope(), [&](Transaction& transaction) -> Result<void> {
      const Value values[] = {Value(table.name)};
      return transaction.Query(
          fmt::format("SELECT tenon_make_partitions($1, {})::bigint", kPartitionMonthsAhead),
          values, [&](const Row& row) -> Result<bool> {
            made += row.Int(0);
            return true;
          });
    }));
  }
  return made;
}

Result<bool> MoveIsUnderWay(Store& store) {
  if (store.dialect() != Dialect::kPostgres) return false;
  bool under_way = false;
  TRY(ReadAsOwner(store, [&](Reader& reader) -> Result<void> {
    under_way = !TRY(One(reader, "SELECT 1 WHERE to_regclass('tenon_move') IS NOT NULL")).empty();
    return {};
  }));
  return under_way;
}

Result<void> FinishSchema(Store& store) {
  if (store.dialect() != Dialect::kPostgres) return {};
  std::vector<std::string> statements;
  TRY(ReadAsOwner(store, [&](Reader& reader) -> Result<void> {
    const CurrentSchema current = TRY(LoadCurrent(reader, store.dialect(), true));
    statements = Missing(current.schema, TRY(FindWhatIsThere(reader)));
    for (const std::string& statement : TRY(Names(
             reader,
             "SELECT format('ALTER TABLE %I VALIDATE CONSTRAINT %I', c.relname, k.conname) FROM "
             "pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE NOT k.convalidated AND "
             "c.relnamespace = current_schema()::regnamespace ORDER BY 1"))) {
      statements.push_back(statement);
    }
    return {};
  }));
  for (const std::string& statement : statements) TRY(RunOne(store, statement));
  return {};
}

}  // namespace tenon

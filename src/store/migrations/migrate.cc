#include "store/migrations/migrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/migrations/derive.h"
#include "store/migrations/postgres_migrate.h"
#include "store/migrations/statistics.h"

namespace tenon {
namespace {

Result<std::int64_t> CountOf(Reader& reader, const std::string& sql) {
  std::int64_t count = 0;
  TRY(reader.Query(sql, {}, [&](const Row& row) -> Result<bool> {
    count = row.Int(0);
    return false;
  }));
  return count;
}

// Guards speak of tables as they are now, so those of the first migration that touches a table
// hold; a table that an earlier step of the same plan makes has no rows.
Result<void> FindObstacles(Reader& reader, MigrationPlan& plan) {
  for (const Migration& migration : plan.migrations) {
    for (const MigrationStep& step : migration.steps) {
      for (const MigrationGuard& guard : step.guards) {
        const std::int64_t count = TRY(CountOf(reader, guard.count_sql));
        if (count > 0) plan.obstacles.push_back(fmt::format("{} ({} rows)", guard.message, count));
      }
    }
  }
  return {};
}

// References are not enforced while tables are rebuilt, so they are checked before the commit.
Result<void> CheckReferences(SchemaTransaction& transaction, const MigrationStep& step) {
  if (transaction.dialect() != Dialect::kSqlite) return {};
  for (const std::string& table : step.rebuilt) {
    std::int64_t broken = 0;
    std::string target;
    TRY(transaction.Query(fmt::format("PRAGMA foreign_key_check({})", QuoteName(table)), {},
                          [&](const Row& row) -> Result<bool> {
                            ++broken;
                            target = row.Text(2);
                            return true;
                          }));
    if (broken > 0) {
      return Fail(Code::kConflict,
                  fmt::format("{} rows of {} refer to rows of {} that are not there: change or "
                              "delete them first",
                              broken, table, target));
    }
  }
  return {};
}

Error Explain(Error error, const Migration& migration, const MigrationStep& step) {
  if (error.code == Code::kConflict && error.details.contains("constraint")) {
    error.message +=
        "; rows that are there do not fit: change them first, or take the change out "
        "of the model";
  }
  return std::move(error).In(fmt::format("{}: {}", migration.version, step.description));
}

Result<void> Apply(Store& store, const Migration& migration, const PhysicalSchema& wanted,
                   const PostgresRoles& roles, const MigratorLock& lock, Time now) {
  return ChangeSchemaPatiently(store, [&](SchemaTransaction& transaction) -> Result<void> {
    TRY(lock.Confirm(transaction));
    for (const MigrationStep& step : migration.steps) {
      Result<void> done = transaction.RunScript(step.up);
      if (done) done = CheckReferences(transaction, step);
      if (!done) return Fail(Explain(std::move(done).error(), migration, step));
    }
    // In the same transaction: no table is ever there without its grants.
    if (transaction.dialect() == Dialect::kPostgres && !migration.steps.empty()) {
      const std::string grants = TRY(MissingGrantsSql(transaction, wanted, roles));
      if (!grants.empty()) TRY(transaction.RunScript(grants));
    }
    return Remember(transaction, migration, now);
  });
}

std::string Join(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace

Result<MigrationPlan> PlanMigrations(Store& store, const model::Model& model,
                                     const std::vector<std::string>& drops, MigrationPhase phase) {
  const PhysicalSchema wanted = DeriveSchema(model, store.dialect());
  MigrationPlan plan;
  if (store.dialect() == Dialect::kSqlite) phase = MigrationPhase::kWhole;
  TRY(ReadAsOwner(store, [&](Reader& reader) -> Result<void> {
    CurrentSchema current = TRY(LoadCurrent(reader, store.dialect(), false));
    const bool same =
        std::all_of(wanted.models.begin(), wanted.models.end(), [&](const std::string& name) {
          const auto hash = current.hashes.find(name);
          return hash != current.hashes.end() && hash->second == HashOfModel(wanted, name);
        });
    const bool contracts = !current.contracts.empty() && phase == MigrationPhase::kWhole;
    plan.contracts.assign(current.contracts.begin(), current.contracts.end());
    if (same && drops.empty() && !current.keeps && !contracts) return {};
    current = TRY(LoadCurrent(reader, store.dialect(), true));
    plan = TRY(PlanChanges(current, wanted, drops, phase));
    return FindObstacles(reader, plan);
  }));
  return plan;
}

namespace {

Result<void> RefuseWhileMoving(Store& store) {
  if (!TRY(MoveIsUnderWay(store))) return {};
  return Fail(Code::kUnavailable,
              "a data directory is being moved into this database: let 'tenon migrate --to' end, "
              "or run it again; to give that up, drop the database");
}

// The plan, applied. The lock is held.
Result<MigrationPlan> MigrateLocked(Store& store, const model::Model& model, Clock& clock,
                                    const MigrateOptions& options, const MigratorLock& lock) {
  const bool postgres = store.dialect() == Dialect::kPostgres;
  const PhysicalSchema wanted = DeriveSchema(model, store.dialect());
  TRY(RefuseWhileMoving(store));
  if (postgres) TRY(PreparePostgres(store, options.roles));
  MigrationPlan plan = TRY(PlanMigrations(store, model, options.drops, options.phase));
  if (!plan.obstacles.empty()) {
    return Fail(Code::kConflict, "the schema cannot be changed:\n" + Join(plan.obstacles));
  }
  if (plan.migrations.empty()) {
    TRY(EnsurePlannerStatistics(store, model));
  } else {
    TRY(EnsureHistory(store));
    // Times tell the order in which to roll back, so no two are equal and none is before the last.
    Time last{};
    for (const AppliedMigration& applied : TRY(AppliedMigrations(store))) {
      last = std::max(last, applied.applied_at);
    }
    for (const Migration& migration : plan.migrations) {
      last = std::max(clock.Now(), last + Duration(1));
      TRY(Apply(store, migration, wanted, options.roles, lock, last));
      if (options.on_applied) options.on_applied(migration);
    }
    TRY(WritePlannerStatistics(store, model));
  }
  if (postgres) {
    TRY(EnsureGrants(store, wanted, options.roles));
    TRY(MakePartitions(store, wanted));
    TRY(FinishSchema(store));
  }
  return plan;
}

}  // namespace

Result<MigrationPlan> Migrate(Store& store, const model::Model& model, Clock& clock,
                              const MigrateOptions& options) {
  if (options.dry_run) return PlanMigrations(store, model, options.drops, options.phase);
  if (!options.older_allowed) {
    const SchemaStanding standing = TRY(CompareSchema(store, model));
    if (standing.age == SchemaAge::kServes) return MigrationPlan{};
    if (standing.age == SchemaAge::kNewer) {
      return Fail(Code::kConflict,
                  fmt::format("the database is at {}, which was made for a newer version of the "
                              "model {} than this one: start that version, or take it back with "
                              "'tenon rollback'",
                              standing.version, standing.model));
    }
  }
  const MigratorLock lock = TRY(MigratorLock::Take(store, options.lock_wait));
  return MigrateLocked(store, model, clock, options, lock);
}

Result<SchemaStanding> CompareSchema(Store& store, const model::Model& model) {
  TRY(RefuseWhileMoving(store));
  const PhysicalSchema wanted = DeriveSchema(model, store.dialect());
  SchemaStanding standing;
  TRY(ReadAsOwner(store, [&](Reader& reader) -> Result<void> {
    const std::vector<RememberedHashes> history = TRY(LoadHashes(reader));
    for (const std::string& name : wanted.models) {
      const std::string hash = HashOfModel(wanted, name);
      const RememberedHashes* last = nullptr;
      bool known = false;
      for (const RememberedHashes& item : history) {
        if (item.model != name) continue;
        known = known || item.hash == hash;
        last = &item;
      }
      if (last == nullptr || last->hash == hash) continue;
      const SchemaAge age = last->before == hash ? SchemaAge::kServes
                            : known              ? SchemaAge::kNewer
                                                 : SchemaAge::kOlder;
      if (age > standing.age) standing = {age, last->version, name};
    }
    return {};
  }));
  return standing;
}

Result<std::vector<AppliedMigration>> Rollback(Store& store, const RollbackOptions& options) {
  std::vector<AppliedMigration> applied = TRY(AppliedMigrations(store));
  std::reverse(applied.begin(), applied.end());
  std::size_t count = static_cast<std::size_t>(std::max(0, options.count));
  if (!options.to_version.empty()) {
    const auto target = std::find_if(applied.begin(), applied.end(), [&](const auto& item) {
      return item.version == options.to_version;
    });
    if (target == applied.end()) {
      return Fail(Code::kNotFound, "no migration " + options.to_version + " was applied");
    }
    count = static_cast<std::size_t>(target - applied.begin());
  }
  applied.resize(std::min(count, applied.size()));
  if (options.dry_run) return applied;
  const MigratorLock lock = TRY(MigratorLock::Take(store, options.lock_wait));
  for (const AppliedMigration& migration : applied) {
    Result<void> done =
        ChangeSchemaPatiently(store, [&](SchemaTransaction& transaction) -> Result<void> {
          TRY(lock.Confirm(transaction));
          TRY(transaction.RunScript(migration.down_sql));
          return Forget(transaction, migration.version);
        });
    if (!done) return Fail(std::move(done).error().In("rolling back " + migration.version));
  }
  TRY(FinishSchema(store));
  return applied;
}

Result<std::vector<AppliedMigration>> AppliedMigrations(Store& store) {
  std::vector<AppliedMigration> out;
  TRY(ReadAsOwner(store, [&](Reader& reader) -> Result<void> {
    out = TRY(LoadHistory(reader));
    return {};
  }));
  return out;
}

}  // namespace tenon

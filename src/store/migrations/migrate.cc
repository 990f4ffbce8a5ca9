#include "store/migrations/migrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/migrations/derive.h"

namespace tenon {
namespace {

// Work on the schema is the system's.
Scope SystemScope() {
  Scope scope;
  scope.across_tenants = true;
  return scope;
}

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

Result<void> Apply(Store& store, const Migration& migration, Time now) {
  return store.ChangeSchema([&](SchemaTransaction& transaction) -> Result<void> {
    for (const MigrationStep& step : migration.steps) {
      Result<void> done = transaction.RunScript(step.up);
      if (done) done = CheckReferences(transaction, step);
      if (!done) return Fail(Explain(std::move(done).error(), migration, step));
    }
    return Remember(transaction, migration, now);
  });
}

std::string Join(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace

Result<MigrationPlan> PlanMigrations(Store& store, const model::Model& model,
                                     const std::vector<std::string>& drops) {
  const PhysicalSchema wanted = DeriveSchema(model, store.dialect());
  MigrationPlan plan;
  TRY(store.Read(SystemScope(), [&](Reader& reader) -> Result<void> {
    CurrentSchema current = TRY(LoadCurrent(reader, store.dialect(), false));
    const bool same =
        std::all_of(wanted.models.begin(), wanted.models.end(), [&](const std::string& name) {
          const auto hash = current.hashes.find(name);
          return hash != current.hashes.end() && hash->second == HashOfModel(wanted, name);
        });
    if (same && drops.empty() && !current.keeps) return {};
    current = TRY(LoadCurrent(reader, store.dialect(), true));
    plan = TRY(PlanChanges(current, wanted, drops));
    return FindObstacles(reader, plan);
  }));
  return plan;
}

Result<MigrationPlan> Migrate(Store& store, const model::Model& model, Clock& clock,
                              const MigrateOptions& options) {
  MigrationPlan plan = TRY(PlanMigrations(store, model, options.drops));
  if (options.dry_run) return plan;
  if (!plan.obstacles.empty()) {
    return Fail(Code::kConflict, "the schema cannot be changed:\n" + Join(plan.obstacles));
  }
  if (plan.migrations.empty()) return plan;
  TRY(EnsureHistory(store));
  // Times tell the order in which to roll back, so no two are equal and none is before the last.
  Time last{};
  for (const AppliedMigration& applied : TRY(AppliedMigrations(store))) {
    last = std::max(last, applied.applied_at);
  }
  for (const Migration& migration : plan.migrations) {
    last = std::max(clock.Now(), last + Duration(1));
    TRY(Apply(store, migration, last));
    if (options.on_applied) options.on_applied(migration);
  }
  return plan;
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
  for (const AppliedMigration& migration : applied) {
    Result<void> done = store.ChangeSchema([&](SchemaTransaction& transaction) -> Result<void> {
      TRY(transaction.RunScript(migration.down_sql));
      return Forget(transaction, migration.version);
    });
    if (!done) return Fail(std::move(done).error().In("rolling back " + migration.version));
  }
  return applied;
}

Result<std::vector<AppliedMigration>> AppliedMigrations(Store& store) {
  std::vector<AppliedMigration> out;
  TRY(store.Read(SystemScope(), [&](Reader& reader) -> Result<void> {
    out = TRY(LoadHistory(reader));
    return {};
  }));
  return out;
}

}  // namespace tenon

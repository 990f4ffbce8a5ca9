// Bringing a store to the schema that its models want, and back.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/model.h"
#include "store/migrations/history.h"
#include "store/migrations/plan.h"
#include "store/store.h"

namespace tenon {

struct MigrateOptions {
  std::vector<std::string> drops;  // "TABLE" and "TABLE.COLUMN" that may go, with their data
  bool dry_run = false;            // plan only
  std::function<void(const Migration&)> on_applied = {};
};

// What Migrate would do, obstacles included; changes nothing. A few milliseconds, or less than two
// when there is nothing to do.
Result<MigrationPlan> PlanMigrations(Store& store, const model::Model& model,
                                     const std::vector<std::string>& drops = {});

// Applies what PlanMigrations says, each migration in one transaction; what was applied before a
// failure stays, and the failed one leaves nothing. kConflict names every obstacle, before
// anything is touched. Returns the plan.
Result<MigrationPlan> Migrate(Store& store, const model::Model& model, Clock& clock,
                              const MigrateOptions& options = {});

struct RollbackOptions {
  int count = 1;           // migrations, the last applied first
  std::string to_version;  // instead: all that were applied after this one
  bool dry_run = false;
};

// Takes migrations back, each in one transaction. Columns and tables that they added go, with their
// data. kNotFound when there is no such version. Returns what was taken back, in that order.
Result<std::vector<AppliedMigration>> Rollback(Store& store, const RollbackOptions& options);

// All that were applied, oldest first.
Result<std::vector<AppliedMigration>> AppliedMigrations(Store& store);

}  // namespace tenon

// Bringing a store to the schema that its models want, and back.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/model.h"
#include "store/migrations/history.h"
#include "store/migrations/plan.h"
#include "store/migrations/roles.h"
#include "store/store.h"

namespace tenon {

struct MigrateOptions {
  std::vector<std::string> drops;  // "TABLE" and "TABLE.COLUMN" that may go, with their data
  bool dry_run = false;            // plan only
  MigrationPhase phase = MigrationPhase::kWhole;
  // Whether the models may be older than the schema: then they are migrated back to. A server that
  // starts beside newer ones must not.
  bool older_allowed = true;
  // PostgreSQL only.
  PostgresRoles roles = {};
  std::chrono::milliseconds lock_wait{60000};  // for another migrator to end
  std::function<void(const Migration&)> on_applied = {};
};

// What Migrate would do, obstacles included; changes nothing. A few milliseconds, or less than two
// when there is nothing to do.
Result<MigrationPlan> PlanMigrations(Store& store, const model::Model& model,
                                     const std::vector<std::string>& drops = {},
                                     MigrationPhase phase = MigrationPhase::kWhole);

// Applies what PlanMigrations says, each migration in one transaction; what was applied before a
// failure stays, and the failed one leaves nothing. kConflict names every obstacle, before
// anything is touched. Returns the plan.
//
// On PostgreSQL also functions, roles, grants, partitions, and afterwards indexes and the
// validation of constraints (postgres_migrate.h); one migrator at a time. Nothing is planned, and
// nothing done, for a model of the version before while the schema serves both; kConflict, naming
// the migration, when the schema is newer than that.
Result<MigrationPlan> Migrate(Store& store, const model::Model& model, Clock& clock,
                              const MigrateOptions& options = {});

struct RollbackOptions {
  int count = 1;           // migrations, the last applied first
  std::string to_version;  // instead: all that were applied after this one
  bool dry_run = false;
  std::chrono::milliseconds lock_wait{60000};  // for another migrator to end
};

// Where a store's schema stands to a model.
enum class SchemaAge {
  kSame,    // or there is none yet
  kOlder,   // Migrate has something to do
  kServes,  // made for a newer version, and this one works with it
  kNewer,   // made for a newer version
};
struct SchemaStanding {
  SchemaAge age = SchemaAge::kSame;
  std::string version;  // kServes, kNewer: the newest migration
  std::string model;    // that it is of
};
Result<SchemaStanding> CompareSchema(Store& store, const model::Model& model);

// Takes migrations back, each in one transaction. Columns and tables that they added go, with their
// data. kNotFound when there is no such version. Returns what was taken back, in that order.
Result<std::vector<AppliedMigration>> Rollback(Store& store, const RollbackOptions& options);

// All that were applied, oldest first.
Result<std::vector<AppliedMigration>> AppliedMigrations(Store& store);

}  // namespace tenon

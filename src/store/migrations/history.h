// schema_migrations: what was applied, and the schema that it left.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/model.h"
#include "store/migrations/plan.h"
#include "store/store.h"

namespace tenon {

// The table's own DDL. Equal to what the shipped catalog model declares (a test holds it so).
std::string MigrationsTableSql(Dialect dialect);

struct AppliedMigration {
  std::string version;  // "workflows.0001"
  std::string model;
  Time applied_at{};
  std::string description;
  std::string down_sql;
};

// Makes the table when it is missing. Writes only then.
Result<void> EnsureHistory(Store& store);
Result<bool> HasHistory(Reader& reader);

// Of each model the number and hash of its last migration; with `tables`, also its schema.
Result<CurrentSchema> LoadCurrent(Reader& reader, Dialect dialect, bool tables);

// All of them, oldest first.
Result<std::vector<AppliedMigration>> LoadHistory(Reader& reader);

// Of each migration, oldest first: for which text of the model it was made, and whether the text
// before works with it too (Remembered).
struct RememberedHashes {
  std::string version;
  std::string model;
  std::string hash;
  std::string before;
};
Result<std::vector<RememberedHashes>> LoadHashes(Reader& reader);

// A new row, or with no steps the remembered schema of the one that is there.
Result<void> Remember(Transaction& transaction, const Migration& migration, Time now);
Result<void> Forget(Transaction& transaction, const std::string& version);

}  // namespace tenon

// Which columns a constraint is about. PostgreSQL's errors name the constraint; ours name columns.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/postgres/pool.h"

namespace tenon {

// Thread-safe. Read from the database when it is first needed, and again when a constraint is not
// in it (a migration made it).
class ConstraintCatalog {
 public:
  explicit ConstraintCatalog(PgPool& pool) : pool_(pool) {}

  // Fills in details.columns of a kConflict made by FailureOf, and the table's own name where the
  // error names a partition of it. Left as it is when the catalog cannot be read.
  void Complete(Error& error);

  // After a schema change.
  void Forget();

 private:
  struct Constraint {
    std::string table;
    std::vector<std::string> columns;
  };
  using Constraints = std::map<std::pair<std::string, std::string>, Constraint>;  // table, name
  bool Load();

  PgPool& pool_;
  std::mutex mutex_;
  // All below: under mutex_.
  Constraints constraints_;
  std::chrono::steady_clock::time_point loaded_at_{};
};

}  // namespace tenon

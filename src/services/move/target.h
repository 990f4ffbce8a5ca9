// The database that a move fills: its state table, portions, and what is made at the end.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/model.h"
#include "services/move/move.h"
#include "store/migrations/schema.h"
#include "store/postgres/connection.h"
#include "store/postgres/postgres_store.h"

namespace tenon {

// Not thread-safe.
class MoveTarget {
 public:
  // Connects as the owner, and migrates unless a move has begun there.
  static Result<std::unique_ptr<MoveTarget>> Open(const MoveOptions& options,
                                                  const model::Model& model, Clock& clock);
  ~MoveTarget();

  // How far each table is. `token` names the source's state: what another one began is emptied.
  // kConflict when there are rows and no move has begun. True: goes on with an earlier one.
  Result<bool> Begin(const std::string& token, const std::vector<std::string>& tables);

  struct Place {
    std::int64_t last_rowid = 0;
    std::int64_t rows = 0;
  };
  [[nodiscard]] const Place& PlaceOf(const std::string& table) const { return places_.at(table); }

  // A portion: rows in COPY's text format, which are all in or none, with the table's new place.
  Result<void> Load(const std::string& table, const std::vector<std::string>& columns,
                    const std::string& rows, const Place& place);

  Result<std::int64_t> CountOf(const std::string& table);

  // Indexes, references and statistics. Then the audit chain can be walked.
  Result<void> Complete();
  // Opens the database to servers.
  Result<void> End();

  [[nodiscard]] PostgresStore& store() { return *store_; }

 private:
  explicit MoveTarget(const model::Model& model);
  Result<void> RefuseRows(const std::vector<std::string>& tables);
  Result<void> MakeRoom(const std::string& token, const std::vector<std::string>& tables);

  const PhysicalSchema schema_;
  std::unique_ptr<PostgresStore> store_;
  std::unique_ptr<PgConnection> connection_;  // of the portions
  std::map<std::string, Place> places_;
};

}  // namespace tenon

// Moving a data directory to PostgreSQL: every row, the audit chain and what replayed answers,
// positions and keys need, so that clients see nothing of it but a pause.
//
// The rows of a table go in the order of their SQLite rowid, in portions; each portion commits
// together with a row of `tenon_move` that says how far it is. A move that was cut off goes on from
// there. Foreign keys and indexes are left out while the rows go and made at the end, as after a
// migration. As long as `tenon_move` is there, no server serves from the database.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "model/model.h"
#include "store/migrations/roles.h"
#include "store/postgres/options.h"
#include "store/store.h"

namespace tenon {

struct MoveOptions {
  PostgresOptions target;  // as the owner of the tables
  PostgresRoles roles = {};
  std::string target_name;  // for people, without a password: "tenon on db.example.com"
  // A portion ends with as many rows, or earlier with so much text.
  std::int64_t portion_rows = 5000;
  std::size_t portion_bytes = 8 << 20;
  // Rows done, of those to copy and those to verify. `what`: "assets", "audit chain".
  std::function<void(const std::string& what, std::int64_t done, std::int64_t total)> progress = {};
  std::function<bool()> interrupted = {};  // asked after each portion
};

struct MovedTable {
  std::string name;
  std::int64_t rows = 0;
};

struct MoveReport {
  std::vector<MovedTable> tables;  // those that had rows
  std::int64_t rows = 0;
  std::int64_t position = 0;          // of the log; it goes on from here
  bool resumed = false;               // an earlier move had begun
  std::vector<std::string> left_out;  // kept there though no longer in the models
};

// Copies all of `source`, a SQLite store that nobody else has open and whose tables are the
// models', into an empty database, and verifies it: rows of each table counted on both sides, the
// whole audit chain computed again up to the heads of the source.
//
//   kConflict     the source is behind the models; the target has rows that are no begun move's; a
//                 row cannot be held there (its key is named); a count or the chain is not the same
//   kUnavailable  interrupted, or the target went away: the same command goes on
Result<MoveReport> MoveToPostgres(Store& source, const model::Model& model, Clock& clock,
                                  Random& random, const MoveOptions& options);

// To be called before a SQLite store is served: what a begun move has copied is no longer all, so
// it begins anew next time. Where to the rows were moved already, if they were: to warn of.
Result<std::optional<std::string>> NoteServing(Store& store);

}  // namespace tenon

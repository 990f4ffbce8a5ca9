// Stages 4 to 7 of the write pipeline inside one transaction: load, guard, stamp, write the row
// with its audit row, its transition row and its notifications. No thread rule of its own: each
// call works on the transaction it is given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/seal.h"
#include "engine/command.h"
#include "engine/engine.h"
#include "engine/load.h"
#include "engine/plan.h"
#include "engine/stamp.h"
#include "engine/tenants.h"

namespace tenon {

// What the commit of a write makes out of date in memory.
struct Stale {
  std::vector<std::string> cache_keys;
  std::vector<Uuid> tenants;        // whose row changed
  std::vector<Uuid> service_users;  // tenants that got their service user
};

// One command's work in a transaction.
struct WriteContext {
  const Caller& caller;
  Transaction& transaction;
  Time now;
  bool trusted = false;
  std::int64_t cause = 0;  // log position of the write that led to this one; 0: none
  int depth = 0;           // of notifications and cascades
  std::size_t rows = 0;    // written so far, against kCascadeRowsMax
  Stale stale = {};
};

// A create that was decoded, stamped and encoded before it reached the writer.
struct PreparedCreate {
  Decoded decoded;
  std::string answer;    // as it will be answered
  std::string log_text;  // as it will be logged
  std::string etag;      // of the answer
};

class RowWriter {
 public:
  RowWriter(const EngineDeps& deps, const Plans& plans, Tenants& tenants,
            const EngineOptions& options);

  // The part of a create that needs no transaction; on the caller's thread.
  Result<PreparedCreate> Prepare(const Caller& caller, const Command& command, Time now) const;

  Result<Outcome> Create(WriteContext& context, const Command& command,
                         const PreparedCreate& prepared);
  Result<Outcome> Update(WriteContext& context, const Command& command);
  Result<Outcome> Event(WriteContext& context, const Command& command);
  Result<Outcome> Delete(WriteContext& context, const Command& command);
  Result<Outcome> Restore(WriteContext& context, const Command& command);
  // Any of the above.
  Result<Outcome> Run(WriteContext& context, const Command& command);

  // Deletes a row for good, with all that hangs on it; for purges and tenants' erasure.
  Result<void> Purge(WriteContext& context, const Record& row);

  [[nodiscard]] std::string CacheKey(const Record& row) const;

 private:
  EvalContext EvalFor(WriteContext& context, const Record& row, const Record* old) const;
  Uuid ActorIn(const Caller& caller, const Uuid& tenant) const;
  Uuid LogTenant(const Record& row) const;
  // ActorIn, made sure of: a service user that is not there yet is created first.
  Result<Uuid> Actor(WriteContext& context, const Uuid& tenant);
  Result<void> EnsureServiceUser(WriteContext& context, const Uuid& tenant);

  // Loading and guarding.
  Result<Record> LoadForWrite(WriteContext& context, const Command& command, bool deleted);
  Result<void> CheckReferences(WriteContext& context, const Record& row, const Record* old);
  Result<void> CheckQuota(WriteContext& context, const Record& row, std::size_t bytes);
  Error Explain(WriteContext& context, const Record& row, Error error);
  Result<std::optional<Record>> FindComputed(WriteContext& context, const Record& row);
  Result<std::optional<Record>> FindUnique(WriteContext& context, const Record& row,
                                           const Error& conflict);

  // Writing.
  Result<Outcome> Upsert(WriteContext& context, const Command& command, const Record& present);
  Result<Outcome> WriteChange(WriteContext& context, const Record& old, Record& row,
                              std::string_view action, const model::Event* event,
                              const std::string& takes);
  Result<bool> UpdateRow(WriteContext& context, const Record& old, const Record& row);
  Result<std::int64_t> AppendLog(WriteContext& context, const Record& row, std::string_view action,
                                 std::string before, std::string after, const model::Event* event,
                                 std::string_view from);
  Result<void> WriteTransition(WriteContext& context, const Record& row, const model::Event& event,
                               const std::string& from, const std::string& takes);
  Result<void> Notify(WriteContext& context, const Record& row, const Record* old,
                      std::int64_t cause);
  Result<void> Detach(WriteContext& context, const Record& row, bool softly);
  Result<std::int64_t> DeleteForGood(WriteContext& context, const Record& row);
  Result<Outcome> FireOn(WriteContext& context, const Record& current, const std::string& event,
                         const json::object& body, bool automatic);
  Outcome OutcomeOf(const Record& row, int status, std::int64_t seq) const;
  void Touched(WriteContext& context, const Record& row) const;

  const EngineDeps& deps_;
  const Plans& plans_;
  Tenants& tenants_;
  const EngineOptions& options_;
};

// The ETag of a row: its version, or a digest of its answer.
std::string EtagOf(const Record& row, std::string_view answer);

// Events that could be sent to the row now, by name, without looking at `when`.
std::vector<std::string> AllowedEvents(const Record& row);

}  // namespace tenon

// Stages 4 to 7 of the write pipeline inside one transaction: load, guard, stamp, write the row
// with its audit row, its transition row and its notifications. No thread rule of its own: each
// call works on the transaction it is given.
#pragma once

#include <memory>
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
  Uuid cause = {};       // log row of the write that led to this one; nil: none
  int depth = 0;         // of notifications and cascades
  std::size_t rows = 0;  // written so far, against kCascadeRowsMax
  // Waits for each statement's outcome, so that what fails is known to the row.
  bool careful = false;
  Stale stale = {};
  // The row whose statement broke a constraint; what it met is looked for after the transaction.
  std::shared_ptr<const Record> blamed = {};
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

  // The log row that says that payloads about the row were erased; `named` has its key.
  Result<void> LogErasure(WriteContext& context, const Record& named, json::object metadata);

  [[nodiscard]] std::string CacheKey(const Record& row) const;

  // A broken constraint in the words of the model: which fields, and which row is in the way or is
  // missing. Looks at the store as it is after the transaction that `row` failed in.
  Error Explain(Reader& reader, const Record& row, Error error) const;

  // Tells the store all that a command will ask of it, so that it takes one round trip. `prepared`
  // of a create, else null.
  void Expect(Reader& reader, const Caller& caller, const Command& command,
              const PreparedCreate* prepared) const;

 private:
  EvalContext EvalFor(WriteContext& context, const Record& row, const Record* old) const;
  Uuid ActorIn(const Caller& caller, const Uuid& tenant) const;
  Uuid LogTenant(const Record& row) const;
  // ActorIn, made sure of: a service user that is not there yet is created first.
  Result<Uuid> Actor(WriteContext& context, const Uuid& tenant);
  Result<void> EnsureServiceUser(WriteContext& context, const Uuid& tenant);

  // Loading and guarding.
  Result<Record> LoadForWrite(WriteContext& context, const Command& command, bool deleted);
  // Whether the row is as If-Match says.
  static Result<void> CheckMatch(const Command& command, const Record& row);
  Result<void> CheckReferences(WriteContext& context, const Record& row, const Record* old);
  Result<void> CheckQuota(WriteContext& context, const Record& row);
  // `bytes` of the row as it is logged.
  Result<void> CheckSize(WriteContext& context, const Record& row, const Record* old,
                         std::size_t bytes);
  Result<std::optional<Record>> FindComputed(WriteContext& context, const Record& row);
  // The row that has the same values in these fields, unless it is softly deleted.
  Result<std::optional<Record>> FindSame(Reader& reader, const Record& row,
                                         const std::vector<const model::Field*>& fields) const;
  // The row with the values that a broken unique constraint names.
  Result<std::optional<Record>> FindConflicting(Reader& reader, const Record& row,
                                                const Error& error) const;
  // The row that an insert of this one would meet. For stores where an insert that fails ends the
  // transaction, so that an upsert must look first.
  Result<std::optional<Record>> FindAnyUnique(WriteContext& context, const Decoded& decoded) const;

  // Parts of Expect.
  void ExpectServiceUser(Reader& reader, const Uuid& tenant) const;
  void ExpectCreate(Reader& reader, const Command& command, const Decoded& decoded) const;
  void ExpectChange(Reader& reader, const Caller& caller, const Command& command) const;
  void ExpectUnique(Reader& reader, const Decoded& decoded) const;
  void ExpectComputed(Reader& reader, const Record& row) const;
  void ExpectReferrers(Reader& reader, const Uuid& tenant, const model::Relation& referrer,
                       std::span<const Value> key) const;
  // Whether deleting a row looks for those that refer to it by this relation.
  static bool Detaches(const model::Relation& referrer, bool softly);

  // Writing.
  // A statement that writes `row`, which was `old` (null: it was not there). On a store across a
  // network its error may come later.
  Result<void> Send(WriteContext& context, const Record* old, const Record& row,
                    std::string_view sql, std::span<const Value> parameters) const;
  Result<Outcome> Upsert(WriteContext& context, const Command& command, const Record& present);
  // Patches `current`, which is loaded.
  Result<Outcome> Patch(WriteContext& context, const Command& command, const Record& current);
  Result<Outcome> WriteChange(WriteContext& context, const Record& old, Record& row,
                              std::string_view action, const model::Event* event,
                              const std::string& takes);
  Result<void> UpdateRow(WriteContext& context, const Record& old, const Record& row);
  Result<Uuid> AppendLog(WriteContext& context, const Record& row, std::string_view action,
                         std::string before, std::string after, const model::Event* event,
                         std::string_view from);
  Result<void> WriteTransition(WriteContext& context, const Record& row, const model::Event& event,
                               const std::string& from, const std::string& takes);
  Result<void> Notify(WriteContext& context, const Record& row, const Record* old,
                      const Uuid& cause);
  Result<void> Detach(WriteContext& context, const Record& row, bool softly);
  Result<Uuid> DeleteForGood(WriteContext& context, const Record& row);
  Result<Outcome> FireOn(WriteContext& context, const Record& current, const std::string& event,
                         const json::object& body, bool automatic);
  Outcome OutcomeOf(const Record& row, int status, const Uuid& audit_id) const;
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

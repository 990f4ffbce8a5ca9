// Commands inside one transaction that somebody else holds: Engine::Write hands it to its work.
#pragma once

#include "engine/command.h"
#include "engine/engine.h"
#include "engine/row_writer.h"
#include "store/store.h"

namespace tenon {

// Lives as long as one run of the work, on the writer's thread. An error of Run leaves the
// transaction in a state that only a rollback mends: hand it on, and everything is undone.
class EngineWriter {
 public:
  EngineWriter(RowWriter& writer, Transaction& transaction, Time now)
      : writer_(writer), transaction_(transaction), now_(now) {}

  // One command, as Engine::Apply has it: permission, pipeline, audit row. The caller may be
  // another one for each, also of another tenant.
  Result<Outcome> Run(const Caller& caller, const Command& command);

  // Deletes a row for good, with all that hangs on it and whatever permits say: for the erasure of
  // a tenant. kConflict when something refers to it that must go first.
  Result<void> Purge(const Caller& caller, const Record& row);

  // For statements of one's own: positions, bookkeeping in global tables. Rows of entities go
  // through Run, or they have no audit row.
  [[nodiscard]] Transaction& transaction() { return transaction_; }
  // When the work was handed in; what Run stamps.
  [[nodiscard]] Time now() const { return now_; }

 private:
  friend class Engine;
  struct Job;
  WriteContext ContextFor(const Caller& caller, bool trusted) const;
  void Take(WriteContext& context);
  RowWriter& writer_;
  Transaction& transaction_;
  const Time now_;
  bool careful_ = false;                  // see WriteContext
  std::shared_ptr<const Record> blamed_;  // see WriteContext
  Stale stale_;                           // of all commands so far, for after the commit
};

// A caller by which a follower or a service writes in a tenant: role system, acting as the
// tenant's own service user. `origin` is the follower's name; log rows carry it, so that the
// follower skips what it wrote itself.
Caller ServiceCaller(const Uuid& tenant, std::string origin);

}  // namespace tenon

// One write job of the engine, from its first try to its answer.
//
// On a store across a network statements are queued and their errors may come with the commit. Then
// the job runs again with each statement awaited, which gives the error its row; or, when the race
// is over by then, the right answer (the request of the same Idempotency-Key, the row that an
// upsert now finds). A broken constraint is told in the model's words by a look at the store in a
// job of its own, as the transaction is over by then. Both stores take this one path.
#pragma once

#include <memory>

#include "engine/engine.h"
#include "engine/row_writer.h"
#include "store/store.h"

namespace tenon {

struct Attempt {
  virtual ~Attempt() = default;

  // Repeatable. Leaves in the base what the commit makes stale, or what it blames.
  virtual Result<void> Work(Transaction& transaction) = 0;
  // Foretells what Work will ask; see WriteJob::expect.
  virtual void Expect(Reader&) {}
  // After the commit and what follows from it, or with the error.
  virtual void Done(Result<void> result) = 0;

  // Takes over what a command's context gathered.
  void Take(WriteContext& context) {
    stale = std::move(context.stale);
    blamed = std::move(context.blamed);
  }

  Scope scope;
  ApplyOptions options;
  bool savepoint = false;
  bool in_order = false;
  bool careful = false;  // set for the second run

  Stale stale;
  std::shared_ptr<const Record> blamed;
};

}  // namespace tenon

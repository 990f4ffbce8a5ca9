// Finds out whether a commit that was cut off was kept.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "store/postgres/connection.h"
#include "store/postgres/health.h"

namespace tenon {

// Thread-safe. Asks the server for the state of a transaction's id, which is only believed to be
// that transaction's as long as the server has not crashed since: after a crash, ids of which
// nothing had reached the disk are given out again. The witness is a connection that has been open
// all along; a crash would have ended it.
class CommitWitness {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class Verdict {
    kCommitted,
    kAborted,
    kUnknown,  // the server crashed meanwhile and the id is taken, or it cannot be asked
  };

  CommitWitness(PgConnectionOptions options, PgHealth& health)
      : options_(std::move(options)), health_(health) {}

  // Opens the connection, or anew if it broke. To be called before the first write and whenever a
  // connection broke, so that the witness is older than the next transaction.
  Result<void> Stand();

  // The fate of the transaction `xid` that began at `begun_at`; waits while the server is still at
  // it or comes back, until `deadline`.
  Verdict Ask(const std::string& xid, TimePoint begun_at, TimePoint deadline);

  void Close();

 private:
  Result<void> StandLocked();
  enum class State { kCommitted, kAborted, kInProgress, kNeverHeardOf, kCannotAsk };
  State Look(const std::string& xid, TimePoint deadline);

  const PgConnectionOptions options_;
  PgHealth& health_;
  std::mutex mutex_;
  // All below: under mutex_.
  std::unique_ptr<PgConnection> connection_;
  bool closed_ = false;
};

}  // namespace tenon

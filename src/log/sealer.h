// The sealer: numbers and seals, one after the other, the log rows that writers on PostgreSQL have
// committed. Several nodes may run one; a lease lets one at a time do it, and is confirmed in the
// sealing transaction itself.
//
// A write leaves, beside its audits row, a row in `audit_pending` with its salt and payload digest.
// Positions are given by what is committed and visible when the sealer looks, so an open
// transaction holds nothing up: whoever commits later comes later. Rows of one look are ordered by
// the order in which they were written (a sequence of the database), and who waited for another's
// row wrote after it; so each row's history has the order in which it happened.
#pragma once

#include <cstdint>

#include "store/lease.h"
#include "store/store.h"

namespace tenon {

// Not thread-safe.
class Sealer {
 public:
  struct Round {
    bool held = false;        // the lease was ours, to the end of the round
    std::int64_t sealed = 0;  // rows
    std::int64_t last = 0;    // the last position; only when rows were sealed
    bool more = false;        // the round was full
  };

  Sealer(Store& store, LeaseOptions lease);

  // Holds the lease when it can and seals what is pending, at most kBatch rows, in one transaction.
  // Stateless but for the lease: a round that fails, or whose outcome is unknown, is simply
  // followed by the next.
  Result<Round> Run();

  // Takes or keeps the lease alone.
  Result<bool> Hold() { return lease_.Hold(); }
  Result<void> Release() { return lease_.Release(); }

  // Enough to keep up with any writer, little enough to take milliseconds.
  static constexpr std::int64_t kBatch = 1000;

 private:
  Store& store_;
  Lease lease_;
};

}  // namespace tenon

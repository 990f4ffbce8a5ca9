// A lease: work that only one node of several may do at a time. It is a row of `leases`, timed by
// the database's clock, so nodes' clocks do not matter and nothing but rows is asked of the store.
//
// Each new holder raises the row's fence. A holder that was stopped for a while and does not know
// that its time is over can do no harm in a transaction that calls Confirm: either the fence is no
// longer its own, or the row is locked until that transaction ends.
//
// SQLite has one process; there a lease is always held and touches nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace tenon {

struct LeaseOptions {
  std::string name;    // the work: "sealer"
  std::string holder;  // the node, another in each process
  std::chrono::milliseconds ttl{5000};
};

// Not thread-safe; one object for each holder.
class Lease {
 public:
  Lease(Store& store, LeaseOptions options);

  // Takes the lease when it is free or its time is over; renews it when a third of its time has
  // gone. Whether it is held now. Cheap while it is held and fresh.
  Result<bool> Hold();

  // Whether the lease is still this holder's, as the transaction sees it. When it is, nobody can
  // take it before the transaction ends.
  Result<bool> Confirm(Transaction& transaction) const;
  // Tells the transaction that Confirm comes next (Reader::Expect).
  void ExpectConfirm(Transaction& transaction) const;

  // Gives it up, so that another need not wait for its end.
  Result<void> Release();

  // What the holder lost by an error of the store: the next Hold asks again.
  void Doubt() { held_ = false; }

  [[nodiscard]] std::int64_t fence() const { return fence_; }

 private:
  [[nodiscard]] std::vector<Value> Mine() const;
  Result<bool> Take();

  Store& store_;
  LeaseOptions options_;
  bool held_ = false;
  std::int64_t fence_ = 0;
  std::chrono::steady_clock::time_point renew_at_{};
};

}  // namespace tenon

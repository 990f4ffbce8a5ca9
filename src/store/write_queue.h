// Jobs that wait to be written: two lanes, each fair between tenants and bounded.
//
// A store with one writer takes them in turn, which keeps the order of each tenant's jobs. A store
// with several must not run two in-order jobs of a tenant side by side: there such jobs stand in
// queues of their own, and whoever takes the first holds the tenant until he lets go.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "store/store.h"

namespace tenon {

struct WriteQueueLimits {
  std::size_t lane_max = limits::kWriteQueueMax;
  std::size_t tenant_max = limits::kWriteQueuePerTenantMax;  // of one lane
};

// Thread-safe. Any number of threads push.
class WriteQueue {
 public:
  enum class Takers { kOne, kMany };
  explicit WriteQueue(WriteQueueLimits limits = {}, Takers takers = Takers::kOne)
      : limits_(limits), takers_(takers) {}

  // Takes `job`, or leaves it as it is and says why not: kTooManyRequests when the lane or the
  // tenant's share of it is full, kUnavailable after Close.
  [[nodiscard]] std::optional<Error> Push(WriteJob& job);

  // Moves up to `max` jobs of the lane to the end of `out`, one of each tenant in turn. With many
  // takers those that need no order.
  void Take(Lane lane, std::size_t max, std::vector<WriteJob>& out);

  // A tenant whose in-order jobs of a lane only the holder may take.
  struct Held {
    std::size_t track = 0;
    Uuid tenant;
  };
  // Many takers: the next in-order job of the lane, of a tenant in turn that nobody holds. The
  // caller takes further ones with TakeHeld and calls Release when they are done.
  std::optional<Held> Hold(Lane lane, WriteJob& out);
  // The held tenant's next job, if it is of the same scope as `like`.
  bool TakeHeld(const Held& held, const Scope& like, WriteJob& out);
  void Release(const Held& held);

  // Waits until there is a job to take (without `bulk`: an interactive one), Wake or Close was
  // called, or the time is up.
  void Wait(std::chrono::milliseconds timeout, bool bulk = true);
  void Wake();

  // No more jobs from now on; those that wait may still be taken.
  void Close();
  [[nodiscard]] bool closed() const;
  [[nodiscard]] std::size_t Waiting(Lane lane) const;
  // True when a job of the lane could be taken now.
  [[nodiscard]] bool Ready(Lane lane) const;

 private:
  struct Tenant {
    Uuid id;
    std::deque<WriteJob> jobs;
    bool held = false;
  };
  // Tenants with jobs that nobody holds, in the order of their turns.
  struct Track {
    std::unordered_map<Uuid, std::unique_ptr<Tenant>> tenants;
    std::deque<Tenant*> turns;
    std::size_t size = 0;
  };
  static constexpr std::size_t kFree = 0, kOrdered = 1, kBulk = 2;

  [[nodiscard]] std::size_t TrackOf(const WriteJob& job) const;
  [[nodiscard]] std::size_t SizeOf(Lane lane) const;
  [[nodiscard]] bool ReadyLocked(Lane lane) const;
  static void Pop(Track& track, Tenant& tenant, WriteJob& out);
  [[nodiscard]] bool MustNotify();

  const WriteQueueLimits limits_;
  const Takers takers_;
  mutable std::mutex mutex_;
  // All below: under mutex_.
  std::condition_variable changed_;
  Track tracks_[3];
  int waiting_ = 0;   // takers that sleep
  int notified_ = 0;  // of them, on their way to wake; the others need a call of their own
  bool woken_ = false;
  bool closed_ = false;
};

}  // namespace tenon

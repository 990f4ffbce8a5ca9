// Jobs that wait for the writer: two lanes, each fair between tenants and bounded.
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

// Thread-safe. Any number of threads push; one takes.
class WriteQueue {
 public:
  explicit WriteQueue(WriteQueueLimits limits = {}) : limits_(limits) {}

  // Takes `job`, or leaves it as it is and says why not: kTooManyRequests when the lane or the
  // tenant's share of it is full, kUnavailable after Close.
  [[nodiscard]] std::optional<Error> Push(WriteJob& job);

  // Moves up to `max` jobs of the lane to the end of `out`, one of each tenant in turn.
  void Take(Lane lane, std::size_t max, std::vector<WriteJob>& out);

  // Waits until a job is there, Wake or Close was called, or the time is up.
  void Wait(std::chrono::milliseconds timeout);
  void Wake();

  // No more jobs from now on; those that wait may still be taken.
  void Close();
  [[nodiscard]] bool closed() const;
  [[nodiscard]] std::size_t Waiting(Lane lane) const;

 private:
  struct Tenant {
    Uuid id;
    std::deque<WriteJob> jobs;
  };
  // Tenants with jobs, in the order of their turns.
  struct LaneQueue {
    std::unordered_map<Uuid, std::unique_ptr<Tenant>> tenants;
    std::deque<Tenant*> turns;
    std::size_t size = 0;
  };
  LaneQueue& Of(Lane lane) { return lanes_[lane == Lane::kInteractive ? 0 : 1]; }
  [[nodiscard]] const LaneQueue& Of(Lane lane) const {
    return lanes_[lane == Lane::kInteractive ? 0 : 1];
  }

  const WriteQueueLimits limits_;
  mutable std::mutex mutex_;
  // All below: under mutex_.
  std::condition_variable changed_;
  LaneQueue lanes_[2];
  bool waiting_ = false;  // the taker sleeps, so a push must wake it
  bool woken_ = false;
  bool closed_ = false;
};

}  // namespace tenon

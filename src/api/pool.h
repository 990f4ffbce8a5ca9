// The threads that do what an I/O thread must not: lists, views, searches, exports, look-ups of
// callers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace tenon {

struct PoolOptions {
  int threads = 4;
  std::size_t queue_max = 2048;            // over it: kUnavailable
  std::size_t queue_per_tenant_max = 512;  // over it: kTooManyRequests
};

// Bounded, and fair: tenants take turns, whatever one of them has queued. Thread-safe.
class Pool {
 public:
  explicit Pool(PoolOptions options);
  ~Pool();  // as Stop

  // Runs `work` on a thread of the pool. On an error `work` was not taken and is not run.
  Result<void> Submit(const Uuid& tenant, std::function<void()> work);

  // Runs what was taken, then ends the threads. Later submits fail with kUnavailable.
  void Stop();

  [[nodiscard]] std::size_t queued() const { return queued_.load(); }
  [[nodiscard]] std::size_t busy() const { return busy_.load(); }
  [[nodiscard]] int threads() const { return options_.threads; }

 private:
  void Work();
  // The next piece of work, tenants in turn. REQUIRES: the mutex is held, something is queued.
  std::function<void()> TakeNext();

  const PoolOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::map<Uuid, std::deque<std::function<void()>>> queues_;
  std::deque<Uuid> turns_;  // tenants with work, in the order of their turns
  bool stopping_ = false;

  std::atomic<std::size_t> queued_{0};
  std::atomic<std::size_t> busy_{0};
  std::vector<std::thread> threads_;
};

}  // namespace tenon

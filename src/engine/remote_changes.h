// What other nodes write, learned from the log: a store that several nodes share makes this node's
// caches stale without its knowing. Follows the heads of log rows and hands each on; a node's own
// rows come by as well.
//
// How stale a cache may be: rows reach the log a few milliseconds after their commit and this
// follower a few later. When that stops working, Fresh turns false after kStaleMax, and nothing
// must be answered from memory until it is true again.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "log/log.h"
#include "store/store.h"

namespace tenon {

// A row that was written: its tenant, audits.entity_type, and its key as in URLs.
struct RemoteChange {
  Uuid tenant;
  std::string entity_type;
  std::string key;
};

class RemoteChanges {
 public:
  static constexpr std::chrono::milliseconds kStaleMax{2000};

  struct Hooks {
    std::function<void(const RemoteChange&)> changed;
    // More was written than is worth reading: forget everything.
    std::function<void()> lost_track;
    // After a page of changes.
    std::function<void()> page_done;
  };

  // Follows from the log's present end. The hooks are called on a thread of its own.
  RemoteChanges(Store& store, Log& log, Hooks hooks);
  ~RemoteChanges();
  RemoteChanges(const RemoteChanges&) = delete;
  RemoteChanges& operator=(const RemoteChanges&) = delete;

  // Ends the thread; nothing is fresh from then on.
  void Stop();

  // Whether what is kept in memory may be believed. Any thread; a few nanoseconds.
  [[nodiscard]] bool Fresh() const;

 private:
  // Shared with the subscription, which the log's thread may still be calling while this goes.
  struct Shared {
    std::mutex mutex;
    std::condition_variable wake;
    // Guarded by mutex.
    bool moved = false;
    bool stopping = false;
  };

  void Run();
  Result<void> Page();

  Store& store_;
  Log& log_;
  const Hooks hooks_;
  const std::shared_ptr<Shared> shared_;
  Log::Subscription subscription_;
  std::int64_t position_;
  // Nanoseconds of the steady clock when this last had seen all of the log.
  std::atomic<std::int64_t> caught_up_ns_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace tenon

// Takes events from many requests at once and writes them together: what waits while one write is
// under way goes into the next one, so that under load a commit and its fsync serve a hundred
// events.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "auth/caller.h"
#include "base/result.h"
#include "engine/engine.h"
#include "services/openlineage/bindings.h"
#include "services/openlineage/event.h"

namespace tenon::openlineage {

struct InletOptions {
  std::size_t batch_events = 256;      // of one write: the writer is held for about 25 ms
  std::size_t batch_bytes = 4u << 20;  // of their canonical JSON
  std::size_t queue_events = 20000;    // waiting; over it 429
  std::size_t queue_bytes = 128u << 20;
};

// Thread-safe.
class Inlet {
 public:
  Inlet(Engine& engine, const Bindings& bindings, InletOptions options = {});
  ~Inlet();  // finishes what it has taken

  // Called once for each event, on the inlet's thread: it is durable, or the error.
  using Done = std::function<void(Result<void>)>;

  // kForbidden when the caller may not write what an event becomes; kTooManyRequests when too much
  // waits. On an error `done` is not called. Either all events are taken or none.
  Result<void> Post(const Caller& caller, std::vector<Event> events, Done done);

  // An event that says to be of a later time is refused (Decode): it would win over all that come
  // before that time. A day, for clients that send their wall clock without its zone.
  static constexpr auto kAheadMax = std::chrono::hours(24);
  [[nodiscard]] Time LatestTaken() const;

  struct Stats {
    std::int64_t events = 0, failed = 0, writes = 0, waiting = 0;
  };
  [[nodiscard]] Stats stats();
  // tenon_openlineage_* in Prometheus' text format.
  void AppendMetrics(std::string& out);

 private:
  struct Item {
    std::shared_ptr<const Caller> caller;  // shared by the events of one request
    Event event;
    std::shared_ptr<Done> done;
  };

  void Loop();
  std::vector<Item> Take();
  // One write; items of one caller are merged.
  Result<void> Write(const std::vector<Item*>& items);
  Result<void> Permitted(const Caller& caller) const;

  Engine& engine_;
  const Bindings bindings_;
  const InletOptions options_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Item> queue_;  // these three guarded by mutex_
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;
  std::atomic<std::int64_t> events_{0}, failed_{0}, writes_{0};
  std::thread thread_;
};

}  // namespace tenon::openlineage

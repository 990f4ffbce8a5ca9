// Runs the followers of a node: a thread for each, woken by the log; their positions, lag and
// errors.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "engine/engine.h"
#include "events/follower.h"
#include "events/log_pages.h"
#include "log/log.h"

namespace tenon {

struct FollowersOptions {
  // After a page that emptied the log. One write is followed at once; while they come by the
  // thousand, pages get larger and fewer, since a row of a large page costs a fraction.
  std::chrono::milliseconds pause_min{5};
  std::chrono::milliseconds pause_max{200};
  std::size_t page_bytes = 4u << 20;  // of a page's states; a single row may be more
  std::size_t kept_bytes = 8u << 20;  // of pages that some have had and others not yet
  std::chrono::milliseconds backoff_min{100};
  std::chrono::milliseconds backoff_max{30000};
  // kOutside, and pages of rows that a follower does not want: how often the position is saved.
  std::chrono::milliseconds save_every{1000};
  std::function<void(std::string_view level, const std::string& message)> log = {};
};

struct FollowerStatus {
  std::string name, description;
  std::string state;            // "following", "behind", "rebuilding", "failing", "stopped"
  std::int64_t position = 0;    // last log row that is done
  std::int64_t lag_rows = 0;    // rows of the log after it
  double lag_seconds = 0;       // age of the first of those; 0: up to date
  std::int64_t rows_total = 0;  // applied since the start
  std::int64_t failures_total = 0;
  std::int64_t rebuilds_total = 0;
  std::int64_t rebuild_done = 0, rebuild_total = 0;  // while it is rebuilding
  std::string last_error;  // stays after it went on, so that one can see it
  std::optional<Time> last_error_at;
};

struct FollowersDeps {
  Engine& engine;
  Random& random;  // jitter of pauses
};

// Add all, then Start or, in tests, Step by hand. Thread-safe after that.
class Followers {
 public:
  Followers(FollowersDeps deps, FollowersOptions options);
  ~Followers();  // as Stop

  // The follower must outlive this.
  void Add(Follower& follower);
  void Start();
  // Ends the threads after the page each is at, and saves positions.
  void Stop();

  // False: nothing moves but by Step, Drain and WaitFor.
  [[nodiscard]] bool started() const { return started_; }

  // Applies at most one page (or rebuilds, when that is due) on the caller's thread; true while
  // there is more to do. kNotFound: no follower has the name. Not beside Start.
  Result<bool> Step(std::string_view name);
  // Steps all until none has more to do.
  Result<void> Drain();

  // Waits until the follower has done every write that was answered before the call: for
  // consistent=true. kDeadline when that takes longer; kUnavailable with the follower's error when
  // it is failing. Steps by itself when the threads do not run.
  Result<void> WaitFor(std::string_view name, std::chrono::milliseconds deadline);

  // Has it built anew by its own thread (by the next Step, without threads). kNotFound;
  // kMethodNotAllowed for those that start with the log.
  Result<void> Rebuild(std::string_view name);

  // The lag in seconds costs a small read each.
  [[nodiscard]] Result<FollowerStatus> Status(std::string_view name);
  [[nodiscard]] std::vector<FollowerStatus> Statuses();
  // tenon_follower_* in Prometheus' text format.
  void AppendMetrics(std::string& out);

 private:
  struct Running;
  struct Shared;

  [[nodiscard]] Running* Find(std::string_view name);
  [[nodiscard]] Error Unknown(std::string_view name);
  void Loop(Running& running);
  Result<bool> StepOnce(Running& running);
  Result<bool> IsElsewhere(Running& running);
  Result<void> Begin(Running& running);
  Result<void> RebuildNow(Running& running);
  Result<LogPages::Slice> ReadPage(Running& running);
  Result<void> ApplyPage(Running& running, LogPages::Slice slice);
  Result<void> SavePosition(Running& running);
  void Moved(Running& running, std::int64_t position);
  void Failed(Running& running, const Error& error);
  // The error of a step whose rows another node did meanwhile.
  static std::unexpected<Error> Overtaken(Running& running);
  bool Wait(Running& running, std::chrono::milliseconds at_most);
  [[nodiscard]] std::chrono::milliseconds NextPause(Running& running) const;
  void Nudge(Running& running);  // it shall not pause now
  [[nodiscard]] FollowerStatus StatusOf(Running& running);

  Engine& engine_;
  Random& random_;
  const FollowersOptions options_;
  LogPages pages_;
  const std::shared_ptr<Shared> shared_;  // with the subscription, which may outlive this a moment
  Log::Subscription subscription_;
  std::vector<std::unique_ptr<Running>> running_;
  bool started_ = false;
};

}  // namespace tenon

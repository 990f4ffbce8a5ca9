// The state of one follower that runs; shared by the files that implement Followers.
#pragma once

#include <thread>

#include "events/followers.h"

namespace tenon {

struct Followers::Shared {
  std::mutex mutex;
  std::condition_variable wake;
  // Guarded by mutex.
  std::int64_t last = 0;  // of the log, as far as it told
  bool stopping = false;
};

struct Followers::Running {
  explicit Running(Follower& f) : follower(f), traits(f.traits()) {}

  Follower& follower;
  const FollowerTraits traits;
  std::thread thread;

  // Held for each step. What follows is the stepping thread's.
  std::mutex stepping;
  bool begun = false;                 // position is known
  bool elsewhere = false;             // another node applies
  bool overtaken = false;             // the step failed because another node had moved the position
  std::optional<std::int64_t> saved;  // as it stands in follower_positions
  std::chrono::steady_clock::time_point saved_at{};
  std::int64_t page_rows = 1;  // shrinks to one after a failure, grows back
  std::chrono::milliseconds backoff{0};
  std::chrono::milliseconds pause{0};  // the last one after a page that emptied the log
  std::int64_t paused_at = 0;          // the position then

  std::atomic<bool> nudged{false};  // somebody asked for something: no more pause

  std::mutex mutex;
  std::condition_variable moved;
  // Guarded by mutex.
  std::int64_t position = 0;
  bool rebuild_wanted = false;
  bool rebuilding = false;
  bool failing = false;
  bool stopped = false;
  std::int64_t rows_total = 0, failures_total = 0, rebuilds_total = 0;
  std::int64_t rebuild_done = 0, rebuild_total = 0;
  std::string last_error;
  std::optional<Time> last_error_at;
};

}  // namespace tenon

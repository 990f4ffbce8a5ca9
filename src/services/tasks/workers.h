// Runs background_tasks: claims them one at a time by priority and age, renews their leases,
// cancels and retries them. Everything between workers goes through the task's own row and the
// guards of its events, so any number of nodes may run workers over one store.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/backoff.h"
#include "base/random.h"
#include "engine/engine.h"
#include "services/tasks/kind.h"

namespace tenon::tasks {

struct WorkersOptions {
  int threads = 2;
  std::chrono::milliseconds poll{500};  // between two looks for work
  // A worker that did not renew for so long is taken for dead, and its task for anyone's.
  std::chrono::seconds lease{60};
  std::chrono::milliseconds renew{10000};
  // Before another try: doubled with each, half of it by chance.
  std::chrono::seconds retry_first{15};
  std::chrono::seconds retry_max{900};
};

struct WorkersDeps {
  Engine& engine;
  Random& random;
  IdSource& ids;
  std::function<void(std::string_view level, const std::string& message)> log = {};
};

struct WorkersStats {
  std::int64_t running = 0, completed = 0, failed = 0, retried = 0, cancelled = 0, released = 0;
};

// Thread-safe.
class Workers {
 public:
  Workers(WorkersDeps deps, std::vector<Kind> kinds, WorkersOptions options);
  ~Workers();  // as Stop

  void Start();
  // Tells running tasks to end and waits for them. What did not come to its end is released: it is
  // PENDING again, for another worker, and no attempt is counted.
  void Stop();
  // Looks for work now.
  void Wake();

  // Claims and runs one task on the caller's thread; false when there was none. For tests and
  // `Start`'s threads.
  Result<bool> RunOne();
  // Renews the leases of what runs; called by a thread of Start, or by a test.
  void Renew();

  [[nodiscard]] WorkersStats stats() const;
  // In Prometheus' text format, by type and outcome.
  void AppendMetrics(std::string& out) const;

 private:
  class Attempt;
  struct Candidate {
    std::string id;
    Uuid tenant;
    json::object row;
  };
  Result<std::vector<Candidate>> FindWork();
  Result<std::unique_ptr<Attempt>> Claim(const Candidate& candidate);
  void Finish(Attempt& attempt, Result<json::value> result);
  void Count(const std::string& type, std::string_view outcome);
  Result<Outcome> Fire(const Attempt& attempt, const std::string& event, json::object body);
  void Say(std::string_view level, const std::string& message) const;
  void WorkLoop();
  void RenewLoop();

  const WorkersDeps deps_;
  const WorkersOptions options_;
  const model::Entity* entity_;
  const std::string name_;  // of this process, unlike any other's
  std::map<std::string, Kind> kinds_;
  std::string filter_;  // of claimable tasks

  Backoff backoff_;  // of looking for work

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};
  // Guarded by mutex_.
  std::uint64_t wakes_ = 0;
  std::vector<Attempt*> running_;
  std::map<std::pair<std::string, std::string>, std::int64_t> counts_;  // type and outcome

  std::vector<std::thread> threads_;
};

}  // namespace tenon::tasks

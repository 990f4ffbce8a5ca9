// The log of a store without a single writer (PostgreSQL): a write leaves its row unnumbered in an
// outbox, and the sealer (sealer.h) numbers it after the commit. Each node runs a thread that
// competes for the sealer's lease and, holding it or not, looks at the last position every few
// milliseconds and tells who subscribed.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "log/log.h"
#include "log/sealer.h"

namespace tenon {

struct OutboxLogOptions {
  bool seal = true;  // compete for the sealer's lease; tests run sealers by hand
  std::chrono::milliseconds lease_ttl{5000};
};

class OutboxLog final : public Log {
 public:
  OutboxLog(Store& store, IdSource& ids, Random& random, OutboxLogOptions options = {});
  ~OutboxLog() override;

  // Reads the last position and starts the thread.
  Result<void> Open();

  Result<void> Append(Transaction& transaction, LogEntry& entry) override;
  Result<Position> Settle(const Scope& scope, std::chrono::milliseconds patience) override;
  void Wrote() override;
  void Stop() override;
  [[nodiscard]] std::chrono::milliseconds Lag() const override;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  // What one look at the log shows.
  struct Look {
    std::int64_t last = 0;
    std::int64_t oldest_pending = 0;  // its ordinal; 0: nothing waits
  };

  void Run();
  bool Step();
  Result<Look> LookAt();
  void Judge(const Look& look);
  void Wait(bool moved);

  IdSource& ids_;
  Random& random_;
  const OutboxLogOptions options_;

  // The thread's own.
  Sealer sealer_;
  std::int64_t oldest_pending_ = 0;
  TimePoint moved_at_{};

  // Nanoseconds of the steady clock when positions last were known to follow the commits.
  std::atomic<std::int64_t> followed_at_ns_;

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  bool hint_ = false;
  bool stopping_ = false;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace tenon

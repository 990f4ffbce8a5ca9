// Whether the server can be reached, as the store met it last; shared by everybody who connects, so
// that one failure is enough for all and recovery is noticed without traffic.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"

namespace tenon {

// Thread-safe.
class PgHealth {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // `patience`: how long after the server went away work still waits for it.
  explicit PgHealth(std::chrono::milliseconds patience) : patience_(patience) {}

  // Waits while the server is away, but no longer than until `deadline` and no longer than the
  // patience with this outage: then the error it went away with. kUnavailable after Close.
  Result<void> WaitUntilBack(TimePoint deadline);

  // The server could not be reached.
  void Away(const Error& why);
  // It can be reached.
  void Back();

  // The server answers but cannot write ("disk full"). Shown until a commit succeeds, or for a
  // while: there may be nobody who tries.
  void Sick(const std::string& why);
  void Committed();

  // Why writes fail now; empty when they do not.
  [[nodiscard]] std::string Fault();

  // For the one who looks after the server: waits until it is away, or a connection broke (see
  // Broke), or the time is up. False after Close.
  bool WaitForTrouble(std::chrono::milliseconds timeout);
  [[nodiscard]] bool away();
  // Whether somebody does that; before, nobody finds out that the server is back.
  [[nodiscard]] bool tended();
  // A connection broke, which may mean that the server was started anew.
  void Broke();
  // Waits, but not after Close.
  void Pause(std::chrono::milliseconds time);

  void Close();

 private:
  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  // All below: under mutex_.
  std::condition_variable changed_;
  std::optional<Error> away_;
  TimePoint away_since_;
  std::string sick_;
  TimePoint sick_since_;
  bool broke_ = false;
  bool tended_ = false;
  bool closed_ = false;
};

}  // namespace tenon

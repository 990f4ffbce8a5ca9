// How a loop that runs for as long as the process meets failures, of a store that is away above
// all: it waits longer after each, and says when they begin and when they end instead of each time.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tenon {

// Thread-safe: threads of one kind may share one.
class Backoff {
 public:
  using Say = std::function<void(std::string_view level, const std::string& message)>;
  struct Limits {
    std::chrono::milliseconds first{500};
    std::chrono::milliseconds max{5000};
  };

  // `name` begins what is said. `say` may be empty.
  Backoff(std::string name, Say say, Limits limits)
      : name_(std::move(name)), say_(std::move(say)), limits_(limits) {}
  Backoff(std::string name, Say say) : Backoff(std::move(name), std::move(say), Limits{}) {}

  // The pause before the next try, up to a third of it left off by chance, so that loops of one
  // fault do not return together. Says what failed when it is news: after a success, or when it is
  // another kind of error.
  std::chrono::milliseconds Failed(const Error& error);

  // Says so when it had failed before.
  void Succeeded();

 private:
  const std::string name_;
  const Say say_;
  const Limits limits_;

  std::mutex mutex_;
  // Guarded by mutex_.
  int failures_ = 0;  // since the last success
  Code code_{};       // of the last failure
  std::chrono::milliseconds pause_{0};
  std::chrono::steady_clock::time_point since_{};
};

}  // namespace tenon

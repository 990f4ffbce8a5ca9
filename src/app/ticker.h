// A background job: calls a function every `period`, and after a failure later, up to
// `failure_period`. One thread; Stop waits for a running call to end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/backoff.h"
#include "base/result.h"

namespace tenon {

struct TickerOptions {
  std::string name;  // for the log
  std::chrono::milliseconds period{1000};
  std::chrono::milliseconds failure_period{5000};
};

class Ticker {
 public:
  // `say` is told when failures begin and when they end.
  Ticker(TickerOptions options, std::function<Result<void>()> work, Backoff::Say say);
  ~Ticker();

  void Start();
  void Stop();

 private:
  void Loop();

  const TickerOptions options_;
  const std::function<Result<void>()> work_;
  Backoff backoff_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace tenon

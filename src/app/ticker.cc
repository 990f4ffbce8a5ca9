#include "app/ticker.h"

#include <algorithm>

namespace tenon {

Ticker::Ticker(TickerOptions options, std::function<Result<void>()> work, Backoff::Say say)
    : options_(std::move(options)),
      work_(std::move(work)),
      backoff_(options_.name, std::move(say),
               {std::min(options_.period, options_.failure_period), options_.failure_period}) {}

Ticker::~Ticker() { Stop(); }

void Ticker::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Ticker::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Ticker::Loop() {
  std::chrono::milliseconds wait = options_.period;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, wait, [this] { return stopping_; })) {
    lock.unlock();
    const auto result = work_();
    wait = result ? options_.period : backoff_.Failed(result.error());
    if (result) backoff_.Succeeded();
    lock.lock();
  }
}

}  // namespace tenon

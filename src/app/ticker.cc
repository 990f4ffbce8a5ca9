#include "app/ticker.h"

namespace tenon {

Ticker::Ticker(TickerOptions options, std::function<Result<void>()> work,
               std::function<void(const std::string&, const Error&)> failed)
    : options_(std::move(options)), work_(std::move(work)), failed_(std::move(failed)) {}

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
    wait = result ? options_.period : options_.failure_period;
    if (!result) failed_(options_.name, result.error());
    lock.lock();
  }
}

}  // namespace tenon

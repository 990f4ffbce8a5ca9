#include "store/postgres/health.h"

#include <algorithm>

namespace tenon {
namespace {

using std::chrono::steady_clock;

// After this long without a new failure a sick server is given another chance.
constexpr std::chrono::seconds kSickFor{5};

}  // namespace

Result<void> PgHealth::WaitUntilBack(TimePoint deadline) {
  std::unique_lock lock(mutex_);
  while (away_ && !closed_) {
    const TimePoint end = std::min(deadline, away_since_ + patience_);
    if (steady_clock::now() >= end) return Fail(*away_);
    changed_.wait_until(lock, end);
  }
  if (closed_) return Fail(Code::kUnavailable, "the store is closing");
  return {};
}

void PgHealth::Away(const Error& why) {
  {
    const std::lock_guard lock(mutex_);
    if (!away_) away_since_ = steady_clock::now();
    away_ = why;
  }
  changed_.notify_all();
}

void PgHealth::Back() {
  {
    const std::lock_guard lock(mutex_);
    away_.reset();
  }
  changed_.notify_all();
}

void PgHealth::Sick(const std::string& why) {
  const std::lock_guard lock(mutex_);
  sick_ = why;
  sick_since_ = steady_clock::now();
}

void PgHealth::Committed() {
  const std::lock_guard lock(mutex_);
  sick_.clear();
}

std::string PgHealth::Fault() {
  const std::lock_guard lock(mutex_);
  if (away_) return away_->message;
  if (!sick_.empty() && steady_clock::now() - sick_since_ > kSickFor) sick_.clear();
  return sick_;
}

bool PgHealth::WaitForTrouble(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  tended_ = true;
  changed_.wait_for(lock, timeout, [this]() { return away_ || broke_ || closed_; });
  broke_ = false;
  return !closed_;
}

bool PgHealth::tended() {
  const std::lock_guard lock(mutex_);
  return tended_;
}

bool PgHealth::away() {
  const std::lock_guard lock(mutex_);
  return away_.has_value();
}

void PgHealth::Broke() {
  {
    const std::lock_guard lock(mutex_);
    broke_ = true;
  }
  changed_.notify_all();
}

void PgHealth::Pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this]() { return closed_; });
}

void PgHealth::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace tenon

#include "base/backoff.h"

#include <algorithm>

namespace tenon {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

milliseconds Backoff::Failed(const Error& error) {
  const auto now = steady_clock::now();
  bool news = false;
  milliseconds pause{0};
  {
    const std::lock_guard lock(mutex_);
    news = failures_ == 0 || code_ != error.code;
    if (failures_++ == 0) since_ = now;
    code_ = error.code;
    pause_ = std::clamp(pause_ * 2, limits_.first, limits_.max);
    pause = pause_;
  }
  if (news && say_) say_("error", name_ + ": " + error.message + "; it is tried again");
  const auto third = std::max<std::int64_t>(1, pause.count() / 3);
  return pause - milliseconds(now.time_since_epoch().count() / 1000 % third);
}

void Backoff::Succeeded() {
  milliseconds away{0};
  {
    const std::lock_guard lock(mutex_);
    if (failures_ == 0) return;
    failures_ = 0;
    pause_ = milliseconds(0);
    away = std::chrono::duration_cast<milliseconds>(steady_clock::now() - since_);
  }
  if (!say_) return;
  say_("info", name_ + ": works again after " + std::to_string(away.count()) + " ms");
}

}  // namespace tenon

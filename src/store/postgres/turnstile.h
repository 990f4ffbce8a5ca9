// Lets transactions run side by side, and one alone when it was in the others' way too often.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace tenon {

// Thread-safe. Serializable transactions that want the same row fail all but one; one that keeps
// failing would starve among newcomers. So it goes alone: it waits until those inside are out, and
// newcomers wait for it.
class Turnstile {
 public:
  // Inside for as long as it lives.
  class Pass {
   public:
    Pass(Turnstile& turnstile, bool alone) : turnstile_(&turnstile), alone_(alone) {}
    Pass(Pass&& other) noexcept
        : turnstile_(std::exchange(other.turnstile_, nullptr)), alone_(other.alone_) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (turnstile_ != nullptr) turnstile_->Leave(alone_);
    }

   private:
    Turnstile* turnstile_;
    bool alone_;
  };

  Pass Enter(bool alone) {
    std::unique_lock lock(mutex_);
    if (alone) {
      ++waiting_alone_;
      changed_.wait(lock, [this]() { return inside_ == 0 && !somebody_alone_; });
      --waiting_alone_;
      somebody_alone_ = true;
    } else {
      changed_.wait(lock, [this]() { return waiting_alone_ == 0 && !somebody_alone_; });
      ++inside_;
    }
    return Pass(*this, alone);
  }

 private:
  void Leave(bool alone) {
    const std::lock_guard lock(mutex_);
    if (alone) {
      somebody_alone_ = false;
    } else {
      --inside_;
    }
    if (alone || waiting_alone_ > 0) changed_.notify_all();
  }

  std::mutex mutex_;
  // All below: under mutex_.
  std::condition_variable changed_;
  int inside_ = 0;
  int waiting_alone_ = 0;
  bool somebody_alone_ = false;
};

}  // namespace tenon

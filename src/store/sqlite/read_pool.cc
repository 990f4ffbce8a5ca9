#include "store/sqlite/read_pool.h"

#include <utility>

namespace tenon {

Result<ReadPool::Loan> ReadPool::Borrow(TimePoint deadline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (closed_) return Fail(Code::kUnavailable, "the store is closing");
    if (!free_.empty()) {
      std::unique_ptr<Connection> connection = std::move(free_.back());
      free_.pop_back();
      return Loan(*this, std::move(connection));
    }
    if (open_count_ < connections_max_) {
      ++open_count_;
      lock.unlock();
      Result<std::unique_ptr<Connection>> opened = open_();
      if (opened) return Loan(*this, std::move(*opened));
      lock.lock();
      --open_count_;
      // Out of file descriptors, for instance: wait for one of those that are open.
      if (open_count_ == 0) return Fail(std::move(opened).error());
    }
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout && free_.empty()) {
      return Fail(Code::kDeadline, "all readers are busy");
    }
  }
}

void ReadPool::GiveBack(std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(connection));
  }
  changed_.notify_one();
}

void ReadPool::Close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this]() { return free_.size() == open_count_; });
  free_.clear();
  open_count_ = 0;
}

}  // namespace tenon

#include "store/postgres/pool.h"

namespace tenon {
namespace {

// A server that starts, or is shut down, lets one in and the next one not.
constexpr int kTriesMax = 4;

}  // namespace

std::unique_ptr<PgConnection> PgPool::TakeFree() {
  if (free_.empty()) return nullptr;
  std::unique_ptr<PgConnection> connection = std::move(free_.back());
  free_.pop_back();
  return connection;
}

Result<PgPool::Loan> PgPool::Borrow(TimePoint deadline) {
  int tries = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (closed_) return Fail(Code::kUnavailable, "the store is closing");
    if (std::unique_ptr<PgConnection> connection = TakeFree()) {
      lock.unlock();
      const std::int64_t schema = schema_.load(std::memory_order_acquire);
      if (std::exchange(connection->generation, schema) != schema) connection->ForgetStatements();
      // One that the server closed while nobody used it costs nobody a failure.
      if (connection->LooksAlive()) return Loan(*this, std::move(connection));
      GiveBack(std::move(connection));
      lock.lock();
      continue;
    }
    if (open_count_ + opening_ < connections_max_) {
      ++opening_;
      lock.unlock();
      Result<std::unique_ptr<PgConnection>> opened = Open(deadline);
      if (opened) return Loan(*this, std::move(*opened));
      changed_.notify_all();
      lock.lock();
      // Too many connections, for instance: wait for one of those that are open.
      if (open_count_ == 0 || health_.away()) {
        if (!health_.tended() || ++tries == kTriesMax) return Fail(std::move(opened).error());
        continue;  // Open waits until the server is back, as long as the patience lasts
      }
    }
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout && free_.empty()) {
      Error error(Code::kDeadline, "all connections to the database are busy");
      error.retry_after_s = 1;
      return Fail(std::move(error));
    }
  }
}

Result<std::unique_ptr<PgConnection>> PgPool::Open(TimePoint deadline) {
  Result<std::unique_ptr<PgConnection>> opened = Fail(Code::kUnavailable, "");
  if (Result<void> back = health_.WaitUntilBack(deadline); !back) {
    opened = Fail(std::move(back).error());
  } else {
    const std::int64_t schema = schema_.load(std::memory_order_acquire);
    opened = PgConnection::Open(options_);
    if (opened) {
      (*opened)->generation = schema;
      health_.Back();
    }
  }
  const std::lock_guard lock(mutex_);
  --opening_;
  if (opened) {
    ++open_count_;
  } else if (open_count_ == 0) {
    // With others open the server is there and has only no room for one more.
    health_.Away(opened.error());
  }
  return opened;
}

void PgPool::GiveBack(std::unique_ptr<PgConnection> connection) {
  const bool broken = connection->broken() || connection->InTransaction();
  if (broken) {
    connection.reset();
    health_.Broke();
  }
  bool all = broken;
  {
    const std::lock_guard lock(mutex_);
    if (broken) {
      --open_count_;
    } else {
      free_.push_back(std::move(connection));
    }
    all = broken || closed_;
  }
  if (all) {
    changed_.notify_all();
  } else {
    changed_.notify_one();
  }
}

void PgPool::Close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this]() { return opening_ == 0 && free_.size() == open_count_; });
  free_.clear();
  open_count_ = 0;
}

std::int64_t PgPool::open() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(open_count_);
}

std::int64_t PgPool::busy() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(open_count_ - free_.size());
}

}  // namespace tenon

// Read-only connections, lent out one read at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "store/sqlite/connection.h"

namespace tenon {

// Thread-safe.
class ReadPool {
 public:
  using Opener = std::function<Result<std::unique_ptr<Connection>>()>;
  using TimePoint = std::chrono::steady_clock::time_point;

  // Opens connections as they are needed, at most `connections_max`.
  ReadPool(Opener open, std::size_t connections_max)
      : open_(std::move(open)), connections_max_(connections_max) {}

  // A connection on loan; goes back by itself.
  class Loan {
   public:
    Loan(ReadPool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Loan(Loan&&) = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (connection_ != nullptr) pool_->GiveBack(std::move(connection_));
    }
    Connection& operator*() { return *connection_; }
    Connection* operator->() { return connection_.get(); }

   private:
    ReadPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // Waits for a free one until the deadline: kDeadline. kUnavailable after Close, and when none can
  // be opened and none is open.
  Result<Loan> Borrow(TimePoint deadline);

  // Waits until all loans are back, then closes their connections.
  void Close();

 private:
  void GiveBack(std::unique_ptr<Connection> connection);

  // Constant after construction.
  Opener open_;
  std::size_t connections_max_;

  std::mutex mutex_;
  // All below: under mutex_.
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Connection>> free_;  // the last used is lent first: its cache is warm
  std::size_t open_count_ = 0;
  bool closed_ = false;
};

}  // namespace tenon

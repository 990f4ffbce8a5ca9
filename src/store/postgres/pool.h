// Connections of one role, lent out one transaction at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/health.h"

namespace tenon {

// Thread-safe.
class PgPool {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Opens connections as they are needed, at most `connections_max`. `schema` counts the schema
  // changes of this store; a connection that knows an older schema forgets its statements.
  PgPool(PgConnectionOptions options, std::size_t connections_max, PgHealth& health,
         const std::atomic<std::int64_t>& schema)
      : options_(std::move(options)),
        connections_max_(connections_max),
        health_(health),
        schema_(schema) {}

  // A connection on loan; goes back by itself, or ends when it broke.
  class Loan {
   public:
    Loan(PgPool& pool, std::unique_ptr<PgConnection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Loan(Loan&&) = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (connection_ != nullptr) pool_->GiveBack(std::move(connection_));
    }
    PgConnection& operator*() { return *connection_; }
    PgConnection* operator->() { return connection_.get(); }

   private:
    PgPool* pool_;
    std::unique_ptr<PgConnection> connection_;
  };

  // Waits for a free one until the deadline: kDeadline. kUnavailable after Close, and when none can
  // be opened and none is open.
  Result<Loan> Borrow(TimePoint deadline);

  // Waits until all loans are back, then closes their connections.
  void Close();

  [[nodiscard]] std::int64_t open() const;
  [[nodiscard]] std::int64_t busy() const;
  [[nodiscard]] std::size_t connections_max() const { return connections_max_; }

 private:
  friend class Loan;
  std::unique_ptr<PgConnection> TakeFree();
  Result<std::unique_ptr<PgConnection>> Open(TimePoint deadline);
  void GiveBack(std::unique_ptr<PgConnection> connection);

  // Constant after construction.
  const PgConnectionOptions options_;
  const std::size_t connections_max_;
  PgHealth& health_;
  const std::atomic<std::int64_t>& schema_;

  mutable std::mutex mutex_;
  // All below: under mutex_.
  std::condition_variable changed_;
  std::vector<std::unique_ptr<PgConnection>> free_;  // the last used is lent first: it is warm
  std::size_t open_count_ = 0;                       // free or on loan
  std::size_t opening_ = 0;
  bool closed_ = false;
};

}  // namespace tenon

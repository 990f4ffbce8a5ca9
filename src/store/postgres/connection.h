// One connection to a PostgreSQL server, in libpq's pipeline mode: statements are queued, sent and
// answered together, and each Flush is one round trip. Keeps prepared statements by their text.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "store/postgres/binding.h"
#include "store/postgres/failure.h"

namespace tenon {

struct PgConnectionOptions {
  std::string url;
  std::string role;  // empty: the login's own
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds statement_timeout{10000};  // 0: none
  std::chrono::milliseconds lock_timeout{2000};
  std::size_t statements_max = 256;
};

// Not thread-safe: one thread at a time.
class PgConnection {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Connects and sets what we rely on: UTC, ISO forms, UTF-8, time-outs, the role. kUnavailable
  // with what to do when the server is away, is a standby, is older than PostgreSQL 15, or has
  // another encoding.
  static Result<std::unique_ptr<PgConnection>> Open(const PgConnectionOptions& options);
  ~PgConnection();
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;

  // Queues a statement. Its rows come into `*answer`, which must live until the next Flush has
  // returned; null: they are not needed. `tag` is handed back with the statement's failure.
  // kInvalidArgument when a parameter cannot be sent; then nothing is queued.
  Result<void> Queue(std::string_view sql, std::span<const Value> parameters, PgResult* answer,
                     std::size_t tag = 0);

  // The same with parameters as libpq takes them.
  void QueueEncoded(std::string_view sql, std::span<const char* const> parameters, PgResult* answer,
                    std::size_t tag);

  struct Failed {
    Failure failure;
    std::size_t tag = 0;  // of the statement that failed
  };
  // Sends what is queued and waits for all answers. The first failure; what stood behind it was not
  // run. At `deadline` the connection is given up: kLost with kDeadline.
  std::optional<Failed> Flush(TimePoint deadline);

  // Sends what is queued and does not wait; failures are not told. For the end of a read.
  void Post();

  // Runs statements that need no parameters outside the pipeline, which must be empty.
  std::optional<Failure> Script(std::string_view statements);

  // COPY ... FROM STDIN outside the pipeline, which must be empty: `rows` in COPY's text format
  // (copy_text.h). The failure's message ends with the server's word on the line and the column.
  std::optional<Failure> Copy(std::string_view statement, std::string_view rows);

  // Drops every prepared statement.
  void ForgetStatements();

  // Looks whether the server has closed the connection meanwhile; costs no round trip.
  [[nodiscard]] bool LooksAlive();
  // No longer usable.
  [[nodiscard]] bool broken() const;
  // Gives it up.
  void Break();

  [[nodiscard]] bool Queued() const { return !pending_.empty(); }
  // In a transaction, or in one that failed.
  [[nodiscard]] bool InTransaction() const;
  [[nodiscard]] TimePoint opened_at() const { return opened_at_; }
  // Flushes since the last call.
  std::int64_t TakeRoundTrips() { return std::exchange(round_trips_, 0); }
  // Of the schema that prepared statements were made under; see PgPool.
  std::int64_t generation = 0;

 private:
  struct Statement {
    std::string sql;
    std::string name;
    int in_flight = 0;  // uses that are not answered yet
  };
  using Statements = std::list<Statement>;
  struct Pending {
    enum class Kind { kSync, kPrepare, kRun, kDeallocate };
    Kind kind = Kind::kSync;
    std::optional<Statements::iterator> statement = {};
    PgResult* answer = nullptr;
    std::size_t tag = 0;
    bool posted = false;
    std::string name = {};  // kDeallocate
  };

  PgConnection(PGconn* connection, std::size_t statements_max);
  Result<void> Configure(const PgConnectionOptions& options);
  Statements::iterator Find(std::string_view sql, std::size_t tag);
  void DropLeastUsed();
  void SendDeallocations();
  void Sync(bool posted);
  std::optional<Failed> Answer(Pending& pending, TimePoint deadline);
  std::optional<Failed> Settle(Pending& pending, PgResult result);
  Failed Lost();
  bool Wait(TimePoint deadline);
  std::optional<Failure> CopyRows(std::string_view statement, std::string_view rows);
  void DrainReady();

  PGconn* connection_;
  std::size_t statements_max_;
  TimePoint opened_at_;
  std::deque<Pending> pending_;  // in the order of their answers
  Statements statements_;        // most recently used first; keys below point into it
  std::unordered_map<std::string_view, Statements::iterator> by_sql_;
  std::vector<std::string> dropped_;  // names to deallocate
  std::int64_t named_ = 0;
  PgParameters parameters_;
  std::int64_t round_trips_ = 0;
};

}  // namespace tenon

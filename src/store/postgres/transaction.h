// Reader and Transaction over a PostgreSQL connection.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/postgres/catalog.h"
#include "store/postgres/connection.h"
#include "store/postgres/insert_rows.h"
#include "store/postgres/look_ups.h"
#include "store/store.h"

namespace tenon {

// Not thread-safe. Nothing is sent before the first statement whose answer is needed: BEGIN, the
// scope, what was queued and that statement are one round trip, and COMMIT goes with what is queued
// by then. What is foretold, and queued INSERTs, wait for more of their kind until somebody could
// see the difference (look_ups.h, insert_rows.h).
class PgTransaction final : public SchemaTransaction {
 public:
  using TimePoint = PgConnection::TimePoint;
  enum class Mode {
    kRead,    // a snapshot
    kWrite,   // serializable
    kSchema,  // as the owner of the tables; no scope
  };

  // Another connection in place of one that broke before the first answer; null: there is none.
  using Renew = std::function<PgConnection*()>;

  // No answer is waited for past `deadline`. `catalog` may be null. `renew` is for reads.
  PgTransaction(PgConnection& connection, Mode mode, const Scope& scope, TimePoint deadline,
                ConstraintCatalog* catalog, Renew renew = {});
  ~PgTransaction() override;

  Result<void> Query(std::string_view sql, std::span<const Value> parameters,
                     const Each& each) override;
  void Expect(std::string_view sql, std::span<const Value> parameters,
              std::optional<Topic> about = std::nullopt) override;
  Result<std::int64_t> Execute(std::string_view sql, std::span<const Value> parameters) override;
  Result<void> Queue(std::string_view sql, std::span<const Value> parameters,
                     const Changes& changes = {}) override;
  Result<void> RunScript(std::string_view statements) override;
  [[nodiscard]] Dialect dialect() const override { return Dialect::kPostgres; }

  // --- for the store -----------------------------------------------------------------------------

  // The first failure, after which every call gives its error.
  [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }

  // Commits. With kLost and in_doubt() nobody here knows whether it was kept.
  std::optional<Failure> Commit();
  [[nodiscard]] bool in_doubt() const { return in_doubt_; }
  // The transaction's id on the server, known before COMMIT is sent.
  [[nodiscard]] const std::string& xid() const { return xid_; }
  [[nodiscard]] TimePoint begun_at() const { return begun_at_; }
  void Rollback();
  // Ends a read without waiting for the answer.
  void End();

  // Several jobs in one transaction: statements from now on are the work of job `number` (from 1).
  // What was foretold for it before stays.
  void StartJob(std::size_t number, bool savepoint);
  // Sends what the job queued, so that its failures are known.
  void Settle();
  // The job whose statement failed.
  [[nodiscard]] std::size_t failed_job() const { return failed_job_; }
  // Whether the present job has run or queued anything that writes.
  [[nodiscard]] bool JobWrote() const { return job_wrote_; }
  // Undoes the present job, which has a savepoint, also after a failure of its own.
  void UndoJob();
  // Lets go of its savepoint.
  void EndJob();

 private:
  // A statement that was foretold; its answer, once there.
  struct Expected {
    std::string sql;
    std::vector<Value> parameters;
    int uses = 1;  // how often it was
    bool forgotten = false;
    FoundRows found = {};
  };
  using Expectations = std::unordered_multimap<std::size_t, std::shared_ptr<Expected>>;
  // What the first round trip of a read consists of, to send it again on another connection.
  struct Sent {
    std::string sql;
    std::vector<Value> parameters;
    PgResult* answer;
  };

  [[nodiscard]] bool OnlyOne() const { return mode_ == Mode::kRead && scope_.one_query; }
  Result<void> Begin();
  Result<void> Send(std::string_view sql, std::span<const Value> parameters, PgResult* answer);
  Result<void> Hold(std::string_view sql, std::span<const Value> parameters, bool apart);
  InsertRows& HeldFor(std::string_view sql, bool apart);
  void AskTogether(std::string_view sql, std::span<const Value> parameters, Expected& expected);
  void SendLookUps();
  void SendRows();
  void SendHeld();
  void DropHeld();
  Result<void> Flush();
  bool Resend(const Failure& failure);
  Error Note(Failure failure, std::size_t job);
  Expectations::iterator FindExpected(std::string_view sql, std::span<const Value> parameters);
  void ForgetExpected(const Changes& changes);
  Result<void> Hand(const FoundRows& found, const Each& each);

  PgConnection* connection_;
  const Mode mode_;
  const Scope scope_;
  const TimePoint deadline_;
  ConstraintCatalog* catalog_;
  const Renew renew_;

  bool begun_ = false;
  TimePoint begun_at_{};
  bool over_ = false;  // committed, rolled back or ended
  bool in_doubt_ = false;
  std::optional<Failure> failure_;
  PgResult scope_answer_;
  std::string xid_;
  // Forgotten ones stay until the end: their answers may be under way.
  Expectations expected_;  // by a hash of text and parameters
  Expectations by_topic_;
  std::vector<std::shared_ptr<Expected>> about_anything_;
  std::vector<LookUps> look_ups_;  // foretold and not sent yet
  // Rows that were queued and are not sent yet: those of the one INSERT that came last, and those
  // that stand apart by their texts.
  std::optional<InsertRows> rows_;
  std::vector<InsertRows> apart_;
  std::vector<Sent> first_;  // reads only, until the first answer
  bool answered_ = false, resent_ = false;
  std::size_t job_ = 0, failed_job_ = 0;
  bool job_wrote_ = false;
};

}  // namespace tenon

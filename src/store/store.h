// A store: a transactional place for rows. Engine code is plain and synchronous and cannot tell
// which store it has; the dialect only chooses the text of statements. Adapters: sqlite/ and
// postgres/. Both pass store/contract_test.cc.
//
// A write runs as if it ran alone: SQLite has one writer; PostgreSQL's transactions are
// serializable and run again when they got into each other's way.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/value.h"
#include "model/type.h"
#include "record/sql.h"

namespace tenon {

// The present row of a running query. Valid only inside the callback.
class Row {
 public:
  virtual ~Row() = default;
  [[nodiscard]] virtual int columns() const = 0;
  [[nodiscard]] virtual bool IsNull(int column) const = 0;
  [[nodiscard]] virtual std::int64_t Int(int column) const = 0;
  [[nodiscard]] virtual double Float(int column) const = 0;
  [[nodiscard]] virtual std::string_view Text(int column) const = 0;
  // The column as a value of a model type. kInternal when what is stored is not of it.
  [[nodiscard]] virtual Result<Value> Get(int column, const model::Type& type) const = 0;
  // The column as JSON, straight from the driver's bytes. Secrets come out as kSealedMark.
  virtual void AppendJson(int column, const model::Type& type, std::string& out) const = 0;
};

// What an answer depends on and what a write changes: a digest of a table, some of its columns and
// their values, of the caller's making. Two things with one digest are taken for the same.
using Topic = std::uint64_t;

// What a write changes of the answers that were foretold (Reader::Expect).
struct Changes {
  bool anything = true;                // nothing foretold is true afterwards; `topics` says no more
  std::span<const Topic> topics = {};  // what was foretold of these is not
  // No statement of the transaction but a Query or an Execute looks at the row, none of its
  // references is to it, and none of its own to a row of the transaction: rows of the log.
  bool apart = false;
};

// Statements are prepared once per connection and text. Parameters are ?1.. or $1... Not
// thread-safe; lives inside one Read or Write callback.
class Reader {
 public:
  virtual ~Reader() = default;
  using Each = std::function<Result<bool>(const Row&)>;  // false: enough, stop

  // Runs a query. kDeadline when the scope's deadline passes.
  virtual Result<void> Query(std::string_view sql, std::span<const Value> parameters,
                             const Each& each) = 0;
  // Says that Query will be called with just this text and these parameters, most likely. A store
  // across a network sends what is expected together with the next round trip, and answers that
  // Query from it, once for each time it was expected. A write of the transaction that may change
  // the answer makes it forgotten, so an answer is never older than a write of its own: every write
  // may, but one that names its topics changes only what is expected `about` one of them. Others do
  // nothing.
  virtual void Expect(std::string_view sql, std::span<const Value> parameters,
                      std::optional<Topic> about = std::nullopt) {
    static_cast<void>(sql), static_cast<void>(parameters), static_cast<void>(about);
  }
  [[nodiscard]] virtual Dialect dialect() const = 0;
};

class Transaction : public Reader {
 public:
  // Runs a statement; the number of rows it changed. A broken unique constraint or reference is
  // kConflict with details {"constraint": "unique"|"reference"|"check", "table", "columns": [..]}.
  // After an error the work should return: on PostgreSQL the transaction is over by then, every
  // further call gives the same error, and `done` gets it whatever the work returns.
  virtual Result<std::int64_t> Execute(std::string_view sql, std::span<const Value> parameters) = 0;

  // Execute for a statement whose count is not needed now. It may be sent later, at the latest with
  // the commit, and then its error comes with the next call or with WriteJob::done. INSERTs of one
  // row and one text that follow each other may become one of many rows, and so may those `apart`
  // that do not.
  virtual Result<void> Queue(std::string_view sql, std::span<const Value> parameters,
                             const Changes& changes = {}) {
    static_cast<void>(changes);
    if (auto done = Execute(sql, parameters); !done) return Fail(std::move(done).error());
    return {};
  }
};

// A transaction that may change the schema. References are not enforced inside it; they are checked
// as a whole before it commits.
class SchemaTransaction : public Transaction {
 public:
  // Runs statements that need no parameters, one after the other.
  virtual Result<void> RunScript(std::string_view statements) = 0;
};

// Who reads or writes: the row-level-security scope on stores that have one, and the key by which
// the write queue is fair.
struct Scope {
  Uuid tenant;
  bool across_tenants = false;               // system work
  std::chrono::milliseconds deadline{5000};  // of a read
  // One snapshot may be held for the whole deadline, over limits::kSnapshotMax: the one big read
  // that an index in memory is made from.
  bool long_snapshot = false;
  // The read is one Query and no more. A store across a network then needs no transaction around
  // it.
  bool one_query = false;
  // The write locks all that it must not see change, so that it needs no more isolation: each of
  // its statements sees what is committed when it begins. Where one writes at a time, nothing.
  bool by_locks = false;
};

enum class Lane { kInteractive, kBulk };

struct WriteJob {
  Scope scope;
  Lane lane = Lane::kInteractive;
  // Must be repeatable: it runs again when its group had to be rolled back, or when another
  // transaction got in its way. An error rolls back what this job wrote and nothing else.
  std::function<Result<void>(Transaction&)> work;
  // Foretells what the work will ask (Reader::Expect), where the store has a use for it: the jobs
  // of a group then share a round trip. May be empty; called before each run of the work, with the
  // same guarantees.
  std::function<void(Reader&)> expect = {};
  // After the commit is durable, or with the error. Called on the store's thread: keep it short.
  std::function<void(Result<void>)> done;
  // The work may fail after its first statement (cascades, batches): it gets a savepoint.
  bool savepoint = false;
  // Runs after the jobs of its tenant and lane that were submitted before it with `in_order` (the
  // items of a batch). Jobs of the bulk lane always do; on SQLite all do. Others may run at once.
  bool in_order = false;
};

// Told about the life of write transactions, in the writer's thread. The log keeps its chain by it.
// Only where one thread writes: PostgreSQL's transactions overlap, on this node and on others, so
// nothing is called there and the log is numbered by a sealer after the commits.
class WriteObserver {
 public:
  virtual ~WriteObserver() = default;
  virtual std::size_t Mark() = 0;                 // before each job
  virtual void RollbackTo(std::size_t mark) = 0;  // the job failed
  virtual Result<void> BeforeCommit(Transaction& transaction) = 0;
  virtual void AfterCommit() = 0;  // durable
};

struct StoreStats {
  std::int64_t queued_interactive = 0, queued_bulk = 0;
  std::int64_t commits = 0, jobs = 0, failed_jobs = 0;
  std::int64_t database_bytes = 0, wal_bytes = 0;
  // Of stores across a network; 0 on SQLite.
  std::int64_t connections_open = 0, connections_busy = 0, connections_max = 0;
  std::int64_t retries = 0;            // jobs run again after a conflict or a lost connection
  std::int64_t write_round_trips = 0;  // of all jobs together
  std::int64_t read_round_trips = 0;
  std::string fault;  // why writes fail now ("database or disk is full"); empty: none
};

// A lock for as long as the object lives.
class StoreLock {
 public:
  virtual ~StoreLock() = default;
};

// Thread-safe.
class Store {
 public:
  virtual ~Store() = default;
  [[nodiscard]] virtual Dialect dialect() const = 0;

  // Runs `work` on one consistent snapshot, on the caller's thread.
  virtual Result<void> Read(const Scope& scope,
                            const std::function<Result<void>(Reader&)>& work) = 0;

  // Queues a write. `done` is always called once: kTooManyRequests when the queue is full,
  // kUnavailable when the disk is full, the server is away or the store is closing, kOutcomeUnknown
  // after a failed fsync or when nobody can tell whether a cut off commit was kept.
  virtual void Submit(WriteJob job) = 0;

  // Submit and wait.
  Result<void> Write(const Scope& scope, std::function<Result<void>(Transaction&)> work,
                     Lane lane = Lane::kInteractive, bool savepoint = true);

  // Changes the schema in one transaction, apart from all others; waits for it. An error leaves
  // everything as it was. For migrations only.
  virtual Result<void> ChangeSchema(
      const std::function<Result<void>(SchemaTransaction&)>& work) = 0;

  // Runs one statement with the rights of ChangeSchema and outside any transaction, for as long as
  // it takes: CREATE INDEX CONCURRENTLY. Where there is no such thing it is a schema change.
  virtual Result<void> RunAlone(std::string_view statement);

  // Keeps others of the same database out who ask for the same name; null when one has it. The end
  // of this process, or of its connection, frees it: what it guards must be fenced besides. Where
  // one process works it is always free.
  virtual Result<std::unique_ptr<StoreLock>> TryLock(std::string_view name);

  // At most one; before the first write. See WriteObserver.
  virtual void SetObserver(WriteObserver* observer) = 0;

  [[nodiscard]] virtual StoreStats Stats() = 0;

  // Finishes what is queued, checkpoints, closes. Later calls fail with kUnavailable.
  virtual void Close() = 0;
};

}  // namespace tenon

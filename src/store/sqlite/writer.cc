#include "store/sqlite/writer.h"

#include <pthread.h>

#include <exception>
#include <utility>

#include "base/limits.h"
#include "store/sqlite/error.h"

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Jobs taken from the queue under one lock.
constexpr std::size_t kTakeMax = 16;
// How long a group may run before its commit: with people waiting, and without.
constexpr milliseconds kInteractiveGroup{8};
constexpr milliseconds kBulkGroup{20};

// One call of foreign code. No exception of a job may end the writer.
Result<void> Guarded(const std::function<Result<void>(Transaction&)>& work,
                     SqliteTransaction& transaction) {
  try {
    return work(transaction);
  } catch (const std::exception& e) {
    return Fail(Code::kInternal, std::string("a write threw: ") + e.what());
  }
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection,
               std::unique_ptr<Connection> checkpoint_connection, WriterOptions options)
    : options_(std::move(options)),
      queue_(options_.queue),
      checkpointer_(std::make_unique<Checkpointer>(std::move(checkpoint_connection))),
      connection_(std::move(connection)) {
  sqlite3_wal_hook(connection_->handle(), &Writer::OnWal, this);
  thread_ = std::thread([this]() { Run(); });
  pthread_setname_np(thread_.native_handle(), "tenon-writer");
}

Writer::~Writer() { Close(); }

void Writer::Close() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(schema_mutex_);
    schema_closed_ = true;
  }
  queue_.Close();
  thread_.join();
}

void Writer::Submit(WriteJob job) {
  if (std::optional<Error> refused = queue_.Push(job)) job.done(Fail(std::move(*refused)));
}

void Writer::Run() {
  for (;;) {
    const bool closing = queue_.closed();
    RunSchemaChange();
    if (queue_.Waiting(Lane::kInteractive) + queue_.Waiting(Lane::kBulk) > 0) {
      RunGroup();
      continue;
    }
    if (closing) break;
    queue_.Wait(housekeeping_due_ ? options_.idle_delay : milliseconds(3'600'000));
    const bool idle =
        queue_.Waiting(Lane::kInteractive) + queue_.Waiting(Lane::kBulk) == 0 && !queue_.closed();
    if (idle && housekeeping_due_) housekeeping_due_ = Housekeep();
  }
  checkpointer_.reset();
  sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                            nullptr);
  connection_.reset();
}

void Writer::RunGroup() {
  group_.clear();
  group_mark_ = observer_ != nullptr ? observer_->Mark() : 0;
  Pass pass = Pass::kDone;
  if (Result<void> begun = Begin(); !begun) {
    // Nothing of the file has changed. What waits is answered, so that the queue cannot stand
    // still behind a full disk.
    taken_.clear();
    queue_.Take(Lane::kInteractive, limits::kGroupCommandsMax, taken_);
    if (taken_.empty()) queue_.Take(Lane::kBulk, limits::kGroupCommandsMax, taken_);
    for (WriteJob& job : taken_) group_.push_back(Entry{std::move(job), {}});
    FailGroup(begun.error());
    Answer();
    return;
  }
  {
    SqliteTransaction transaction(*connection_);
    Collect(transaction, pass);
    if (pass == Pass::kDone) pass = AllDone(transaction);
  }
  if (pass == Pass::kRepeat) pass = RepeatWithSavepoints();
  if (pass == Pass::kDone) {
    Commit();
  } else {
    Rollback();
    FailGroup(group_error_);
  }
  Answer();
  TendLog();
}

void Writer::Collect(SqliteTransaction& transaction, Pass& pass) {
  const TimePoint start = steady_clock::now();
  TimePoint now = start;
  while (group_.size() < limits::kGroupCommandsMax && now - start < kInteractiveGroup) {
    if (!TakeAndRun(transaction, Lane::kInteractive, kTakeMax, pass)) break;
    if (pass != Pass::kDone) return;
    now = steady_clock::now();
  }
  // Nobody waits for an answer in a group of bulk jobs alone, so it may be longer and save fsyncs.
  const bool alone = group_.empty();
  const TimePoint bulk_end = now + (alone ? kBulkGroup : limits::kBulkSlice);
  while (group_.size() < limits::kGroupCommandsMax && now < bulk_end) {
    if (!TakeAndRun(transaction, Lane::kBulk, 1, pass) || pass != Pass::kDone) break;
    if (alone && queue_.Waiting(Lane::kInteractive) > 0) break;
    now = steady_clock::now();
  }
  if (pass == Pass::kDone && group_.size() < limits::kGroupCommandsMax) {
    TakeAndRun(transaction, Lane::kInteractive, kTakeMax, pass);
  }
}

bool Writer::TakeAndRun(SqliteTransaction& transaction, Lane lane, std::size_t max, Pass& pass) {
  taken_.clear();
  queue_.Take(lane, max, taken_);
  for (WriteJob& job : taken_) {
    Entry& entry = group_.emplace_back(Entry{std::move(job), {}});
    // After a failed pass the rest only joins the group: it is run again, or fails, with it.
    if (pass == Pass::kDone) pass = RunJob(transaction, entry, entry.job.savepoint);
  }
  return !taken_.empty();
}

Writer::Pass Writer::RunJob(SqliteTransaction& transaction, Entry& entry, bool with_savepoint) {
  const std::size_t mark = observer_ != nullptr ? observer_->Mark() : 0;
  const std::int64_t changes = transaction.ChangesSoFar();
  if (with_savepoint) {
    Result<std::int64_t> begun = transaction.Execute("SAVEPOINT job", {});
    if (!begun) {
      group_error_ = begun.error();
      return Pass::kFailed;
    }
  }
  entry.outcome = Guarded(entry.job.work, transaction);
  // Some failures of the file make SQLite roll back by itself, whatever the job thought of them.
  if (transaction.fatal() || !connection_->InTransaction()) {
    group_error_ =
        transaction.fatal().value_or(Error(Code::kUnavailable, "the transaction was rolled back"));
    return Pass::kFailed;
  }
  if (!entry.outcome) {
    if (observer_ != nullptr) observer_->RollbackTo(mark);
    if (!with_savepoint) {
      return transaction.ChangesSoFar() == changes ? Pass::kDone : Pass::kRepeat;
    }
    if (Result<std::int64_t> undone = transaction.Execute("ROLLBACK TO job", {}); !undone) {
      group_error_ = undone.error();
      return Pass::kFailed;
    }
  }
  if (with_savepoint) {
    if (Result<std::int64_t> released = transaction.Execute("RELEASE job", {}); !released) {
      group_error_ = released.error();
      return Pass::kFailed;
    }
  }
  return Pass::kDone;
}

Writer::Pass Writer::RepeatWithSavepoints() {
  Rollback();
  if (Result<void> begun = Begin(); !begun) {
    group_error_ = begun.error();
    return Pass::kFailed;
  }
  SqliteTransaction transaction(*connection_);
  for (Entry& entry : group_) {
    const Pass pass = RunJob(transaction, entry, true);
    if (pass != Pass::kDone) return pass;
  }
  return AllDone(transaction);
}

Writer::Pass Writer::AllDone(SqliteTransaction& transaction) {
  if (observer_ == nullptr) return Pass::kDone;
  if (Result<void> ready = observer_->BeforeCommit(transaction); !ready) {
    group_error_ = transaction.fatal().value_or(ready.error());
    return Pass::kFailed;
  }
  return Pass::kDone;
}

Result<void> Writer::Begin() {
  const int rc = connection_->Step("BEGIN IMMEDIATE");
  if (rc == SQLITE_OK) return {};
  return Fail(SqliteError(connection_->handle(), rc, "BEGIN IMMEDIATE"));
}

void Writer::Commit() {
  const int rc = connection_->Step("COMMIT");
  if (rc == SQLITE_OK) {
    AfterCommit();
    return;
  }
  Error error = SqliteError(connection_->handle(), rc, "COMMIT");
  // A write that fails ends the log before its commit frame: surely nothing of the group is kept.
  // After another failure of the file, an fsync above all, it may or may not be on the disk.
  const bool certain = (rc & 0xff) != SQLITE_IOERR || rc == SQLITE_IOERR_WRITE;
  if (!certain) {
    error =
        Error(Code::kOutcomeUnknown, "the write may or may not have been kept: " + error.message);
  }
  Rollback();
  if (!certain) Reopen();
  FailGroup(error);
}

void Writer::AfterCommit() {
  commits_.fetch_add(1, std::memory_order_relaxed);
  SetFault({});
  housekeeping_due_ = true;
  if (observer_ != nullptr) observer_->AfterCommit();
}

void Writer::Rollback() {
  // Fails when SQLite has rolled back by itself already, which is as good.
  if (connection_->InTransaction()) static_cast<void>(connection_->Run("ROLLBACK"));
  if (observer_ != nullptr) observer_->RollbackTo(group_mark_);
}

void Writer::FailGroup(const Error& error) {
  if (error.code == Code::kUnavailable || error.code == Code::kOutcomeUnknown) {
    SetFault(error.message);
    housekeeping_due_ = true;
  }
  for (Entry& entry : group_) entry.outcome = Fail(error);
}

void Writer::Answer() {
  std::int64_t failed = 0;
  for (Entry& entry : group_) {
    if (!entry.outcome) ++failed;
  }
  jobs_.fetch_add(static_cast<std::int64_t>(group_.size()), std::memory_order_relaxed);
  if (failed > 0) failed_jobs_.fetch_add(failed, std::memory_order_relaxed);
  const auto answer = [this] {
    for (Entry& entry : group_) {
      if (entry.job.done) entry.job.done(std::move(entry.outcome));
    }
  };
  if (options_.around_answers && group_.size() > 1) {
    options_.around_answers(answer);
  } else {
    answer();
  }
  group_.clear();
}

void Writer::Reopen() {
  Result<std::unique_ptr<Connection>> opened = options_.reopen();
  // Without a new connection the old one goes on being tried; each write says what is wrong.
  if (!opened) return;
  connection_ = std::move(*opened);
  sqlite3_wal_hook(connection_->handle(), &Writer::OnWal, this);
}

void Writer::SetFault(const std::string& fault) {
  const std::lock_guard lock(fault_mutex_);
  if (fault_ != fault) fault_ = fault;
}

void Writer::AddStats(StoreStats& stats) const {
  stats.queued_interactive = static_cast<std::int64_t>(queue_.Waiting(Lane::kInteractive));
  stats.queued_bulk = static_cast<std::int64_t>(queue_.Waiting(Lane::kBulk));
  stats.commits = commits_.load(std::memory_order_relaxed);
  stats.jobs = jobs_.load(std::memory_order_relaxed);
  stats.failed_jobs = failed_jobs_.load(std::memory_order_relaxed);
  const std::lock_guard lock(fault_mutex_);
  stats.fault = fault_;
}

}  // namespace tenon

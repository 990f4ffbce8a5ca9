// The one thread that writes. It drains the queue in groups: one transaction and one fsync for all
// jobs that waited.
//
// Order within a group: interactive jobs first, then bulk jobs for limits::kBulkSlice, then
// whatever interactive came meanwhile. So bulk work always moves, and an interactive job waits for
// at most one slice, one group and one fsync.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "store/sqlite/checkpointer.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/transaction.h"
#include "store/store.h"
#include "store/write_queue.h"

namespace tenon {

struct WriterOptions {
  WriteQueueLimits queue;
  std::chrono::milliseconds idle_delay{250};  // without work for this long: housekeeping
  std::function<Result<std::unique_ptr<Connection>>()> reopen;
  // As SqliteOptions::around_answers.
  std::function<void(const std::function<void()>& answer)> around_answers = {};
};

class Writer {
 public:
  Writer(std::unique_ptr<Connection> connection, std::unique_ptr<Connection> checkpoint_connection,
         WriterOptions options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Any thread. As Store::Submit says; a refused job is answered on the caller's thread.
  void Submit(WriteJob job);
  // Any thread but the writer's own.
  Result<void> ChangeSchema(const std::function<Result<void>(SchemaTransaction&)>& work);
  // Before the first write.
  void SetObserver(WriteObserver* observer) { observer_ = observer; }
  // Fills in what the writer knows.
  void AddStats(StoreStats& stats) const;
  // Finishes what is queued, truncates the log and ends the thread. Any thread, once.
  void Close();

 private:
  struct Entry {
    WriteJob job;
    Result<void> outcome;
  };
  // What became of one pass over a group.
  enum class Pass {
    kDone,    // every job has its outcome; commit
    kRepeat,  // a job without savepoint failed after it had written
    kFailed,  // group_error_ says why all of it failed
  };
  using TimePoint = std::chrono::steady_clock::time_point;

  void Run();
  void RunGroup();
  void Collect(SqliteTransaction& transaction, Pass& pass);
  bool TakeAndRun(SqliteTransaction& transaction, Lane lane, std::size_t max, Pass& pass);
  Pass RunJob(SqliteTransaction& transaction, Entry& entry, bool with_savepoint);
  Pass RepeatWithSavepoints();
  Pass AllDone(SqliteTransaction& transaction);
  Result<void> Begin();
  void Commit();
  void FailGroup(const Error& error);
  void Rollback();
  void Answer();
  void AfterCommit();
  void Reopen();
  void SetFault(const std::string& fault);

  void RunSchemaChange();
  Result<void> SchemaChange(const std::function<Result<void>(SchemaTransaction&)>& work);
  void TendLog();
  bool Housekeep();
  bool GiveBackSpace();
  bool Idle() const;
  bool TryAfterFault();
  static int OnWal(void* self, sqlite3*, const char*, int frames);

  // Constant after construction.
  WriterOptions options_;
  WriteObserver* observer_ = nullptr;

  WriteQueue queue_;
  std::unique_ptr<Checkpointer> checkpointer_;

  // The writer's thread only.
  std::unique_ptr<Connection> connection_;
  std::vector<WriteJob> taken_;
  std::vector<Entry> group_;
  std::size_t group_mark_ = 0;  // of the observer, before the first job
  Error group_error_;
  int frames_ = 0;  // in the log after the last commit
  int next_inline_checkpoint_ = 0;
  bool housekeeping_due_ = true;

  // Any thread.
  std::atomic<std::int64_t> commits_{0}, jobs_{0}, failed_jobs_{0};
  mutable std::mutex fault_mutex_;
  std::string fault_;  // under fault_mutex_

  struct SchemaJob {
    const std::function<Result<void>(SchemaTransaction&)>* work;
    std::function<void(Result<void>)> done;
  };
  std::mutex schema_mutex_;
  std::vector<SchemaJob> schema_jobs_;  // under schema_mutex_
  bool schema_closed_ = false;          // under schema_mutex_

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace tenon

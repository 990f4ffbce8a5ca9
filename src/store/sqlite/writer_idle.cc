// What the writer does beside groups of jobs: checkpoints, giving space back, schema changes.
#include <semaphore>
#include <utility>

#include "store/sqlite/file.h"
#include "store/sqlite/writer.h"

namespace tenon {
namespace {

// Frames (pages of 4 KiB) in the log from which the checkpointer starts to copy: 4 MiB.
constexpr int kCopyFrames = 1000;
// From which the writer ends the copying itself, so that the log can begin anew. By then the
// checkpointer has copied nearly all, and the writer stops for a few milliseconds only.
constexpr int kRestartFrames = 4000;
constexpr int kRestartRestMax = 1000;
// From which it does so whatever is left: recovery after a crash reads the whole log.
constexpr int kRestartAlways = 12000;
// Free pages that are worth giving back, and how many go in one step.
constexpr std::int64_t kFreePagesKept = 256;
constexpr int kFreePagesStep = 512;
constexpr int kFreeStepsMax = 64;
// A log file longer than this is cut when there is nothing else to do.
constexpr int kIdleLogFrames = 16;

}  // namespace

int Writer::OnWal(void* self, sqlite3* /*db*/, const char* /*name*/, int frames) {
  static_cast<Writer*>(self)->frames_ = frames;
  return SQLITE_OK;
}

void Writer::TendLog() {
  if (frames_ < kCopyFrames) {
    next_inline_checkpoint_ = kRestartFrames;
    return;
  }
  const int rest = frames_ - checkpointer_->copied();
  if (frames_ >= next_inline_checkpoint_ && !checkpointer_->busy() &&
      (rest < kRestartRestMax || frames_ >= kRestartAlways)) {
    sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                              nullptr);
    checkpointer_->Forget();
    // A reader on an old snapshot may keep some frames from being copied; the next try then waits
    // until the log has grown, rather than to come with every commit.
    next_inline_checkpoint_ = frames_ + kCopyFrames;
  } else if (rest >= kCopyFrames / 2) {
    checkpointer_->Ask();
  }
}

bool Writer::Idle() const {
  return queue_.Waiting(Lane::kInteractive) + queue_.Waiting(Lane::kBulk) == 0 && !queue_.closed();
}

bool Writer::Housekeep() {
  if (!TryAfterFault()) return true;
  for (int step = 0; step < kFreeStepsMax && Idle(); ++step) {
    if (!GiveBackSpace()) break;
    TendLog();
  }
  if (!Idle()) return true;
  if (frames_ < kIdleLogFrames) return false;
  // Readers keep the log from being cut; then the frames are at least copied, and the next idle
  // moment tries again.
  sqlite3_busy_timeout(connection_->handle(), 0);
  const int rc = sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr,
                                           SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(connection_->handle(), static_cast<int>(ConnectionOptions{}.busy.count()));
  if (rc != SQLITE_OK) return rc == SQLITE_BUSY;
  frames_ = 0;
  checkpointer_->Forget();
  return GiveBackSpace();
}

// Writes a page that says what it said before, so that a fault that has passed is not reported
// until somebody happens to write. False: it goes on.
bool Writer::TryAfterFault() {
  {
    const std::lock_guard lock(fault_mutex_);
    if (fault_.empty()) return true;
  }
  if (!connection_->Run("PRAGMA user_version = " + std::to_string(kFormatVersion))) return false;
  SetFault({});
  return true;
}

bool Writer::GiveBackSpace() {
  const Result<std::int64_t> free_pages = connection_->QueryInt("PRAGMA freelist_count");
  if (!free_pages || *free_pages <= kFreePagesKept) return false;
  // One step is one short transaction, so that a job that comes now does not wait long.
  return connection_->Run("PRAGMA incremental_vacuum(" + std::to_string(kFreePagesStep) + ")")
      .has_value();
}

Result<void> Writer::ChangeSchema(const std::function<Result<void>(SchemaTransaction&)>& work) {
  // Shared, because release() may still touch the semaphore after the waiter has gone on.
  struct Answer {
    std::binary_semaphore ready{0};
    Result<void> result;
  };
  auto answer = std::make_shared<Answer>();
  {
    const std::lock_guard lock(schema_mutex_);
    if (schema_closed_) return Fail(Code::kUnavailable, "the store is closing");
    schema_jobs_.push_back({&work, [answer](Result<void> outcome) {
                              answer->result = std::move(outcome);
                              answer->ready.release();
                            }});
  }
  queue_.Wake();
  answer->ready.acquire();
  return std::move(answer->result);
}

void Writer::RunSchemaChange() {
  std::vector<SchemaJob> jobs;
  {
    const std::lock_guard lock(schema_mutex_);
    jobs.swap(schema_jobs_);
  }
  for (SchemaJob& job : jobs) job.done(SchemaChange(*job.work));
}

// SQLite changes most of a table by building it anew (sqlite.org/lang_altertable.html, section 7).
// That needs references not enforced, which can only be set outside a transaction, and renames that
// leave the text of other tables alone.
Result<void> Writer::SchemaChange(const std::function<Result<void>(SchemaTransaction&)>& work) {
  TRY(connection_->Run("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON;"));
  const auto change = [&]() -> Result<void> {
    TRY(connection_->Run("BEGIN IMMEDIATE"));
    SqliteTransaction transaction(*connection_);
    TRY(work(transaction));
    return connection_->Run("COMMIT");
  };
  Result<void> changed = change();
  if (changed) {
    AfterCommit();
  } else if (connection_->InTransaction()) {
    static_cast<void>(connection_->Run("ROLLBACK"));
  }
  TRY(connection_->Run("PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON;"));
  return changed;
}

}  // namespace tenon

#include "store/sqlite/sqlite_store.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/limits.h"
#include "store/sqlite/error.h"
#include "store/sqlite/transaction.h"

namespace tenon {
namespace {

using std::chrono::steady_clock;

// Statements that a reader keeps: point reads and the lists in use, at 5 to 20 KiB each.
constexpr std::size_t kReaderStatements = 48;
// The writer's: insert, update, load and log of every entity of the models in use.
constexpr std::size_t kWriterStatements = 512;
// A savepoint's pages stay in memory up to this; on disk they would halve the writer (measured).
constexpr int kStatementJournalBytes = 16 << 20;

// Settings of the library as a whole, which it takes only before its first use.
void ConfigureLibrary() {
  static std::once_flag once;
  std::call_once(once, []() {
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, kStatementJournalBytes);
    // Keeps SQLite from a global lock around each allocation.
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  });
}

// Of a new file; the header says whose it is before it can hold anything. auto_vacuum must come
// before the first table.
Result<void> MakeFile(Connection& connection) {
  TRY(connection.Run("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;"));
  TRY(connection.Run("BEGIN IMMEDIATE; PRAGMA application_id = " + std::to_string(kApplicationId) +
                     "; PRAGMA user_version = " + std::to_string(kFormatVersion) + "; COMMIT;"));
  return connection.Run("PRAGMA journal_mode = WAL");
}

// A look at the schema finds most damage before anything is written.
Result<void> LookAtFile(Connection& connection) {
  TRY(connection.QueryInt("SELECT count(*) FROM sqlite_schema"));
  TRY(connection.Run("PRAGMA journal_mode = WAL"));
  if (TRY(connection.QueryInt("PRAGMA application_id")) != kApplicationId) {
    return Fail(Code::kUnavailable, "is a SQLite file of another program");
  }
  return {};
}

}  // namespace

SqliteStore::SqliteStore(SqliteOptions options)
    : options_(std::move(options)), path_(options_.directory + "/tenon.db") {}

SqliteStore::~SqliteStore() { Close(); }

ConnectionOptions SqliteStore::ReaderOptions() const {
  return {.read_only = true,
          .cache_kib = options_.reader_cache_kib,
          .statements_max = kReaderStatements,
          .vfs = options_.vfs,
          .busy = options_.busy};
}

ConnectionOptions SqliteStore::WriterConnectionOptions() const {
  return {.read_only = false,
          .cache_kib = options_.writer_cache_kib,
          .statements_max = kWriterStatements,
          .vfs = options_.vfs,
          .busy = options_.busy};
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(SqliteOptions options) {
  ConfigureLibrary();
  std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(options)));
  TRY(store->Start());
  return store;
}

Result<void> SqliteStore::Start() {
  lock_ = TRY(DirectoryLock::Take(options_.directory, options_.create));
  const FileState state = TRY(InspectFile(path_));
  if (state == FileState::kMissing && !options_.create) {
    return Fail(Code::kUnavailable, path_ + ": there is no data file here");
  }
  if (state == FileState::kMissing) TRY(MakePrivateFile(path_));
  std::unique_ptr<Connection> connection = TRY(Connection::Open(path_, WriterConnectionOptions()));
  Result<void> ready =
      state == FileState::kMissing ? MakeFile(*connection) : LookAtFile(*connection);
  if (!ready) {
    // Closing must not copy the log into a file that is refused.
    sqlite3_db_config(connection->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return Fail(std::move(ready).error().In(path_));
  }
  ConnectionOptions small = WriterConnectionOptions();
  small.cache_kib = 256;
  std::unique_ptr<Connection> checkpoints = TRY(Connection::Open(path_, small));
  WriterOptions writer_options;
  writer_options.queue = options_.queue;
  writer_options.idle_delay = options_.idle_delay;
  writer_options.around_answers = options_.around_answers;
  writer_options.reopen = [this]() { return Connection::Open(path_, WriterConnectionOptions()); };
  readers_ = std::make_unique<ReadPool>(
      [this]() { return Connection::Open(path_, ReaderOptions()); }, options_.readers_max);
  // One reader from the start, so that reads go on when no file can be opened later.
  TRY(readers_->Borrow(steady_clock::now() + std::chrono::seconds(5)));
  writer_ = std::make_unique<Writer>(std::move(connection), std::move(checkpoints),
                                     std::move(writer_options));
  return {};
}

Result<void> SqliteStore::Read(const Scope& scope,
                               const std::function<Result<void>(Reader&)>& work) {
  const auto now = steady_clock::now();
  const auto deadline = now + (scope.long_snapshot ? scope.deadline
                                                   : std::min<std::chrono::milliseconds>(
                                                         scope.deadline, limits::kSnapshotMax));
  ReadPool::Loan connection = TRY(readers_->Borrow(deadline));
  connection->SetDeadline(deadline);
  if (const int rc = connection->Step("BEGIN"); rc != SQLITE_OK) {
    return Fail(SqliteError(connection->handle(), rc, "BEGIN"));
  }
  Result<void> result;
  {
    SqliteTransaction transaction(*connection);
    result = work(transaction);
  }
  // No look at the clock while the snapshot is given up.
  connection->SetDeadline(steady_clock::time_point::max());
  if (connection->InTransaction()) connection->Step("COMMIT");
  return result;
}

StoreStats SqliteStore::Stats() {
  StoreStats stats;
  writer_->AddStats(stats);
  stats.database_bytes = FileBytes(path_);
  stats.wal_bytes = FileBytes(path_ + "-wal");
  return stats;
}

void SqliteStore::Close() {
  // Readers first: the log can be cut only when none of them uses it.
  if (readers_ != nullptr) readers_->Close();
  if (writer_ != nullptr) writer_->Close();
  lock_.reset();
}

}  // namespace tenon

// The embedded store: one SQLite file, DIR/tenon.db, in WAL mode with full fsync.
//
// One thread writes, in groups (writer.h); reads run on the caller's thread, each on a snapshot of
// a read-only connection (read_pool.h); a third thread copies the log back (checkpointer.h). The
// file stays readable and writable by the sqlite3 shell: README.md lists what a DBA should know.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/sqlite/file.h"
#include "store/sqlite/read_pool.h"
#include "store/sqlite/writer.h"
#include "store/store.h"

namespace tenon {

struct SqliteOptions {
  std::string directory;
  bool create = true;  // false: the data file must be there
  int writer_cache_kib = 8192;
  int reader_cache_kib = 2048;  // of each
  std::size_t readers_max = 8;
  std::chrono::milliseconds busy{2000};  // how long to wait for a DBA's sqlite3 shell
  WriteQueueLimits queue;
  std::chrono::milliseconds idle_delay{250};
  // Is handed what answers the jobs of a group, on the writer's thread, and must call it once:
  // whoever delivers the answers can then do it together. Empty: it is just called.
  std::function<void(const std::function<void()>& answer)> around_answers = {};
  std::string vfs;  // tests put a failing file system underneath
};

class SqliteStore final : public Store {
 public:
  // kUnavailable, with what to do, when the directory is in use or cannot be used, and when the
  // data file is damaged, another program's, or from a newer binary; it is then left untouched.
  static Result<std::unique_ptr<SqliteStore>> Open(SqliteOptions options);
  ~SqliteStore() override;

  [[nodiscard]] Dialect dialect() const override { return Dialect::kSqlite; }
  Result<void> Read(const Scope& scope, const std::function<Result<void>(Reader&)>& work) override;
  void Submit(WriteJob job) override { writer_->Submit(std::move(job)); }
  Result<void> ChangeSchema(const std::function<Result<void>(SchemaTransaction&)>& work) override {
    return writer_->ChangeSchema(work);
  }
  void SetObserver(WriteObserver* observer) override { writer_->SetObserver(observer); }
  [[nodiscard]] StoreStats Stats() override;
  void Close() override;

  // Copies the database as it is now into the file `path`, while others read and write. The file
  // appears under its name only when it is whole and on the disk. `progress` gets pages done and
  // pages in all; false stops with kUnavailable. kConflict when `path` exists.
  using Progress = std::function<bool(std::int64_t done, std::int64_t total)>;
  Result<void> Backup(const std::string& path, const Progress& progress);

  // What SQLite's own check and the check of references find wrong; empty: nothing. Reads the whole
  // file.
  Result<std::vector<std::string>> CheckIntegrity();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit SqliteStore(SqliteOptions options);
  Result<void> Start();
  [[nodiscard]] ConnectionOptions ReaderOptions() const;
  [[nodiscard]] ConnectionOptions WriterConnectionOptions() const;

  // Constant after construction.
  const SqliteOptions options_;
  const std::string path_;

  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<ReadPool> readers_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace tenon

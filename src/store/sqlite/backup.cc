// Backup while serving, and the integrity check.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "store/sqlite/backup.h"
#include "store/sqlite/error.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/transaction.h"

namespace tenon {
namespace {

constexpr int kPagesPerStep = 1024;
constexpr int kProblemsMax = 50;

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};

// Flushes a file, or a directory's entries, to the disk.
Result<void> SyncPath(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  const int reason = errno;
  if (fd >= 0) close(fd);
  if (synced) return {};
  return Fail(Code::kUnavailable, fmt::format("{}: {}", path, std::strerror(reason)));
}

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Copies page by page. The source holds one snapshot all along, so what is written meanwhile does
// not start the copy anew.
Result<void> CopyPages(Connection& source, const std::string& path,
                       const BackupProgress& progress) {
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> target(raw);
  if (opened != SQLITE_OK) return Fail(SqliteError(raw, opened, "open").In(path));
  sqlite3_backup* backup = sqlite3_backup_init(raw, "main", source.handle(), "main");
  if (backup == nullptr) return Fail(SqliteError(raw, sqlite3_errcode(raw), "backup").In(path));
  int rc = SQLITE_OK;
  bool stopped = false;
  while (rc == SQLITE_OK && !stopped) {
    rc = sqlite3_backup_step(backup, kPagesPerStep);
    const std::int64_t total = sqlite3_backup_pagecount(backup);
    if (progress && !progress(total - sqlite3_backup_remaining(backup), total)) {
      stopped = rc != SQLITE_DONE;
    }
  }
  sqlite3_backup_finish(backup);
  // A file that needs no files beside it to be read, also from where nothing can be written.
  if (rc == SQLITE_DONE)
    sqlite3_exec(raw, "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
  if (stopped) return Fail(Code::kUnavailable, "the backup was stopped");
  if (rc != SQLITE_DONE) return Fail(SqliteError(raw, rc, "backup").In(path));
  return {};
}

}  // namespace

Result<void> BackupFile(const std::string& data_file, const ConnectionOptions& options,
                        const std::string& path, const BackupProgress& progress) {
  if (access(path.c_str(), F_OK) == 0) {
    return Fail(Code::kConflict, path + " exists already");
  }
  const std::string part = path + ".part";
  std::remove(part.c_str());
  // A connection of its own: the copy may take longer than a read may.
  std::unique_ptr<Connection> source = TRY(Connection::Open(data_file, options));
  TRY(source->Run("BEGIN"));
  TRY(source->QueryInt("SELECT count(*) FROM sqlite_schema"));
  Result<void> copied = CopyPages(*source, part, progress);
  source.reset();
  if (copied) copied = SyncPath(part);
  if (copied && std::rename(part.c_str(), path.c_str()) != 0) {
    copied = Fail(Code::kUnavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  if (!copied) {
    std::remove(part.c_str());
    return copied;
  }
  return SyncPath(DirectoryOf(path));
}

Result<void> SqliteStore::Backup(const std::string& path, const Progress& progress) {
  return BackupFile(path_, ReaderOptions(), path, progress);
}

Result<std::vector<std::string>> CheckFile(const std::string& data_file,
                                           const ConnectionOptions& options) {
  std::unique_ptr<Connection> connection = TRY(Connection::Open(data_file, options));
  SqliteTransaction reader(*connection);
  std::vector<std::string> problems;
  TRY(reader.Query(fmt::format("PRAGMA integrity_check({})", kProblemsMax), {},
                   [&](const Row& row) -> Result<bool> {
                     if (row.Text(0) != "ok") problems.emplace_back(row.Text(0));
                     return true;
                   }));
  TRY(reader.Query("PRAGMA foreign_key_check", {}, [&](const Row& row) -> Result<bool> {
    problems.push_back(fmt::format("row {} of {} refers to a row of {} that is not there",
                                   row.Int(1), row.Text(0), row.Text(2)));
    return problems.size() < kProblemsMax;
  }));
  return problems;
}

Result<std::vector<std::string>> SqliteStore::CheckIntegrity() {
  return CheckFile(path_, ReaderOptions());
}

}  // namespace tenon

#include "store/sqlite/connection.h"

#include <fmt/format.h>

#include <utility>

#include "record/sqlite_functions.h"
#include "store/sqlite/error.h"

namespace tenon {
namespace {

// Instructions of SQLite's machine between two looks at the clock: about 50 microseconds.
constexpr int kProgressInstructions = 4000;

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      handle_(std::exchange(other.handle_, nullptr)),
      busy_(other.busy_) {}

Statement::~Statement() {
  if (handle_ == nullptr) return;
  if (busy_ != nullptr) {
    sqlite3_reset(handle_);
    *busy_ = false;
  } else {
    sqlite3_finalize(handle_);
  }
  if (--connection_->nesting_ == 0) connection_->slots_.Reset();
}

Result<void> Statement::Bind(std::span<const Value> parameters) {
  const int wanted = sqlite3_bind_parameter_count(handle_);
  if (static_cast<std::size_t>(wanted) != parameters.size()) {
    return Fail(Code::kInternal, fmt::format("{} parameters for a statement with {}: {}",
                                             parameters.size(), wanted, sqlite3_sql(handle_)));
  }
  for (int i = 0; i < wanted; ++i) {
    const Value& value = parameters[static_cast<std::size_t>(i)];
    const int rc = BindValue(handle_, i + 1, value, connection_->slots_);
    if (rc != SQLITE_OK) {
      return Fail(SqliteError(connection_->db_, rc, sqlite3_sql(handle_)));
    }
  }
  return {};
}

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& path,
                                                     const ConnectionOptions& options) {
  // NOMUTEX: every connection is used by one thread at a time, which we see to ourselves.
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
      (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* db = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &db, flags,
                                 options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (db == nullptr) return Fail(Code::kUnavailable, "out of memory");
  std::unique_ptr<Connection> connection(new Connection(db, options.statements_max));
  if (rc != SQLITE_OK) return Fail(SqliteError(db, rc, "open").In(path));
  TRY(connection->Configure(options));
  return connection;
}

Result<void> Connection::Configure(const ConnectionOptions& options) {
  sqlite3_busy_timeout(db_, static_cast<int>(options.busy.count()));
  sqlite3_progress_handler(db_, kProgressInstructions, &Connection::OnProgress, this);
  // Checkpoints are made by the writer and the checkpointer, at times of their own choosing.
  sqlite3_wal_autocheckpoint(db_, 0);
  TRY(RegisterSqlFunctions(db_));
  return Run(
      fmt::format("PRAGMA cache_size = -{}; PRAGMA temp_store = MEMORY;"
                  "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = OFF;"
                  // Overwrites deleted content where that costs no further writes.
                  "PRAGMA secure_delete = FAST;"
                  "PRAGMA synchronous = FULL; PRAGMA query_only = {};",
                  options.cache_kib, options.read_only ? 1 : 0));
}

Connection::~Connection() {
  for (Entry& entry : entries_) sqlite3_finalize(entry.handle);
  sqlite3_close(db_);
}

int Connection::OnProgress(void* self) {
  const auto* connection = static_cast<const Connection*>(self);
  return std::chrono::steady_clock::now() >= connection->deadline_ ? 1 : 0;
}

Result<Statement> Connection::Prepare(std::string_view sql) {
  const auto found = by_sql_.find(sql);
  if (found != by_sql_.end() && !found->second->busy) {
    entries_.splice(entries_.begin(), entries_, found->second);
    Entry& entry = *found->second;
    entry.busy = true;
    ++nesting_;
    return Statement(*this, entry.handle, &entry.busy);
  }
  // The same text may run inside its own loop; the inner one is then not kept.
  const bool keep = found == by_sql_.end();
  sqlite3_stmt* handle = nullptr;
  const int rc = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                    keep ? SQLITE_PREPARE_PERSISTENT : 0, &handle, nullptr);
  if (rc != SQLITE_OK) return Fail(SqliteError(db_, rc, sql));
  if (handle == nullptr) return Fail(Code::kInternal, "an empty statement");
  ++nesting_;
  if (!keep) return Statement(*this, handle, nullptr);
  if (entries_.size() >= statements_max_) DropLeastUsed();
  entries_.push_front(Entry{std::string(sql), handle, true});
  by_sql_.emplace(entries_.front().sql, entries_.begin());
  return Statement(*this, handle, &entries_.front().busy);
}

void Connection::DropLeastUsed() {
  for (auto entry = entries_.end(); entry != entries_.begin();) {
    --entry;
    if (entry->busy) continue;
    sqlite3_finalize(entry->handle);
    by_sql_.erase(entry->sql);
    entries_.erase(entry);
    return;
  }
}

Result<void> Connection::Run(std::string_view sql) {
  while (!sql.empty()) {
    sqlite3_stmt* handle = nullptr;
    const char* tail = nullptr;
    int rc = sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &handle, &tail);
    if (rc == SQLITE_OK && handle != nullptr) {
      do {
        rc = sqlite3_step(handle);
      } while (rc == SQLITE_ROW);
      if (rc == SQLITE_DONE) rc = SQLITE_OK;
    }
    // The error is described before finalize, which may clear it.
    if (rc != SQLITE_OK) {
      Error error = SqliteError(db_, rc, sql);
      sqlite3_finalize(handle);
      return Fail(std::move(error));
    }
    sqlite3_finalize(handle);
    sql.remove_prefix(static_cast<std::size_t>(tail - sql.data()));
  }
  return {};
}

int Connection::Step(std::string_view sql) {
  const Result<Statement> statement = Prepare(sql);
  if (!statement) return sqlite3_extended_errcode(db_);
  const int rc = sqlite3_step(statement->handle());
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

Result<std::int64_t> Connection::QueryInt(std::string_view sql) {
  Statement statement = TRY(Prepare(sql));
  const int rc = statement.Step();
  if (rc == SQLITE_ROW) return sqlite3_column_int64(statement.handle(), 0);
  if (rc == SQLITE_DONE) return 0;
  return Fail(SqliteError(db_, rc, sql));
}

}  // namespace tenon

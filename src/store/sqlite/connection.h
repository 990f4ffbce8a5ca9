// One SQLite connection: its settings, and its prepared statements kept by their text.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/value.h"
#include "store/sqlite/binding.h"

namespace tenon {

struct ConnectionOptions {
  bool read_only = false;
  int cache_kib = 2048;                  // page cache; grows only as pages are used
  std::size_t statements_max = 64;       // prepared statements kept; the least used goes first
  std::string vfs;                       // empty: the system's; tests put a failing one underneath
  std::chrono::milliseconds busy{2000};  // how long to wait for a DBA's sqlite3 shell
};

class Connection;

// A prepared statement while it is in use. Gives it back, reset, when it goes.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  // Binds all parameters. What they point to must outlive the steps. kInternal when the count is
  // not that of the statement.
  Result<void> Bind(std::span<const Value> parameters);
  int Step() { return sqlite3_step(handle_); }
  [[nodiscard]] sqlite3_stmt* handle() const { return handle_; }

 private:
  friend class Connection;
  Statement(Connection& connection, sqlite3_stmt* handle, bool* busy)
      : connection_(&connection), handle_(handle), busy_(busy) {}
  Connection* connection_;
  sqlite3_stmt* handle_;
  bool* busy_;  // of the cache entry; null: not cached, finalised at the end
};

// Not thread-safe: one thread at a time.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> Open(const std::string& path,
                                                  const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The statement of this text, prepared once.
  Result<Statement> Prepare(std::string_view sql);

  // Runs one statement or several that need no parameters and answer nothing.
  Result<void> Run(std::string_view sql);

  // Runs one statement that answers nothing, prepared once. SQLITE_OK, or SQLite's code.
  int Step(std::string_view sql);

  // The first column of the first row, as an integer; 0 when there is no row.
  Result<std::int64_t> QueryInt(std::string_view sql);

  // Queries fail with kDeadline from then on. time_point::max(): never.
  void SetDeadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const { return deadline_; }

  [[nodiscard]] sqlite3* handle() const { return db_; }
  [[nodiscard]] bool InTransaction() const { return sqlite3_get_autocommit(db_) == 0; }

 private:
  friend class Statement;
  struct Entry {
    std::string sql;
    sqlite3_stmt* handle = nullptr;
    bool busy = false;
  };
  explicit Connection(sqlite3* db, std::size_t statements_max)
      : db_(db), statements_max_(statements_max) {}
  Result<void> Configure(const ConnectionOptions& options);
  void DropLeastUsed();
  static int OnProgress(void* self);

  sqlite3* db_;
  std::size_t statements_max_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::list<Entry> entries_;  // most recently used first; keys below point into it
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_sql_;
  TextSlots slots_;
  int nesting_ = 0;  // statements in use; at zero the slots are free again
};

}  // namespace tenon

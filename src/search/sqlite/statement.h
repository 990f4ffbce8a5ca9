// A statement of the index's file with its parameters bound one by one: blobs and 64-bit numbers,
// without Values between.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/error.h"

namespace tenon::search {

// Not thread-safe. Bound text must outlive the steps.
class Bound {
 public:
  static Result<Bound> Prepare(Connection& connection, std::string_view sql) {
    return Bound(connection, TRY(connection.Prepare(sql)));
  }

  Bound& Int(std::int64_t value) {
    Note(sqlite3_bind_int64(handle(), ++bound_, value));
    return *this;
  }
  Bound& Text(std::string_view value) {
    Note(sqlite3_bind_text64(handle(), ++bound_, value.data() == nullptr ? "" : value.data(),
                             value.size(), SQLITE_STATIC, SQLITE_UTF8));
    return *this;
  }
  Bound& Blob(std::string_view value) {
    Note(sqlite3_bind_blob64(handle(), ++bound_, value.data() == nullptr ? "" : value.data(),
                             value.size(), SQLITE_STATIC));
    return *this;
  }

  // True: a row; false: the end.
  Result<bool> Step() {
    const int rc = failed_ != SQLITE_OK ? failed_ : sqlite3_step(handle());
    if (rc == SQLITE_ROW) return true;
    if (rc == SQLITE_DONE) return false;
    return Fail(SqliteError(connection_->handle(), rc, sqlite3_sql(handle())));
  }
  // For statements without rows. May be bound and run again.
  Result<void> Run() {
    TRY(Step());
    Again();
    return {};
  }
  void Again() {
    sqlite3_reset(handle());
    bound_ = 0;
  }

  [[nodiscard]] std::int64_t Number(int column) { return sqlite3_column_int64(handle(), column); }
  // Valid until the next step.
  [[nodiscard]] std::string_view Bytes(int column) {
    const void* data = sqlite3_column_blob(handle(), column);
    const int size = sqlite3_column_bytes(handle(), column);
    return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
  }

 private:
  Bound(Connection& connection, Statement statement)
      : connection_(&connection), statement_(std::move(statement)) {}
  [[nodiscard]] sqlite3_stmt* handle() const { return statement_.handle(); }
  void Note(int rc) {
    if (rc != SQLITE_OK && failed_ == SQLITE_OK) failed_ = rc;
  }

  Connection* connection_;
  Statement statement_;
  int bound_ = 0;
  int failed_ = SQLITE_OK;
};

// Statements that somebody runs again and again: found by where their text stands, so that it need
// not be hashed and compared each time. Must not outlive the connection. Not thread-safe.
class KeptStatements {
 public:
  explicit KeptStatements(Connection& connection) : connection_(connection) {}

  // A statement while it is used; ready to be bound again after that.
  class Use {
   public:
    explicit Use(Bound& bound) : bound_(&bound) {}
    Use(Use&& other) noexcept : bound_(std::exchange(other.bound_, nullptr)) {}
    Use& operator=(Use&&) = delete;
    ~Use() {
      if (bound_ != nullptr) bound_->Again();
    }
    Bound* operator->() const { return bound_; }

   private:
    Bound* bound_;
  };
  // `sql` is a literal. Not while the same one is in use.
  Result<Use> Get(const char* sql) {
    for (auto& [text, bound] : kept_) {
      if (text == sql) return Use(*bound);
    }
    kept_.emplace_back(sql, std::make_unique<Bound>(TRY(Bound::Prepare(connection_, sql))));
    return Use(*kept_.back().second);
  }

 private:
  Connection& connection_;
  std::vector<std::pair<const char*, std::unique_ptr<Bound>>> kept_;
};

}  // namespace tenon::search

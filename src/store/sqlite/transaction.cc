#include "store/sqlite/transaction.h"

#include <utility>

#include "store/sqlite/binding.h"
#include "store/sqlite/error.h"

namespace tenon {
namespace {

// Rows between two looks at the clock while the caller's code runs; SQLite's own progress handler
// watches the time inside SQLite.
constexpr int kRowsPerLook = 32;

}  // namespace

Error SqliteTransaction::Failed(int rc, std::string_view sql) {
  Error error = SqliteError(connection_->handle(), rc, sql);
  if (IsGroupFatal(rc) && !fatal_) fatal_ = error;
  return error;
}

Result<void> SqliteTransaction::Query(std::string_view sql, std::span<const Value> parameters,
                                      const Each& each) {
  Statement statement = TRY(connection_->Prepare(sql));
  TRY(statement.Bind(parameters));
  const SqliteRow row(statement.handle());
  for (int rows = 1;; ++rows) {
    const int rc = statement.Step();
    if (rc == SQLITE_DONE) return {};
    if (rc != SQLITE_ROW) return Fail(Failed(rc, sql));
    if (!TRY(each(row))) return {};
    if (rows % kRowsPerLook == 0 && std::chrono::steady_clock::now() >= connection_->deadline()) {
      return Fail(Code::kDeadline, "the query did not end in its time");
    }
  }
}

Result<std::int64_t> SqliteTransaction::Execute(std::string_view sql,
                                                std::span<const Value> parameters) {
  Statement statement = TRY(connection_->Prepare(sql));
  TRY(statement.Bind(parameters));
  int rc = SQLITE_ROW;
  while (rc == SQLITE_ROW) rc = statement.Step();
  if (rc != SQLITE_DONE) return Fail(Failed(rc, sql));
  // sqlite3_changes64 keeps the count of an earlier statement when this one changes no rows.
  if (sqlite3_stmt_readonly(statement.handle())) return 0;
  return sqlite3_changes64(connection_->handle());
}

Result<void> SqliteTransaction::RunScript(std::string_view statements) {
  return connection_->Run(statements);
}

}  // namespace tenon

#include "store/sqlite/error.h"

#include <fmt/format.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/text.h"
#include "store/written_table.h"

namespace tenon {
namespace {

constexpr std::size_t kSqlShownMax = 300;

struct Broken {
  std::string_view kind;  // unique, reference, check
  std::string table;
  std::vector<std::string> columns;
  std::string name;  // of the index or check, when SQLite tells it
};

std::string_view After(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string_view();
}

// "t.a, t.b" into the table and its columns.
void ParseColumns(std::string_view list, Broken& out) {
  while (!list.empty()) {
    const std::size_t comma = list.find(", ");
    const std::string_view item = list.substr(0, comma);
    const std::size_t dot = item.rfind('.');
    if (dot != std::string_view::npos) {
      out.table = item.substr(0, dot);
      out.columns.emplace_back(item.substr(dot + 1));
    }
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 2);
  }
}

// Runs a small query with one text parameter and hands over each row. Used only while an error is
// being described, so it is neither cached nor able to fail in turn.
template <typename Each>
void Look(sqlite3* db, const char* sql, std::string_view parameter, Each each) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) return;
  sqlite3_bind_text(statement, 1, parameter.data(), static_cast<int>(parameter.size()),
                    SQLITE_TRANSIENT);
  while (sqlite3_step(statement) == SQLITE_ROW) each(statement);
  sqlite3_finalize(statement);
}

std::string ColumnText(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text == nullptr ? std::string() : std::string(text);
}

void DescribeIndex(sqlite3* db, std::string_view name, Broken& out) {
  out.name = name;
  Look(db, "SELECT tbl_name FROM sqlite_schema WHERE type = 'index' AND name = ?1", name,
       [&](sqlite3_stmt* row) { out.table = ColumnText(row, 0); });
  Look(db, "SELECT name FROM pragma_index_info(?1) WHERE name IS NOT NULL", name,
       [&](sqlite3_stmt* row) { out.columns.push_back(ColumnText(row, 0)); });
}

// SQLite does not say which foreign key failed. A statement that deletes broke one that points
// here; of one that inserts or updates, the columns of the table's references are the candidates.
void DescribeReference(sqlite3* db, std::string_view sql, Broken& out) {
  out.table = WrittenTable(sql);
  const char first = sql.empty() ? ' ' : sql.front();
  if (out.table.empty() || first == 'D' || first == 'd') return;
  Look(db, "SELECT DISTINCT \"from\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq", out.table,
       [&](sqlite3_stmt* row) { out.columns.push_back(ColumnText(row, 0)); });
}

// Checks of ours are named ck_TABLE_COLUMN, or ck_TABLE_check_N when they span columns.
void DescribeCheck(std::string_view name, std::string_view sql, Broken& out) {
  out.name = name;
  out.table = WrittenTable(sql);
  const std::string prefix = "ck_" + out.table + "_";
  const std::string_view column = After(name, prefix);
  if (!column.empty() && !column.starts_with("check_")) out.columns.emplace_back(column);
}

Broken Describe(sqlite3* db, int rc, std::string_view message, std::string_view sql) {
  Broken out{"check", {}, {}, {}};
  if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
      rc == SQLITE_CONSTRAINT_ROWID) {
    out.kind = "unique";
    const std::string_view what = After(message, "UNIQUE constraint failed: ");
    if (const std::string_view index = After(what, "index '"); !index.empty()) {
      DescribeIndex(db, index.substr(0, index.size() - 1), out);
    } else {
      ParseColumns(what, out);
    }
  } else if (rc == SQLITE_CONSTRAINT_FOREIGNKEY) {
    out.kind = "reference";
    DescribeReference(db, sql, out);
  } else if (rc == SQLITE_CONSTRAINT_CHECK) {
    DescribeCheck(After(message, "CHECK constraint failed: "), sql, out);
  } else if (rc == SQLITE_CONSTRAINT_NOTNULL) {
    ParseColumns(After(message, "NOT NULL constraint failed: "), out);
  } else if (rc == SQLITE_CONSTRAINT_TRIGGER) {
    // RAISE in the triggers of named enums says "enum: table.column".
    ParseColumns(After(message, "enum: "), out);
  } else if (rc == SQLITE_CONSTRAINT_DATATYPE) {
    // "cannot store TEXT value in INTEGER column t.c"
    const std::size_t at = message.rfind(' ');
    if (at != std::string_view::npos) ParseColumns(message.substr(at + 1), out);
  }
  if (out.table.empty()) out.table = WrittenTable(sql);
  return out;
}

Error ConstraintError(sqlite3* db, int rc, std::string_view sql) {
  const std::string message = sqlite3_errmsg(db);
  const Broken broken = Describe(db, rc, message, sql);
  Error error(Code::kConflict, message);
  boost::json::array columns;
  for (const std::string& column : broken.columns) columns.emplace_back(column);
  error.details["constraint"] = broken.kind;
  error.details["table"] = broken.table;
  error.details["columns"] = std::move(columns);
  if (!broken.name.empty()) error.details["name"] = broken.name;
  return error;
}

std::string WithSystemReason(sqlite3* db, std::string message) {
  const int reason = sqlite3_system_errno(db);
  if (reason != 0) message += fmt::format(": {}", std::strerror(reason));
  return message;
}

}  // namespace

Error SqliteError(sqlite3* db, int rc, std::string_view sql) {
  switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
      return ConstraintError(db, sqlite3_extended_errcode(db), sql);
    case SQLITE_FULL:
      return Error(Code::kUnavailable, std::string(kDiskFull));
    case SQLITE_IOERR:
      // SQLite tells ENOSPC only; a quota and a file size limit fail the write in other ways.
      if (rc == SQLITE_IOERR_WRITE) return Error(Code::kUnavailable, std::string(kCannotWrite));
      return Error(Code::kUnavailable, WithSystemReason(db, "disk I/O error"));
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Error(Code::kUnavailable, WithSystemReason(db, sqlite3_errmsg(db)));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error(Code::kUnavailable,
                   "the data file is damaged; stop the server, keep a copy of the file, and put "
                   "the last backup in its place with `tenon restore`");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(Code::kUnavailable, "the data file is locked by another program");
    case SQLITE_NOMEM:
      return Error(Code::kUnavailable, "out of memory");
    case SQLITE_INTERRUPT:
      return Error(Code::kDeadline, "the query did not end in its time");
    case SQLITE_TOOBIG:
      return Error(Code::kTooLarge, "a value is too large for the store");
    default:
      return Error(Code::kInternal,
                   fmt::format("{} in: {}", sqlite3_errmsg(db), Ellipsis(sql, kSqlShownMax)));
  }
}

bool IsGroupFatal(int rc) {
  switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_NOMEM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return true;
    default:
      return false;
  }
}

}  // namespace tenon

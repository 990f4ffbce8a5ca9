#include "raw_sqlite.h"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "record/sqlite_functions.h"

namespace tenon::bench {
namespace {

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  void operator()(sqlite3_value* value) const { sqlite3_value_free(value); }
};
using Db = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;
using Cell = std::unique_ptr<sqlite3_value, Close>;
using Rows = std::vector<std::vector<Cell>>;

Result<Db> Open(const std::string& path, int flags) {
  sqlite3* db = nullptr;
  if (sqlite3_open_v2(path.c_str(), &db, flags, nullptr) != SQLITE_OK) {
    Db broken(db);
    return Fail(Code::kUnavailable, "cannot open " + path);
  }
  Db opened(db);
  TRY(RegisterSqlFunctions(db));
  return opened;
}

Result<void> Run(sqlite3* db, const std::string& sql) {
  char* message = nullptr;
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message) == SQLITE_OK) return {};
  const std::string text = message == nullptr ? "" : message;
  sqlite3_free(message);
  return Fail(Code::kInternal, text + ": " + sql.substr(0, 200));
}

Result<Statement> Prepare(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    return Fail(Code::kInternal, std::string(sqlite3_errmsg(db)) + ": " + sql.substr(0, 200));
  }
  return Statement(statement);
}

Result<Rows> ReadAll(sqlite3* db, const std::string& sql) {
  const Statement statement = TRY(Prepare(db, sql));
  Rows rows;
  while (sqlite3_step(statement.get()) == SQLITE_ROW) {
    std::vector<Cell> row;
    for (int i = 0; i < sqlite3_column_count(statement.get()); ++i) {
      row.emplace_back(sqlite3_value_dup(sqlite3_column_value(statement.get(), i)));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<void> Insert(sqlite3_stmt* statement, const std::vector<Cell>& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    sqlite3_bind_value(statement, static_cast<int>(i) + 1, row[i].get());
  }
  const int result = sqlite3_step(statement);
  sqlite3_reset(statement);
  if (result == SQLITE_DONE) return {};
  return Fail(Code::kInternal, sqlite3_errmsg(sqlite3_db_handle(statement)));
}

std::string InsertText(const std::string& table, std::size_t columns) {
  std::string text = "INSERT INTO \"" + table + "\" VALUES (";
  for (std::size_t i = 0; i < columns; ++i) text += i == 0 ? "?" : ", ?";
  return text + ")";
}

// Tables without the rows, in an order that triggers and references do not mind.
Result<void> CopySchema(sqlite3* from, sqlite3* to) {
  for (const char* kind : {"table", "index", "trigger"}) {
    const Rows statements = TRY(ReadAll(
        from, std::string("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE "
                          "'sqlite_%' AND type = '") +
                  kind + "' ORDER BY rowid"));
    for (const auto& row : statements) {
      TRY(Run(to, reinterpret_cast<const char*>(sqlite3_value_text(row[0].get()))));
    }
  }
  return {};
}

Result<void> CopyTable(sqlite3* from, sqlite3* to, const std::string& table) {
  const Rows rows = TRY(ReadAll(from, "SELECT * FROM \"" + table + "\""));
  if (rows.empty()) return {};
  const Statement insert = TRY(Prepare(to, InsertText(table, rows.front().size())));
  for (const auto& row : rows) TRY(Insert(insert.get(), row));
  return {};
}

}  // namespace

Result<RawResult> InsertRaw(const std::string& source, const std::string& target,
                            const std::string& table, std::int64_t rows, int group) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(target + suffix);
  const Db from = TRY(Open(source, SQLITE_OPEN_READONLY));
  const Db to = TRY(Open(target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  TRY(Run(to.get(),
          "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; "
          "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; "
          "PRAGMA cache_size = -8192"));
  TRY(CopySchema(from.get(), to.get()));
  TRY(CopyTable(from.get(), to.get(), "tenants"));
  TRY(CopyTable(from.get(), to.get(), "users"));
  TRY(Run(to.get(), "PRAGMA foreign_keys = ON"));

  const std::string limit = std::to_string(rows);
  const std::string made_by =
      " JOIN audits a ON a.entity_id = r.id AND a.action = 'CREATE' JOIN audit_seals s ON "
      "s.audit_id = a.id ORDER BY s.seq LIMIT " +
      limit;
  const Rows records = TRY(ReadAll(from.get(), "SELECT r.* FROM \"" + table + "\" r" + made_by));
  const Rows audits = TRY(ReadAll(from.get(), "SELECT a.* FROM \"" + table + "\" r" + made_by));
  const Rows seals = TRY(ReadAll(from.get(), "SELECT s.* FROM \"" + table + "\" r" + made_by));
  if (records.empty() || records.size() != audits.size() || records.size() != seals.size()) {
    return Fail(Code::kInternal, "no rows of " + table + " to insert");
  }
  const Statement record = TRY(Prepare(to.get(), InsertText(table, records.front().size())));
  const Statement audit = TRY(Prepare(to.get(), InsertText("audits", audits.front().size())));
  const Statement seal = TRY(Prepare(to.get(), InsertText("audit_seals", seals.front().size())));
  const Statement head =
      TRY(Prepare(to.get(),
                  "INSERT INTO audit_heads (tenant_id, seq, seal) VALUES (?, ?, ?) ON CONFLICT "
                  "(tenant_id) DO UPDATE SET seq = excluded.seq, seal = excluded.seal"));
  const Statement begin = TRY(Prepare(to.get(), "BEGIN IMMEDIATE"));
  const Statement commit = TRY(Prepare(to.get(), "COMMIT"));

  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i % static_cast<std::size_t>(group) == 0) TRY(Insert(begin.get(), {}));
    TRY(Insert(record.get(), records[i]));
    TRY(Insert(audit.get(), audits[i]));
    TRY(Insert(seal.get(), seals[i]));
    if ((i + 1) % static_cast<std::size_t>(group) == 0 || i + 1 == records.size()) {
      sqlite3_bind_value(head.get(), 1, seals[i][1].get());
      sqlite3_bind_value(head.get(), 2, seals[i][0].get());
      sqlite3_bind_value(head.get(), 3, seals[i][5].get());
      sqlite3_step(head.get());
      sqlite3_reset(head.get());
      TRY(Insert(commit.get(), {}));
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return RawResult{static_cast<double>(records.size()) / took.count(),
                   static_cast<std::int64_t>(records.size())};
}

Result<RawQuery> QueryRaw(const std::string& file, const std::string& sql, int times) {
  const Db db = TRY(Open(file, SQLITE_OPEN_READONLY));
  const Statement statement = TRY(Prepare(db.get(), sql));
  RawQuery result;
  std::vector<double> took;
  for (int i = 0; i < times; ++i) {
    const auto start = std::chrono::steady_clock::now();
    result.rows = 0;
    std::size_t bytes = 0;
    while (sqlite3_step(statement.get()) == SQLITE_ROW) {
      ++result.rows;
      for (int column = 0; column < sqlite3_column_count(statement.get()); ++column) {
        sqlite3_column_text(statement.get(), column);
        bytes += static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), column));
      }
    }
    sqlite3_reset(statement.get());
    const std::chrono::duration<double, std::micro> one = std::chrono::steady_clock::now() - start;
    took.push_back(bytes == 0 && result.rows > 0 ? 0 : one.count());
  }
  std::sort(took.begin(), took.end());
  result.median_us = took[took.size() / 2];
  return result;
}

}  // namespace tenon::bench

// Values into statements, and columns out of them. record/column.h says how each type is stored.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <deque>
#include <string>

#include "base/value.h"
#include "record/column.h"
#include "store/store.h"

namespace tenon {

// Room for the text of parameters that are not text in memory (ids, times, JSON). Kept from call to
// call, so that binding does not allocate.
class TextSlots {
 public:
  std::string& Next();
  void Reset() { used_ = 0; }

 private:
  std::deque<std::string> slots_;  // addresses must stay
  std::size_t used_ = 0;
};

// Binds parameter `index` (from 1) and returns SQLite's code. Text is not copied: the value and the
// slots must outlive the steps.
int BindValue(sqlite3_stmt* statement, int index, const Value& value, TextSlots& slots);

// The present row of a statement.
class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  [[nodiscard]] int columns() const override { return sqlite3_column_count(statement_); }
  [[nodiscard]] bool IsNull(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  [[nodiscard]] std::int64_t Int(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] double Float(int column) const override {
    return sqlite3_column_double(statement_, column);
  }
  [[nodiscard]] std::string_view Text(int column) const override;
  [[nodiscard]] Result<Value> Get(int column, const model::Type& type) const override;
  void AppendJson(int column, const model::Type& type, std::string& out) const override;

 private:
  [[nodiscard]] ColumnView View(int column) const;

  sqlite3_stmt* statement_;
};

}  // namespace tenon

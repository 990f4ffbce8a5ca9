// Values into parameters, and columns out of results. record/column.h says how each type is stored.
//
// Both go as text, whose forms the connection's settings fix (connection.cc), so that one function
// a type reads what either store holds.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "record/column.h"
#include "store/store.h"

namespace tenon {

// The parameters of one statement as libpq takes them. Kept from statement to statement, so that
// encoding does not allocate.
class PgParameters {
 public:
  // Encodes all. Strings are borrowed from `values`. kInvalidArgument for a text with the character
  // NUL, which PostgreSQL cannot hold.
  Result<void> Encode(std::span<const Value> values);
  // Encodes more, behind those that are there, with copies of strings. After an error it holds what
  // it held before.
  Result<void> Append(std::span<const Value> values);
  void Clear();
  // As libpq takes them, up to the next call that changes them.
  [[nodiscard]] std::span<const char* const> pointers();
  [[nodiscard]] std::size_t bytes() const { return text_.size(); }

 private:
  struct Slot {
    const char* borrowed = nullptr;  // null with `offset` < 0: SQL's null
    std::ptrdiff_t offset = -1;      // into text_
  };
  Result<Slot> EncodeOne(const Value& value);

  std::string text_;
  std::vector<Slot> slots_;
  std::vector<const char*> pointers_;
};

// A row of a result, which must outlive it.
class PgRow final : public Row {
 public:
  PgRow(const PGresult* result, int row) : result_(result), row_(row) {}
  [[nodiscard]] int columns() const override { return PQnfields(result_); }
  [[nodiscard]] bool IsNull(int column) const override {
    return PQgetisnull(result_, row_, column) != 0;
  }
  [[nodiscard]] std::int64_t Int(int column) const override;  // true is 1; what is no number is 0
  [[nodiscard]] double Float(int column) const override;
  [[nodiscard]] std::string_view Text(int column) const override {
    return {PQgetvalue(result_, row_, column),
            static_cast<std::size_t>(PQgetlength(result_, row_, column))};
  }
  [[nodiscard]] Result<Value> Get(int column, const model::Type& type) const override {
    return FromColumn(View(column), type, Dialect::kPostgres);
  }
  void AppendJson(int column, const model::Type& type, std::string& out) const override {
    AppendColumnJson(View(column), type, Dialect::kPostgres, out);
  }

 private:
  [[nodiscard]] ColumnView View(int column) const;

  const PGresult* result_;
  int row_;
};

}  // namespace tenon

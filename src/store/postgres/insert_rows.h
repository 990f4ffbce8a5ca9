// Rows for one table, held back so that they go out as one INSERT of many rows: a statement costs
// the server about as much as the row it inserts.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "store/postgres/binding.h"
#include "store/postgres/connection.h"

namespace tenon {

class InsertRows {
 public:
  // Whether the statement is INSERT ... VALUES of one row and nothing after it.
  static bool Fits(std::string_view sql);

  // REQUIRES: Fits(sql).
  explicit InsertRows(std::string_view sql) : sql_(sql) {}

  [[nodiscard]] const std::string& sql() const { return sql_; }
  [[nodiscard]] bool empty() const { return rows_ == 0; }
  // Send it now, rather than hold more.
  [[nodiscard]] bool full() const;

  // Copies one row's parameters, each time as many. kInvalidArgument when one cannot be sent; then
  // nothing is held of it.
  Result<void> Add(std::span<const Value> parameters);

  // Queues what is held on the connection, in the order it came. Takes few statements for any
  // number of rows, and the one it was made of for one row, so that few are prepared.
  void Send(PgConnection& connection, std::size_t tag);
  void Clear();

 private:
  std::string sql_;
  PgParameters parameters_;  // of all rows
  std::size_t rows_ = 0;
};

// `sql`, which Fits, for `rows` rows of `parameters` each: its row again and again with the
// placeholders numbered on.
std::string SqlOfRows(std::string_view sql, std::size_t parameters, std::size_t rows);

}  // namespace tenon

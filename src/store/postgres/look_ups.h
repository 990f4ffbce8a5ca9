// SELECTs of one text that were foretold with many parameters, asked as one statement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "store/postgres/binding.h"
#include "store/postgres/connection.h"

namespace tenon {

// The rows of one SELECT: all of a result, or of one that several share those that bear its number
// in the last column.
struct FoundRows {
  std::shared_ptr<PgResult> result;
  std::int64_t number = 0;  // 0: all

  [[nodiscard]] bool there() const { return result != nullptr && *result != nullptr; }
};

class LookUps {
 public:
  // Whether the statement is a SELECT that says the type of each of its parameters ($1::uuid), each
  // named once and in order, so that they can come from a list.
  static bool Fits(std::string_view sql);

  // REQUIRES: Fits(sql).
  explicit LookUps(std::string_view sql) : sql_(sql) {}

  [[nodiscard]] const std::string& sql() const { return sql_; }
  [[nodiscard]] bool full() const;

  // Copies the parameters. `found`, which must live until they are answered, is set when they are
  // sent. kInvalidArgument when one cannot be sent; then nothing is held of it.
  Result<void> Add(std::span<const Value> parameters, FoundRows& found);

  // Queues what is held on the connection.
  void Send(PgConnection& connection, std::size_t tag);

 private:
  std::string sql_;
  PgParameters parameters_;  // of all
  std::vector<FoundRows*> found_;
};

// `sql`, which Fits, for `times` lists of its parameters; the last column says by which, from 1.
std::string SqlOfLookUps(std::string_view sql, std::size_t times);

}  // namespace tenon

// Rows in the text format of PostgreSQL's COPY.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"
#include "base/value.h"
#include "store/postgres/binding.h"

namespace tenon {

class CopyText {
 public:
  // kInvalidArgument for a value that PostgreSQL cannot hold (the character NUL); then nothing is
  // added.
  Result<void> Add(std::span<const Value> row);
  void Clear();

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::size_t rows() const { return rows_; }

 private:
  std::string text_;
  std::size_t rows_ = 0;
  PgParameters parameters_;
};

}  // namespace tenon

// What aggregates do with their values, the same in memory and in SQLite's own aggregates.
#pragma once

#include <cstdint>
#include <vector>

#include "base/value.h"
#include "record/operators.h"

namespace tenon {

// Sum and average over whole numbers, doubles, decimals and durations; nulls are left out. Whole
// numbers are summed exactly in 128 bits, so the order of rows does not matter to them.
class Accumulator {
 public:
  void Add(const Value& value);

  // Null when nothing was added. Of the kind of what was added; kOverflow when it does not fit.
  [[nodiscard]] Computed Sum() const;

  // A double, or a duration of durations.
  [[nodiscard]] Computed Average() const;

 private:
  __extension__ using Int128 = __int128;
  enum class Unit { kNumber, kDecimal, kDuration };
  std::int64_t count_ = 0;
  Int128 whole_ = 0;
  double floating_ = 0;
  bool has_floating_ = false;
  Unit unit_ = Unit::kNumber;
  int scale_ = 0;
};

// Values of `list(...)`: nulls left out, in ascending order, each once when `distinct`.
void ArrangeList(std::vector<Value>& values, bool distinct);

// A value as an element of a JSON document.
boost::json::value JsonOfValue(const Value& value);

}  // namespace tenon

#include "record/accumulate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "record/eval.h"

namespace tenon {

void Accumulator::Add(const Value& value) {
  if (const auto* whole = value.If<std::int64_t>()) {
    whole_ += *whole;
  } else if (const auto* number = value.If<double>()) {
    floating_ += *number;
    has_floating_ = true;
  } else if (const auto* decimal = value.If<Decimal>()) {
    unit_ = Unit::kDecimal;
    scale_ = decimal->scale;
    whole_ += decimal->units;
  } else if (const auto* duration = value.If<Duration>()) {
    unit_ = Unit::kDuration;
    whole_ += duration->count();
  } else {
    return;
  }
  ++count_;
}

Computed Accumulator::Sum() const {
  if (count_ == 0) return Value();
  if (has_floating_) {
    const double sum = floating_ + static_cast<double>(whole_);
    if (!std::isfinite(sum)) return std::unexpected(Fault::kOverflow);
    return Value(sum);
  }
  if (whole_ > std::numeric_limits<std::int64_t>::max() ||
      whole_ < std::numeric_limits<std::int64_t>::min()) {
    return std::unexpected(Fault::kOverflow);
  }
  const auto units = static_cast<std::int64_t>(whole_);
  if (unit_ == Unit::kDecimal) return Value(Decimal{units, scale_});
  if (unit_ == Unit::kDuration) return Value(Duration(units));
  return Value(units);
}

Computed Accumulator::Average() const {
  if (count_ == 0) return Value();
  if (unit_ == Unit::kDuration) {
    return Value(Duration(static_cast<std::int64_t>(whole_ / count_)));
  }
  double average = (floating_ + static_cast<double>(whole_)) / static_cast<double>(count_);
  if (unit_ == Unit::kDecimal) average /= std::pow(10.0, scale_);
  if (!std::isfinite(average)) return std::unexpected(Fault::kOverflow);
  return Value(average);
}

void ArrangeList(std::vector<Value>& values, bool distinct) {
  std::erase_if(values, [](const Value& value) { return value.IsNull(); });
  std::ranges::stable_sort(values,
                           [](const Value& a, const Value& b) { return CompareValues(a, b) < 0; });
  if (!distinct) return;
  const auto rest = std::ranges::unique(
      values, [](const Value& a, const Value& b) { return CompareValues(a, b) == 0; });
  values.erase(rest.begin(), rest.end());
}

json::value JsonOfValue(const Value& value) {
  if (const auto* flag = value.If<bool>()) return *flag;
  if (const auto* whole = value.If<std::int64_t>()) return *whole;
  if (const auto* number = value.If<double>()) return *number;
  if (const auto* document = value.If<json::value>()) return *document;
  if (value.IsNull()) return nullptr;
  return json::value(TextOf(value));
}

}  // namespace tenon

#include "record/operators.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/json.h"

namespace tenon {
namespace {

__extension__ using Int128 = __int128;
using model::Expression;
using model::Op;

constexpr std::int64_t kIntMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kIntMin = std::numeric_limits<std::int64_t>::min();
// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z in microseconds from the epoch.
constexpr std::int64_t kTimeMinUs = -62'135'596'800'000'000;
constexpr std::int64_t kTimeMaxUs = 253'402'300'799'999'999;

std::optional<double> AsDouble(const Value& value) {
  if (const auto* whole = value.If<std::int64_t>()) return static_cast<double>(*whole);
  if (const auto* number = value.If<double>()) return *number;
  if (const auto* decimal = value.If<Decimal>()) return decimal->ToDouble();
  return std::nullopt;
}

Computed Finite(double number) {
  if (!std::isfinite(number)) return std::unexpected(Fault::kOverflow);
  return Value(number);
}

Computed Whole(Int128 number) {
  if (number > kIntMax || number < kIntMin) return std::unexpected(Fault::kOverflow);
  return Value(static_cast<std::int64_t>(number));
}

// Runs `whole` when both are whole numbers, `floating` when both are numbers, else null.
template <typename WholeFn, typename FloatFn>
Computed OnNumbers(const Value& a, const Value& b, WholeFn whole, FloatFn floating) {
  const auto* left = a.If<std::int64_t>();
  const auto* right = b.If<std::int64_t>();
  if (left && right) return whole(static_cast<Int128>(*left), static_cast<Int128>(*right));
  const auto x = AsDouble(a);
  const auto y = AsDouble(b);
  if (!x || !y) return Value();
  return floating(*x, *y);
}

Int128 PowerOfTen(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

Int128 DivideHalfAway(Int128 a, Int128 b) {
  if (b < 0) {
    a = -a;
    b = -b;
  }
  const Int128 half = b / 2;
  const Int128 quotient = a / b;
  const Int128 rest = a % b;
  const bool up = (rest < 0 ? -rest : rest) >= b - half;
  if (!up) return quotient;
  return a < 0 ? quotient - 1 : quotient + 1;
}

}  // namespace

Computed Add(const Value& a, const Value& b) {
  return OnNumbers(
      a, b, [](Int128 x, Int128 y) { return Whole(x + y); },
      [](double x, double y) { return Finite(x + y); });
}

Computed Subtract(const Value& a, const Value& b) {
  return OnNumbers(
      a, b, [](Int128 x, Int128 y) { return Whole(x - y); },
      [](double x, double y) { return Finite(x - y); });
}

Computed Multiply(const Value& a, const Value& b) {
  return OnNumbers(
      a, b, [](Int128 x, Int128 y) { return Whole(x * y); },
      [](double x, double y) { return Finite(x * y); });
}

Computed DivideWhole(const Value& a, const Value& b) {
  return OnNumbers(
      a, b,
      [](Int128 x, Int128 y) -> Computed {
        if (y == 0) return std::unexpected(Fault::kDivisionByZero);
        return Whole(x / y);
      },
      [](double x, double y) -> Computed {
        if (y == 0) return std::unexpected(Fault::kDivisionByZero);
        return Finite(x / y);
      });
}

Computed DivideFloat(const Value& a, const Value& b) {
  const auto x = AsDouble(a);
  const auto y = AsDouble(b);
  if (!x || !y) return Value();
  if (*y == 0) return std::unexpected(Fault::kDivisionByZero);
  return Finite(*x / *y);
}

Computed Negate(const Value& a) {
  if (const auto* whole = a.If<std::int64_t>()) return Whole(-static_cast<Int128>(*whole));
  if (const auto* number = a.If<double>()) return Value(-*number);
  if (const auto* decimal = a.If<Decimal>()) {
    if (decimal->units == kIntMin) return std::unexpected(Fault::kOverflow);
    return Value(Decimal{-decimal->units, decimal->scale});
  }
  if (const auto* duration = a.If<Duration>()) {
    if (duration->count() == kIntMin) return std::unexpected(Fault::kOverflow);
    return Value(-*duration);
  }
  return Value();
}

Computed Absolute(const Value& a) {
  if (const auto* whole = a.If<std::int64_t>()) return *whole < 0 ? Negate(a) : Computed(a);
  if (const auto* number = a.If<double>()) return Value(std::abs(*number));
  if (const auto* decimal = a.If<Decimal>()) return decimal->units < 0 ? Negate(a) : Computed(a);
  if (const auto* duration = a.If<Duration>())
    return duration->count() < 0 ? Negate(a) : Computed(a);
  return Value();
}

Computed Round(const Value& a, std::int64_t digits) {
  if (digits < 0) digits = 0;
  if (digits > 15) digits = 15;
  if (a.Is<std::int64_t>()) return a;
  if (const auto* number = a.If<double>()) {
    const double power = static_cast<double>(PowerOfTen(static_cast<int>(digits)));
    const double scaled = *number * power;
    // Beyond 2^53 a double has no digits after the point left to round.
    if (std::abs(scaled) >= 9007199254740992.0) return a;
    return Finite(std::round(scaled) / power);
  }
  if (const auto* decimal = a.If<Decimal>()) {
    if (digits >= decimal->scale) return a;
    const Int128 power = PowerOfTen(decimal->scale - static_cast<int>(digits));
    const auto units = Whole(DivideHalfAway(decimal->units, power) * power);
    if (!units) return std::unexpected(units.error());
    return Value(Decimal{units->As<std::int64_t>(), decimal->scale});
  }
  return Value();
}

Computed DecimalOperation(Op op, const Value& a, const Value& b, int scale) {
  const auto x = AsDecimal(a);
  const auto y = AsDecimal(b);
  if (!x || !y) return Value();
  // Products of two int64 and of an int64 with 10^18 fit into 128 bits; larger shifts would not.
  const int common = std::max(x->scale, y->scale);
  const Int128 left = static_cast<Int128>(x->units) * PowerOfTen(common - x->scale);
  const Int128 right = static_cast<Int128>(y->units) * PowerOfTen(common - y->scale);
  Int128 units = 0;
  int from = common;
  switch (op) {
    case Op::kAdd:
      units = left + right;
      break;
    case Op::kSub:
      units = left - right;
      break;
    case Op::kMul:
      units = static_cast<Int128>(x->units) * y->units;
      from = x->scale + y->scale;
      break;
    case Op::kDiv: {
      if (right == 0) return std::unexpected(Fault::kDivisionByZero);
      const Int128 limit = (static_cast<Int128>(1) << 126) / PowerOfTen(scale);
      if (left > limit || left < -limit) return std::unexpected(Fault::kOverflow);
      units = DivideHalfAway(left * PowerOfTen(scale), right);
      from = scale;
      break;
    }
    default:
      return Value();
  }
  if (from > scale) {
    units = DivideHalfAway(units, PowerOfTen(from - scale));
  } else if (from < scale) {
    const Int128 limit = (static_cast<Int128>(1) << 126) / PowerOfTen(scale - from);
    if (units > limit || units < -limit) return std::unexpected(Fault::kOverflow);
    units *= PowerOfTen(scale - from);
  }
  const auto fitted = Whole(units);
  if (!fitted) return fitted;
  return Value(Decimal{fitted->As<std::int64_t>(), scale});
}

Computed AddToTime(const Value& time, const Value& duration) {
  const auto* start = time.If<Time>();
  const auto* by = duration.If<Duration>();
  if (!start || !by) return Value();
  const Int128 us = static_cast<Int128>(start->time_since_epoch().count()) + by->count();
  if (us < kTimeMinUs || us > kTimeMaxUs) return std::unexpected(Fault::kOverflow);
  return Value(Time(Duration(static_cast<std::int64_t>(us))));
}

Computed Between(const Value& from, const Value& to) {
  const auto* start = from.If<Time>();
  const auto* end = to.If<Time>();
  if (!start || !end) return Value();
  return Value(Duration((*end - *start).count()));
}

Computed ScaleDuration(const Value& duration, const Value& number, bool divide) {
  const auto* length = duration.If<Duration>();
  if (!length) return Value();
  const Value micros(static_cast<std::int64_t>(length->count()));
  const auto result = divide ? DivideWhole(micros, number) : Multiply(micros, number);
  if (!result || result->IsNull()) return result;
  if (const auto* whole = result->If<std::int64_t>()) return Value(Duration(*whole));
  const double cut = std::trunc(result->As<double>());
  if (std::abs(cut) >= 9223372036854775808.0) return std::unexpected(Fault::kOverflow);
  return Value(Duration(static_cast<std::int64_t>(cut)));
}

Computed BucketOf(const Value& time, const Value& duration) {
  const auto* at = time.If<Time>();
  const auto* width = duration.If<Duration>();
  if (!at || !width) return Value();
  if (width->count() <= 0) return std::unexpected(Fault::kDivisionByZero);
  const std::int64_t us = at->time_since_epoch().count();
  std::int64_t rest = us % width->count();
  if (rest < 0) rest += width->count();
  const Int128 start = static_cast<Int128>(us) - rest;
  if (start < kTimeMinUs) return std::unexpected(Fault::kOverflow);
  return Value(Time(Duration(static_cast<std::int64_t>(start))));
}

}  // namespace tenon

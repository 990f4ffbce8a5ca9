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

std::optional<Decimal> AsDecimal(const Value& value) {
  if (const auto* decimal = value.If<Decimal>()) return *decimal;
  if (const auto* whole = value.If<std::int64_t>()) return Decimal{*whole, 0};
  if (const auto* number = value.If<double>()) {
    std::string text;
    AppendJsonNumber(*number, text);
    return Decimal::Parse(text);  // none for 1e30: it would not fit
  }
  return std::nullopt;
}

// The order of a whole number and a double by exact value (a double of 2^63 fits no int64).
std::strong_ordering CompareExact(std::int64_t whole, double number) {
  if (number >= 9223372036854775808.0) return std::strong_ordering::less;
  if (number < -9223372036854775808.0) return std::strong_ordering::greater;
  const auto cut = static_cast<std::int64_t>(number);
  if (whole != cut) return whole <=> cut;
  const double rest = number - static_cast<double>(cut);
  if (rest > 0) return std::strong_ordering::less;
  if (rest < 0) return std::strong_ordering::greater;
  return std::strong_ordering::equal;
}

std::strong_ordering CompareDoubles(double a, double b) {
  if (a < b) return std::strong_ordering::less;
  if (a > b) return std::strong_ordering::greater;
  return std::strong_ordering::equal;
}

std::strong_ordering Order(int compared) { return compared <=> 0; }

template <typename T>
Value OrNull(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

Value NumberOfJson(const json::value& document) {
  if (document.is_int64()) return document.get_int64();
  if (document.is_uint64()) return static_cast<double>(document.get_uint64());
  if (!document.is_double()) return {};
  const double number = document.get_double();
  // Canonical JSON writes 5.0 as 5, so it is whole when it comes back from a store.
  if (number == std::trunc(number) && std::abs(number) < 9007199254740992.0) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

Value ReadText(std::string_view text, OperandKind kind) {
  switch (kind.kind) {
    case Kind::kText: return text;
    case Kind::kUuid: return OrNull(Uuid::Parse(text));
    case Kind::kTime: return OrNull(ParseTime(text));
    case Kind::kDuration: return OrNull(ParseDuration(text));
    case Kind::kDecimal: {
      const auto parsed = Decimal::Parse(text);
      return parsed ? OrNull(parsed->Rescale(kind.scale)) : Value();
    }
    default: return {};
  }
}

}  // namespace

Value NumberOfText(std::string_view text) {
  const auto decimal = Decimal::Parse(text);
  return decimal ? Value(decimal->ToDouble()) : Value();
}

namespace {

Value ReadJson(const json::value& document, OperandKind kind) {
  switch (kind.kind) {
    case Kind::kNull:
    case Kind::kJson: return document.is_null() ? Value() : Value::Json(document);
    case Kind::kBool: return document.is_bool() ? Value(document.get_bool()) : Value();
    case Kind::kDecimal:
    case Kind::kNumber:
      if (!kind.from_text || !document.is_string()) return NumberOfJson(document);
      return NumberOfText({document.get_string().data(), document.get_string().size()});
    default: break;
  }
  if (!document.is_string()) return {};
  return ReadText({document.get_string().data(), document.get_string().size()}, kind);
}

bool IsDecimalArithmetic(const Expression& expression, Kind a, Kind b) {
  return expression.type.kind == model::TypeKind::kDecimal &&
         (a == Kind::kDecimal || a == Kind::kNumber || a == Kind::kJson) &&
         (b == Kind::kDecimal || b == Kind::kNumber || b == Kind::kJson);
}

bool IsNumeric(Kind kind) {
  return kind == Kind::kNumber || kind == Kind::kDecimal || kind == Kind::kJson ||
         kind == Kind::kNull;
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
  if (const auto* duration = a.If<Duration>()) return duration->count() < 0 ? Negate(a) : Computed(a);
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
    case Op::kAdd: units = left + right; break;
    case Op::kSub: units = left - right; break;
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
    default: return Value();
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

std::optional<std::strong_ordering> CompareNumeric(const Value& a, const Value& b) {
  const auto* x = a.If<std::int64_t>();
  const auto* y = b.If<std::int64_t>();
  if (x && y) return *x <=> *y;
  const auto* u = a.If<double>();
  const auto* v = b.If<double>();
  if (u && v) return CompareDoubles(*u, *v);
  if (x && v) return CompareExact(*x, *v);
  if (u && y) return 0 <=> CompareExact(*y, *u);
  if ((!u && !AsDecimal(a)) || (!v && !AsDecimal(b))) return std::nullopt;
  const auto left = u ? std::nullopt : AsDecimal(a);
  const auto right = v ? std::nullopt : AsDecimal(b);
  if (left && right) return *left <=> *right;
  if (left && v) return CompareDoubles(left->ToDouble(), *v);
  if (u && right) return CompareDoubles(*u, right->ToDouble());
  return std::nullopt;
}

std::optional<std::strong_ordering> CompareMet(const Value& a, const Value& b) {
  if (a.IsNull() || b.IsNull()) return std::nullopt;
  if (a.Is<std::string>() && b.Is<std::string>()) {
    return Order(a.As<std::string>().compare(b.As<std::string>()));
  }
  if (a.Is<bool>() && b.Is<bool>()) return a.As<bool>() <=> b.As<bool>();
  if (a.Is<Uuid>() && b.Is<Uuid>()) return a.As<Uuid>() <=> b.As<Uuid>();
  if (a.Is<Time>() && b.Is<Time>()) return a.As<Time>() <=> b.As<Time>();
  if (a.Is<Duration>() && b.Is<Duration>()) {
    return a.As<Duration>().count() <=> b.As<Duration>().count();
  }
  if (a.Is<json::value>() && b.Is<json::value>()) {
    return Order(CanonicalJson(a.As<json::value>()).compare(CanonicalJson(b.As<json::value>())));
  }
  return CompareNumeric(a, b);
}

Value ReadValueAs(const Value& value, OperandKind kind) {
  if (const auto* document = value.If<json::value>()) return ReadJson(*document, kind);
  if (const auto* text = value.If<std::string>()) {
    if (kind.kind == Kind::kText) return value;
    if (kind.kind == Kind::kNull || kind.kind == Kind::kJson) return value;
    return ReadText(*text, kind);
  }
  if (const auto* id = value.If<Uuid>(); id && kind.kind == Kind::kText) return id->ToString();
  return value;
}

Value ConvertNumber(const Value& value, OperandKind kind) {
  const auto* decimal = value.If<Decimal>();
  if (kind.kind == Kind::kNumber && decimal != nullptr) return decimal->ToDouble();
  if (kind.kind != Kind::kDecimal || (decimal != nullptr && decimal->scale == kind.scale)) {
    return value;
  }
  if (decimal == nullptr && !value.Is<std::int64_t>() && !value.Is<double>()) return value;
  const auto exact = AsDecimal(value);
  if (!exact) return Value();
  const auto rounded = DecimalOperation(Op::kAdd, Value(*exact), Value(0), kind.scale);
  return rounded ? *rounded : Value();
}

std::optional<Decimal> DecimalOfNumber(double number, int scale) {
  const Value rounded = ConvertNumber(Value(number), {Kind::kDecimal, scale});
  const auto* decimal = rounded.If<Decimal>();
  return decimal == nullptr ? std::nullopt : std::optional(*decimal);
}

const json::value* FindStep(const json::value& root, std::span<const std::string> path) {
  const json::value* at = &root;
  for (const std::string& key : path) {
    if (const auto* array = at->if_array()) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (error != std::errc() || end != key.data() + key.size() || index >= array->size()) {
        return nullptr;
      }
      at = &(*array)[index];
      continue;
    }
    const json::object* object = at->if_object();
    if (object == nullptr) return nullptr;
    at = object->if_contains(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string TextOf(const Value& value) {
  std::string out;
  if (const auto* text = value.If<std::string>()) return *text;
  if (const auto* flag = value.If<bool>()) return *flag ? "true" : "false";
  if (const auto* whole = value.If<std::int64_t>()) return std::to_string(*whole);
  if (const auto* number = value.If<double>()) AppendJsonNumber(*number, out);
  if (const auto* decimal = value.If<Decimal>()) return decimal->ToString();
  if (const auto* id = value.If<Uuid>()) return id->ToString();
  if (const auto* time = value.If<Time>()) return FormatTime(*time);
  if (const auto* duration = value.If<Duration>()) return FormatDuration(*duration);
  if (const auto* document = value.If<json::value>()) {
    if (document->is_string()) return std::string(document->get_string());
    if (!document->is_null()) AppendCanonicalJson(*document, out);
  }
  return out;
}

std::optional<Arithmetic> ArithmeticOf(const Expression& expression) {
  const Kind a = KindOf(*expression.args[0]).kind;
  const Kind b = KindOf(*expression.args[1]).kind;
  const Op op = expression.op;
  if (a == Kind::kTime) {
    if (op == Op::kSub && b == Kind::kTime) return Arithmetic::kTimeDifference;
    if (op == Op::kSub && b == Kind::kJson && expression.type.kind == model::TypeKind::kDuration) {
      return Arithmetic::kTimeDifference;
    }
    if (op == Op::kAdd || op == Op::kSub) return Arithmetic::kTimePlus;
    return std::nullopt;
  }
  if (b == Kind::kTime) {
    if (op == Op::kAdd) return Arithmetic::kPlusTime;
    if (op == Op::kSub) return Arithmetic::kTimeDifference;
    return std::nullopt;
  }
  if (a == Kind::kDuration || b == Kind::kDuration) {
    if (op == Op::kAdd || op == Op::kSub) return Arithmetic::kDuration;
    if (a == b && op == Op::kDiv) return Arithmetic::kDurationRatio;
    if (a == Kind::kDuration && b != Kind::kDuration && IsNumeric(b)) {
      return Arithmetic::kDurationTimes;
    }
    if (op == Op::kMul && IsNumeric(a)) return Arithmetic::kTimesDuration;
    return std::nullopt;
  }
  if (!IsNumeric(a) || !IsNumeric(b)) return std::nullopt;
  if (IsDecimalArithmetic(expression, a, b)) return Arithmetic::kDecimal;
  if (op != Op::kDiv) return Arithmetic::kNumber;
  return expression.type.kind == model::TypeKind::kInt ? Arithmetic::kWholeDivision
                                                       : Arithmetic::kFloatDivision;
}

OperandKind ArithmeticOperand(const Expression& expression, Arithmetic arithmetic,
                              std::size_t index) {
  switch (arithmetic) {
    case Arithmetic::kTimePlus: return {index == 0 ? Kind::kTime : Kind::kDuration};
    case Arithmetic::kPlusTime: return {index == 0 ? Kind::kDuration : Kind::kTime};
    case Arithmetic::kTimeDifference: return {Kind::kTime};
    case Arithmetic::kDuration:
    case Arithmetic::kDurationRatio: return {Kind::kDuration};
    case Arithmetic::kDurationTimes: return {index == 0 ? Kind::kDuration : Kind::kNumber};
    case Arithmetic::kTimesDuration: return {index == 0 ? Kind::kNumber : Kind::kDuration};
    default: break;
  }
  const OperandKind own = KindOf(*expression.args[index]);
  return own.kind == Kind::kDecimal || own.kind == Kind::kNumber ? own
                                                                 : OperandKind{Kind::kNumber};
}

Computed Apply(const Expression& expression, Arithmetic arithmetic, const Value& a,
               const Value& b) {
  switch (arithmetic) {
    case Arithmetic::kNumber:
      if (expression.op == Op::kAdd) return Add(a, b);
      if (expression.op == Op::kSub) return Subtract(a, b);
      return Multiply(a, b);
    case Arithmetic::kWholeDivision: return DivideWhole(a, b);
    case Arithmetic::kFloatDivision: return DivideFloat(a, b);
    case Arithmetic::kDecimal: return DecimalOperation(expression.op, a, b, expression.type.scale);
    case Arithmetic::kTimePlus:
      if (expression.op == Op::kAdd) return AddToTime(a, b);
      if (const auto back = Negate(b)) return AddToTime(a, *back);
      return std::unexpected(Fault::kOverflow);
    case Arithmetic::kPlusTime: return AddToTime(b, a);
    case Arithmetic::kTimeDifference: return Between(b, a);
    case Arithmetic::kDuration: {
      const auto* x = a.If<Duration>();
      const auto* y = b.If<Duration>();
      if (!x || !y) return Value();
      const Int128 us = expression.op == Op::kAdd ? static_cast<Int128>(x->count()) + y->count()
                                                  : static_cast<Int128>(x->count()) - y->count();
      const auto fitted = Whole(us);
      if (!fitted) return fitted;
      return Value(Duration(fitted->As<std::int64_t>()));
    }
    case Arithmetic::kDurationTimes: return ScaleDuration(a, b, expression.op == Op::kDiv);
    case Arithmetic::kTimesDuration: return ScaleDuration(b, a, false);
    case Arithmetic::kDurationRatio: {
      const auto* x = a.If<Duration>();
      const auto* y = b.If<Duration>();
      if (!x || !y) return Value();
      return DivideFloat(Value(static_cast<std::int64_t>(x->count())),
                         Value(static_cast<std::int64_t>(y->count())));
    }
  }
  return Value();
}

}  // namespace tenon

// What the operators of the expression language do to values. Shared by the in-memory evaluator and
// the SQL functions of SQLite, so that both compute the same bits.
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>

#include "base/value.h"
#include "model/expression.h"
#include "record/kinds.h"

namespace tenon {

// Why an operation has no result: null in a filter, an error in an assignment.
enum class Fault { kOverflow, kDivisionByZero };
using Computed = std::expected<Value, Fault>;

// Numbers: std::int64_t and double. Whole numbers stay whole; a double on either side makes a
// double. Null when an operand is null or no number. Results that are not finite are kOverflow.
Computed Add(const Value& a, const Value& b);
Computed Subtract(const Value& a, const Value& b);
Computed Multiply(const Value& a, const Value& b);
Computed DivideWhole(const Value& a, const Value& b);  // cut towards zero; doubles divide as such
Computed DivideFloat(const Value& a, const Value& b);
Computed Negate(const Value& a);    // also decimals and durations
Computed Absolute(const Value& a);  // also decimals and durations
// Half away from zero, to 0 to 15 digits after the point. A decimal keeps its scale.
Computed Round(const Value& a, std::int64_t digits);

// Exact, then rounded half away from zero to `scale`. Operands may be whole numbers.
Computed DecimalOperation(model::Op op, const Value& a, const Value& b, int scale);

Computed AddToTime(const Value& time, const Value& duration);  // years 1 to 9999
Computed Between(const Value& from, const Value& to);          // to - from, a duration
Computed ScaleDuration(const Value& duration, const Value& number, bool divide);
// The start of the bucket, counted from the epoch, that the time falls in.
Computed BucketOf(const Value& time, const Value& duration);

// A number as an exact decimal; nullopt when it is none, or does not fit one.
std::optional<Decimal> AsDecimal(const Value& value);

// By exact value, over std::int64_t, double and Decimal. nullopt for anything else.
std::optional<std::strong_ordering> CompareNumeric(const Value& a, const Value& b);

// Of two values that meet; nullopt when either is null or they are of different kinds.
std::optional<std::strong_ordering> CompareMet(const Value& a, const Value& b);

// The value read as a kind: out of JSON when it is of that kind there, text parsed; else null.
// Anything is its own text as kText when it is a UUID.
Value ReadValueAs(const Value& value, OperandKind kind);

// The value at a path of keys; a key of digits is also an index of an array. Null when there is
// none.
const boost::json::value* FindStep(const boost::json::value& root,
                                   std::span<const std::string> path);

// Digits written as text, as a double; null for anything else.
Value NumberOfText(std::string_view text);

// A number in the form of a numeric kind: decimals as doubles for kNumber, anything as a decimal of
// the scale (rounded half away from zero) for kDecimal, null when it does not fit. Others as is.
Value ConvertNumber(const Value& value, OperandKind kind);

// Rounded half away from zero to the scale; nullopt when it does not fit.
std::optional<Decimal> DecimalOfNumber(double number, int scale);

// A value as text: numbers as JSON has them, times as RFC 3339, JSON text without its quotes, other
// JSON canonical. Empty for null.
std::string TextOf(const Value& value);

// What an arithmetic node does, by the kinds of its operands.
enum class Arithmetic {
  kNumber,  // both sides int64 or double as they come
  kWholeDivision,
  kFloatDivision,
  kDecimal,         // to the node's own scale
  kTimePlus,        // time +- duration
  kPlusTime,        // duration + time
  kTimeDifference,  // time - time
  kDuration,        // duration +- duration
  kDurationTimes,   // duration * number, duration / number
  kTimesDuration,   // number * duration
  kDurationRatio,   // duration / duration
};

// nullopt when the operands do not fit the operator.
std::optional<Arithmetic> ArithmeticOf(const model::Expression& expression);

// The kind that argument `index` of an arithmetic node is read as.
OperandKind ArithmeticOperand(const model::Expression& expression, Arithmetic arithmetic,
                              std::size_t index);

// Applies the node to operands that were read so.
Computed Apply(const model::Expression& expression, Arithmetic arithmetic, const Value& a,
               const Value& b);

}  // namespace tenon

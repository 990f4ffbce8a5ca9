// Which arithmetic a node does, and doing it.
#include "record/operators.h"

namespace tenon {
namespace {

using model::Expression;
using model::Op;

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
    case Arithmetic::kTimePlus:
      return {index == 0 ? Kind::kTime : Kind::kDuration};
    case Arithmetic::kPlusTime:
      return {index == 0 ? Kind::kDuration : Kind::kTime};
    case Arithmetic::kTimeDifference:
      return {Kind::kTime};
    case Arithmetic::kDuration:
    case Arithmetic::kDurationRatio:
      return {Kind::kDuration};
    case Arithmetic::kDurationTimes:
      return {index == 0 ? Kind::kDuration : Kind::kNumber};
    case Arithmetic::kTimesDuration:
      return {index == 0 ? Kind::kNumber : Kind::kDuration};
    default:
      break;
  }
  const OperandKind own = KindOf(*expression.args[index]);
  return own.kind == Kind::kDecimal || own.kind == Kind::kNumber ? own : OperandKind{Kind::kNumber};
}

Computed Apply(const Expression& expression, Arithmetic arithmetic, const Value& a,
               const Value& b) {
  switch (arithmetic) {
    case Arithmetic::kNumber:
      if (expression.op == Op::kAdd) return Add(a, b);
      if (expression.op == Op::kSub) return Subtract(a, b);
      return Multiply(a, b);
    case Arithmetic::kWholeDivision:
      return DivideWhole(a, b);
    case Arithmetic::kFloatDivision:
      return DivideFloat(a, b);
    case Arithmetic::kDecimal:
      return DecimalOperation(expression.op, a, b, expression.type.scale);
    case Arithmetic::kTimePlus:
      if (expression.op == Op::kAdd) return AddToTime(a, b);
      if (const auto back = Negate(b)) return AddToTime(a, *back);
      return std::unexpected(Fault::kOverflow);
    case Arithmetic::kPlusTime:
      return AddToTime(b, a);
    case Arithmetic::kTimeDifference:
      return Between(b, a);
    case Arithmetic::kDuration: {
      const auto* x = a.If<Duration>();
      const auto* y = b.If<Duration>();
      if (!x || !y) return Value();
      const Value left(static_cast<std::int64_t>(x->count()));
      const Value right(static_cast<std::int64_t>(y->count()));
      const auto fitted = expression.op == Op::kAdd ? Add(left, right) : Subtract(left, right);
      if (!fitted) return fitted;
      return Value(Duration(fitted->As<std::int64_t>()));
    }
    case Arithmetic::kDurationTimes:
      return ScaleDuration(a, b, expression.op == Op::kDiv);
    case Arithmetic::kTimesDuration:
      return ScaleDuration(b, a, false);
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

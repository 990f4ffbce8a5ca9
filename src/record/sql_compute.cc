// Arithmetic and function calls.
#include <fmt/format.h>

#include "record/operators.h"
#include "record/sql_compiler.h"

namespace tenon {

using model::Expression;
using model::Op;

namespace {

std::string_view NumberFunction(Op op) {
  switch (op) {
    case Op::kAdd:
      return "tenon_add";
    case Op::kSub:
      return "tenon_sub";
    default:
      return "tenon_mul";
  }
}

std::string_view OperatorText(Op op) {
  switch (op) {
    case Op::kAdd:
      return "+";
    case Op::kSub:
      return "-";
    case Op::kMul:
      return "*";
    default:
      return "/";
  }
}

}  // namespace

// An operand of number arithmetic; decimals come as doubles, as the evaluator takes them.
Result<void> SqlCompiler::AppendNumber(const Expression& expression) {
  const OperandKind own = KindOf(expression);
  if (own.kind != Kind::kDecimal) return Append(expression, {Kind::kNumber});
  if (!sqlite_) {
    out_ << "(";
    TRY(Append(expression, own));
    out_ << ")::double precision";
    return {};
  }
  out_ << "tenon_decimal_float(";
  TRY(Append(expression, own));
  out_ << ", " << std::to_string(own.scale) << ")";
  return {};
}

Result<void> SqlCompiler::AppendArithmetic(const Expression& expression) {
  const auto arithmetic = ArithmeticOf(expression);
  if (!arithmetic) return Refuse("these values cannot be computed with");
  const Expression& a = *expression.args[0];
  const Expression& b = *expression.args[1];
  const auto operand = [&](std::size_t index) {
    return Append(*expression.args[index], ArithmeticOperand(expression, *arithmetic, index));
  };
  // FUNCTION(first, second more)
  const auto call = [&](std::string_view function, std::size_t first, std::size_t second,
                        std::string_view more = "") -> Result<void> {
    out_ << function << "(";
    TRY(operand(first));
    out_ << ", ";
    TRY(operand(second));
    out_ << more << ")";
    return {};
  };
  const auto numbers = [&](std::string_view function) -> Result<void> {
    out_ << function << "(";
    TRY(AppendNumber(a));
    out_ << ", ";
    TRY(AppendNumber(b));
    out_ << ")";
    return {};
  };
  switch (*arithmetic) {
    case Arithmetic::kNumber:
      return numbers(NumberFunction(expression.op));
    case Arithmetic::kWholeDivision:
      return numbers("tenon_div");
    case Arithmetic::kFloatDivision:
      return numbers("tenon_fdiv");
    case Arithmetic::kDecimal: {
      const OperandKind left = ArithmeticOperand(expression, *arithmetic, 0);
      const OperandKind right = ArithmeticOperand(expression, *arithmetic, 1);
      const std::string_view open = sqlite_ ? "" : "(";
      const std::string_view close = sqlite_ ? "" : ")::numeric";
      out_ << "tenon_decimal_op('" << OperatorText(expression.op) << "', " << open;
      TRY(operand(0));
      out_ << close << fmt::format(", {}, ", left.scale) << open;
      TRY(operand(1));
      out_ << close << fmt::format(", {}, {})", right.scale, expression.type.scale);
      return {};
    }
    case Arithmetic::kTimePlus:
      if (expression.op == Op::kAdd) return call("tenon_time_add", 0, 1);
      out_ << "tenon_time_add(";
      TRY(operand(0));
      out_ << ", tenon_neg(";
      TRY(operand(1));
      out_ << "))";
      return {};
    case Arithmetic::kPlusTime:
      return call("tenon_time_add", 1, 0);
    case Arithmetic::kTimeDifference:
      return call("tenon_time_diff", 0, 1);
    case Arithmetic::kDuration:
      return call(NumberFunction(expression.op), 0, 1);
    case Arithmetic::kDurationTimes:
      return call("tenon_duration_scale", 0, 1, expression.op == Op::kDiv ? ", TRUE" : ", FALSE");
    case Arithmetic::kTimesDuration:
      return call("tenon_duration_scale", 1, 0, ", FALSE");
    case Arithmetic::kDurationRatio:
      return call("tenon_fdiv", 0, 1);
  }
  return Refuse("these values cannot be computed with");
}

Result<void> SqlCompiler::AppendNegation(const Expression& expression) {
  const Expression& operand = *expression.args[0];
  const OperandKind own = KindOf(operand);
  out_ << "tenon_neg(";
  TRY(Append(operand, own.kind == Kind::kJson ? OperandKind{Kind::kNumber} : own));
  out_ << ")";
  return {};
}

// A part of concat().
Result<void> SqlCompiler::AppendTextOf(const Expression& expression) {
  const OperandKind own = KindOf(expression);
  if (own.kind == Kind::kText || own.kind == Kind::kUuid || own.kind == Kind::kNull ||
      (own.kind == Kind::kTime && sqlite_)) {
    out_ << "coalesce(";
    TRY(Append(expression, own.kind == Kind::kUuid ? OperandKind{Kind::kText} : own));
    out_ << ", '')";
    return {};
  }
  out_ << "tenon_text(";
  TRY(Append(expression, own));
  if (sqlite_) out_ << ", '" << KindLetter(own) << "'";
  if (!sqlite_ && own.kind == Kind::kDuration) out_ << ", 'duration'";
  out_ << ")";
  return {};
}

Result<void> SqlCompiler::AppendConcat(const Expression& expression) {
  out_ << "(";
  for (std::size_t i = 0; i < expression.args.size(); ++i) {
    if (i > 0) out_ << " || ";
    TRY(AppendTextOf(*expression.args[i]));
  }
  out_ << ")";
  return {};
}

Result<void> SqlCompiler::AppendCoalesce(const Expression& expression, OperandKind kind) {
  const std::size_t count = expression.args.size();
  // SQLite's own takes two at least.
  if (count == 1) return AppendNumberAs(*expression.args[0], kind);
  out_ << "coalesce(";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out_ << ", ";
    const OperandKind own = KindOf(*expression.args[i]);
    if (own.kind == Kind::kNumber || own.kind == Kind::kDecimal) {
      TRY(AppendNumberAs(*expression.args[i], kind));
      continue;
    }
    const bool same =
        own.kind == Kind::kJson || own.kind == Kind::kNull || IsConstant(*expression.args[i]);
    TRY(Append(*expression.args[i], same ? kind : own));
  }
  out_ << ")";
  return {};
}

// abs(x), round(x), round(x, digits)
Result<void> SqlCompiler::AppendRounding(const Expression& expression) {
  OperandKind own = KindOf(*expression.args[0]);
  if (own.kind == Kind::kJson) own = {Kind::kNumber};
  out_ << (expression.name == "abs" ? "tenon_abs(" : "tenon_round(");
  TRY(Append(*expression.args[0], own));
  if (expression.name == "round") {
    out_ << ", ";
    if (expression.args.size() > 1) {
      TRY(Append(*expression.args[1], {Kind::kNumber}));
    } else {
      out_ << "0";
    }
    if (sqlite_ && own.kind == Kind::kDecimal) out_ << ", " << std::to_string(own.scale);
  }
  out_ << ")";
  return {};
}

Result<void> SqlCompiler::AppendCall(const Expression& expression, OperandKind kind) {
  const std::string& name = expression.name;
  const auto arg = [&](std::size_t index, OperandKind as) {
    return Append(*expression.args[index], as);
  };
  const auto call = [&](std::string_view function,
                        std::initializer_list<OperandKind> kinds) -> Result<void> {
    out_ << function << "(";
    std::size_t index = 0;
    for (const OperandKind as : kinds) {
      if (index > 0) out_ << ", ";
      TRY(arg(index++, as));
    }
    out_ << ")";
    return {};
  };
  const std::size_t count = expression.args.size();
  if (name == "lower") return call("tenon_lower", {{Kind::kText}});
  if (name == "upper") return call("tenon_upper", {{Kind::kText}});
  if (name == "starts_with") return call("tenon_starts_with", {{Kind::kText}, {Kind::kText}});
  if (name == "substr" && count == 2) {
    return call("tenon_substr", {{Kind::kText}, {Kind::kNumber}});
  }
  if (name == "substr") {
    return call("tenon_substr", {{Kind::kText}, {Kind::kNumber}, {Kind::kNumber}});
  }
  if (name == "length") {
    if (KindOf(*expression.args[0]).kind == Kind::kJson) {
      return AppendJsonLength(*expression.args[0]);
    }
    // bigint, or PostgreSQL would compute on with doubles.
    TRY(call("length", {{Kind::kText}}));
    if (!sqlite_) out_ << "::bigint";
    return {};
  }
  if (name == "concat") return AppendConcat(expression);
  if (name == "coalesce") return AppendCoalesce(expression, kind);
  if (name == "abs" || name == "round") return AppendRounding(expression);
  if (name == "bucket") return call("tenon_bucket", {{Kind::kTime}, {Kind::kDuration}});
  static constexpr std::pair<std::string_view, std::string_view> kUnits[] = {
      {"millis", "1000"},
      {"seconds", "1000000"},
      {"minutes", "60000000"},
      {"hours", "3600000000"},
      {"days", "86400000000"}};
  for (const auto& [unit, micros] : kUnits) {
    if (name != unit) continue;
    out_ << "tenon_floor_div(";
    TRY(arg(0, {Kind::kDuration}));
    out_ << ", " << micros << ")";
    return {};
  }
  return Refuse(name + "() has no SQL form");
}

}  // namespace tenon

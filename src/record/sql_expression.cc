// The walk: what each operator becomes.
#include <algorithm>

#include "record/eval.h"
#include "record/operators.h"
#include "record/sql_compiler.h"

namespace tenon {

using model::Expression;
using model::Op;
using model::Path;

std::unexpected<Error> SqlCompiler::Refuse(std::string message) const {
  return Fail(Code::kInvalidArgument, std::move(message));
}

void SqlCompiler::Enter(const model::Entity* entity, const Path* chain, std::string alias) {
  bindings_.push_back({chain, entity, std::move(alias)});
}

void SqlCompiler::Leave() { bindings_.pop_back(); }

// A constant has one value for the whole statement: the evaluator computes it, and both back ends
// agree on it by construction.
Result<Value> SqlCompiler::ConstantValue(const Expression& expression, OperandKind kind) const {
  EvalContext context;
  context.named = context_.parameters;
  context.now = context_.now;
  return ReadValueAs(TRY(Evaluate(expression, context)), kind);
}

void SqlCompiler::BindAs(const Value& value, OperandKind kind, bool cast) {
  if (const auto* flag = value.If<bool>()) {
    out_ << (*flag ? "TRUE" : "FALSE");
    return;
  }
  if (value.IsNull()) {
    out_ << "NULL";
  } else if (const auto* duration = value.If<Duration>();
             duration && kind.kind == Kind::kDuration) {
    out_.Bind(Value(static_cast<std::int64_t>(duration->count())));
  } else {
    out_.Bind(value);
  }
  if (sqlite_ || !cast) return;
  switch (kind.kind) {
    case Kind::kBool:
      out_ << "::boolean";
      break;
    case Kind::kNumber:
      out_ << (value.Is<double>() ? "::double precision" : "::bigint");
      break;
    case Kind::kDecimal:
      out_ << "::numeric";
      break;
    case Kind::kUuid:
      out_ << "::uuid";
      break;
    case Kind::kTime:
      out_ << "::timestamptz";
      break;
    case Kind::kDuration:
      out_ << "::bigint";
      break;
    case Kind::kJson:
      out_ << "::jsonb";
      break;
    default:
      out_ << "::text";
      break;
  }
}

Result<void> SqlCompiler::AppendConstant(const Expression& expression, OperandKind kind) {
  const Value value = TRY(ConstantValue(expression, kind));
  // SQLite holds decimals as units: they must have the scale that the kind says.
  BindAs(ConvertNumber(value, kind), kind, true);
  return {};
}

Result<std::optional<bool>> SqlCompiler::ConstantCondition(const Expression& expression) const {
  if (!IsConstant(expression)) return std::optional<bool>();
  const Value value = TRY(ConstantValue(expression, {Kind::kBool}));
  const auto* flag = value.If<bool>();
  return flag == nullptr ? std::optional<bool>() : std::optional<bool>(*flag);
}

// Constants are worked out here: a view's `ns is null or namespace = ns` becomes TRUE or the
// comparison alone, which an index can serve.
Result<void> SqlCompiler::AppendLogic(const Expression& expression) {
  if (expression.op == Op::kNot) {
    out_ << "NOT (";
    TRY(AppendCondition(*expression.args[0]));
    out_ << ")";
    return {};
  }
  const bool settles = expression.op == Op::kOr;
  std::vector<const Expression*> parts;
  for (const auto& arg : expression.args) {
    const auto constant = TRY(ConstantCondition(*arg));
    if (!constant) {
      parts.push_back(arg.get());
    } else if (*constant == settles) {
      out_ << (settles ? "TRUE" : "FALSE");
      return {};
    }
  }
  if (parts.empty()) {
    out_ << (settles ? "FALSE" : "TRUE");
    return {};
  }
  if (parts.size() == 1) return AppendCondition(*parts.front());
  out_ << "(";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out_ << (settles ? " OR " : " AND ");
    TRY(AppendCondition(*parts[i]));
  }
  out_ << ")";
  return {};
}

Result<void> SqlCompiler::AppendAny(const Expression& expression, std::span<const Chain> chains) {
  if (chains.empty()) return AppendPredicate(expression, {Kind::kBool});
  const Path& path = *chains.front().path;
  const Joined joined = JoinHops(path.hops, StartAlias(path));
  out_ << "EXISTS (SELECT 1 FROM " << joined.from << " WHERE " << joined.condition << " AND ";
  bindings_.push_back({&path, nullptr, joined.alias});
  auto done = AppendAny(expression, chains.subspan(1));
  bindings_.pop_back();
  out_ << ")";
  return done;
}

Result<void> SqlCompiler::AppendPredicate(const Expression& expression, OperandKind kind) {
  switch (expression.op) {
    case Op::kEq:
      return AppendEquality(*expression.args[0], *expression.args[1], true);
    case Op::kNe:
      return AppendEquality(*expression.args[0], *expression.args[1], false);
    case Op::kLt:
    case Op::kLe:
    case Op::kGt:
    case Op::kGe:
      return AppendComparison(expression);
    case Op::kIn:
      return AppendIn(expression);
    case Op::kLike:
    case Op::kIlike:
      return AppendLike(expression);
    case Op::kCall:
      return AppendCall(expression, kind);
    default:
      return AppendPath(expression, kind);
  }
}

Result<void> SqlCompiler::AppendNode(const Expression& expression, OperandKind kind) {
  if (IsPredicate(expression)) {
    std::vector<Chain> chains;
    CollectChains(expression, chains);
    std::erase_if(chains, [&](const Chain& chain) { return BoundAlias(*chain.path) != nullptr; });
    if (chains.empty()) return AppendPredicate(expression, kind);
    return AppendAny(expression, chains);
  }
  switch (expression.op) {
    case Op::kPath:
      return AppendPath(expression, kind);
    case Op::kAnd:
    case Op::kOr:
    case Op::kNot:
      return AppendLogic(expression);
    case Op::kAdd:
    case Op::kSub:
    case Op::kMul:
    case Op::kDiv:
      return AppendArithmetic(expression);
    case Op::kNegate:
      return AppendNegation(expression);
    case Op::kCall:
      return AppendCall(expression, kind);
    case Op::kAggregate:
      return AppendAggregate(expression);
    case Op::kBecomes:
      return Refuse("'becomes' has no SQL form");
    case Op::kTakes:
      return Refuse("what an event takes has no SQL form");
    default:
      return Refuse("this expression has no SQL form");
  }
}

Result<void> SqlCompiler::AppendNumberAs(const Expression& expression, OperandKind kind) {
  const OperandKind own = KindOf(expression);
  const bool numeric = own.kind == Kind::kNumber || own.kind == Kind::kDecimal;
  if (!numeric || IsConstant(expression)) return Append(expression, kind);
  if (!sqlite_ && kind.kind == Kind::kDecimal && own != kind) {
    out_ << "tenon_decimal_op('+', (";
    TRY(Append(expression, own));
    out_ << ")::numeric, 0, 0, 0, " << std::to_string(kind.scale) << ")";
    return {};
  }
  if (kind.kind == Kind::kDecimal && own != kind) {
    out_ << "tenon_decimal_op('+', ";
    TRY(Append(expression, own));
    out_ << ", " << std::to_string(own.scale) << ", 0, 0, " << std::to_string(kind.scale) << ")";
    return {};
  }
  if (kind.kind == Kind::kNumber && own.kind == Kind::kDecimal) return AppendNumber(expression);
  return Append(expression, own);
}

Result<void> SqlCompiler::Append(const Expression& expression, OperandKind kind) {
  if (IsConstant(expression)) return AppendConstant(expression, kind);
  return AppendNode(expression, kind);
}

Result<void> SqlCompiler::AppendResult(const Expression& expression) {
  if (expression.op == Op::kPath && expression.path.json_path.empty() &&
      expression.path.field != nullptr && !expression.path.IsToMany()) {
    const Place place = PlaceOf(expression.path);
    const std::string column = place.alias + "." + QuoteName(expression.path.field->name);
    if (!place.joined) {
      out_ << column;
    } else {
      out_ << "(SELECT " << column << " FROM " << place.joined->from << " WHERE "
           << place.joined->condition << ")";
    }
    return {};
  }
  return Append(expression, KindOf(expression));
}

}  // namespace tenon

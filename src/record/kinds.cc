#include "record/kinds.h"

#include <algorithm>

#include "model/model.h"

namespace tenon {

using model::Expression;
using model::Op;
using model::Path;
using model::Root;
using model::TypeKind;

OperandKind KindOf(const model::Type& type) {
  switch (type.kind) {
    case TypeKind::kNull:
      return {Kind::kNull};
    case TypeKind::kBool:
      return {Kind::kBool};
    case TypeKind::kInt:
    case TypeKind::kFloat:
      return {Kind::kNumber};
    case TypeKind::kDecimal:
      return {Kind::kDecimal, type.scale};
    case TypeKind::kUuid:
      return {Kind::kUuid};
    case TypeKind::kTime:
      return {Kind::kTime};
    case TypeKind::kDuration:
      return {Kind::kDuration};
    case TypeKind::kJson:
    case TypeKind::kList:
    case TypeKind::kMap:
      return {Kind::kJson};
    default:
      return {Kind::kText};
  }
}

bool IsInsideJson(const Expression& expression) {
  return expression.op == Op::kPath && !expression.path.json_path.empty();
}

OperandKind KindOf(const Expression& expression) {
  if (IsInsideJson(expression) && expression.type.kind == TypeKind::kDecimal) {
    return {Kind::kNumber, 0, true};
  }
  if (expression.op != Op::kLiteral) return KindOf(expression.type);
  const Value& value = expression.value;
  if (value.IsNull()) return {Kind::kNull};
  if (value.Is<bool>()) return {Kind::kBool};
  if (value.Is<std::int64_t>() || value.Is<double>()) return {Kind::kNumber};
  if (const auto* decimal = value.If<Decimal>()) return {Kind::kDecimal, decimal->scale};
  if (value.Is<Uuid>()) return {Kind::kUuid};
  if (value.Is<Time>()) return {Kind::kTime};
  if (value.Is<Duration>()) return {Kind::kDuration};
  if (value.Is<boost::json::value>()) return {Kind::kJson};
  return {Kind::kText};
}

std::optional<OperandKind> Meet(OperandKind a, OperandKind b) {
  if (a.kind == Kind::kNull || a.kind == Kind::kJson) return b.kind == Kind::kNull ? a : b;
  if (b.kind == Kind::kNull || b.kind == Kind::kJson) return a;
  if (a.kind == b.kind) return OperandKind{a.kind, std::max(a.scale, b.scale)};  // no from_text
  const auto either = [&](Kind x, Kind y) {
    return (a.kind == x && b.kind == y) || (a.kind == y && b.kind == x);
  };
  if (either(Kind::kDecimal, Kind::kNumber)) {
    return OperandKind{Kind::kDecimal, std::max(a.scale, b.scale)};
  }
  if (either(Kind::kText, Kind::kUuid)) return OperandKind{Kind::kText};
  return std::nullopt;
}

std::optional<OperandKind> Meet(const Expression& a, const Expression& b) {
  const OperandKind left = KindOf(a);
  const OperandKind right = KindOf(b);
  if (left.kind == Kind::kText && right.kind != Kind::kJson && IsConstant(a)) {
    return right.kind == Kind::kNull ? left : right;
  }
  if (right.kind == Kind::kText && left.kind != Kind::kJson && IsConstant(b)) {
    return left.kind == Kind::kNull ? right : left;
  }
  return Meet(left, right);
}

OperandKind ReadAs(const Expression& operand, OperandKind meet) {
  const OperandKind own = KindOf(operand);
  if (own.kind == Kind::kJson) {
    return meet.kind == Kind::kDecimal ? OperandKind{Kind::kNumber} : meet;
  }
  if (own.kind == Kind::kText && IsConstant(operand)) return meet;
  if (own.kind == Kind::kUuid && meet.kind == Kind::kText) return meet;
  if (own.kind == Kind::kNull) return meet;
  return own;
}

bool IsConstant(const Expression& expression) {
  switch (expression.op) {
    case Op::kPath:
    case Op::kAggregate:
    case Op::kTakes:
    case Op::kBecomes:
      return false;
    default:
      break;
  }
  return std::ranges::all_of(expression.args,
                             [](const model::ExpressionPtr& arg) { return IsConstant(*arg); });
}

bool SameChain(const Path& a, const Path& b) {
  return a.root == b.root && a.join_alias == b.join_alias &&
         std::ranges::equal(a.hops, b.hops, {}, &model::Hop::relation, &model::Hop::relation);
}

void CollectChains(const Expression& expression, std::vector<Chain>& chains) {
  if (expression.op == Op::kAggregate) return;
  if (expression.op == Op::kPath && expression.path.IsToMany()) {
    const auto same = [&](const Chain& chain) { return SameChain(*chain.path, expression.path); };
    if (std::ranges::none_of(chains, same)) chains.push_back({&expression.path});
    return;
  }
  for (const auto& arg : expression.args) CollectChains(*arg, chains);
}

bool IsPredicate(const Expression& expression) {
  switch (expression.op) {
    case Op::kEq:
    case Op::kNe:
    case Op::kLt:
    case Op::kLe:
    case Op::kGt:
    case Op::kGe:
    case Op::kIn:
    case Op::kLike:
    case Op::kIlike:
      return true;
    case Op::kPath:
    case Op::kCall:
      return expression.type.kind == TypeKind::kBool;
    default:
      return false;
  }
}

const model::Entity* StartOf(const Path& path) {
  return path.hops.empty() ? path.entity : path.hops.front().relation->source;
}

std::vector<const Expression*> Elements(const Expression& in) {
  std::vector<const Expression*> elements;
  for (std::size_t i = 1; i < in.args.size(); ++i) {
    const Expression& arg = *in.args[i];
    if (arg.op != Op::kListLiteral) {
      elements.push_back(&arg);
      continue;
    }
    for (const auto& element : arg.args) elements.push_back(element.get());
  }
  return elements;
}

}  // namespace tenon

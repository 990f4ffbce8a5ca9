#include "model/expression_checker.h"

#include <fmt/format.h>

#include <algorithm>

namespace tenon::model {

using ast::ExprKind;

std::string_view NameOf(Place place) {
  switch (place) {
    case Place::kDefault:
      return "a default";
    case Place::kCheck:
      return "a check";
    case Place::kWhen:
      return "'when'";
    case Place::kSet:
      return "'set'";
    case Place::kAuto:
      return "'auto when'";
    case Place::kPurge:
      return "'purge when'";
    case Place::kNotify:
      return "'notify'";
    case Place::kIdempotent:
      return "'idempotent by'";
    case Place::kEdge:
      return "'edge'";
    case Place::kIndex:
      return "an index";
    case Place::kSearch:
      return "'search'";
    case Place::kView:
    case Place::kViewColumn:
      return "a view";
    case Place::kFilter:
      return "a filter";
    case Place::kInMemory:
      return "a condition";
  }
  return "here";
}

bool AllowsNow(Place place) {
  return place != Place::kCheck && place != Place::kIdempotent && place != Place::kEdge &&
         place != Place::kIndex && place != Place::kSearch;
}

bool AllowsEngineOnly(Place place) {
  switch (place) {
    case Place::kDefault:
    case Place::kCheck:
    case Place::kWhen:
    case Place::kSet:
    case Place::kNotify:
    case Place::kIdempotent:
    case Place::kEdge:
    case Place::kInMemory:
      return true;
    default:
      return false;
  }
}

bool AllowsRelations(Place place) {
  return place != Place::kDefault && place != Place::kCheck && place != Place::kIdempotent &&
         place != Place::kEdge && place != Place::kIndex;
}

bool AllowsOld(Place place) {
  return place == Place::kNotify || place == Place::kWhen || place == Place::kSet ||
         place == Place::kInMemory;
}

bool HasToMany(const Expression& expression) {
  if (expression.op == Op::kPath && expression.path.IsToMany()) return true;
  return std::any_of(expression.args.begin(), expression.args.end(),
                     [](const ExpressionPtr& arg) { return HasToMany(*arg); });
}

ExpressionPtr ExpressionChecker::Check(const ast::Expr& expr) { return Visit(expr); }

ExpressionPtr ExpressionChecker::CheckCondition(const ast::Expr& expr) { return VisitBool(expr); }

ExpressionPtr ExpressionChecker::CheckValue(const ast::Expr& expr, const Type& target,
                                            std::string_view what) {
  Node node = Visit(expr, &target);
  if (!node) return nullptr;
  if (node->type.kind == TypeKind::kNull && !target.nullable) {
    Report(expr.span, fmt::format("{} may not be null", what), "a ? after its type would allow it");
    return nullptr;
  }
  if (!Coerce(*node, target, fmt::format("{} is", what))) return nullptr;
  if (target.kind == TypeKind::kInt && node->op == Op::kLiteral && node->value.Is<std::int64_t>()) {
    const std::int64_t value = node->value.As<std::int64_t>();
    if ((target.min && value < *target.min) || (target.max && value > *target.max)) {
      Report(expr.span, fmt::format("{} is not in the range of {}", value, ToString(target)));
      return nullptr;
    }
  }
  return node;
}

ExpressionPtr ExpressionChecker::CheckPath(const ast::Expr& expr) {
  if (expr.kind != ExprKind::kPath) {
    Report(expr.span, "expected a path to a field");
    return nullptr;
  }
  Node node = VisitPath(expr, nullptr, Allow{.to_many = scope_.place == Place::kSearch});
  if (node && node->op != Op::kPath) {
    Report(expr.span, "expected a path to a field");
    return nullptr;
  }
  return node;
}

ExpressionChecker::Node ExpressionChecker::Make(Op op, const ast::Expr& expr, TypeKind kind) const {
  auto node = std::make_shared<Expression>();
  node->op = op;
  node->span = expr.span;
  node->type.kind = kind;
  return node;
}

// `expected`, when given, is what the value is compared with or written to: it settles bare enum
// names, and numbers and text that could be of several types.
ExpressionChecker::Node ExpressionChecker::Visit(const ast::Expr& expr, const Type* expected,
                                                 Allow allow) {
  switch (expr.kind) {
    case ExprKind::kPath:
      return VisitPath(expr, expected, allow);
    case ExprKind::kCall:
      return VisitCall(expr, expected);
    case ExprKind::kList:
      return VisitList(expr, expected);
    case ExprKind::kNegate:
      return VisitNegate(expr, expected);
    case ExprKind::kNot: {
      Node inner = VisitBool(*expr.args[0]);
      if (!inner) return nullptr;
      Node node = Make(Op::kNot, expr);
      node->args.push_back(std::move(inner));
      return node;
    }
    case ExprKind::kIn:
      return expr.in_path ? VisitInPath(expr) : VisitIn(expr);
    case ExprKind::kIsNull:
      return VisitIsNull(expr);
    case ExprKind::kBecomes:
      return VisitBecomes(expr);
    case ExprKind::kBinary:
      switch (expr.op) {
        case Op::kAnd:
        case Op::kOr:
          return VisitChain(expr);
        case Op::kLike:
        case Op::kIlike:
          return VisitLike(expr);
        case Op::kAdd:
        case Op::kSub:
        case Op::kMul:
        case Op::kDiv:
          return VisitArithmetic(expr);
        default:
          return VisitComparison(expr);
      }
    default:
      return VisitLiteral(expr, expected);
  }
}

ExpressionChecker::Node ExpressionChecker::VisitBool(const ast::Expr& expr) {
  Node node = Visit(expr);
  if (!node) return nullptr;
  Type condition;
  condition.kind = TypeKind::kBool;
  if (IsLooseJson(*node)) {
    node->type = condition;
    node->type.nullable = true;
  }
  if (node->type.kind == TypeKind::kBool) return node;
  Report(expr.span, fmt::format("expected a condition, this is {}", ToString(node->type)),
         "compare it: = != < > in like is null");
  return nullptr;
}

// A chain becomes a balanced tree of pairs: its depth is the logarithm of its length.
ExpressionChecker::Node ExpressionChecker::VisitChain(const ast::Expr& expr) {
  std::vector<Node> nodes;
  bool fine = true;
  for (const auto& arg : expr.args) {
    Node node = VisitBool(*arg);
    fine = fine && node != nullptr;  // the others are checked too
    nodes.push_back(std::move(node));
  }
  if (!fine) return nullptr;
  while (nodes.size() > 1) {
    std::vector<Node> next;
    for (std::size_t i = 0; i + 1 < nodes.size(); i += 2) {
      Node node = Make(expr.op, expr);
      node->span = Join(nodes[i]->span, nodes[i + 1]->span);
      node->type.nullable = nodes[i]->type.nullable || nodes[i + 1]->type.nullable;
      node->args = {nodes[i], nodes[i + 1]};
      next.push_back(std::move(node));
    }
    if (nodes.size() % 2 == 1) next.push_back(nodes.back());
    nodes = std::move(next);
  }
  return nodes.front();
}

// Both sides of a comparison, each with the other's type in mind. A side that is a name which means
// nothing by itself (an enum's value) waits for the other.
std::optional<std::pair<ExpressionChecker::Node, ExpressionChecker::Node>>
ExpressionChecker::VisitSides(const ast::Expr& left, const ast::Expr& right) {
  const Allow allow{.to_many = true};
  const auto waits = [&](const ast::Expr& side) {
    return side.kind != ExprKind::kPath
               ? side.kind != ExprKind::kCall && side.kind != ExprKind::kBinary
               : !Resolves(side);
  };
  Node first;
  Node second;
  if (waits(left) && !waits(right)) {
    second = Visit(right, nullptr, allow);
    if (!second) return std::nullopt;
    first = Visit(left, &second->type, allow);
    if (!first) return std::nullopt;
  } else {
    first = Visit(left, nullptr, allow);
    // The other side is still looked at, for its own errors.
    second = Visit(right, first ? &first->type : nullptr, allow);
    if (!first || !second) return std::nullopt;
  }
  const bool both = HasToMany(*first) && HasToMany(*second);
  if (both) {
    Report(right.span, "only one side of a comparison may go over a to-many relation");
    return std::nullopt;
  }
  // A JSON path follows the other side, whatever that is; then a literal does.
  const bool first_follows =
      IsLooseJson(*first) ||
      (!IsLooseJson(*second) && first->op == Op::kLiteral && second->op != Op::kLiteral);
  Expression& follower = first_follows ? *first : *second;
  const Expression& leader = first_follows ? *second : *first;
  if (!Coerce(follower, leader.type, "it is compared with")) return std::nullopt;
  return std::pair(std::move(first), std::move(second));
}

ExpressionChecker::Node ExpressionChecker::VisitComparison(const ast::Expr& expr) {
  const bool is_null =
      expr.args[1]->kind == ExprKind::kNull && (expr.op == Op::kEq || expr.op == Op::kNe);
  if (is_null) return VisitIsNull(expr);
  auto sides = VisitSides(*expr.args[0], *expr.args[1]);
  if (!sides) return nullptr;
  const Type& type = sides->first->type;
  const bool ordered = expr.op != Op::kEq && expr.op != Op::kNe;
  if (ordered && (type.kind == TypeKind::kBool || type.kind == TypeKind::kNull ||
                  (type.IsJson() && sides->second->type.IsJson()))) {
    Report(expr.span, fmt::format("{} has no order", ToString(type)),
           "only = and != can compare it");
    return nullptr;
  }
  Node node = Make(expr.op, expr);
  node->args = {std::move(sides->first), std::move(sides->second)};
  return node;
}

ExpressionChecker::Node ExpressionChecker::VisitIn(const ast::Expr& expr) {
  Node left = Visit(*expr.args[0], nullptr, Allow{.to_many = true});
  Node node = Make(Op::kIn, expr);
  bool fine = left != nullptr;
  node->args.push_back(left);
  for (std::size_t i = 1; i < expr.args.size(); ++i) {
    Node item = Visit(*expr.args[i], left ? &left->type : nullptr);
    // The first item settles what a JSON path holds.
    if (item && left && IsLooseJson(*left)) {
      if (!Coerce(*left, item->type, "it is compared with")) return nullptr;
    }
    fine = fine && item && Coerce(*item, left->type, "it is compared with");
    node->args.push_back(std::move(item));
  }
  if (!fine) return nullptr;
  if (!expr.negated) return node;
  Node out = Make(Op::kNot, expr);
  out->args.push_back(std::move(node));
  return out;
}

// `"admin" in roles`
ExpressionChecker::Node ExpressionChecker::VisitInPath(const ast::Expr& expr) {
  Node list = Visit(*expr.args[1], nullptr, Allow{.to_many = false});
  if (!list) return nullptr;
  const bool parameter = list->op == Op::kParameter || list->op == Op::kTakes;
  if ((list->op != Op::kPath && !parameter) ||
      (list->type.kind != TypeKind::kList && list->type.kind != TypeKind::kJson)) {
    Report(expr.args[1]->span,
           fmt::format("expected a list after 'in', this is {}", ToString(list->type)),
           "a list of values is put in brackets: in (A, B)");
    return nullptr;
  }
  const Type* element = list->type.kind == TypeKind::kList ? list->type.element.get() : nullptr;
  Node item = Visit(*expr.args[0], element);
  if (!item) return nullptr;
  if (element != nullptr && !Coerce(*item, *element, "the list holds")) return nullptr;
  Node node = Make(Op::kIn, expr);
  node->args = {std::move(item), std::move(list)};
  if (!expr.negated) return node;
  Node out = Make(Op::kNot, expr);
  out->args.push_back(std::move(node));
  return out;
}

// `x is null`, `x is not null`, `x = null`, `x != null`.
ExpressionChecker::Node ExpressionChecker::VisitIsNull(const ast::Expr& expr) {
  Node inner = Visit(*expr.args[0], nullptr,
                     Allow{.to_many = true, .secret = scope_.place != Place::kFilter});
  if (!inner) return nullptr;
  const bool negated = expr.kind == ExprKind::kIsNull ? expr.negated : expr.op == Op::kNe;
  Node null = Make(Op::kLiteral, expr, TypeKind::kNull);
  null->type.nullable = true;
  Node node = Make(negated ? Op::kNe : Op::kEq, expr);
  node->args = {std::move(inner), std::move(null)};
  return node;
}

ExpressionChecker::Node ExpressionChecker::VisitLike(const ast::Expr& expr) {
  Type text;
  text.kind = TypeKind::kText;
  Node left = Visit(*expr.args[0], nullptr, Allow{.to_many = true});
  Node right = Visit(*expr.args[1], &text);
  if (!left || !right) return nullptr;
  for (Expression* side : {left.get(), right.get()}) {
    if (IsLooseJson(*side)) {
      side->type = text;
      side->type.nullable = true;
    }
    if (side->type.IsTextLike()) continue;
    Report(side->span, fmt::format("'like' compares text, this is {}", ToString(side->type)));
    return nullptr;
  }
  Node node = Make(expr.op, expr);
  node->type.nullable = left->type.nullable || right->type.nullable;
  node->args = {std::move(left), std::move(right)};
  if (!expr.negated) return node;
  Node out = Make(Op::kNot, expr);
  out->type.nullable = node->type.nullable;
  out->args.push_back(std::move(node));
  return out;
}

ExpressionChecker::Node ExpressionChecker::VisitBecomes(const ast::Expr& expr) {
  if (!AllowsOld(scope_.place)) {
    Report(expr.span, fmt::format("'becomes' cannot be used in {}", NameOf(scope_.place)),
           "it compares the states before and after a write");
    return nullptr;
  }
  Node path = Visit(*expr.args[0]);
  if (!path) return nullptr;
  if (path->op != Op::kPath || path->path.root == Root::kOld || !path->path.hops.empty()) {
    Report(expr.args[0]->span, "expected a field of the row before 'becomes'");
    return nullptr;
  }
  Node value = Visit(*expr.args[1], &path->type);
  if (!value) return nullptr;
  if (IsLooseJson(*path)) {
    if (!Coerce(*path, value->type, "it is compared with")) return nullptr;
  } else if (!Coerce(*value, path->type, "it is compared with")) {
    return nullptr;
  }
  Node node = Make(Op::kBecomes, expr);
  node->args = {std::move(path), std::move(value)};
  return node;
}

ExpressionChecker::Node ExpressionChecker::VisitNegate(const ast::Expr& expr,
                                                       const Type* expected) {
  Node inner = Visit(*expr.args[0], expected);
  if (!inner) return nullptr;
  // A negative literal is a literal.
  if (inner->op == Op::kLiteral) {
    inner->span = expr.span;
    if (const auto* v = inner->value.If<std::int64_t>()) {
      inner->value = Value(-*v);
      return inner;
    }
    if (const auto* v = inner->value.If<double>()) {
      inner->value = Value(-*v);
      return inner;
    }
    if (const auto* v = inner->value.If<Decimal>()) {
      inner->value = Value(Decimal{-v->units, v->scale});
      return inner;
    }
    if (const auto* v = inner->value.If<Duration>()) {
      inner->value = Value(-*v);
      return inner;
    }
  }
  const TypeKind kind = inner->type.kind;
  if (kind != TypeKind::kInt && kind != TypeKind::kDecimal && kind != TypeKind::kFloat &&
      kind != TypeKind::kDuration) {
    Report(expr.span,
           fmt::format("'-' needs a number or a duration, this is {}", ToString(inner->type)));
    return nullptr;
  }
  Node node = Make(Op::kNegate, expr, kind);
  node->type = inner->type;
  node->type.min.reset();
  node->type.max.reset();
  node->args.push_back(std::move(inner));
  return node;
}

ExpressionChecker::Node ExpressionChecker::VisitArithmetic(const ast::Expr& expr) {
  Node left = Visit(*expr.args[0]);
  Node right = Visit(*expr.args[1]);
  if (!left || !right) return nullptr;
  // JSON beside a number is that number; beside more JSON a float.
  for (auto [json, other] : {std::pair(left, right), std::pair(right, left)}) {
    if (!IsLooseJson(*json)) continue;
    json->type = Type{};
    json->type.kind = other->type.kind == TypeKind::kJson ? TypeKind::kFloat : other->type.kind;
    if (other->type.kind == TypeKind::kDecimal) json->type.kind = TypeKind::kFloat;
    json->type.nullable = true;
  }
  Node node = Make(expr.op, expr);
  node->args = {std::move(left), std::move(right)};
  if (!TypeOfArithmetic(expr, *node)) return nullptr;
  return node;
}

bool ExpressionChecker::TypeOfArithmetic(const ast::Expr& expr, Expression& out) {
  const Type& a = out.args[0]->type;
  const Type& b = out.args[1]->type;
  out.type = Type{};
  out.type.nullable = a.nullable || b.nullable || expr.op == Op::kDiv;
  const auto number = [](const Type& type) {
    return type.kind == TypeKind::kInt || type.kind == TypeKind::kDecimal ||
           type.kind == TypeKind::kFloat;
  };
  const bool sum = expr.op == Op::kAdd || expr.op == Op::kSub;
  if (number(a) && number(b)) {
    if (a.kind == TypeKind::kFloat || b.kind == TypeKind::kFloat) {
      out.type.kind = TypeKind::kFloat;
    } else if (a.kind == TypeKind::kDecimal || b.kind == TypeKind::kDecimal) {
      out.type.kind = TypeKind::kDecimal;
      out.type.precision = 18;
      out.type.scale =
          expr.op == Op::kMul ? std::min(a.scale + b.scale, 18) : std::max(a.scale, b.scale);
    } else {
      out.type.kind = TypeKind::kInt;
    }
    return true;
  }
  const bool a_time = a.kind == TypeKind::kTime;
  const bool b_time = b.kind == TypeKind::kTime;
  const bool a_span = a.kind == TypeKind::kDuration;
  const bool b_span = b.kind == TypeKind::kDuration;
  if (a_time && b_time && expr.op == Op::kSub) {
    out.type.kind = TypeKind::kDuration;
  } else if ((a_time && b_span && sum) || (a_span && b_time && expr.op == Op::kAdd)) {
    out.type.kind = TypeKind::kTime;
  } else if (a_span && b_span && sum) {
    out.type.kind = TypeKind::kDuration;
  } else if ((a_span && b.kind == TypeKind::kInt && !sum) ||
             (a.kind == TypeKind::kInt && b_span && expr.op == Op::kMul)) {
    out.type.kind = TypeKind::kDuration;
  } else {
    static constexpr std::string_view kSigns = "+-*/";
    const char sign =
        kSigns[static_cast<std::size_t>(static_cast<int>(expr.op) - static_cast<int>(Op::kAdd))];
    Report(expr.span, fmt::format("{} {} {} is not possible", ToString(a), sign, ToString(b)),
           a.IsTextLike() && b.IsTextLike() ? "concat(a, b) joins text" : "");
    return false;
  }
  return true;
}

}  // namespace tenon::model

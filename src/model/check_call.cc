// Calls: functions, aggregates, now().
#include <fmt/format.h>

#include <algorithm>

#include "model/expression_checker.h"

namespace tenon::model {

using ast::ExprKind;

namespace {

std::string_view NameOf(Domain domain) {
  switch (domain) {
    case Domain::kText:
      return "text";
    case Domain::kInt:
      return "int";
    case Domain::kNumber:
      return "a number";
    case Domain::kBool:
      return "bool";
    case Domain::kTime:
      return "time";
    case Domain::kDuration:
      return "duration";
    case Domain::kJson:
      return "JSON";
    case Domain::kList:
      return "a list";
    case Domain::kTextOrList:
      return "text or a list";
    case Domain::kUuid:
      return "uuid";
    default:
      return "a value";
  }
}

bool IsNumber(TypeKind kind) {
  return kind == TypeKind::kInt || kind == TypeKind::kDecimal || kind == TypeKind::kFloat;
}

bool Fits(const Type& type, Domain domain) {
  switch (domain) {
    case Domain::kText:
      return type.IsTextLike();
    case Domain::kInt:
      return type.kind == TypeKind::kInt;
    case Domain::kNumber:
      return IsNumber(type.kind);
    case Domain::kBool:
      return type.kind == TypeKind::kBool;
    case Domain::kTime:
      return type.kind == TypeKind::kTime;
    case Domain::kDuration:
      return type.kind == TypeKind::kDuration;
    case Domain::kJson:
      return type.IsJson();
    case Domain::kList:
      return type.kind == TypeKind::kList || type.kind == TypeKind::kJson;
    case Domain::kTextOrList:
      return type.IsTextLike() || type.kind == TypeKind::kList || type.kind == TypeKind::kJson;
    case Domain::kUuid:
      return type.kind == TypeKind::kUuid;
    case Domain::kAny:
    case Domain::kSame:
      return true;
  }
  return false;
}

Type Plain(TypeKind kind, bool nullable) {
  Type type;
  type.kind = kind;
  type.nullable = nullable;
  return type;
}

}  // namespace

ExpressionChecker::Node ExpressionChecker::VisitCall(const ast::Expr& expr, const Type* expected) {
  if (expr.text == "now") return VisitNow(expr);
  if (IsAggregate(expr.text)) return VisitAggregate(expr);
  const Function* function = FindFunction(expr.text);
  if (function == nullptr) return UnknownFunction(expr);
  return VisitFunction(expr, *function, expected);
}

ExpressionChecker::Node ExpressionChecker::UnknownFunction(const ast::Expr& expr) {
  std::vector<std::string_view> names = {"now"};
  for (const Function& function : Functions()) names.push_back(function.name);
  names.insert(names.end(), Aggregates().begin(), Aggregates().end());
  Span name = expr.span;
  name.length = static_cast<std::uint32_t>(expr.text.size());
  Report(name, fmt::format("there is no function '{}'", expr.text), DidYouMean(expr.text, names));
  return nullptr;
}

ExpressionChecker::Node ExpressionChecker::VisitNow(const ast::Expr& expr) {
  if (!expr.args.empty() || expr.where || expr.distinct) {
    Report(expr.span, "now() takes no arguments");
    return nullptr;
  }
  if (!AllowsNow(scope_.place)) {
    Report(expr.span, fmt::format("now() cannot be used in {}", NameOf(scope_.place)),
           "the answer would change by itself");
    return nullptr;
  }
  return Make(Op::kNow, expr, TypeKind::kTime);
}

ExpressionChecker::Node ExpressionChecker::VisitFunction(const ast::Expr& expr,
                                                         const Function& function,
                                                         const Type* expected) {
  Span name = expr.span;
  name.length = static_cast<std::uint32_t>(expr.text.size());
  if (function.engine_only && !AllowsEngineOnly(scope_.place)) {
    Report(name,
           fmt::format("{}() is the engine's alone and cannot be used in {}", function.name,
                       NameOf(scope_.place)),
           "the database could not compute it");
    return nullptr;
  }
  // What else is computed from a row is computed again when there is no caller to ask for a tenant.
  if (function.name == "scoped" && scope_.place != Place::kDefault) {
    Report(name,
           fmt::format("scoped() is for defaults and cannot be used in {}", NameOf(scope_.place)));
    return nullptr;
  }
  if (expr.distinct || expr.where) {
    Report(expr.span,
           fmt::format("{}() is no aggregate: 'distinct' and 'where' have no meaning in it",
                       function.name));
    return nullptr;
  }
  const int count = static_cast<int>(expr.args.size());
  if (count < function.args_min || (function.args_max >= 0 && count > function.args_max)) {
    const std::string wanted = function.args_max < 0 ? fmt::format("at least {}", function.args_min)
                               : function.args_min == function.args_max
                                   ? std::to_string(function.args_min)
                                   : fmt::format("{} or {}", function.args_min, function.args_max);
    Report(expr.span, fmt::format("{}() takes {} argument{}, not {}", function.name, wanted,
                                  wanted == "1" ? "" : "s", count));
    return nullptr;
  }
  Node node = Make(Op::kCall, expr);
  node->name = std::string(function.name);
  bool fine = true;
  for (std::size_t i = 0; i < expr.args.size(); ++i) {
    const Domain domain = function.args[std::min<std::size_t>(i, 2)];
    const Type* hint = domain == Domain::kSame && !node->args.empty() && node->args[0]
                           ? &node->args[0]->type
                           : (i == 0 ? expected : nullptr);
    Node arg = Visit(*expr.args[i], hint);
    fine = fine && arg != nullptr;
    if (fine)
      fine = CheckArgument(*arg, domain, i == 0 ? arg->type : node->args[0]->type, function.name);
    node->args.push_back(std::move(arg));
  }
  if (!fine) return nullptr;
  node->type = ResultOf(function, node->args);
  if (function.name == "matches" && node->args[1]->value.Is<std::string>()) {
    auto pattern = Pattern::Compile(node->args[1]->value.As<std::string>());
    if (!pattern) {
      Report(expr.args[1]->span, std::move(pattern).error().message);
      return nullptr;
    }
    node->pattern = *std::move(pattern);
  }
  return node;
}

bool ExpressionChecker::CheckArgument(Expression& arg, Domain domain, const Type& first,
                                      std::string_view function) {
  if (arg.type.kind == TypeKind::kNull || domain == Domain::kAny) return true;
  if (domain == Domain::kSame) return Coerce(arg, first, "the first argument is");
  if (IsLooseJson(arg)) {
    static constexpr std::array<std::pair<Domain, TypeKind>, 7> kTaken = {
        {{Domain::kText, TypeKind::kText},
         {Domain::kInt, TypeKind::kInt},
         {Domain::kNumber, TypeKind::kFloat},
         {Domain::kBool, TypeKind::kBool},
         {Domain::kTime, TypeKind::kTime},
         {Domain::kDuration, TypeKind::kDuration},
         {Domain::kUuid, TypeKind::kUuid}}};
    for (const auto& [wanted, kind] : kTaken) {
      if (wanted == domain) arg.type = Plain(kind, true);
    }
  }
  if (Fits(arg.type, domain)) return true;
  Report(arg.span, fmt::format("{}() expects {} here, this is {}", function, NameOf(domain),
                               ToString(arg.type)));
  return false;
}

Type ExpressionChecker::ResultOf(const Function& function,
                                 const std::vector<ExpressionPtr>& args) const {
  bool nullable = std::any_of(args.begin(), args.end(),
                              [](const ExpressionPtr& arg) { return arg->type.nullable; });
  if (function.name == "coalesce") {
    nullable = std::all_of(args.begin(), args.end(),
                           [](const ExpressionPtr& arg) { return arg->type.nullable; });
  }
  if (function.name == "concat") nullable = false;
  switch (function.result) {
    case Domain::kText:
      return Plain(TypeKind::kText, nullable);
    case Domain::kInt:
      return Plain(TypeKind::kInt, nullable);
    case Domain::kBool:
      return Plain(TypeKind::kBool, nullable);
    case Domain::kTime:
      return Plain(TypeKind::kTime, nullable);
    case Domain::kDuration:
      return Plain(TypeKind::kDuration, nullable);
    case Domain::kUuid:
      return Plain(TypeKind::kUuid, nullable);
    case Domain::kJson:
      return Plain(TypeKind::kJson, nullable);
    default:
      break;
  }
  // The first argument that is not the bare null says which type it is.
  Type type = args.front()->type;
  for (const ExpressionPtr& arg : args) {
    if (arg->type.kind == TypeKind::kNull) continue;
    type = arg->type;
    break;
  }
  type.nullable = nullable;
  type.min.reset();
  type.max.reset();
  type.length_max.reset();
  return type;
}

// Over the rows of a view, or over the rows at the other end of a relation.
ExpressionChecker::Node ExpressionChecker::VisitAggregate(const ast::Expr& expr) {
  const std::string& name = expr.text;
  if (inside_aggregate_) {
    Report(expr.span, fmt::format("{}() stands inside another aggregate", name));
    return nullptr;
  }
  const bool condition = name == "any" || name == "all";
  const std::size_t most = 1;
  if (expr.args.size() > most || (expr.args.empty() && name != "count")) {
    Report(expr.span, fmt::format("{}() takes one argument", name));
    return nullptr;
  }
  Node node = Make(Op::kAggregate, expr);
  node->name = name;
  node->distinct = expr.distinct;
  inside_aggregate_ = true;
  bool fine = true;
  if (!expr.args.empty()) {
    Node arg = condition ? VisitBool(*expr.args[0])
                         : Visit(*expr.args[0], nullptr,
                                 Allow{.to_many = true, .relation = name == "count"});
    fine = arg != nullptr;
    node->args.push_back(std::move(arg));
  }
  if (expr.where) {
    node->where = VisitBool(*expr.where);
    fine = fine && node->where != nullptr;
  }
  inside_aggregate_ = false;
  if (!fine) return nullptr;

  const bool over_relation = !node->args.empty() && HasToMany(*node->args[0]);
  if (over_relation) {
    if (!AllowsRelations(scope_.place)) {
      Report(expr.span, fmt::format("{} cannot follow relations", NameOf(scope_.place)));
      return nullptr;
    }
    if (node->where) {
      Report(expr.where->span, "'where' is for aggregates over the rows of a view",
             "any(...) and all(...) take a condition over a relation");
      return nullptr;
    }
    if (!condition && node->args[0]->op != Op::kPath) {
      Report(expr.args[0]->span, "an aggregate over a relation takes a path");
      return nullptr;
    }
  } else {
    if (condition) {
      Report(expr.span, fmt::format("{}() needs a path over a to-many relation", name));
      return nullptr;
    }
    if (scope_.place != Place::kViewColumn) {
      Report(expr.span, fmt::format("{} has no rows to aggregate over", NameOf(scope_.place)),
             "an aggregate takes a relation here: count(steps)");
      return nullptr;
    }
    saw_row_aggregate_ = true;
  }
  if (!TypeOfAggregate(expr, *node)) return nullptr;
  return node;
}

bool ExpressionChecker::TypeOfAggregate(const ast::Expr& expr, Expression& out) {
  const std::string& name = expr.text;
  if (name == "count") {
    out.type = Plain(TypeKind::kInt, false);
    return true;
  }
  if (name == "any" || name == "all") {
    out.type = Plain(TypeKind::kBool, false);
    return true;
  }
  // The node is ours alone until it is returned.
  auto arg = std::const_pointer_cast<Expression>(out.args[0]);
  if (IsLooseJson(*arg) && name != "list") {
    arg->type = Plain(TypeKind::kFloat, true);
  }
  const TypeKind kind = arg->type.kind;
  if (name == "list") {
    out.type = Plain(TypeKind::kList, false);
    out.type.element = std::make_shared<Type>(arg->type);
    return true;
  }
  const bool summable = IsNumber(kind) || kind == TypeKind::kDuration;
  if ((name == "sum" || name == "avg") && !summable) {
    Report(expr.args[0]->span,
           fmt::format("{}() needs a number, this is {}", name, ToString(arg->type)));
    return false;
  }
  if (arg->type.IsJson()) {
    Report(expr.args[0]->span, fmt::format("{} has no order", ToString(arg->type)));
    return false;
  }
  out.type = arg->type;
  out.type.nullable = true;
  out.type.min.reset();
  out.type.max.reset();
  if (name == "avg" && IsNumber(kind)) out.type = Plain(TypeKind::kFloat, true);
  return true;
}

}  // namespace tenon::model

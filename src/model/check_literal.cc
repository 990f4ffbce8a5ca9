// Literals, and how types meet.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <charconv>
#include <cstdlib>

#include "base/text.h"
#include "model/expression_checker.h"
#include "model/lexer.h"

namespace tenon::model {

using ast::ExprKind;

namespace {

bool IsNumber(const Type& type) {
  return type.kind == TypeKind::kInt || type.kind == TypeKind::kDecimal ||
         type.kind == TypeKind::kFloat;
}

std::vector<std::string_view> NamesOf(const Enum& enumeration) {
  std::vector<std::string_view> names;
  for (const EnumValue& value : enumeration.values) names.push_back(value.name);
  return names;
}

}  // namespace

std::optional<boost::json::value> ToJson(const ast::Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNull:
      return boost::json::value(nullptr);
    case ExprKind::kTrue:
      return boost::json::value(true);
    case ExprKind::kFalse:
      return boost::json::value(false);
    case ExprKind::kString:
      return boost::json::value(expr.text);
    case ExprKind::kObject:
      return *expr.json;
    case ExprKind::kPath:  // a bare enum name
      if (expr.path.size() == 1) return boost::json::value(expr.path[0].text);
      return std::nullopt;
    case ExprKind::kInt: {
      std::int64_t value = 0;
      const auto read =
          std::from_chars(expr.text.data(), expr.text.data() + expr.text.size(), value);
      if (read.ec != std::errc()) return std::nullopt;
      return boost::json::value(value);
    }
    case ExprKind::kDecimal:
    case ExprKind::kFloat:
      return boost::json::value(std::strtod(expr.text.c_str(), nullptr));
    case ExprKind::kDuration:
      if (const auto duration = ParseShortDuration(expr.text)) {
        return boost::json::value(FormatDuration(*duration));
      }
      return std::nullopt;
    case ExprKind::kNegate: {
      auto inner = ToJson(*expr.args[0]);
      if (!inner) return std::nullopt;
      if (inner->is_int64()) return boost::json::value(-inner->get_int64());
      if (inner->is_double()) return boost::json::value(-inner->get_double());
      return std::nullopt;
    }
    case ExprKind::kList: {
      boost::json::array array;
      for (const auto& arg : expr.args) {
        auto item = ToJson(*arg);
        if (!item) return std::nullopt;
        array.push_back(std::move(*item));
      }
      return boost::json::value(std::move(array));
    }
    default:
      return std::nullopt;
  }
}

ExpressionChecker::Node ExpressionChecker::VisitLiteral(const ast::Expr& expr,
                                                        const Type* expected) {
  Node node = Make(Op::kLiteral, expr);
  switch (expr.kind) {
    case ExprKind::kNull:
      node->type.kind = TypeKind::kNull;
      node->type.nullable = true;
      return node;
    case ExprKind::kTrue:
    case ExprKind::kFalse:
      node->value = Value(expr.kind == ExprKind::kTrue);
      return node;
    case ExprKind::kString:
      node->type.kind = TypeKind::kText;
      node->value = Value(expr.text);
      return node;
    case ExprKind::kObject:
      node->type.kind = TypeKind::kJson;
      node->value = Value::Json(*expr.json);
      return node;
    case ExprKind::kDuration:
      node->type.kind = TypeKind::kDuration;
      if (const auto duration = ParseShortDuration(expr.text)) {
        node->value = Value(*duration);
        return node;
      }
      Report(expr.span, "the duration is too long");
      return nullptr;
    case ExprKind::kInt: {
      std::int64_t value = 0;
      const auto read =
          std::from_chars(expr.text.data(), expr.text.data() + expr.text.size(), value);
      if (read.ec != std::errc()) {
        Report(expr.span, "the number does not fit 64 bits");
        return nullptr;
      }
      node->type.kind = TypeKind::kInt;
      node->value = Value(value);
      return node;
    }
    case ExprKind::kDecimal: {
      if (expected != nullptr && expected->kind == TypeKind::kFloat) break;
      const auto decimal = Decimal::Parse(expr.text);
      if (!decimal || decimal->scale > 18) {
        Report(expr.span, "the number has more digits than a decimal can hold",
               "18 digits in all; a float is written 1.5e0");
        return nullptr;
      }
      node->type.kind = TypeKind::kDecimal;
      node->type.precision = 18;
      node->type.scale = decimal->scale;
      node->value = Value(*decimal);
      return node;
    }
    default:
      break;
  }
  const double value = std::strtod(expr.text.c_str(), nullptr);
  if (!(value < 1e308)) {
    Report(expr.span, "the number is too large for a float");
    return nullptr;
  }
  node->type.kind = TypeKind::kFloat;
  node->value = Value(value);
  return node;
}

// A list beside JSON is JSON when all its parts are literals.
ExpressionChecker::Node ExpressionChecker::VisitList(const ast::Expr& expr, const Type* expected) {
  const Type* element = expected != nullptr ? expected->element.get() : nullptr;
  Node node = Make(Op::kListLiteral, expr, TypeKind::kList);
  bool literal = true;
  for (const auto& arg : expr.args) {
    Node item = Visit(*arg, element);
    if (!item) return nullptr;
    if (element != nullptr && !Coerce(*item, *element, "the list holds")) return nullptr;
    if (!node->type.element) node->type.element = std::make_shared<Type>(item->type);
    literal = literal &&
              (item->op == Op::kLiteral || (item->op == Op::kListLiteral && item->args.empty()));
    node->args.push_back(std::move(item));
  }
  if (expected != nullptr && expected->element) node->type.element = expected->element;
  if (!literal) return node;
  auto json = ToJson(expr);
  if (!json) return node;
  node->op = Op::kLiteral;
  node->value = Value::Json(std::move(*json));
  node->args.clear();
  return node;
}

ExpressionChecker::Node ExpressionChecker::EnumLiteral(const ast::Name& name, const Type& type) {
  if (type.enumeration == nullptr || !type.enumeration->Has(name.text)) {
    const auto names =
        type.enumeration ? NamesOf(*type.enumeration) : std::vector<std::string_view>{};
    std::string hint = DidYouMean(name.text, names);
    if (hint.empty() && !names.empty()) hint = "it has " + OneOf(names);
    const bool named = type.enumeration && !type.enumeration->name.empty();
    Report(name.span,
           named ? fmt::format("'{}' has no value {}", type.enumeration->name, name.text)
                 : fmt::format("there is no value {} here", name.text),
           std::move(hint));
    return nullptr;
  }
  auto node = std::make_shared<Expression>();
  node->op = Op::kLiteral;
  node->span = name.span;
  node->type.kind = TypeKind::kEnum;
  node->type.enumeration = type.enumeration;
  node->value = Value(name.text);
  return node;
}

bool ExpressionChecker::Comparable(const Type& a, const Type& b) {
  if (a.kind == TypeKind::kNull || b.kind == TypeKind::kNull) return true;
  if (a.kind == b.kind) {
    if (a.kind == TypeKind::kEnum && a.enumeration && b.enumeration &&
        a.enumeration != b.enumeration) {
      // Two enums meet when they share a value: two lists of states that were written twice.
      for (const EnumValue& value : a.enumeration->values) {
        if (b.enumeration->Has(value.name)) return true;
      }
      return false;
    }
    return true;
  }
  if (IsNumber(a) && IsNumber(b)) return true;
  if (a.IsJson() && b.IsJson()) return true;
  if (a.kind == TypeKind::kSecret || b.kind == TypeKind::kSecret) return false;
  return a.IsTextLike() && b.IsTextLike();
}

bool ExpressionChecker::CoerceText(Expression& node, const Type& target) {
  const std::string text = node.value.As<std::string>();
  const auto refuse = [&](std::string_view what, std::string hint) {
    Report(node.span, fmt::format("{} is not {}", EncodeString(Ellipsis(text, 60)), what),
           std::move(hint));
    return false;
  };
  switch (target.kind) {
    case TypeKind::kTime: {
      const auto time = ParseTime(text);
      if (!time) return refuse("a time", "as in \"2026-01-31T12:00:00Z\"");
      node.value = Value(*time);
      break;
    }
    case TypeKind::kDuration: {
      auto duration = ParseDuration(text);
      if (!duration) duration = ParseShortDuration(text);
      if (!duration) return refuse("a duration", "as in 15m or \"PT15M\"");
      node.value = Value(*duration);
      break;
    }
    case TypeKind::kUuid: {
      const auto uuid = Uuid::Parse(text);
      if (!uuid) return refuse("a UUID", "as in \"0190a1b2-0000-7000-8000-000000000000\"");
      node.value = Value(*uuid);
      break;
    }
    case TypeKind::kUlid: {
      const auto ulid = Ulid::Parse(text);
      if (!ulid) return refuse("a ULID", "26 letters and digits");
      node.value = Value(ulid->ToString());
      break;
    }
    case TypeKind::kEnum: {
      Node literal = EnumLiteral({text, node.span, true}, target);
      if (!literal) return false;
      break;
    }
    case TypeKind::kDecimal:
    case TypeKind::kInt:
    case TypeKind::kFloat:
    case TypeKind::kBool:
      Report(node.span, fmt::format("this is text, not {}", ToString(target)),
             "take the quotes away");
      return false;
    default:
      return false;
  }
  const Span span = node.span;
  node.type = Type{};
  node.type.kind = target.kind;
  node.type.enumeration = target.enumeration;
  node.span = span;
  return true;
}

bool IsLooseJson(const Expression& e) {
  return e.op == Op::kPath && e.type.kind == TypeKind::kJson && !e.path.json_path.empty();
}

bool ExpressionChecker::Coerce(Expression& node, const Type& target, std::string_view verb) {
  if (target.kind == TypeKind::kNull || node.type.kind == TypeKind::kNull) return true;
  const bool json_path = IsLooseJson(node);
  if (json_path && !target.IsJson()) {
    const bool nullable = true;
    node.type = target;
    node.type.nullable = nullable;
    node.type.length_max.reset();
    node.type.min.reset();
    node.type.max.reset();
    return true;
  }
  if (node.op == Op::kLiteral && node.value.Is<std::string>() &&
      node.type.kind == TypeKind::kText && target.kind != TypeKind::kText) {
    if (target.kind == TypeKind::kJson && target.shape == nullptr) {
      node.value = Value::Json(boost::json::value(node.value.As<std::string>()));
      node.type = target;
      return true;
    }
    if (!target.IsTextLike() || target.kind == TypeKind::kEnum || target.kind == TypeKind::kUlid) {
      if (!target.IsJson()) return CoerceText(node, target);
    } else {
      return target.kind != TypeKind::kSecret;
    }
  }
  if (node.op == Op::kLiteral && target.kind == TypeKind::kJson && target.shape == nullptr) {
    if (const auto* flag = node.value.If<bool>()) {
      node.value = Value::Json(boost::json::value(*flag));
      node.type = target;
    } else if (const auto* number = node.value.If<std::int64_t>()) {
      node.value = Value::Json(boost::json::value(*number));
      node.type = target;
    }
  }
  if (node.op == Op::kLiteral && target.kind == TypeKind::kDecimal &&
      node.value.Is<std::int64_t>()) {
    node.value = Value(Decimal{node.value.As<std::int64_t>(), 0});
    node.type = Type{};
    node.type.kind = TypeKind::kDecimal;
    node.type.precision = 18;
    return true;
  }
  if (node.op == Op::kLiteral && target.kind == TypeKind::kFloat) {
    if (node.value.Is<std::int64_t>()) {
      node.value = Value(static_cast<double>(node.value.As<std::int64_t>()));
      node.type.kind = TypeKind::kFloat;
      return true;
    }
    if (node.value.Is<Decimal>()) {
      node.value = Value(node.value.As<Decimal>().ToDouble());
      node.type = Type{};
      node.type.kind = TypeKind::kFloat;
      return true;
    }
  }
  if (Comparable(node.type, target)) return true;
  Report(node.span, fmt::format("this is {}, {} {}", ToString(node.type), verb, ToString(target)));
  return false;
}

}  // namespace tenon::model

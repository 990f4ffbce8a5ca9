#include "model/format_expression.h"

#include <fmt/format.h>

#include "base/json.h"
#include "model/format_writer.h"
#include "model/lexer.h"

namespace tenon::model {

using ast::Expr;
using ast::ExprKind;

namespace {

int Strength(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kBinary:
      switch (e.op) {
        case Op::kOr:
          return 1;
        case Op::kAnd:
          return 2;
        case Op::kAdd:
        case Op::kSub:
          return 5;
        case Op::kMul:
        case Op::kDiv:
          return 6;
        default:
          return 4;
      }
    case ExprKind::kNot:
      return 3;
    case ExprKind::kIn:
    case ExprKind::kIsNull:
    case ExprKind::kBecomes:
      return 4;
    case ExprKind::kNegate:
      return 7;
    default:
      return 8;
  }
}

std::string_view Sign(const Expr& e) {
  switch (e.op) {
    case Op::kOr:
      return "or";
    case Op::kAnd:
      return "and";
    case Op::kEq:
      return "=";
    case Op::kNe:
      return "!=";
    case Op::kLt:
      return "<";
    case Op::kLe:
      return "<=";
    case Op::kGt:
      return ">";
    case Op::kGe:
      return ">=";
    case Op::kLike:
      return e.negated ? "not like" : "like";
    case Op::kIlike:
      return e.negated ? "not ilike" : "ilike";
    case Op::kAdd:
      return "+";
    case Op::kSub:
      return "-";
    case Op::kMul:
      return "*";
    case Op::kDiv:
      return "/";
    default:
      return "?";
  }
}

std::string Print(const Expr& e, int strength);

std::string List(const std::vector<ast::ExprPtr>& args, std::size_t from) {
  std::string out;
  for (std::size_t i = from; i < args.size(); ++i) {
    if (i > from) {
      out += ',';
      out += kInnerBreak;
    }
    out += Inner(Print(*args[i], 0));
  }
  return out;
}

std::string Call(const Expr& e) {
  std::string out = e.text + "(";
  if (e.distinct) out += "distinct ";
  out += List(e.args, 0);
  if (e.where) out += (e.args.empty() ? "where " : " where ") + Inner(Print(*e.where, 0));
  return out + ")";
}

std::string Json(const boost::json::value& value) {
  if (value.is_object()) {
    if (value.get_object().empty()) return "{}";
    std::string out = "{";
    bool first = true;
    for (const auto& member : value.get_object()) {
      if (!first) {
        out += ',';
        out += kInnerBreak;
      }
      first = false;
      out += EncodeString(member.key()) + ": " + Json(member.value());
    }
    return out + "}";
  }
  if (value.is_array()) {
    std::string out = "[";
    for (const auto& item : value.get_array()) {
      if (out.size() > 1) {
        out += ',';
        out += kInnerBreak;
      }
      out += Json(item);
    }
    return out + "]";
  }
  if (value.is_string()) return EncodeString(value.get_string());
  if (value.is_double()) {
    std::string out = fmt::format("{}", value.get_double());
    if (out.find_first_of(".e") == out.npos) out += ".0";
    return out;
  }
  return CanonicalJson(value);
}

std::string Binary(const Expr& e) {
  const int own = Strength(e);
  if (own <= 2) {  // a chain
    std::string out;
    for (std::size_t i = 0; i < e.args.size(); ++i) {
      if (i > 0) {
        out += fmt::format(" {}", Sign(e));
        out += kBreak;
      }
      // Brackets around `and` inside `or` mean nothing to the parser and much to a reader.
      const bool kept =
          e.args[i]->brackets && e.args[i]->kind == ExprKind::kBinary && Strength(*e.args[i]) <= 2;
      out += Print(*e.args[i], kept ? 9 : own + 1);
    }
    return out;
  }
  const int left = own == 4 ? own + 1 : own;
  return fmt::format("{} {}{}{}", Print(*e.args[0], left), Sign(e), ' ',
                     Print(*e.args[1], own + 1));
}

std::string Bare(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kNull:
      return "null";
    case ExprKind::kTrue:
      return "true";
    case ExprKind::kFalse:
      return "false";
    case ExprKind::kInt:
    case ExprKind::kDecimal:
    case ExprKind::kFloat:
    case ExprKind::kDuration:
      return e.text;
    case ExprKind::kString:
      return EncodeString(e.text);
    case ExprKind::kPath:
      return FormatPath(e.path);
    case ExprKind::kCall:
      return Call(e);
    case ExprKind::kList:
      return "[" + List(e.args, 0) + "]";
    case ExprKind::kObject:
      return Json(*e.json);
    case ExprKind::kNegate: {
      const std::string inner = Print(*e.args[0], 7);
      return inner.starts_with('-') ? "-(" + inner + ")" : "-" + inner;
    }
    case ExprKind::kNot:
      return "not " + Print(*e.args[0], e.args[0]->brackets ? 9 : 3);
    case ExprKind::kBinary:
      return Binary(e);
    case ExprKind::kIn: {
      const std::string left = Print(*e.args[0], 5) + (e.negated ? " not in " : " in ");
      return left + (e.in_path ? Print(*e.args[1], 8) : "(" + List(e.args, 1) + ")");
    }
    case ExprKind::kIsNull:
      return Print(*e.args[0], 5) + (e.negated ? " is not null" : " is null");
    case ExprKind::kBecomes:
      return Print(*e.args[0], 5) + " becomes " + Print(*e.args[1], 5);
  }
  return "";
}

std::string Print(const Expr& e, int strength) {
  std::string out = Bare(e);
  return Strength(e) < strength ? "(" + Inner(std::move(out)) + ")" : out;
}

}  // namespace

std::string FormatName(const ast::Name& name) {
  return IsName(name.text) && !name.quoted ? name.text : EncodeString(name.text);
}

std::string FormatPath(const std::vector<ast::Name>& path) {
  std::string out;
  for (const ast::Name& step : path) {
    if (!out.empty()) out += '.';
    const bool index = !step.quoted && step.text.find_first_not_of("0123456789") == step.text.npos;
    out += index ? step.text : FormatName(step);
  }
  return out;
}

std::string FormatNames(const std::vector<ast::Name>& names) {
  std::string out;
  for (const ast::Name& name : names) {
    if (!out.empty()) {
      out += ',';
      out += kBreak;
    }
    out += FormatName(name);
  }
  return out;
}

std::string FormatExpression(const Expr& expr) { return Print(expr, 0); }

std::string FormatEnumValue(const ast::EnumValue& value) {
  std::string out = FormatName(value.name);
  if (value.was) out += " was " + FormatName(value.was);
  if (value.description) out += " " + EncodeString(value.description->text);
  return out;
}

std::string FormatType(const ast::TypeExpr& type) {
  std::string out = type.name.text;
  if (type.is_list) {
    out = "[" + FormatType(*type.element) + "]";
  } else if (type.literal) {
    out = EncodeString(type.literal->text);
  } else if (type.element) {
    out = "map " + FormatType(*type.element);
  } else if (out == "enum") {
    out += "(";
    for (std::size_t i = 0; i < type.values.size(); ++i) {
      if (i > 0) {
        out += ',';
        out += kInnerBreak;
      }
      out += FormatEnumValue(type.values[i]);
    }
    out += ")";
  } else if (out == "int" && (type.first || type.second)) {
    out += fmt::format("({}..{})", type.first ? std::to_string(*type.first) : "",
                       type.second ? std::to_string(*type.second) : "");
  } else if (out == "decimal") {
    out += fmt::format("({}, {})", type.first.value_or(0), type.second.value_or(0));
  } else if (type.first) {
    out += fmt::format("({})", *type.first);
  }
  if (type.version_4) out += " v4";
  if (type.shape) out += " " + type.shape.text;
  if (type.by) {
    out += " by " + type.by.text + " {";
    for (std::size_t i = 0; i < type.cases.size(); ++i) {
      out += i > 0 ? "," : "";
      out += kInnerBreak;
      out += FormatName(type.cases[i].first) + ": " + type.cases[i].second.text;
    }
    out += " }";
  }
  return out + (type.nullable ? "?" : "");
}

}  // namespace tenon::model

// Types and checked expressions as they would be written.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "base/clock.h"
#include "base/json.h"
#include "model/expression.h"
#include "model/lexer.h"
#include "model/model.h"

namespace tenon::model {
namespace {

std::string RangeText(const Type& type) {
  if (!type.min && !type.max) return "";
  return fmt::format("({}..{})", type.min ? std::to_string(*type.min) : "",
                     type.max ? std::to_string(*type.max) : "");
}

std::string NameOrText(std::string_view name) {
  return IsName(name) ? std::string(name) : EncodeString(name);
}

std::string EnumText(const Type& type) {
  if (type.enumeration == nullptr) return "enum";
  if (!type.enumeration->name.empty()) return type.enumeration->name;
  std::string out = "enum(";
  for (const EnumValue& value : type.enumeration->values) {
    if (out.size() > 5) out += ", ";
    out += NameOrText(value.name);
  }
  return out + ")";
}

std::string Of(std::string_view word, const Type& type) {
  if (type.shape != nullptr) return fmt::format("{} {}", word, type.shape->name);
  if (type.union_ != nullptr) return fmt::format("{} {}", word, type.union_->name);
  if (type.by == nullptr) return std::string(word);
  std::string out = fmt::format("{} by {} {{ ", word, type.by->field);
  bool first = true;
  for (const auto& [value, shape] : type.by->cases) {
    out += fmt::format("{}{}: {}", first ? "" : ", ", NameOrText(value), shape->name);
    first = false;
  }
  return out + " }";
}

std::string Base(const Type& type) {
  switch (type.kind) {
    case TypeKind::kUuid:
      return type.uuid_version == 4 ? "uuid v4" : "uuid";
    case TypeKind::kUlid:
      return "ulid";
    case TypeKind::kText:
      return type.length_max ? fmt::format("text({})", *type.length_max) : "text";
    case TypeKind::kInt:
      return "int" + RangeText(type);
    case TypeKind::kDecimal:
      return fmt::format("decimal({}, {})", type.precision, type.scale);
    case TypeKind::kFloat:
      return "float";
    case TypeKind::kBool:
      return "bool";
    case TypeKind::kTime:
      return "time";
    case TypeKind::kDuration:
      return "duration";
    case TypeKind::kJson:
      return Of("json", type);
    case TypeKind::kEnum:
      return EnumText(type);
    case TypeKind::kIp:
      return "ip";
    case TypeKind::kUrl:
      return "url";
    case TypeKind::kCron:
      return "cron";
    case TypeKind::kTimezone:
      return "timezone";
    case TypeKind::kSecret:
      return Of("secret", type);
    case TypeKind::kLiteral:
      return EncodeString(type.literal);
    case TypeKind::kList:
      return "[" + (type.element ? ToString(*type.element) : "json") + "]";
    case TypeKind::kMap:
      return "map " + (type.element ? ToString(*type.element) : "json");
    case TypeKind::kNull:
      return "null";
  }
  return "?";
}

// How tightly an operator binds; brackets go around what binds less than its place needs.
int Strength(const Expression& e) {
  switch (e.op) {
    case Op::kOr:
      return 1;
    case Op::kAnd:
      return 2;
    case Op::kNot:
      return 3;
    case Op::kEq:
    case Op::kNe:
    case Op::kLt:
    case Op::kLe:
    case Op::kGt:
    case Op::kGe:
    case Op::kIn:
    case Op::kLike:
    case Op::kIlike:
    case Op::kBecomes:
      return 4;
    case Op::kAdd:
    case Op::kSub:
      return 5;
    case Op::kMul:
    case Op::kDiv:
      return 6;
    case Op::kNegate:
      return 7;
    default:
      return 8;
  }
}

std::string_view Sign(Op op) {
  switch (op) {
    case Op::kAnd:
      return " and ";
    case Op::kOr:
      return " or ";
    case Op::kEq:
      return " = ";
    case Op::kNe:
      return " != ";
    case Op::kLt:
      return " < ";
    case Op::kLe:
      return " <= ";
    case Op::kGt:
      return " > ";
    case Op::kGe:
      return " >= ";
    case Op::kLike:
      return " like ";
    case Op::kIlike:
      return " ilike ";
    case Op::kAdd:
      return " + ";
    case Op::kSub:
      return " - ";
    case Op::kMul:
      return " * ";
    case Op::kDiv:
      return " / ";
    case Op::kBecomes:
      return " becomes ";
    default:
      return " ? ";
  }
}

std::string ShortDuration(Duration duration) {
  using std::chrono::microseconds;
  const std::int64_t us = duration.count();
  struct Unit {
    std::int64_t us;
    std::string_view name;
  };
  static constexpr std::array<Unit, 5> kUnits = {{{86'400'000'000, "d"},
                                                  {3'600'000'000, "h"},
                                                  {60'000'000, "m"},
                                                  {1'000'000, "s"},
                                                  {1'000, "ms"}}};
  for (const Unit& unit : kUnits) {
    if (us != 0 && us % unit.us == 0) return fmt::format("{}{}", us / unit.us, unit.name);
  }
  return us == 0 ? "0s" : EncodeString(FormatDuration(duration));
}

std::string LiteralText(const Expression& e) {
  const Value& value = e.value;
  if (value.IsNull()) return "null";
  if (const auto* v = value.If<bool>()) return *v ? "true" : "false";
  if (const auto* v = value.If<std::int64_t>()) return std::to_string(*v);
  if (const auto* v = value.If<double>()) {
    std::string out = fmt::format("{}", *v);
    if (out.find_first_of(".en") == out.npos) out += "e0";
    return out;
  }
  if (const auto* v = value.If<Decimal>()) return v->ToString();
  if (const auto* v = value.If<Uuid>()) return EncodeString(v->ToString());
  if (const auto* v = value.If<Time>()) return EncodeString(FormatTime(*v));
  if (const auto* v = value.If<Duration>()) return ShortDuration(*v);
  if (const auto* v = value.If<boost::json::value>()) return CanonicalJson(*v);
  const std::string& text = value.As<std::string>();
  return e.type.kind == TypeKind::kEnum && IsName(text) ? text : EncodeString(text);
}

std::string PathText(const Path& path) {
  std::string out = path.root == Root::kOld ? "old" : "";
  const auto add = [&](std::string_view step) {
    if (!out.empty()) out += '.';
    out += step;
  };
  if (!path.join_alias.empty()) add(path.join_alias);
  for (const Hop& hop : path.hops) add(hop.relation->name);
  if (path.field != nullptr) add(path.field->name);
  for (const std::string& step : path.json_path) {
    const bool index = !step.empty() && step.find_first_not_of("0123456789") == step.npos;
    add(index ? step : NameOrText(step));
  }
  return out;
}

std::string Print(const Expression& e, int strength);

std::string PrintList(const std::vector<ExpressionPtr>& args, std::size_t from) {
  std::string out;
  for (std::size_t i = from; i < args.size(); ++i) {
    if (i > from) out += ", ";
    out += Print(*args[i], 0);
  }
  return out;
}

std::string PrintCall(const Expression& e) {
  std::string out = e.name + "(";
  if (e.distinct) out += "distinct ";
  out += PrintList(e.args, 0);
  if (e.where) out += (e.args.empty() ? "where " : " where ") + Print(*e.where, 0);
  return out + ")";
}

std::string PrintBare(const Expression& e) {
  switch (e.op) {
    case Op::kLiteral:
      return LiteralText(e);
    case Op::kPath:
      return PathText(e.path);
    case Op::kParameter:
    case Op::kTakes:
      return e.name;
    case Op::kNow:
      return "now()";
    case Op::kCall:
    case Op::kAggregate:
      return PrintCall(e);
    case Op::kListLiteral:
      return "[" + PrintList(e.args, 0) + "]";
    case Op::kNegate:
      return "-" + Print(*e.args[0], 7);
    case Op::kNot:
      return "not " + Print(*e.args[0], 3);
    case Op::kIn: {
      const bool list =
          e.args.size() == 2 && e.args[1]->op == Op::kPath && e.args[1]->type.IsJson();
      return Print(*e.args[0], 5) + " in " +
             (list ? Print(*e.args[1], 8) : "(" + PrintList(e.args, 1) + ")");
    }
    case Op::kEq:
    case Op::kNe:
      if (e.args[1]->op == Op::kLiteral && e.args[1]->value.IsNull()) {
        return Print(*e.args[0], 5) + (e.op == Op::kEq ? " is null" : " is not null");
      }
      [[fallthrough]];
    default: {
      const int own = Strength(e);
      // Chains of and, or, + and * need no brackets on their left.
      const bool chain = own <= 2 || own == 5 || own == 6;
      return Print(*e.args[0], chain ? own : own + 1) + std::string(Sign(e.op)) +
             Print(*e.args[1], own <= 2 ? own : own + 1);
    }
  }
}

std::string Print(const Expression& e, int strength) {
  std::string out = PrintBare(e);
  return Strength(e) < strength ? "(" + out + ")" : out;
}

}  // namespace

std::string ToString(const Type& type) { return Base(type) + (type.nullable ? "?" : ""); }

std::string ToString(const Expression& expression) { return Print(expression, 0); }

}  // namespace tenon::model

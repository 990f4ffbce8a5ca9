// Comparisons. The plain forms come first, so that indexes serve them; then what needs a function.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "record/operators.h"
#include "record/sql_compiler.h"

namespace tenon {

using model::Expression;
using model::Op;
using model::Path;

namespace {

std::string_view SignOf(Op op) {
  switch (op) {
    case Op::kLt:
      return "<";
    case Op::kLe:
      return "<=";
    case Op::kGt:
      return ">";
    default:
      return ">=";
  }
}

constexpr std::string_view kMaxCodePoint = "\xf4\x8f\xbf\xbf";

// The text that every text beginning with `prefix` is less than; empty when there is none.
std::string AfterPrefix(std::string prefix) {
  if (prefix.ends_with(kMaxCodePoint)) return {};
  // ASCII alone is stepped up: the next code point of others may not be a character.
  const auto last = static_cast<unsigned char>(prefix.back());
  if (last >= 0x7F) return {};
  prefix.back() = static_cast<char>(last + 1);
  return prefix;
}

// What a LIKE pattern begins with, before its first special character.
std::string LiteralPrefix(std::string_view pattern) {
  return std::string(pattern.substr(0, pattern.find_first_of("%_\\")));
}

}  // namespace

bool SqlCompiler::NeverNull(const Expression& expression) const {
  if (expression.op == Op::kAggregate) return expression.name == "count";
  if (expression.op != Op::kPath) return false;
  const Path& path = expression.path;
  if (path.field == nullptr || path.field->type.nullable || !path.json_path.empty()) return false;
  if (path.field->type.IsJson() || !path.join_alias.empty()) return false;
  return path.hops.empty() || BoundAlias(path) != nullptr;
}

bool SqlCompiler::IsPlainColumn(const Expression& expression) const {
  if (expression.op != Op::kPath) return false;
  const Path& path = expression.path;
  if (path.field == nullptr || !path.json_path.empty() || path.root == model::Root::kOld) {
    return false;
  }
  return path.hops.empty() || BoundAlias(path) != nullptr;
}

void SqlCompiler::AppendPlainColumn(const Expression& expression) {
  const Place place = PlaceOf(expression.path);
  if (!place.alias.empty()) out_ << place.alias << ".";
  out_.Name(expression.path.field->name);
}

// Decimals on SQLite are units: sides of one scale compare as they are, others by value.
Result<bool> SqlCompiler::AppendDecimalSides(const Expression& a, const Expression& b,
                                             std::string_view sign) {
  const OperandKind left = KindOf(a);
  const OperandKind right = KindOf(b);
  if (left.kind != Kind::kDecimal && right.kind != Kind::kDecimal) return false;
  if (!sqlite_) return false;
  if (left == right && !IsConstant(a) && !IsConstant(b)) return false;
  // A constant that fits the other side's scale takes it.
  const auto fits = [&](const Expression& constant, OperandKind other) -> Result<bool> {
    if (!IsConstant(constant) || other.kind != Kind::kDecimal) return false;
    const Value value = TRY(ConstantValue(constant, other));
    if (value.Is<std::int64_t>()) {
      return Decimal{value.As<std::int64_t>(), 0}.Rescale(other.scale).has_value();
    }
    const auto* decimal = value.If<Decimal>();
    return decimal != nullptr && decimal->Rescale(other.scale).has_value();
  };
  if (TRY(fits(b, left))) {
    TRY(Append(a, left));
    out_ << " " << sign << " ";
    TRY(AppendConstant(b, left));
    return true;
  }
  if (TRY(fits(a, right))) {
    TRY(AppendConstant(a, right));
    out_ << " " << sign << " ";
    TRY(Append(b, right));
    return true;
  }
  const auto side = [&](const Expression& operand, OperandKind own) -> Result<void> {
    const bool numeric = own.kind == Kind::kDecimal || own.kind == Kind::kNumber;
    const OperandKind as = numeric ? own : OperandKind{Kind::kNumber};
    TRY(Append(operand, as));
    out_ << ", " << std::to_string(as.scale);
    return {};
  };
  out_ << "tenon_decimal_cmp(";
  TRY(side(a, left));
  out_ << ", ";
  TRY(side(b, right));
  // The outcome is -1, 0 or 1, or null when a side is.
  out_ << ") " << sign << " 0";
  return true;
}

// A column of durations is compared as it is stored when the other side can be put so.
Result<bool> SqlCompiler::AppendDurationSides(const Expression& a, const Expression& b,
                                              std::string_view sign) {
  const auto stored = [&](const Expression& e) {
    return IsPlainColumn(e) && KindOf(e).kind == Kind::kDuration;
  };
  if (stored(a) && stored(b)) {
    AppendPlainColumn(a);
    out_ << " " << sign << " ";
    AppendPlainColumn(b);
    return true;
  }
  const auto bindable = [&](const Expression& e) -> Result<bool> {
    if (!IsConstant(e)) return false;
    const Value value = TRY(ConstantValue(e, {Kind::kDuration}));
    const auto* duration = value.If<Duration>();
    // Columns hold durations from 0 to 10^10 s; others do not have their form.
    return duration != nullptr && duration->count() >= 0 &&
           duration->count() < 10'000'000'000'000'000;
  };
  const auto bind = [&](const Expression& e) -> Result<void> {
    out_.Bind(TRY(ConstantValue(e, {Kind::kDuration})));
    return {};
  };
  if (stored(a) && TRY(bindable(b))) {
    AppendPlainColumn(a);
    out_ << " " << sign << " ";
    TRY(bind(b));
    return true;
  }
  if (stored(b) && TRY(bindable(a))) {
    TRY(bind(a));
    out_ << " " << sign << " ";
    AppendPlainColumn(b);
    return true;
  }
  return false;
}

// `a SIGN b`, both in the form of the kind in which they meet.
Result<void> SqlCompiler::AppendSides(const Expression& a, const Expression& b,
                                      std::string_view sign) {
  const auto meet = Meet(a, b);
  if (!meet) return Refuse("values of different kinds are compared");
  if (meet->kind == Kind::kDecimal && TRY(AppendDecimalSides(a, b, sign))) return {};
  if (meet->kind == Kind::kDuration && TRY(AppendDurationSides(a, b, sign))) return {};
  const auto side = [&](const Expression& operand, const Expression& other) -> Result<void> {
    const OperandKind as = ReadAs(operand, *meet);
    // PostgreSQL takes the type of a bare parameter from the column beside it.
    if (IsConstant(operand) && IsPlainColumn(other) && as.kind != Kind::kDecimal) {
      // It would take 1.5 beside a bigint for one, so that is said.
      const Value value = TRY(ConstantValue(operand, as));
      BindAs(value, as, value.Is<double>() && other.type.kind != model::TypeKind::kFloat);
      return {};
    }
    return Append(operand, as);
  };
  TRY(side(a, b));
  out_ << " " << sign << " ";
  return side(b, a);
}

Result<void> SqlCompiler::AppendComparison(const Expression& expression) {
  return AppendSides(*expression.args[0], *expression.args[1], SignOf(expression.op));
}

Result<void> SqlCompiler::AppendNullTest(const Expression& operand, bool is_null) {
  if (IsPlainColumn(operand)) {
    AppendPlainColumn(operand);
  } else {
    TRY(Append(operand, KindOf(operand)));
  }
  out_ << (is_null ? " IS NULL" : " IS NOT NULL");
  return {};
}

// A place in a document that equals a constant, as PostgreSQL's containment: GIN indexes serve it,
// and the planner knows from its statistics how many rows hold it. False when it does not say the
// same: a step that may be an index of an array, a text that is read as another kind.
Result<bool> SqlCompiler::AppendContainment(const Expression& path, const Expression& constant,
                                            OperandKind meet) {
  const Path& at = path.path;
  if (sqlite_ || path.op != Op::kPath || at.field == nullptr || at.json_path.empty()) return false;
  if (at.root == model::Root::kOld || !(at.hops.empty() || BoundAlias(at) != nullptr)) return false;
  if (!IsConstant(constant) || meet.from_text || !JsonPathText(at.json_path)) return false;
  const Value value = TRY(ConstantValue(constant, ReadAs(constant, meet)));
  json::value document;
  if (const auto* text = value.If<std::string>(); text != nullptr && meet.kind == Kind::kText) {
    document = json::string(*text);
  } else if (const auto* number = value.If<std::int64_t>();
             number != nullptr && meet.kind == Kind::kNumber) {
    document = *number;
  } else if (const bool* flag = value.If<bool>(); flag != nullptr && meet.kind == Kind::kBool) {
    document = *flag;
  } else {
    return false;
  }
  for (std::size_t i = at.json_path.size(); i-- > 0;) {
    json::object around;
    around[at.json_path[i]] = std::move(document);
    document = std::move(around);
  }
  const bool sure = !at.field->type.nullable && at.join_alias.empty();
  if (!sure) {
    out_ << "(";
    AppendPlainColumn(path);
    out_ << " IS NOT NULL AND ";
  }
  AppendPlainColumn(path);
  out_ << " @> ";
  out_.Bind(Value::Json(std::move(document)));
  out_ << (sure ? "" : ")");
  return true;
}

// `=` and `!=` are never null: null equals null and differs from everything else.
Result<void> SqlCompiler::AppendEquality(const Expression& a, const Expression& b, bool equal) {
  const auto meet = Meet(a, b);
  if (!meet) return Refuse("values of different kinds are compared");
  const auto null_constant = [&](const Expression& e) -> Result<bool> {
    if (!IsConstant(e)) return false;
    return TRY(ConstantValue(e, ReadAs(e, *meet))).IsNull();
  };
  const bool constant = IsConstant(a) || IsConstant(b);
  if (TRY(null_constant(b))) return AppendNullTest(a, equal);
  if (TRY(null_constant(a))) return AppendNullTest(b, equal);
  const bool a_sure = IsConstant(a) || NeverNull(a);
  const bool b_sure = IsConstant(b) || NeverNull(b);
  if (a_sure && b_sure) return AppendSides(a, b, equal ? "=" : "<>");
  const bool decimals = meet->kind == Kind::kDecimal && sqlite_ && KindOf(a) != KindOf(b);
  if (decimals && !constant) {
    // The comparison by value is null when either side is; null = null is settled beside it.
    out_ << (equal ? "(" : "NOT (") << "coalesce(";
    [[maybe_unused]] const bool done = TRY(AppendDecimalSides(a, b, "="));
    out_ << ", FALSE) OR (";
    TRY(AppendNullTest(a, true));
    out_ << " AND ";
    TRY(AppendNullTest(b, true));
    out_ << "))";
    return {};
  }
  if (sqlite_) return AppendSides(a, b, equal ? "IS" : "IS NOT");
  if (equal && (TRY(AppendContainment(a, b, *meet)) || TRY(AppendContainment(b, a, *meet)))) {
    return {};
  }
  if (equal && constant && (IsPlainColumn(a) || IsPlainColumn(b))) {
    // IS NOT DISTINCT FROM keeps PostgreSQL from using an index.
    out_ << "(";
    TRY(AppendSides(a, b, "="));
    out_ << " AND ";
    TRY(AppendNullTest(IsPlainColumn(a) ? a : b, false));
    out_ << ")";
    return {};
  }
  return AppendSides(a, b, equal ? "IS NOT DISTINCT FROM" : "IS DISTINCT FROM");
}

// `column IN (?1, ?2)`, when all elements are constants of the column's own kind.
Result<bool> SqlCompiler::AppendInList(const Expression& expression,
                                       std::span<const Expression* const> elements) {
  const Expression& wanted = *expression.args[0];
  const OperandKind own = KindOf(wanted);
  if (!IsPlainColumn(wanted) || own.kind == Kind::kDuration || own.kind == Kind::kJson ||
      own.kind == Kind::kDecimal || own.kind == Kind::kBool) {
    return false;
  }
  std::vector<Value> values;
  for (const Expression* element : elements) {
    const auto meet = Meet(wanted, *element);
    if (!IsConstant(*element) || !meet || *meet != own) return false;
    Value value = TRY(ConstantValue(*element, own));
    if (value.IsNull()) return false;
    values.push_back(std::move(value));
  }
  const bool sure = NeverNull(wanted);
  if (!sure) {
    out_ << "(";
    AppendPlainColumn(wanted);
    out_ << " IS NOT NULL AND ";
  }
  AppendPlainColumn(wanted);
  out_ << " IN (";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out_ << ", ";
    BindAs(values[i], own, values[i].Is<double>() && wanted.type.kind != model::TypeKind::kFloat);
  }
  out_ << (sure ? ")" : "))");
  return true;
}

Result<void> SqlCompiler::AppendIn(const Expression& expression) {
  if (expression.args.size() == 2 && expression.args[1]->op != Op::kListLiteral &&
      KindOf(*expression.args[1]).kind == Kind::kJson) {
    return AppendMember(expression);
  }
  const auto elements = Elements(expression);
  if (elements.empty()) {
    out_ << "FALSE";
    return {};
  }
  if (TRY(AppendInList(expression, elements))) return {};
  out_ << "(";
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) out_ << " OR ";
    TRY(AppendEquality(*expression.args[0], *elements[i], true));
  }
  out_ << ")";
  return {};
}

// Membership in a JSON array: true or false, never null.
Result<void> SqlCompiler::AppendMember(const Expression& expression) {
  const Expression& wanted = *expression.args[0];
  const Expression& list = *expression.args[1];
  const OperandKind kind = KindOf(wanted);
  if (IsConstant(list)) {
    // A parameter that is a list: one comparison for each element.
    const Value value = TRY(ConstantValue(list, {Kind::kJson}));
    const auto* document = value.If<json::value>();
    out_ << "(FALSE";
    if (document != nullptr && document->is_array()) {
      for (const json::value& element : document->get_array()) {
        Expression literal;
        literal.op = Op::kLiteral;
        literal.type = wanted.type;
        literal.value = ReadValueAs(
            Value::Json(element), kind.kind == Kind::kDecimal ? OperandKind{Kind::kNumber} : kind);
        if (literal.value.IsNull()) continue;
        out_ << " OR ";
        TRY(AppendEquality(wanted, literal, true));
      }
    }
    out_ << ")";
    return {};
  }
  if (!sqlite_) {
    out_ << "coalesce(tenon_json_member(";
    TRY(Append(list, {Kind::kJson}));
    out_ << ", to_jsonb(";
    TRY(Append(wanted, kind.kind == Kind::kUuid ? OperandKind{Kind::kText} : kind));
    out_ << ")), FALSE)";
    return {};
  }
  out_ << "coalesce(tenon_member(";
  TRY(Append(list, {Kind::kJson}));
  out_ << ", ";
  TRY(Append(wanted, kind));
  out_ << ", '" << KindLetter(kind) << "'), FALSE)";
  return {};
}

Result<void> SqlCompiler::AppendLike(const Expression& expression) {
  const Expression& text = *expression.args[0];
  const Expression& pattern = *expression.args[1];
  const bool exact = expression.op == Op::kLike;
  if (exact && IsConstant(pattern) && IsPlainColumn(text) && KindOf(text).kind == Kind::kText &&
      text.path.field->type.kind != model::TypeKind::kIp) {
    const Value value = TRY(ConstantValue(pattern, {Kind::kText}));
    const auto* wanted = value.If<std::string>();
    const std::string prefix = wanted == nullptr ? "" : LiteralPrefix(*wanted);
    const std::string after = prefix.empty() ? "" : AfterPrefix(prefix);
    if (!after.empty()) {
      // The range lets an index find the candidates.
      out_ << "(";
      AppendPlainColumn(text);
      out_ << " >= ";
      out_.Bind(Value(prefix));
      out_ << " AND ";
      AppendPlainColumn(text);
      out_ << " < ";
      out_.Bind(Value(after));
      out_ << " AND tenon_like(";
      AppendPlainColumn(text);
      out_ << ", ";
      out_.Bind(value);
      out_ << "))";
      return {};
    }
  }
  const auto folded = [&](const Expression& operand) -> Result<void> {
    if (exact) return Append(operand, {Kind::kText});
    if (IsConstant(operand)) {
      Value value = TRY(ConstantValue(operand, {Kind::kText}));
      if (const auto* raw = value.If<std::string>()) value = Fold(*raw);
      BindAs(value, {Kind::kText}, true);
      return {};
    }
    out_ << "tenon_fold(";
    TRY(Append(operand, {Kind::kText}));
    out_ << ")";
    return {};
  };
  out_ << "tenon_like(";
  TRY(folded(text));
  out_ << ", ";
  TRY(folded(pattern));
  out_ << ")";
  return {};
}

}  // namespace tenon

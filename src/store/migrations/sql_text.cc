#include "store/migrations/sql_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/hash.h"
#include "base/json.h"
#include "record/column.h"
#include "record/eval.h"

namespace tenon {
namespace {

// An alias that nothing else is called, so that it can be taken out again.
constexpr std::string_view kAlias = "tenon_row_";
constexpr std::string_view kOurFunctions = "tenon_";

std::string LiteralOf(const Value& value, Dialect dialect) {
  return std::visit(
      [&](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, Null>) {
          return "NULL";
        } else if constexpr (std::is_same_v<T, bool>) {
          if (dialect == Dialect::kPostgres) return v ? "true" : "false";
          return v ? "1" : "0";
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          return std::to_string(v);
        } else if constexpr (std::is_same_v<T, double>) {
          std::string text;
          AppendJsonNumber(v, text);
          // A REAL column and a float comparison need the point.
          if (text.find_first_of(".eE") == std::string::npos) text += ".0";
          return text;
        } else if constexpr (std::is_same_v<T, Decimal>) {
          return dialect == Dialect::kPostgres ? v.ToString() : std::to_string(v.units);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return QuoteText(v);
        } else if constexpr (std::is_same_v<T, boost::json::value>) {
          return QuoteText(CanonicalJson(v));
        } else {
          return QuoteText(ToColumn(Value(v), dialect).text());
        }
      },
      value.storage());
}

void ReplaceAll(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

// Writes the parameters in place of ?1.. or $1.. that stand outside quotes.
std::string WriteParametersIn(const SqlBuilder& sql) {
  const std::string& text = sql.text();
  const char mark = sql.dialect() == Dialect::kSqlite ? '?' : '$';
  std::string out;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == mark && i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9') {
      std::size_t number = 0;
      while (i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9') {
        number = number * 10 + static_cast<std::size_t>(text[++i] - '0');
      }
      if (number >= 1 && number <= sql.parameters().size()) {
        out += LiteralOf(sql.parameters()[number - 1], sql.dialect());
      }
      continue;
    }
    out += c;
  }
  return out;
}

std::string Unqualified(const SqlBuilder& sql) {
  std::string text = WriteParametersIn(sql);
  ReplaceAll(text, fmt::format("\"{}\".", kAlias), "");
  ReplaceAll(text, fmt::format("{}.", kAlias), "");
  return text;
}

bool IsConstant(const model::Expression& expression) {
  switch (expression.op) {
    case model::Op::kLiteral:
      return true;
    case model::Op::kListLiteral:
    case model::Op::kNegate:
    case model::Op::kAdd:
    case model::Op::kSub:
    case model::Op::kMul:
    case model::Op::kDiv:
      return std::all_of(expression.args.begin(), expression.args.end(),
                         [](const model::ExpressionPtr& arg) { return IsConstant(*arg); });
    default:
      return false;
  }
}

template <typename Quote>
std::string Joined(const std::vector<std::string>& items, Quote quote) {
  std::string out;
  for (const std::string& item : items) {
    if (!out.empty()) out += ", ";
    out += quote(item);
  }
  return out;
}

}  // namespace

std::string LiteralSql(const Value& value, const model::Type& type, Dialect dialect) {
  if (type.IsJson()) {
    if (const auto* text = value.If<std::string>()) {
      return QuoteText(CanonicalJson(boost::json::value(*text)));
    }
    if (value.Is<std::int64_t>() || value.Is<double>() || value.Is<bool>()) {
      std::string text = LiteralOf(value, Dialect::kPostgres);
      return QuoteText(text);
    }
  }
  if (type.kind == model::TypeKind::kDecimal) {
    std::optional<Decimal> decimal;
    if (const auto* exact = value.If<Decimal>()) decimal = *exact;
    if (const auto* whole = value.If<std::int64_t>()) decimal = Decimal{*whole, 0};
    if (const auto* real = value.If<double>()) {
      std::string text;
      AppendJsonNumber(*real, text);
      decimal = Decimal::Parse(text);
    }
    if (decimal) decimal = decimal->Rescale(type.scale);
    if (decimal) return LiteralOf(Value(*decimal), dialect);
  }
  if (type.kind == model::TypeKind::kFloat) {
    if (const auto* whole = value.If<std::int64_t>()) {
      return LiteralOf(Value(static_cast<double>(*whole)), dialect);
    }
  }
  return LiteralOf(value, dialect);
}

std::optional<std::string> ExpressionSql(const model::Expression& expression, Dialect dialect) {
  SqlBuilder sql(dialect);
  SqlContext context;
  context.alias = kAlias;
  if (!AppendExpression(expression, context, sql)) return std::nullopt;
  std::string text = Unqualified(sql);
  if (text.find(kOurFunctions) != std::string::npos) return std::nullopt;
  return text;
}

std::string LiveSql(const model::Entity& entity, Dialect dialect) {
  SqlBuilder sql(dialect);
  if (!AppendLive(entity, kAlias, sql)) return {};
  return Unqualified(sql);
}

std::optional<Value> ConstantOf(const model::Expression& expression) {
  if (!IsConstant(expression)) return std::nullopt;
  Result<Value> value = Evaluate(expression, EvalContext{});
  if (!value) return std::nullopt;
  return std::move(*value);
}

std::string_view NowSql(Dialect dialect) {
  // Milliseconds are the finest that SQLite's own clock has; the zeros keep the width of 27.
  return dialect == Dialect::kSqlite ? "(strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))" : "now()";
}

std::string PostgresName(const std::string& name) {
  constexpr std::size_t kBytesMax = 63;
  constexpr std::size_t kDigits = 8;
  if (name.size() <= kBytesMax) return name;
  std::size_t end = kBytesMax - kDigits - 1;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;  // whole letters
  return name.substr(0, end) + "_" + ToHex(Sha256(name)).substr(0, kDigits);
}

std::string NameList(const std::vector<std::string>& names) {
  return Joined(names, [](const std::string& name) { return QuoteName(name); });
}

std::string TextList(const std::vector<std::string>& texts) {
  return Joined(texts, [](const std::string& text) { return QuoteText(text); });
}

}  // namespace tenon

#include "record/column.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "record/decode.h"
#include "record/encode.h"
#include "record/operators.h"
#include "record/secrets.h"

namespace tenon {
namespace {

using CellKind = ColumnValue::Kind;
using model::TypeKind;

constexpr std::int64_t kDurationSecondsMax = 9'999'999'999;
constexpr std::size_t kDurationColumnBytes = 20;  // PT + 10 digits + . + 6 digits + S

ColumnValue Owned(std::string text) {
  ColumnValue out;
  out.kind = CellKind::kText;
  out.owned = std::move(text);
  out.is_owned = true;
  return out;
}

ColumnValue OfInt(std::int64_t value) {
  ColumnValue out;
  out.kind = CellKind::kInt;
  out.integer = value;
  return out;
}

std::string_view SqliteType(const model::Type& type) {
  switch (type.kind) {
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kBool:
      return "INTEGER";
    case TypeKind::kFloat:
      return "REAL";
    default:
      return "TEXT";
  }
}

std::string PostgresType(const model::Type& type) {
  switch (type.kind) {
    case TypeKind::kUuid:
      return "uuid";
    case TypeKind::kInt:
      return "bigint";
    case TypeKind::kDecimal:
      return fmt::format("numeric({},{})", type.precision, type.scale);
    case TypeKind::kFloat:
      return "double precision";
    case TypeKind::kBool:
      return "boolean";
    case TypeKind::kTime:
      return "timestamptz";
    case TypeKind::kDuration:
      return "interval";
    case TypeKind::kJson:
    case TypeKind::kList:
    case TypeKind::kMap:
      return "jsonb";
    case TypeKind::kIp:
      return "inet";
    case TypeKind::kSecret:
      return "bytea";
    case TypeKind::kText:
      if (type.length_max) return fmt::format("varchar({})", *type.length_max);
      return "text";
    default:
      return "text";
  }
}

// "P1DT2H3M4.5S" is what we bind; PostgreSQL prints "01:02:03.5" or ISO 8601 by its intervalstyle,
// which our connections set to iso_8601.
std::optional<Duration> DurationOf(const ColumnView& column) {
  if (column.kind == CellKind::kInt) return Duration(column.integer);
  if (column.kind != CellKind::kText) return std::nullopt;
  if (auto fixed = DurationFromColumn(column.text)) return fixed;
  return ParseDuration(column.text);
}

std::optional<std::int64_t> ParseInt(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseFloat(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Whole numbers stay whole: a computed int column may turn out as a float and the other way round.
std::optional<Value> NumberOf(const ColumnView& column, bool floating) {
  switch (column.kind) {
    case CellKind::kInt:
      return floating ? Value(static_cast<double>(column.integer)) : Value(column.integer);
    case CellKind::kFloat:
      return Value(column.number);
    case CellKind::kText:
      if (!floating) {
        if (auto whole = ParseInt(column.text)) return Value(*whole);
      }
      if (auto number = ParseFloat(column.text)) return Value(*number);
      return std::nullopt;
    case CellKind::kNull:
      return Value();
  }
  return std::nullopt;
}

std::optional<bool> BoolOf(const ColumnView& column) {
  if (column.kind == CellKind::kInt) return column.integer != 0;
  if (column.kind == CellKind::kText && column.text == "t") return true;
  if (column.kind == CellKind::kText && column.text == "f") return false;
  return std::nullopt;
}

std::optional<Decimal> DecimalOf(const ColumnView& column, const model::Type& type) {
  if (column.kind == CellKind::kInt) return Decimal{column.integer, type.scale};
  if (column.kind == CellKind::kFloat) return DecimalOfNumber(column.number, type.scale);
  if (column.kind != CellKind::kText) return std::nullopt;
  const auto parsed = Decimal::Parse(column.text);
  if (!parsed) return std::nullopt;
  return parsed->Rescale(type.scale);
}

// bytea comes as \x and hex digits; it holds the base64 text of the sealed secret.
std::string SecretText(std::string_view text) {
  if (!text.starts_with("\\x")) return std::string(text);
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

std::optional<Value> TextLikeOf(const ColumnView& column, const model::Type& type,
                                Dialect dialect) {
  if (column.kind == CellKind::kText) {
    if (type.kind == TypeKind::kSecret && dialect == Dialect::kPostgres) {
      return Value(SecretText(column.text));
    }
    return Value(column.text);
  }
  if (column.kind == CellKind::kInt) return Value(std::to_string(column.integer));
  return std::nullopt;
}

std::optional<Value> JsonOf(const ColumnView& column) {
  if (column.kind == CellKind::kText) {
    auto parsed = ParseJson(column.text);
    if (!parsed) return std::nullopt;
    return Value::Json(std::move(*parsed));
  }
  if (column.kind == CellKind::kInt) return Value::Json(column.integer);
  if (column.kind == CellKind::kFloat) return Value::Json(column.number);
  return std::nullopt;
}

template <typename T>
std::optional<Value> Lift(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return Value(*value);
}

std::optional<Value> Convert(const ColumnView& column, const model::Type& type, Dialect dialect) {
  switch (type.kind) {
    case TypeKind::kInt:
      return NumberOf(column, false);
    case TypeKind::kFloat:
      return NumberOf(column, true);
    case TypeKind::kBool:
      return Lift(BoolOf(column));
    case TypeKind::kDecimal:
      return Lift(DecimalOf(column, type));
    case TypeKind::kUuid:
      return column.kind == CellKind::kText ? Lift(Uuid::Parse(column.text)) : std::nullopt;
    case TypeKind::kTime: {
      if (column.kind != CellKind::kText) return std::nullopt;
      if (dialect == Dialect::kSqlite) return Lift(ParseTime(column.text));
      // "2026-11-21 08:50:00.5+00": RFC 3339 wants the minutes of the offset.
      std::string text(column.text);
      if (text.size() > 3 && (text[text.size() - 3] == '+' || text[text.size() - 3] == '-')) {
        text += ":00";
      }
      return Lift(ParseTime(text));
    }
    case TypeKind::kDuration:
      return Lift(DurationOf(column));
    case TypeKind::kJson:
    case TypeKind::kList:
    case TypeKind::kMap:
      return JsonOf(column);
    case TypeKind::kNull:
      return std::nullopt;
    default:
      return TextLikeOf(column, type, dialect);
  }
}

// The cases that need no Value; false when the general way must be taken.
bool AppendDirect(const ColumnView& column, const model::Type& type, Dialect dialect,
                  std::string& out) {
  if (column.kind == CellKind::kText) {
    switch (type.kind) {
      case TypeKind::kSecret:
        AppendJsonString(kSealedMark, out);
        return true;
      case TypeKind::kTime:
        if (dialect != Dialect::kSqlite) return false;
        AppendJsonString(column.text, out);
        return true;
      case TypeKind::kJson:
      case TypeKind::kList:
      case TypeKind::kMap:
        if (HoldsSecret(type)) return false;
        out += column.text;
        return true;
      case TypeKind::kUuid:
        AppendJsonString(column.text, out);
        return true;
      default:
        if (!type.IsTextLike()) return false;
        AppendJsonString(column.text, out);
        return true;
    }
  }
  if (column.kind == CellKind::kInt && type.kind == TypeKind::kInt) {
    fmt::format_to(std::back_inserter(out), "{}", column.integer);
    return true;
  }
  return false;
}

}  // namespace

std::string ColumnType(const model::Type& type, Dialect dialect) {
  return dialect == Dialect::kSqlite ? std::string(SqliteType(type)) : PostgresType(type);
}

ColumnValue ToColumn(const Value& value, Dialect dialect) {
  const bool sqlite = dialect == Dialect::kSqlite;
  if (const auto* text = value.If<std::string>()) {
    ColumnValue out;
    out.kind = CellKind::kText;
    out.borrowed = *text;
    return out;
  }
  if (const auto* flag = value.If<bool>()) {
    return sqlite ? OfInt(*flag ? 1 : 0) : Owned(*flag ? "true" : "false");
  }
  if (const auto* whole = value.If<std::int64_t>()) return OfInt(*whole);
  if (const auto* number = value.If<double>()) {
    ColumnValue out;
    out.kind = CellKind::kFloat;
    out.number = *number;
    return out;
  }
  if (const auto* decimal = value.If<Decimal>()) {
    return sqlite ? OfInt(decimal->units) : Owned(decimal->ToString());
  }
  if (const auto* id = value.If<Uuid>()) return Owned(id->ToString());
  if (const auto* time = value.If<Time>()) return Owned(FormatTime(*time));
  if (const auto* duration = value.If<Duration>()) {
    if (!sqlite) return Owned(FormatDuration(*duration));
    // A negative duration cannot be in a column; as microseconds it is at least visible as such.
    if (auto text = DurationToColumn(*duration)) return Owned(std::move(*text));
    return OfInt(duration->count());
  }
  if (const auto* tree = value.If<json::value>()) return Owned(CanonicalJson(*tree));
  return {};
}

Result<Value> FromColumn(const ColumnView& column, const model::Type& type, Dialect dialect) {
  if (column.kind == CellKind::kNull) return Value();
  if (auto value = Convert(column, type, dialect)) return std::move(*value);
  return Fail(Code::kInternal, fmt::format("a stored value is not of type {}", ToString(type)));
}

void AppendColumnJson(const ColumnView& column, const model::Type& type, Dialect dialect,
                      std::string& out) {
  if (column.kind == CellKind::kNull) {
    out += "null";
    return;
  }
  if (AppendDirect(column, type, dialect, out)) return;
  const auto value = Convert(column, type, dialect);
  if (!value) {
    out += "null";
    return;
  }
  AppendValue(*value, type, EncodeFor::kAnswer, out);
}

std::optional<std::string> DurationToColumn(Duration duration) {
  const std::int64_t us = duration.count();
  if (us < 0 || us / 1'000'000 > kDurationSecondsMax) return std::nullopt;
  return fmt::format("PT{:010}.{:06}S", us / 1'000'000, us % 1'000'000);
}

std::optional<Duration> DurationFromColumn(std::string_view text) {
  if (text.size() != kDurationColumnBytes || !text.starts_with("PT") || text[12] != '.' ||
      text[19] != 'S') {
    return std::nullopt;
  }
  const auto seconds = ParseInt(text.substr(2, 10));
  const auto micros = ParseInt(text.substr(13, 6));
  if (!seconds || !micros || *seconds < 0 || *micros < 0) return std::nullopt;
  return Duration(*seconds * 1'000'000 + *micros);
}

}  // namespace tenon

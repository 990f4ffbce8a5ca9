// PostgreSQL has types, so that most conversions are casts; what matters is which may lose a value.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "store/migrations/convert.h"

namespace tenon {
namespace {

bool IsExact(std::string_view kind) { return kind == "int" || kind == "decimal" || kind == "bool"; }

bool IsTextType(std::string_view type) { return type == "text" || type.starts_with("varchar"); }

// Of varchar(n); none for text.
std::optional<int> LengthOf(std::string_view type) {
  constexpr std::string_view kStart = "varchar(";
  if (!type.starts_with(kStart)) return std::nullopt;
  int length = 0;
  std::from_chars(type.data() + kStart.size(), type.data() + type.size(), length);
  return length;
}

Conversion Exact(const PhysicalColumn& from, const PhysicalColumn& to, const std::string& value) {
  if (to.kind == "bool") {
    return {value + " <> 0", false, fmt::format("{} IN (0, 1)", value)};
  }
  const std::string number = from.kind == "bool" ? value + "::int" : value;
  const int scale = to.kind == "decimal" ? to.scale : 0;
  const std::string sql = fmt::format("round({}::numeric, {})::{}", number, scale, to.sql_type);
  if (from.kind != "decimal" || from.scale <= scale) return {sql, true, {}};
  return {sql, false, fmt::format("{0} = round({0}, {1})", value, scale)};
}

std::string AsText(const PhysicalColumn& from, const std::string& value) {
  if (from.kind == "ip") return fmt::format("host({})", value);
  if (from.kind == "time") {
    return fmt::format("to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
                       value);
  }
  return value + "::text";
}

Conversion ToText(const PhysicalColumn& from, const PhysicalColumn& to, const std::string& value) {
  // Only what any text may be: an URL or a cron line is checked by the engine alone.
  const bool checked = to.kind == "text" || to.kind == "enum" || from.kind == to.kind;
  const bool exact = from.kind != "bool" && from.kind != "decimal";
  const std::string text = IsTextType(from.sql_type) ? value : AsText(from, value);
  const std::optional<int> length = LengthOf(to.sql_type);
  const std::optional<int> before = LengthOf(from.sql_type);
  if (!checked || !exact) return {text, false, {}};
  if (!length || (before && *before <= *length)) return {text, true, {}};
  return {text, false, fmt::format("char_length({}) <= {}", text, *length)};
}

}  // namespace

Conversion ConvertPostgres(const PhysicalColumn& from, const PhysicalColumn& to,
                           const std::string& value) {
  if (from.kind == to.kind && from.sql_type == to.sql_type) return {value, true, {}};
  // Sealed and plain text must never be taken for one another.
  if (from.kind == "secret" || to.kind == "secret") {
    return {fmt::format("NULL::{}", to.sql_type), false, {}};
  }
  if (IsExact(from.kind) && IsExact(to.kind)) return Exact(from, to, value);
  if (IsTextType(to.sql_type)) return ToText(from, to, value);
  if (from.kind == "int" && to.kind == "float") return {value + "::double precision", true, {}};
  if (from.kind == "float" && IsExact(to.kind)) {
    const int scale = to.kind == "decimal" ? to.scale : 0;
    return {fmt::format("round({}::numeric, {})::{}", value, scale, to.sql_type), false, {}};
  }
  return {fmt::format("{}::text::{}", value, to.sql_type), false, {}};
}

}  // namespace tenon

#include "store/migrations/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace tenon {
namespace {

// Stored as text whose form the engine checks, not the database.
constexpr std::array<std::string_view, 11> kText = {
    "text", "enum", "uuid", "ulid", "ip", "url", "cron", "timezone", "time", "duration", "json"};

bool IsText(std::string_view kind) {
  return std::find(kText.begin(), kText.end(), kind) != kText.end();
}

std::string Power(int digits) { return "1" + std::string(static_cast<std::size_t>(digits), '0'); }

// Digits that the number has behind the point, as it is stored: decimals are scaled integers.
int Scale(const PhysicalColumn& column) { return column.kind == "decimal" ? column.scale : 0; }

bool IsExact(std::string_view kind) { return kind == "int" || kind == "decimal" || kind == "bool"; }

Conversion Exact(const PhysicalColumn& from, const PhysicalColumn& to, const std::string& value) {
  const int more = Scale(to) - Scale(from);
  if (more == 0) return {value, true, {}};
  if (more > 0) return {fmt::format("{} * {}", value, Power(more)), true, {}};
  return {fmt::format("{} / {}", value, Power(-more)), false, {}};
}

}  // namespace

Conversion Convert(const PhysicalColumn& from, const PhysicalColumn& to, const std::string& value) {
  if (from.kind == to.kind && from.scale == to.scale) return {value, true, {}};
  // Sealed and plain text must never be taken for one another.
  if (from.kind == "secret" || to.kind == "secret") return {"NULL", false, {}};
  if (IsExact(from.kind) && IsExact(to.kind)) return Exact(from, to, value);
  if (IsText(from.kind) && IsText(to.kind)) {
    const bool checked = to.kind == "text" || to.kind == "enum" || to.kind == "json";
    return {value, checked, {}};
  }
  if (from.kind == "int" && to.kind == "float") {
    return {fmt::format("CAST({} AS REAL)", value), true, {}};
  }
  if (from.kind == "decimal" && to.kind == "float") {
    return {fmt::format("CAST({} AS REAL) / {}", value, Power(from.scale)), false, {}};
  }
  if (from.kind == "float" && IsExact(to.kind)) {
    return {fmt::format("CAST(round({} * {}) AS INTEGER)", value, Power(Scale(to))), false, {}};
  }
  if ((from.kind == "int" || from.kind == "float") && to.kind == "text") {
    return {fmt::format("CAST({} AS TEXT)", value), true, {}};
  }
  return {fmt::format("CAST({} AS {})", value, to.sql_type), false, {}};
}

}  // namespace tenon

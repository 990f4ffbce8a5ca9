#include "store/sqlite/binding.h"

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/json.h"
#include "record/column.h"

namespace tenon {
namespace {

// Slots longer than this are freed before they are used again, so that one large document does
// not stay in memory.
constexpr std::size_t kSlotKeptBytesMax = 16 << 10;

int BindText(sqlite3_stmt* statement, int index, std::string_view text) {
  return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC,
                             SQLITE_UTF8);
}

}  // namespace

std::string& TextSlots::Next() {
  if (used_ == slots_.size()) slots_.emplace_back();
  std::string& slot = slots_[used_++];
  if (slot.capacity() > kSlotKeptBytesMax) std::string().swap(slot);
  slot.clear();
  return slot;
}

int BindValue(sqlite3_stmt* statement, int index, const Value& value, TextSlots& slots) {
  return std::visit(
      [&](const auto& v) -> int {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, Null>) {
          return sqlite3_bind_null(statement, index);
        } else if constexpr (std::is_same_v<T, bool>) {
          return sqlite3_bind_int(statement, index, v ? 1 : 0);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          return sqlite3_bind_int64(statement, index, v);
        } else if constexpr (std::is_same_v<T, double>) {
          return sqlite3_bind_double(statement, index, v);
        } else if constexpr (std::is_same_v<T, Decimal>) {
          return sqlite3_bind_int64(statement, index, v.units);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return BindText(statement, index, v);
        } else {
          std::string& slot = slots.Next();
          if constexpr (std::is_same_v<T, Uuid>) {
            v.AppendTo(slot);
          } else if constexpr (std::is_same_v<T, Time>) {
            AppendTime(v, slot);
          } else if constexpr (std::is_same_v<T, Duration>) {
            std::optional<std::string> text = DurationToColumn(v);
            if (!text) return SQLITE_MISMATCH;
            slot = std::move(*text);
          } else {
            AppendCanonicalJson(v, slot);
          }
          return BindText(statement, index, slot);
        }
      },
      value.storage());
}

std::string_view SqliteRow::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<Value> SqliteRow::Get(int column, const model::Type& type) const {
  return FromColumn(View(column), type, Dialect::kSqlite);
}

void SqliteRow::AppendJson(int column, const model::Type& type, std::string& out) const {
  AppendColumnJson(View(column), type, Dialect::kSqlite, out);
}

ColumnView SqliteRow::View(int column) const {
  ColumnView view;
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_NULL:
      break;
    case SQLITE_INTEGER:
      view.kind = ColumnValue::Kind::kInt;
      view.integer = Int(column);
      break;
    case SQLITE_FLOAT:
      view.kind = ColumnValue::Kind::kFloat;
      view.number = Float(column);
      break;
    default:
      view.kind = ColumnValue::Kind::kText;
      view.text = Text(column);
  }
  return view;
}

}  // namespace tenon

// Many values as one parameter of a statement: PostgreSQL's text form of an array.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/value.h"
#include "record/column.h"

namespace tenon {

// What the text of an array of such values is cast to: "uuid[]".
inline std::string ArrayTypeOf(const model::Type& type) {
  std::string name = ColumnType(type, Dialect::kPostgres);
  if (name.starts_with("varchar")) name = "text";  // the cast would cut longer ones off
  return name + "[]";
}

class ArrayText {
 public:
  void AddValue(const Value& value) {
    if (value.IsNull()) {
      Begin();
      text_ += "NULL";
    } else if (const auto* whole = value.If<std::int64_t>()) {
      Add(*whole);
    } else {
      Add(ToColumn(value, Dialect::kPostgres).text());
    }
  }
  void Add(std::int64_t value) {
    Begin();
    text_ += std::to_string(value);
  }
  void Add(std::string_view value) {
    Begin();
    text_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }
  [[nodiscard]] bool empty() const { return text_.size() == 1; }
  [[nodiscard]] Value Take() {
    text_ += '}';
    Value taken(std::move(text_));
    text_ = "{";
    return taken;
  }

 private:
  void Begin() {
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_ = "{";
};

}  // namespace tenon

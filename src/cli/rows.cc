#include "cli/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "base/json_text.h"
#include "cli/table.h"
#include "cli/yaml.h"

namespace tenon::cli {
namespace {

constexpr std::size_t kDefaultColumnsMax = 9;
// Names that say what a row is, in the order in which people look for them.
constexpr std::array<std::string_view, 8> kTelling = {
    "name", "slug", "type", "title", "qualified_name", "email", "version", "prefix"};

bool IsTime(std::string_view text) {
  return text.size() == 27 && text[4] == '-' && text[10] == 'T' && text.ends_with('Z');
}

void Indent(const json::value& value, std::size_t depth, std::string& out) {
  const std::string inner(2 * (depth + 1), ' ');
  const std::string outer(2 * depth, ' ');
  if (value.is_object() && !value.get_object().empty()) {
    out += "{\n";
    bool first = true;
    for (const auto& member : value.get_object()) {
      out += (first ? "" : ",\n") + inner;
      AppendJsonString(member.key(), out);
      out += ": ";
      Indent(member.value(), depth + 1, out);
      first = false;
    }
    out += "\n" + outer + "}";
  } else if (value.is_array() && !value.get_array().empty()) {
    out += "[\n";
    bool first = true;
    for (const json::value& item : value.get_array()) {
      out += (first ? "" : ",\n") + inner;
      Indent(item, depth + 1, out);
      first = false;
    }
    out += "\n" + outer + "]";
  } else if (value.is_double()) {
    AppendJsonNumber(value.get_double(), out);
  } else {
    out += JsonText(value);
  }
}

Column ColumnOf(const EntityInfo* entity, const std::string& name) {
  Column column{name};
  if (entity == nullptr) {
    column.keep = name == "id";
    return column;
  }
  if (const FieldInfo* field = entity->Find(name)) {
    const std::string kind = field->kind;
    column.right = kind == "int" || kind == "float" || kind == "decimal";
    column.keep = field->key || kind == "time";
  }
  return column;
}

// A row inside a row, as --expand puts it there, by what it is called.
std::string CellOf(const json::value& value) {
  if (value.is_array()) {
    std::string text;
    for (const json::value& item : value.get_array()) {
      text += (text.empty() ? "" : ", ") + CellOf(item);
    }
    return text.empty() ? "-" : text;
  }
  if (value.is_object() && value.get_object().contains("id")) {
    for (std::string_view name : kTelling) {
      const json::value* telling = value.get_object().if_contains(name);
      if (telling != nullptr && telling->is_string()) return Cell(*telling);
    }
    return Cell(value.get_object().at("id"));
  }
  return Cell(value);
}

// "a.b" steps into expanded rows and JSON.
const json::value* At(const json::object& row, const std::string& path) {
  if (const json::value* direct = row.if_contains(path)) return direct;
  const json::object* at = &row;
  std::size_t start = 0;
  while (true) {
    const std::size_t dot = path.find('.', start);
    const json::value* value = at->if_contains(path.substr(start, dot - start));
    if (value == nullptr || dot == std::string::npos) return value;
    if (!value->is_object()) return nullptr;
    at = &value->get_object();
    start = dot + 1;
  }
}

}  // namespace

std::string Cell(const json::value& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) {
    std::string text(value.get_string());
    // Microseconds and the zone say nothing in a list: all times are UTC.
    if (IsTime(text)) return text.substr(0, 10) + " " + text.substr(11, 8);
    return text;
  }
  if (value.is_double()) {
    std::string text;
    AppendJsonNumber(value.get_double(), text);
    return text;
  }
  return JsonText(value);
}

std::vector<std::string> DefaultColumns(const EntityInfo& entity) {
  std::vector<std::string> columns = entity.key;
  auto add = [&](const std::string& name) {
    if (columns.size() < kDefaultColumnsMax && std::ranges::find(columns, name) == columns.end()) {
      columns.push_back(name);
    }
  };
  for (std::string_view name : kTelling) {
    const FieldInfo* field = entity.Find(name);
    if (field != nullptr && !field->lock) add(field->name);
  }
  if (entity.Find(entity.lifecycle) != nullptr) add(entity.lifecycle);
  for (const FieldInfo& field : entity.fields) {
    if (field.unique && !field.engine && !field.tenant) add(field.name);
  }
  for (const FieldInfo& field : entity.fields) {
    const bool long_text = field.kind == "text" && field.type.find('(') == std::string::npos;
    if (field.engine || field.tenant || field.lock || field.IsJson() || field.secret || long_text ||
        field.name == entity.soft_delete) {
      continue;
    }
    if (columns.size() < kDefaultColumnsMax - 1) add(field.name);
  }
  for (std::string_view name : {"updated_at", "created_at", "timestamp"}) {
    if (entity.Find(name) != nullptr) {
      add(std::string(name));
      break;
    }
  }
  return columns;
}

RowPrinter::RowPrinter(Session& session, const EntityInfo* entity, std::vector<std::string> columns,
                       bool may_drop)
    : session_(session), entity_(entity), columns_(std::move(columns)), may_drop_(may_drop) {}

void RowPrinter::Page(const json::array& rows) {
  std::ostream& out = session_.out();
  switch (session_.format()) {
    case Format::kTable:
      Table(rows);
      break;
    case Format::kJson:
      for (const json::value& row : rows) {
        std::string text;
        Indent(row, 1, text);
        out << (began_ ? ",\n  " : "[\n  ") << text;
        began_ = true;
      }
      break;
    case Format::kNdjson:
      for (const json::value& row : rows) out << JsonText(row) << "\n";
      break;
    case Format::kYaml:
      for (const json::value& row : rows) out << "---\n" << ToYaml(row);
      break;
  }
  count_ += rows.size();
  out << std::flush;
}

void RowPrinter::Table(const json::array& rows) {
  if (columns_.empty() && !rows.empty() && rows[0].is_object()) {
    for (const auto& member : rows[0].get_object()) columns_.emplace_back(member.key());
  }
  if (rows.empty()) return;
  std::vector<Column> columns;
  for (const std::string& name : columns_) columns.push_back(ColumnOf(entity_, name));
  std::vector<std::vector<std::string>> cells;
  for (const json::value& row : rows) {
    std::vector<std::string>& line = cells.emplace_back();
    for (const std::string& name : columns_) {
      const json::value* value = row.is_object() ? At(row.get_object(), name) : &row;
      line.push_back(value == nullptr ? "-" : CellOf(*value));
    }
  }
  session_.out() << RenderTable(columns, cells,
                                {.width = session_.width(),
                                 .style = session_.out_style(),
                                 .title = !began_,
                                 .may_drop = may_drop_});
  began_ = true;
}

void RowPrinter::End() {
  if (session_.format() != Format::kJson) return;
  session_.out() << (began_ ? "\n]\n" : "[]\n") << std::flush;
}

void PrintRow(Session& session, const json::object& row) {
  if (session.format() != Format::kTable) return PrintValue(session, row);
  std::size_t width = 0;
  for (const auto& member : row) width = std::max(width, DisplayWidth(member.key()));
  const Style style = session.out_style();
  for (const auto& member : row) {
    std::string name(member.key());
    name.resize(std::max(width, name.size()), ' ');
    std::string value;
    if (member.value().is_object() || member.value().is_array()) {
      value = PrettyJson(member.value());
      if (value.size() < 60) value = JsonText(member.value());
      // Continued lines stand under the value.
      std::string indented;
      for (char c : value) {
        indented += c;
        if (c == '\n') indented += std::string(width + 2, ' ');
      }
      value = std::move(indented);
    } else {
      value = Printable(Cell(member.value()));
    }
    session.out() << style.Bold(name) << "  " << value << "\n";
  }
  session.out() << std::flush;
}

void PrintValue(Session& session, const json::value& value) {
  switch (session.format()) {
    case Format::kTable:
    case Format::kJson:
      session.out() << PrettyJson(value) << "\n";
      break;
    case Format::kNdjson:
      session.out() << JsonText(value) << "\n";
      break;
    case Format::kYaml:
      session.out() << ToYaml(value);
      break;
  }
  session.out() << std::flush;
}

std::string PrettyJson(const json::value& value) {
  std::string out;
  Indent(value, 0, out);
  return out;
}

}  // namespace tenon::cli

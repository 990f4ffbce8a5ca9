#include "store/migrations/schema.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <exception>

namespace tenon {
namespace {

namespace json = boost::json;

json::array Strings(const std::vector<std::string>& list) {
  json::array out;
  for (const std::string& text : list) out.emplace_back(text);
  return out;
}

// The functions below throw on what is not theirs; TableFromJson catches.
std::string Text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? std::string() : std::string(value->as_string());
}

bool Flag(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->as_bool();
}

std::vector<std::string> Texts(const json::object& object, std::string_view key) {
  std::vector<std::string> out;
  if (const json::value* value = object.if_contains(key)) {
    for (const json::value& item : value->as_array()) out.emplace_back(item.as_string());
  }
  return out;
}

template <typename Each>
void ForEach(const json::object& object, std::string_view key, Each each) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return;
  for (const json::value& item : value->as_array()) each(item.as_object());
}

// Members that say nothing are left out: the text stays short and equal texts stay equal when a
// member is added later.
void Put(json::object& out, std::string_view key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}
void Put(json::object& out, std::string_view key, bool flag) {
  if (flag) out[key] = true;
}
void Put(json::object& out, std::string_view key, json::array list) {
  if (!list.empty()) out[key] = std::move(list);
}

json::object ColumnToJson(const PhysicalColumn& column) {
  json::object out;
  out["name"] = column.name;
  out["kind"] = column.kind;
  out["type"] = column.sql_type;
  if (column.scale != 0) out["scale"] = column.scale;
  Put(out, "nullable", column.nullable);
  Put(out, "default", column.default_sql);
  Put(out, "check", column.check_sql);
  Put(out, "neutral", column.neutral_sql);
  Put(out, "kept", column.kept);
  Put(out, "moved", column.moved_to);
  return out;
}

PhysicalColumn ColumnFromJson(const json::object& in) {
  PhysicalColumn column;
  column.name = Text(in, "name");
  column.kind = Text(in, "kind");
  column.sql_type = Text(in, "type");
  if (const json::value* scale = in.if_contains("scale")) {
    column.scale = static_cast<int>(scale->as_int64());
  }
  column.nullable = Flag(in, "nullable");
  column.default_sql = Text(in, "default");
  column.check_sql = Text(in, "check");
  column.neutral_sql = Text(in, "neutral");
  column.kept = Flag(in, "kept");
  column.moved_to = Text(in, "moved");
  return column;
}

PhysicalTable Read(const json::object& in) {
  PhysicalTable table;
  table.name = Text(in, "name");
  table.model = Text(in, "model");
  table.primary_key = Texts(in, "key");
  table.policies = Texts(in, "policies");
  table.partition = Text(in, "partition");
  table.kept = Flag(in, "kept");
  ForEach(in, "columns",
          [&](const json::object& item) { table.columns.push_back(ColumnFromJson(item)); });
  ForEach(in, "references", [&](const json::object& item) {
    table.references.push_back({Text(item, "name"), Texts(item, "columns"), Text(item, "table"),
                                Texts(item, "target"), Text(item, "on_delete")});
  });
  ForEach(in, "checks", [&](const json::object& item) {
    table.checks.push_back({Text(item, "name"), Text(item, "sql")});
  });
  ForEach(in, "indexes", [&](const json::object& item) {
    table.indexes.push_back({Text(item, "name"), Flag(item, "unique"), Text(item, "method"),
                             Text(item, "columns"), Text(item, "where")});
  });
  ForEach(in, "enums", [&](const json::object& item) {
    table.enums.push_back({Text(item, "column"), Texts(item, "values")});
  });
  ForEach(in, "triggers", [&](const json::object& item) {
    table.triggers.push_back({Text(item, "name"), Text(item, "table"), Text(item, "sql")});
  });
  return table;
}

}  // namespace

const PhysicalColumn* PhysicalTable::Find(std::string_view column) const {
  for (const PhysicalColumn& candidate : columns) {
    if (candidate.name == column) return &candidate;
  }
  return nullptr;
}

const PhysicalTable* PhysicalSchema::Find(std::string_view table) const {
  for (const PhysicalTable& candidate : tables) {
    if (candidate.name == table) return &candidate;
  }
  return nullptr;
}

PhysicalTable* PhysicalSchema::Find(std::string_view table) {
  return const_cast<PhysicalTable*>(std::as_const(*this).Find(table));
}

json::object ToJson(const PhysicalTable& table) {
  json::object out;
  out["name"] = table.name;
  out["model"] = table.model;
  json::array columns;
  for (const PhysicalColumn& column : table.columns) columns.push_back(ColumnToJson(column));
  out["columns"] = std::move(columns);
  out["key"] = Strings(table.primary_key);
  json::array references;
  for (const PhysicalReference& reference : table.references) {
    json::object item{{"name", reference.name},
                      {"columns", Strings(reference.columns)},
                      {"table", reference.table},
                      {"target", Strings(reference.target_columns)}};
    Put(item, "on_delete", reference.on_delete);
    references.push_back(std::move(item));
  }
  Put(out, "references", std::move(references));
  json::array checks;
  for (const PhysicalCheck& check : table.checks) {
    checks.push_back(json::object{{"name", check.name}, {"sql", check.sql}});
  }
  Put(out, "checks", std::move(checks));
  json::array indexes;
  for (const PhysicalIndex& index : table.indexes) {
    json::object item{{"name", index.name}, {"columns", index.columns_sql}};
    Put(item, "unique", index.unique);
    Put(item, "method", index.method);
    Put(item, "where", index.where_sql);
    indexes.push_back(std::move(item));
  }
  Put(out, "indexes", std::move(indexes));
  json::array enums;
  for (const PhysicalEnum& item : table.enums) {
    enums.push_back(json::object{{"column", item.column}, {"values", Strings(item.values)}});
  }
  Put(out, "enums", std::move(enums));
  json::array triggers;
  for (const PhysicalTrigger& trigger : table.triggers) {
    triggers.push_back(
        json::object{{"name", trigger.name}, {"table", trigger.table}, {"sql", trigger.sql}});
  }
  Put(out, "triggers", std::move(triggers));
  Put(out, "policies", Strings(table.policies));
  Put(out, "partition", table.partition);
  Put(out, "kept", table.kept);
  return out;
}

Result<PhysicalTable> TableFromJson(const json::value& in) {
  try {
    return Read(in.as_object());
  } catch (const std::exception& e) {
    return Fail(Code::kInternal,
                std::string("schema_migrations holds a schema that cannot be read: ") + e.what());
  }
}

}  // namespace tenon

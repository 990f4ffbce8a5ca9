#include "store/migrations/ddl.h"

#include <fmt/format.h>

#include "store/migrations/sql_text.h"

namespace tenon {

std::string ColumnSql(const PhysicalTable& table, const PhysicalColumn& column,
                      Dialect /*dialect*/) {
  std::string sql = QuoteName(column.name) + " " + column.sql_type;
  if (!column.nullable) sql += " NOT NULL";
  if (!column.default_sql.empty()) sql += " DEFAULT " + column.default_sql;
  if (!column.check_sql.empty()) {
    sql +=
        fmt::format(" CONSTRAINT {} CHECK ({})",
                    QuoteName(fmt::format("ck_{}_{}", table.name, column.name)), column.check_sql);
  }
  return sql;
}

std::string CreateTableSql(const PhysicalTable& table, Dialect dialect, std::string_view name) {
  std::string sql = fmt::format("CREATE TABLE {} (", QuoteName(name.empty() ? table.name : name));
  const char* separator = "\n  ";
  const auto item = [&](const std::string& text) {
    sql += separator + text;
    separator = ",\n  ";
  };
  for (const PhysicalColumn& column : table.columns) item(ColumnSql(table, column, dialect));
  if (!table.primary_key.empty()) item("PRIMARY KEY (" + NameList(table.primary_key) + ")");
  for (const PhysicalReference& reference : table.references) {
    item(fmt::format("CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){}",
                     QuoteName(reference.name), NameList(reference.columns),
                     QuoteName(reference.table), NameList(reference.target_columns),
                     reference.on_delete));
  }
  for (const PhysicalCheck& check : table.checks) {
    item(fmt::format("CONSTRAINT {} CHECK ({})", QuoteName(check.name), check.sql));
  }
  return sql + (dialect == Dialect::kSqlite ? "\n) STRICT" : "\n)");
}

std::string CreateIndexSql(const PhysicalTable& table, const PhysicalIndex& index) {
  return fmt::format("CREATE {}INDEX {} ON {}{} ({}){}", index.unique ? "UNIQUE " : "",
                     QuoteName(index.name), QuoteName(table.name), index.method, index.columns_sql,
                     index.where_sql.empty() ? "" : " WHERE " + index.where_sql);
}

std::string DropIndexSql(const PhysicalIndex& index) {
  return "DROP INDEX " + QuoteName(index.name);
}

std::string DropTriggerSql(const PhysicalTrigger& trigger, Dialect dialect) {
  const std::string name = QuoteName(trigger.name);
  if (dialect == Dialect::kSqlite) return "DROP TRIGGER IF EXISTS " + name;
  return fmt::format("DROP TRIGGER IF EXISTS {} ON {};\nDROP FUNCTION IF EXISTS {}()", name,
                     QuoteName(trigger.table), name);
}

std::string Ddl(const PhysicalSchema& schema, std::string_view model) {
  std::string out;
  const auto is_of_model = [&](const PhysicalTable& table) {
    return model.empty() || table.model == model;
  };
  for (const PhysicalTable& table : schema.tables) {
    if (!is_of_model(table)) continue;
    if (!out.empty()) out += "\n";
    out += CreateTableSql(table, schema.dialect) + ";\n";
    for (const PhysicalIndex& index : table.indexes) out += CreateIndexSql(table, index) + ";\n";
    for (const std::string& policy : table.policies) out += policy + ";\n";
  }
  // After all tables, since a trigger may be on a table further down.
  for (const PhysicalTable& table : schema.tables) {
    if (!is_of_model(table)) continue;
    for (const PhysicalTrigger& trigger : table.triggers) out += "\n" + trigger.sql + ";\n";
  }
  return out;
}

}  // namespace tenon

#include "store/migrations/ddl.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/migrations/sql_text.h"

namespace tenon {

namespace {

// Text sorts by code point whatever the database's own collation is, as on SQLite, and an index on
// it serves LIKE 'prefix%'.
std::string_view CollationSql(const PhysicalColumn& column, Dialect dialect) {
  const bool text = column.sql_type == "text" || column.sql_type.starts_with("varchar");
  return dialect == Dialect::kPostgres && text ? " COLLATE \"C\"" : "";
}

std::string AddReferencesSql(const PhysicalTable& table, std::string_view target) {
  std::string sql;
  for (const PhysicalReference& reference : table.references) {
    if (reference.table == target) sql += AddReferenceSql(table, reference) + ";\n";
  }
  return sql;
}

std::string ReferenceSql(const PhysicalReference& reference) {
  return fmt::format("CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){}",
                     QuoteName(reference.name), NameList(reference.columns),
                     QuoteName(reference.table), NameList(reference.target_columns),
                     reference.on_delete);
}

// PostgreSQL wants the target there, with its unique index: references of the table to itself, and
// to tables that come later, are added when their target is made, and those that wait for an index
// after it is built. SQLite looks at the first row.
PhysicalTable WithoutLaterReferences(PhysicalTable table, const PhysicalSchema& made) {
  if (made.dialect == Dialect::kPostgres) {
    std::erase_if(table.references, [&](const PhysicalReference& reference) {
      const PhysicalTable* target = made.Find(reference.table);
      return reference.table == table.name || target == nullptr || !CanReferTo(*target, reference);
    });
  }
  return table;
}

std::string PartitionsSql(const PhysicalTable& table) {
  if (table.partition.empty()) return {};
  const std::string rest = QuoteName(table.name + "_default");
  return fmt::format(
      "CREATE TABLE {0} PARTITION OF {1} DEFAULT;\n"
      "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY;\n"
      "SELECT tenon_make_partitions({2}, {3});\n",
      rest, QuoteName(table.name), QuoteText(table.name), kPartitionMonthsAhead);
}

}  // namespace

std::string ColumnSql(const PhysicalTable& table, const PhysicalColumn& column, Dialect dialect) {
  std::string sql = QuoteName(column.name) + " " + column.sql_type;
  sql += CollationSql(column, dialect);
  if (!column.nullable) sql += " NOT NULL";
  if (!column.default_sql.empty()) sql += " DEFAULT " + column.default_sql;
  if (!column.check_sql.empty()) {
    sql += fmt::format(" CONSTRAINT {} CHECK ({})", QuoteName(ColumnCheckName(table, column)),
                       column.check_sql);
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
    item(ReferenceSql(reference));
  }
  for (const PhysicalCheck& check : table.checks) {
    item(fmt::format("CONSTRAINT {} CHECK ({})", QuoteName(check.name), check.sql));
  }
  if (dialect == Dialect::kSqlite) return sql + "\n) STRICT";
  if (table.partition.empty()) return sql + "\n)";
  return sql + fmt::format("\n) PARTITION BY RANGE ({})", QuoteName(table.partition));
}

std::string CreateTableWithIndexes(const PhysicalTable& table, const PhysicalSchema& made) {
  const PhysicalTable first = WithoutLaterReferences(table, made);
  std::string sql = CreateTableSql(first, made.dialect) + ";\n";
  for (const PhysicalIndex& index : table.indexes) sql += CreateIndexSql(table, index) + ";\n";
  for (const std::string& policy : table.policies) sql += policy + ";\n";
  if (made.dialect != Dialect::kPostgres) return sql;
  sql += PartitionsSql(table);
  sql += AddReferencesSql(table, table.name);
  for (const PhysicalTable& other : made.tables) {
    if (other.name != table.name) sql += AddReferencesSql(other, table.name);
  }
  return sql;
}

std::string ColumnCheckName(const PhysicalTable& table, const PhysicalColumn& column) {
  return PostgresName(fmt::format("ck_{}_{}", table.name, column.name));
}

std::string AddReferenceSql(const PhysicalTable& table, const PhysicalReference& reference) {
  return fmt::format("ALTER TABLE {} ADD {}", QuoteName(table.name), ReferenceSql(reference));
}

bool CanReferTo(const PhysicalTable& target, const PhysicalReference& reference) {
  if (target.primary_key == reference.target_columns) return true;
  const std::string columns = NameList(reference.target_columns);
  return std::any_of(target.indexes.begin(), target.indexes.end(), [&](const PhysicalIndex& index) {
    return index.unique && !index.pending && index.where_sql.empty() &&
           index.columns_sql == columns;
  });
}

std::vector<std::string> AddReferenceLaterSql(const PhysicalTable& table,
                                              const PhysicalReference& reference) {
  // A partitioned table takes no NOT VALID reference.
  if (!table.partition.empty()) return {AddReferenceSql(table, reference)};
  return {AddReferenceSql(table, reference) + " NOT VALID",
          fmt::format("ALTER TABLE {} VALIDATE CONSTRAINT {}", QuoteName(table.name),
                      QuoteName(reference.name))};
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
  const auto is_printed = [&](const PhysicalTable& table) {
    return model.empty() || table.model == model;
  };
  // In the order of migrations: model by model. What a table adds to an earlier model's table is
  // printed with it.
  PhysicalSchema made;
  made.dialect = schema.dialect;
  for (const std::string& name : schema.models) {
    for (const PhysicalTable& table : schema.tables) {
      if (table.model != name) continue;
      if (is_printed(table)) {
        if (!out.empty()) out += "\n";
        out += CreateTableWithIndexes(table, made);
      }
      made.tables.push_back(table);
    }
  }
  // After all tables, since a trigger may be on a table further down.
  for (const PhysicalTable& table : made.tables) {
    if (!is_printed(table)) continue;
    for (const PhysicalTrigger& trigger : table.triggers) out += "\n" + trigger.sql + ";\n";
  }
  return out;
}

}  // namespace tenon

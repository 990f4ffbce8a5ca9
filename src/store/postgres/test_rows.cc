#include "store/postgres/test_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "store/migrations/sql_text.h"

namespace tenon::testing {
namespace {

bool IsUnique(const PhysicalTable& table, const PhysicalColumn& column) {
  if (std::ranges::find(table.primary_key, column.name) != table.primary_key.end()) return true;
  return std::ranges::any_of(table.indexes, [&](const PhysicalIndex& index) {
    return index.unique && index.columns_sql.find(QuoteName(column.name)) != std::string::npos;
  });
}

bool IsIndexed(const PhysicalTable& table, const PhysicalColumn& column) {
  return IsUnique(table, column) ||
         std::ranges::any_of(table.indexes, [&](const PhysicalIndex& index) {
           return index.columns_sql.find(QuoteName(column.name)) != std::string::npos;
         });
}

// Of row `i` of the tenant; empty: its default.
std::string ValueSql(const PhysicalTable& table, const PhysicalColumn& column,
                     const std::string& tenant) {
  const bool unique = IsUnique(table, column);
  const std::string number = unique ? "i" : "(i % 61)";
  const std::string hash = fmt::format("md5({} || {})", unique ? QuoteText(tenant) : "''", number);
  const std::string& type = column.sql_type;
  if (column.name == table.tenant) {
    const bool only = table.primary_key == std::vector<std::string>{column.name};
    return only ? fmt::format("CASE i WHEN 1 THEN '{0}' ELSE md5('{0}' || i) END::uuid", tenant)
                : fmt::format("'{}'::uuid", tenant);
  }
  if (type == "uuid") return hash + "::uuid";
  if (type == "text" || type.starts_with("varchar")) {
    std::size_t length = 12;
    if (type.starts_with("varchar("))
      length = std::min<std::size_t>(12, std::stoul(type.substr(8)));
    return fmt::format("left({}, {})", hash, length);
  }
  // Numbers of one table are one sequence to all tenants.
  if (type == "bigint") {
    return unique ? "i + (SELECT count(*) FROM " + QuoteName(table.name) + ")" : number;
  }
  if (type.starts_with("numeric")) return "(" + number + " / 100.0)";
  if (type == "double precision") return "(" + number + " * 1.5)";
  if (type == "boolean") return "(i % 2 = 0)";
  if (type == "timestamptz") {
    // When something ended or was deleted: not yet.
    if (column.nullable && !IsIndexed(table, column)) return "NULL";
    return "(timestamptz '2026-01-01Z' + " + number + " * interval '1 minute')";
  }
  if (type == "interval") return "(" + number + " * interval '1 second')";
  if (type == "jsonb") return "jsonb_build_object('k', i)";
  if (type == "inet") return "(inet '10.0.0.1' + " + number + ")";
  if (type == "bytea") return "decode(" + hash + ", 'hex')";
  return "NULL";
}

}  // namespace

std::string LoosenSql() {
  return "DO $$ DECLARE k record; BEGIN\n"
         "  FOR k IN SELECT conrelid::regclass AS home, conname FROM pg_constraint WHERE contype = "
         "'c' AND conparentid = 0 AND coninhcount = 0 AND connamespace = "
         "current_schema()::regnamespace LOOP\n"
         "    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.home, k.conname);\n"
         "  END LOOP;\nEND $$;\n"
         "DO $$ DECLARE g record; BEGIN\n"
         "  FOR g IN SELECT tgrelid::regclass AS home, tgname FROM pg_trigger WHERE NOT "
         "tgisinternal "
         "AND tgparentid = 0 LOOP\n"
         "    EXECUTE format('DROP TRIGGER %I ON %s', g.tgname, g.home);\n"
         "  END LOOP;\nEND $$;\n"
         "SET session_replication_role = replica;\n";
}

std::string FillSql(const PhysicalTable& table, const std::string& tenant, int count) {
  std::vector<std::string> names;
  std::string values;
  for (const PhysicalColumn& column : table.columns) {
    names.push_back(column.name);
    values += (values.empty() ? "" : ", ") + ValueSql(table, column, tenant);
  }
  return fmt::format("INSERT INTO {} ({}) SELECT {} FROM generate_series(1, {}) i;\n",
                     QuoteName(table.name), NameList(names), values, count);
}

std::vector<std::string> ExpressionsOf(const PhysicalIndex& index) {
  std::vector<std::string> out;
  std::string present;
  int depth = 0;
  for (std::size_t i = 0; i <= index.columns_sql.size(); ++i) {
    const char c = i < index.columns_sql.size() ? index.columns_sql[i] : ',';
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c != ',' || depth > 0) {
      present += c;
      continue;
    }
    for (const std::string_view order : {" NULLS FIRST", " NULLS LAST", " DESC"}) {
      if (present.ends_with(order)) present.resize(present.size() - order.size());
    }
    present.erase(0, present.find_first_not_of(' '));
    out.push_back(std::exchange(present, {}));
  }
  return out;
}

}  // namespace tenon::testing

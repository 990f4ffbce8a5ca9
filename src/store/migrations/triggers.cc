#include "store/migrations/triggers.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "store/migrations/sql_text.h"

namespace tenon {
namespace {

using model::Entity;
using model::Field;

// SQLite: one trigger for all named enums of the table and each kind of statement.
std::vector<PhysicalTrigger> SqliteEnums(const PhysicalTable& table) {
  std::string body;
  std::vector<std::string> columns;
  for (const PhysicalEnum& item : table.enums) {
    const std::string column = QuoteName(item.column);
    columns.push_back(item.column);
    body += fmt::format("  SELECT RAISE(ABORT, {}) WHERE NEW.{} NOT IN ({});\n",
                        QuoteText(fmt::format("enum: {}.{}", table.name, item.column)), column,
                        TextList(item.values));
  }
  const auto trigger = [&](std::string_view kind, const std::string& when) {
    const std::string name = fmt::format("tg_{}_enums_{}", table.name, kind);
    return PhysicalTrigger{name, table.name,
                           fmt::format("CREATE TRIGGER {} BEFORE {} ON {}\nBEGIN\n{}END",
                                       QuoteName(name), when, QuoteName(table.name), body)};
  };
  return {trigger("insert", "INSERT"), trigger("update", "UPDATE OF " + NameList(columns))};
}

PhysicalTrigger SqliteUpdated(const Entity& entity, const Field& field) {
  const std::string table = QuoteName(entity.table);
  const std::string column = QuoteName(field.name);
  const std::string_view now = NowSql(Dialect::kSqlite);
  const std::string name = fmt::format("tg_{}_updated", entity.table);
  // The second condition ends the trigger's own update, also within one millisecond.
  return {name, entity.table,
          fmt::format("CREATE TRIGGER {} AFTER UPDATE ON {}\n"
                      "WHEN NEW.{} IS OLD.{} AND NEW.{} IS NOT {}\n"
                      "BEGIN\n  UPDATE {} SET {} = {} WHERE rowid = NEW.rowid;\nEND",
                      QuoteName(name), table, column, column, column, now, table, column, now)};
}

// The condition that a row refers to the deleted one.
std::string RefersToOld(const PhysicalReference& reference) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    parts.push_back(fmt::format("{} = OLD.{}", QuoteName(reference.columns[i]),
                                QuoteName(reference.target_columns[i])));
  }
  return fmt::format("{}", fmt::join(parts, " AND "));
}

PhysicalTrigger SqliteDeleted(const Entity& entity, const Field& field,
                              const PhysicalReference& reference) {
  const std::string name = fmt::format("tg_{}_{}_deleted", entity.table, field.name);
  const std::string act =
      field.reference->on_delete == model::OnDelete::kCascade
          ? fmt::format("DELETE FROM {}", QuoteName(entity.table))
          : fmt::format("UPDATE {} SET {} = NULL", QuoteName(entity.table), QuoteName(field.name));
  return {name, reference.table,
          fmt::format("CREATE TRIGGER {} AFTER DELETE ON {}\nBEGIN\n  {} WHERE {};\nEND",
                      QuoteName(name), QuoteName(reference.table), act, RefersToOld(reference))};
}

// PostgreSQL: a function and a trigger for each. The condition stands in WHEN, which costs the
// engine's own writes next to nothing; the function runs for what a DBA's SQL left out or got
// wrong.
PhysicalTrigger PostgresTrigger(const PhysicalTable& table, std::string_view what,
                                std::string_view events, const std::string& when,
                                const std::string& body) {
  const std::string name = PostgresName(fmt::format("tg_{}_{}", table.name, what));
  return {name, table.name,
          fmt::format("CREATE OR REPLACE FUNCTION {0}() RETURNS trigger LANGUAGE plpgsql\n"
                      "SET search_path = pg_catalog, pg_temp AS $$\n"
                      "BEGIN\n{1}  RETURN NEW;\nEND $$;\n"
                      "CREATE TRIGGER {0} BEFORE {3} ON {2} FOR EACH ROW\n"
                      "  WHEN ({4}) EXECUTE FUNCTION {0}()",
                      QuoteName(name), body, QuoteName(table.name), events, when)};
}

std::vector<PhysicalTrigger> PostgresTriggers(const Entity& entity, const PhysicalTable& table) {
  std::vector<PhysicalTrigger> out;
  if (!table.enums.empty()) out.push_back(PostgresEnumTrigger(table));
  for (const Field& field : entity.fields) {
    if (field.automatic != model::Auto::kUpdated) continue;
    const std::string column = QuoteName(field.name);
    // Later than the last time also within one transaction, whose now() stands still.
    out.push_back(PostgresTrigger(
        table, "updated", "UPDATE",
        fmt::format("NEW.{0} IS NOT DISTINCT FROM OLD.{0} AND\n"
                    "        coalesce(current_setting('tenon.keep_times', true), '') <> 'on'",
                    column),
        fmt::format("  NEW.{0} = greatest(clock_timestamp(), OLD.{0} + interval '1 "
                    "microsecond');\n",
                    column)));
  }
  return out;
}

}  // namespace

// The error is that of a CHECK by the name that one would have.
PhysicalTrigger PostgresEnumTrigger(const PhysicalTable& table) {
  std::string body;
  std::vector<std::string> conditions;
  for (const PhysicalEnum& item : table.enums) {
    const std::string wrong =
        fmt::format("NEW.{} NOT IN ({})", QuoteName(item.column), TextList(item.values));
    conditions.push_back(wrong);
    body += fmt::format(
        "  IF {} THEN\n    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = {},\n"
        "      SCHEMA = TG_TABLE_SCHEMA, TABLE = {}, COLUMN = {}, CONSTRAINT = {};\n  END IF;\n",
        wrong, QuoteText(fmt::format("enum: {}.{}", table.name, item.column)),
        QuoteText(table.name), QuoteText(item.column),
        QuoteText(PostgresName(fmt::format("ck_{}_{}", table.name, item.column))));
  }
  return PostgresTrigger(table, "enums", "INSERT OR UPDATE",
                         fmt::format("{}", fmt::join(conditions, " OR ")), body);
}

std::string PostgresEnumTriggerName(const PhysicalTable& table) {
  return PostgresName(fmt::format("tg_{}_enums", table.name));
}

std::optional<PhysicalTrigger> PostgresSyncTrigger(const PhysicalTable& table) {
  std::string body;
  for (const PhysicalColumn& column : table.columns) {
    if (column.moved_to.empty()) continue;
    body += fmt::format(
        "  IF TG_OP = 'UPDATE' AND NEW.{0} IS NOT DISTINCT FROM OLD.{0} THEN\n"
        "    NEW.{0} = NEW.{1};\n"
        "    IF NEW.{1} IS NOT DISTINCT FROM OLD.{1} THEN NEW.{0} = OLD.{0}; END IF;\n"
        "  ELSIF TG_OP = 'UPDATE' THEN\n    NEW.{1} = NEW.{0};\n"
        "  ELSIF NEW.{1} IS NULL THEN\n    NEW.{1} = NEW.{0};\n"
        "  ELSE\n    NEW.{0} = NEW.{1};\n  END IF;\n",
        QuoteName(column.name), QuoteName(column.moved_to));
  }
  if (body.empty()) return std::nullopt;
  return PostgresTrigger(table, "sync", "INSERT OR UPDATE", "true", body);
}

std::vector<PhysicalTrigger> DeriveTriggers(const Entity& entity, const PhysicalTable& table,
                                            Dialect dialect) {
  if (dialect == Dialect::kPostgres) return PostgresTriggers(entity, table);
  std::vector<PhysicalTrigger> out;
  if (!table.enums.empty()) out = SqliteEnums(table);
  for (const Field& field : entity.fields) {
    if (field.automatic == model::Auto::kUpdated) out.push_back(SqliteUpdated(entity, field));
    if (!field.reference || field.reference->on_delete == model::OnDelete::kRestrict) continue;
    // An event on delete is the engine's alone: SQL cannot run a lifecycle.
    if (field.reference->on_delete == model::OnDelete::kEvent) continue;
    for (const PhysicalReference& reference : table.references) {
      if (reference.columns.back() == field.name) {
        out.push_back(SqliteDeleted(entity, field, reference));
      }
    }
  }
  return out;
}

}  // namespace tenon

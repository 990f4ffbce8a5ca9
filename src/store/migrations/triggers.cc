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

// PostgreSQL: a function and a trigger for each.
PhysicalTrigger PostgresTrigger(const PhysicalTable& table, std::string_view what,
                                const std::string& body) {
  const std::string name = fmt::format("tg_{}_{}", table.name, what);
  return {name, table.name,
          fmt::format("CREATE OR REPLACE FUNCTION {0}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
                      "BEGIN\n{1}  RETURN NEW;\nEND $$;\n"
                      "CREATE TRIGGER {0} BEFORE {3} ON {2} FOR EACH ROW EXECUTE FUNCTION {0}()",
                      QuoteName(name), body, QuoteName(table.name),
                      what == "enums" ? "INSERT OR UPDATE" : "UPDATE")};
}

std::vector<PhysicalTrigger> PostgresTriggers(const Entity& entity, const PhysicalTable& table) {
  std::vector<PhysicalTrigger> out;
  std::string body;
  for (const PhysicalEnum& item : table.enums) {
    body += fmt::format(
        "  IF NEW.{} NOT IN ({}) THEN RAISE EXCEPTION {} USING ERRCODE = 'check_violation'; "
        "END IF;\n",
        QuoteName(item.column), TextList(item.values),
        QuoteText(fmt::format("enum: {}.{}", table.name, item.column)));
  }
  if (!body.empty()) out.push_back(PostgresTrigger(table, "enums", body));
  for (const Field& field : entity.fields) {
    if (field.automatic != model::Auto::kUpdated) continue;
    const std::string column = QuoteName(field.name);
    out.push_back(PostgresTrigger(
        table, "updated",
        fmt::format("  IF NEW.{} IS NOT DISTINCT FROM OLD.{} THEN NEW.{} = now(); END IF;\n",
                    column, column, column)));
  }
  return out;
}

}  // namespace

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

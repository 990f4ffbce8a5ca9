#include "search/rows.h"

#include <chrono>

#include "engine/projection.h"
#include "record/record.h"
#include "record/sql.h"

namespace tenon::search {
namespace {

// Keys in one statement. Few sizes, so that statements are prepared once.
constexpr std::size_t kChunks[] = {100, 20, 5, 1};

Result<void> AppendStatement(const Caller& caller, const WantedRows& wanted,
                             const std::vector<const model::Field*>& key_fields,
                             std::span<const std::vector<Value>> keys, const SqlContext& context,
                             SqlBuilder& sql) {
  sql << "SELECT ";
  bool first = true;
  const auto column = [&](const model::Field& field) {
    (sql << (first ? "t." : ", t.")).Name(field.name);
    first = false;
  };
  for (const model::Field* field : wanted.fields) column(*field);
  for (const model::Field* field : key_fields) column(*field);
  (sql << " FROM ").Name(wanted.entity->table) << " AS t WHERE ";
  if (key_fields.size() == 1) {
    (sql << "t.").Name(key_fields.front()->name) << " IN (";
    for (std::size_t i = 0; i < keys.size(); ++i) {
      sql << (i == 0 ? "" : ", ");
      sql.Bind(keys[i].front());
    }
    sql << ")";
  } else {
    sql << "(";
    for (std::size_t i = 0; i < keys.size(); ++i) {
      sql << (i == 0 ? "(" : " OR (");
      for (std::size_t f = 0; f < key_fields.size(); ++f) {
        (sql << (f == 0 ? "t." : " AND t.")).Name(key_fields[f]->name) << " = ";
        sql.Bind(keys[i][f]);
      }
      sql << ")";
    }
    sql << ")";
  }
  if (wanted.entity->tenant != nullptr) {
    (sql << " AND t.").Name(wanted.entity->tenant->name) << " = ";
    sql.Bind(Value(caller.tenant));
  }
  if (wanted.entity->soft_delete) {
    sql << " AND ";
    AppendLive(*wanted.entity, context.alias, sql);
  }
  if (wanted.filter != nullptr) {
    sql << " AND (";
    TRY(AppendExpression(*wanted.filter, context, sql));
    sql << ")";
  }
  return {};
}

}  // namespace

Result<std::unordered_map<std::string, std::string>> ReadRows(Engine& engine, const Caller& caller,
                                                              const WantedRows& wanted,
                                                              std::span<const std::string> keys) {
  const std::vector<const model::Field*> key_fields = KeyFields(*wanted.entity);
  std::vector<std::vector<Value>> values;
  for (const std::string& key : keys) {
    if (auto parsed = ParseKey(*wanted.entity, key)) values.push_back(*std::move(parsed));
  }
  const SqlContext context{.alias = "t", .now = engine.clock().Now()};
  std::unordered_map<std::string, std::string> rows;
  std::span<const std::vector<Value>> left(values);
  const Scope scope{.tenant = caller.tenant};
  while (!left.empty()) {
    std::size_t chunk = 1;
    for (const std::size_t size : kChunks) {
      if (size > left.size()) continue;
      chunk = size;
      break;
    }
    SqlBuilder sql(engine.store().dialect());
    TRY(AppendStatement(caller, wanted, key_fields, left.first(chunk), context, sql));
    TRY(engine.store().Read(scope, [&](Reader& reader) -> Result<void> {
      return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
        Record key(*wanted.entity);
        for (std::size_t i = 0; i < key_fields.size(); ++i) {
          const int column = static_cast<int>(wanted.fields.size() + i);
          key.at(*key_fields[i]) = TRY(row.Get(column, key_fields[i]->type));
        }
        std::string object;
        AppendOpenObject(row, wanted.fields, object);
        rows[KeyText(key)] = object.empty() ? "{}" : object + "}";
        return true;
      });
    }));
    left = left.subspan(chunk);
  }
  return rows;
}

}  // namespace tenon::search

#include "graph/edge_sql.h"

#include <utility>

#include "model/expression.h"

namespace tenon {
namespace {

// A path inside one row as an expression, so that both stores read it by the same rules.
model::Expression PathOf(const model::Entity& entity, const model::Field& field,
                         std::vector<std::string> json_path, model::TypeKind inside) {
  model::Expression path;
  path.op = model::Op::kPath;
  path.type.kind = json_path.empty() ? field.type.kind : inside;
  path.type.enumeration = json_path.empty() ? field.type.enumeration : nullptr;
  path.type.nullable = true;
  path.path.entity = &entity;
  path.path.field = &field;
  path.path.json_path = std::move(json_path);
  return path;
}

Result<void> AppendColumns(const EdgeSource& source, SqlBuilder& sql) {
  return AppendExpression(
      PathOf(*source.entity, *source.columns, {"columns"}, model::TypeKind::kJson), {.alias = "t"},
      sql);
}

}  // namespace

void AppendRowColumn(const model::Field& field, SqlBuilder& sql) { (sql << "t.").Name(field.name); }

Result<void> AppendRowPath(const model::Entity& entity, const model::Field& field,
                           std::vector<std::string> json_path, SqlBuilder& sql) {
  return AppendExpression(PathOf(entity, field, std::move(json_path), model::TypeKind::kText),
                          {.alias = "t"}, sql);
}

void AppendLiveRows(const model::Entity& entity, const Uuid& tenant, SqlBuilder& sql) {
  (sql << " FROM ").Name(entity.table) << " t WHERE ";
  AppendRowColumn(*entity.tenant, sql);
  (sql << " = ").Bind(Value(tenant));
  SqlBuilder live(sql.dialect());
  if (AppendLive(entity, "t", live)) {
    sql << " AND ";
    AppendLive(entity, "t", sql);
  }
}

Result<void> AppendEdgeSelect(const EdgeSource& source, const Uuid& tenant,
                              const EdgeSelect& select, SqlBuilder& sql) {
  const model::Entity& entity = *source.entity;
  sql << "SELECT ";
  AppendRowColumn(*source.edge->from, sql);
  sql << ", ";
  AppendRowColumn(*source.edge->to, sql);
  sql << ", ";
  if (source.kind_field != nullptr) {
    AppendRowColumn(*source.kind_field, sql);
  } else {
    TRY(AppendExpression(*source.edge->kind, {.alias = "t"}, sql));
  }
  sql << ", ";
  if (entity.lifecycle) {
    TRY(AppendRowPath(entity, *entity.lifecycle->field, entity.lifecycle->json_path, sql));
  } else {
    sql << "NULL";
  }
  if (select.columns) {
    sql << ", ";
    TRY(AppendColumns(source, sql));
  }
  AppendLiveRows(entity, tenant, sql);
  for (const model::Field* field : {source.edge->from, source.edge->to}) {
    if (!field->type.nullable) continue;
    sql << " AND ";
    AppendRowColumn(*field, sql);
    sql << " IS NOT NULL";
  }
  if (select.of != nullptr) {
    sql << " AND ";
    AppendRowColumn(*select.of, sql);
    sql << " IN (";
    for (std::size_t i = 0; i < select.ids.size(); ++i) {
      if (i > 0) sql << ", ";
      sql.Bind(select.ids[i]);
    }
    sql << ")";
  }
  if (select.columns) {
    sql << " AND ";
    TRY(AppendColumns(source, sql));
    sql << " IS NOT NULL";
  }
  return {};
}

}  // namespace tenon

#include "engine/list_access.h"

#include <algorithm>

namespace tenon {
namespace {

using model::Entity;
using model::Expression;
using model::Field;
using model::Index;
using model::Op;

// The columns of an index as the table has them: unique ones are so within the tenant.
std::vector<const Field*> ColumnsOf(const Entity& entity, const Index& index) {
  std::vector<const Field*> columns;
  const bool names_tenant = std::ranges::any_of(
      index.columns, [&](const auto& column) { return column.field == entity.tenant; });
  if (index.unique && !index.globally && !names_tenant) columns.push_back(entity.tenant);
  for (const model::IndexColumn& column : index.columns) {
    columns.push_back(column.json_path.empty() ? column.field : nullptr);
  }
  return columns;
}

// All that can be walked: the primary key, what references point at, and the indexes. Those with a
// condition of their own hold some rows only.
std::vector<std::vector<const Field*>> WaysOf(const Entity& entity) {
  std::vector<std::vector<const Field*>> ways = {entity.key};
  if (entity.referenced && entity.key.size() == 1) {
    ways.push_back({entity.tenant, entity.key.front()});
  }
  for (const Index& index : entity.indexes) {
    if (!index.gin && index.where == nullptr) ways.push_back(ColumnsOf(entity, index));
  }
  return ways;
}

bool IsComparison(Op op) {
  return op == Op::kEq || op == Op::kLt || op == Op::kLe || op == Op::kGt || op == Op::kGe ||
         op == Op::kIn;
}

// Columns that the filter, all of whose parts must hold, bounds.
void CollectBounded(const Expression& filter, std::vector<const Field*>& out) {
  if (filter.op == Op::kAnd) {
    for (const auto& part : filter.args) CollectBounded(*part, out);
  } else if (IsComparison(filter.op)) {
    for (const auto& side : filter.args) {
      const bool column = side->op == Op::kPath && side->path.hops.empty() &&
                          side->path.json_path.empty() && side->path.field != nullptr;
      if (column) out.push_back(side->path.field);
    }
  }
}

bool Begins(const std::vector<const Field*>& way, const Field* first, const Field* second) {
  return !way.empty() && way[0] == first &&
         (second == nullptr || (way.size() > 1 && way[1] == second));
}

Result<bool> IsLarge(Reader& reader, const Entity& entity, const Uuid& tenant) {
  SqlBuilder sql(reader.dialect());
  (sql << "SELECT count(*) FROM (SELECT 1 FROM ").Name(entity.table) << " WHERE ";
  sql.Name(entity.tenant->name) << " = ";
  sql.Bind(Value(tenant)) << " LIMIT " << std::to_string(kLargeTenantRows) << ")";
  std::int64_t rows = 0;
  TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
    rows = row.Int(0);
    return false;
  }));
  return rows == kLargeTenantRows;
}

}  // namespace

Result<ListAccess> ChooseAccess(Reader& reader, const Caller& caller, const Entity& entity,
                                const Expression* filter, const std::vector<OrderItem>& order) {
  if (reader.dialect() != Dialect::kSqlite || entity.tenant == nullptr || caller.across_tenants) {
    return ListAccess::kPlanner;
  }
  const model::Path& lead = order.front().path->path;
  if (!lead.hops.empty() || !lead.json_path.empty() || lead.field == nullptr ||
      lead.field == entity.tenant) {
    return ListAccess::kPlanner;
  }
  const auto ways = WaysOf(entity);
  const auto has = [&](const Field* first, const Field* second) {
    return std::ranges::any_of(ways, [&](const auto& way) { return Begins(way, first, second); });
  };
  const bool one_way = !has(lead.field, nullptr) || !has(entity.tenant, nullptr);
  if (one_way || has(entity.tenant, lead.field)) return ListAccess::kPlanner;
  std::vector<const Field*> bounded;
  if (filter != nullptr) CollectBounded(*filter, bounded);
  for (const Field* field : bounded) {
    if (has(field, nullptr) || has(entity.tenant, field)) return ListAccess::kPlanner;
  }
  return TRY(IsLarge(reader, entity, caller.tenant)) ? ListAccess::kByOrder : ListAccess::kByTenant;
}

}  // namespace tenon

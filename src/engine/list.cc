#include "engine/list.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "engine/list_access.h"
#include "engine/page_token.h"
#include "engine/permit.h"
#include "engine/projection.h"
#include "model/check.h"
#include "record/encode.h"

namespace tenon {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool IsNullable(const model::Expression& path) {
  return !path.path.hops.empty() || !path.path.json_path.empty() || path.path.field == nullptr ||
         path.path.field->type.nullable;
}

// The order's own columns are selected behind the projected ones, to make the next token of.
Result<void> AppendOrderColumns(const std::vector<OrderItem>& order, const SqlContext& context,
                                SqlBuilder& sql) {
  for (const OrderItem& item : order) {
    sql << ", ";
    TRY(AppendExpression(*item.path, context, sql));
  }
  return {};
}

Result<void> AppendOrder(const std::vector<OrderItem>& order, const SqlContext& context,
                         ListAccess access, SqlBuilder& sql) {
  sql << " ORDER BY ";
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0) sql << ", ";
    // A plus keeps SQLite from using an index of what follows.
    if (i == 0 && access == ListAccess::kByTenant) sql << "+";
    TRY(AppendExpression(*order[i].path, context, sql));
    sql << (order[i].descending ? " DESC" : "");
    if (sql.dialect() == Dialect::kPostgres && order[i].nullable) {
      sql << (order[i].descending ? " NULLS LAST" : " NULLS FIRST");
    }
  }
  return {};
}

// One comparison of the keyset: strictly after in the item's direction, null being smallest.
Result<void> AppendStrictlyAfter(const OrderItem& item, const Value& value,
                                 const SqlContext& context, SqlBuilder& sql) {
  if (value.IsNull()) {
    if (item.descending) {
      sql << "1 = 0";
      return {};
    }
    TRY(AppendExpression(*item.path, context, sql));
    sql << " IS NOT NULL";
    return {};
  }
  if (item.descending && item.nullable) sql << "(";
  TRY(AppendExpression(*item.path, context, sql));
  sql << (item.descending ? " < " : " > ");
  sql.Bind(value);
  if (item.descending && item.nullable) {
    sql << " OR ";
    TRY(AppendExpression(*item.path, context, sql));
    sql << " IS NULL)";
  }
  return {};
}

Result<void> AppendEqual(const OrderItem& item, const Value& value, const SqlContext& context,
                         SqlBuilder& sql) {
  TRY(AppendExpression(*item.path, context, sql));
  if (value.IsNull()) {
    sql << " IS NULL";
  } else {
    sql << " = ";
    sql.Bind(value);
  }
  return {};
}

}  // namespace

Result<std::vector<OrderItem>> ParseOrder(const model::Model& model, const model::Entity& entity,
                                          std::string_view order_by) {
  std::vector<OrderItem> order;
  std::string_view rest = order_by;
  while (!Trim(rest).empty()) {
    const std::size_t comma = rest.find(',');
    std::string_view item = Trim(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    bool descending = false;
    if (const std::size_t space = item.rfind(' '); space != std::string_view::npos) {
      const std::string_view word = item.substr(space + 1);
      if (word == "desc" || word == "asc") {
        descending = word == "desc";
        item = Trim(item.substr(0, space));
      }
    }
    auto path = model::CheckPath(model, entity, item);
    if (!path) return Fail(std::move(path).error().In("order_by"));
    if ((*path)->path.IsToMany()) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("order_by: '{}' has many values", Ellipsis(item, 60)));
    }
    order.push_back({*path, descending, IsNullable(**path)});
    if (order.size() > 8) return Fail(Code::kInvalidArgument, "order_by: at most 8 items");
  }
  const bool last_descending = !order.empty() && order.back().descending;
  for (const model::Field* field : entity.key) {
    auto path = TRY(model::CheckPath(model, entity, field->name));
    order.push_back({path, last_descending, false});
  }
  return order;
}

Result<void> AppendAfter(const std::vector<OrderItem>& order, const std::vector<Value>& values,
                         const SqlContext& context, SqlBuilder& sql) {
  // (a > x) or (a = x and b > y) ...; and, so that an index on `a` bounds the scan, a >= x before.
  const OrderItem& lead = order.front();
  if (!values.front().IsNull() && !(lead.nullable && lead.descending)) {
    TRY(AppendExpression(*lead.path, context, sql));
    sql << (lead.descending ? " <= " : " >= ");
    sql.Bind(values.front()) << " AND ";
  }
  sql << "(";
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0) sql << " OR ";
    sql << "(";
    for (std::size_t j = 0; j < i; ++j) {
      TRY(AppendEqual(order[j], values[j], context, sql));
      sql << " AND ";
    }
    TRY(AppendStrictlyAfter(order[i], values[i], context, sql));
    sql << ")";
  }
  sql << ")";
  return {};
}

Result<void> AppendWhere(const Caller& caller, const model::Entity& entity,
                         const model::Expression* filter, bool with_deleted,
                         const SqlContext& context, ListAccess access, SqlBuilder& sql) {
  bool any = false;
  const auto next = [&]() -> SqlBuilder& {
    sql << (any ? " AND " : " WHERE ");
    any = true;
    return sql;
  };
  if (entity.tenant != nullptr && !caller.across_tenants) {
    next() << (access == ListAccess::kByOrder ? "+" : "") << context.alias << ".";
    sql.Name(entity.tenant->name) << " = ";
    sql.Bind(Value(caller.tenant));
  }
  if (entity.soft_delete && !with_deleted) {
    next();
    AppendLive(entity, context.alias, sql);
  }
  if (filter != nullptr) {
    next() << "(";
    TRY(AppendExpression(*filter, context, sql));
    sql << ")";
  }
  if (!any) sql << " WHERE 1 = 1";
  return {};
}

namespace {

Result<ListAccess> AccessFor(Engine::Impl& impl, const Caller& caller, const model::Entity& entity,
                             const model::Expression* filter, const std::vector<OrderItem>& order) {
  ListAccess access = ListAccess::kPlanner;
  TRY(impl.deps.store.Read(Engine::Impl::ScopeOf(caller), [&](Reader& reader) -> Result<void> {
    access = TRY(ChooseAccess(reader, caller, entity, filter, order));
    return {};
  }));
  return access;
}

}  // namespace

Result<std::string> Engine::List(const Caller& caller, const model::Entity& entity,
                                 const ListQuery& query) {
  Impl& impl = *impl_;
  TRY(Permit(caller, entity, "read"));
  const int page_size = query.page_size == 0 ? limits::kPageSizeDefault : query.page_size;
  if (page_size < 1 || page_size > limits::kPageSizeMax) {
    return Fail(Code::kInvalidArgument,
                fmt::format("page_size is from 1 to {}", limits::kPageSizeMax));
  }
  const auto fields = TRY(Project(entity, query.fields));
  const auto relations = TRY(Expansions(entity, query.expand));
  model::ExpressionPtr filter;
  if (!Trim(query.filter).empty()) {
    filter = TRY(model::CheckExpression(*impl.deps.model, entity, query.filter,
                                        model::ExpressionUse::kFilter));
  }
  const auto order = TRY(ParseOrder(*impl.deps.model, entity, query.order_by));
  std::vector<model::Type> order_types;
  for (const OrderItem& item : order) order_types.push_back(item.path->type);
  const std::string fingerprint = entity.table + '\n' + query.filter + '\n' + query.order_by +
                                  (query.with_deleted ? "\nd" : "\n");
  std::vector<Value> after;
  if (!query.page_token.empty()) {
    after = TRY(DecodePageToken(fingerprint, query.page_token, order_types));
  }

  const ListAccess access = TRY(AccessFor(impl, caller, entity, filter.get(), order));
  const SqlContext context{.alias = "t", .now = impl.deps.clock.Now()};
  SqlBuilder sql(impl.deps.store.dialect());
  sql << "SELECT ";
  for (const model::Field* field : fields) {
    (sql << (field == fields.front() ? "t." : ", t.")).Name(field->name);
  }
  TRY(AppendOrderColumns(order, context, sql));
  // Expansion needs whole records; they come behind.
  const int order_column = static_cast<int>(fields.size());
  const int record_column = order_column + static_cast<int>(order.size());
  if (!relations.empty()) {
    for (const model::Field& field : entity.fields) (sql << ", t.").Name(field.name);
  }
  (sql << " FROM ").Name(entity.table) << " AS t";
  TRY(AppendWhere(caller, entity, filter.get(), query.with_deleted, context, access, sql));
  if (!after.empty()) {
    sql << " AND ";
    TRY(AppendAfter(order, after, context, sql));
  }
  TRY(AppendOrder(order, context, access, sql));
  sql << " LIMIT " << std::to_string(page_size + 1);

  std::string out = "{\"items\":[";
  std::vector<std::string> items;
  std::vector<Record> records;
  std::vector<Value> last;
  std::int64_t total = -1;
  bool more = false;
  Scope scope = Impl::ScopeOf(caller);
  scope.one_query = relations.empty() && !query.count;
  TRY(impl.deps.store.Read(scope, [&](Reader& reader) -> Result<void> {
    items.clear(), records.clear(), last.clear(), more = false;
    TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
      if (static_cast<int>(items.size()) == page_size) {
        more = true;
        return false;
      }
      std::string item;
      AppendOpenObject(row, fields, item);
      items.push_back(std::move(item));
      last.clear();
      for (std::size_t i = 0; i < order.size(); ++i) {
        const int column = order_column + static_cast<int>(i);
        last.push_back(row.IsNull(column) ? Value() : TRY(row.Get(column, order_types[i])));
      }
      if (!relations.empty()) {
        Record record(entity);
        for (const model::Field& field : entity.fields) {
          record.at(field) = TRY(row.Get(record_column + field.index, field.type));
        }
        records.push_back(std::move(record));
      }
      return true;
    }));
    if (!relations.empty()) {
      const auto expanded = TRY(Expand(reader, impl.plans, records, relations));
      for (std::size_t i = 0; i < items.size(); ++i) items[i] += expanded[i];
    }
    if (query.count) {
      SqlBuilder count(reader.dialect());
      (count << "SELECT count(*) FROM ").Name(entity.table) << " AS t";
      TRY(AppendWhere(caller, entity, filter.get(), query.with_deleted, context,
                      ListAccess::kPlanner, count));
      TRY(reader.Query(count.text(), count.parameters(), [&](const Row& row) -> Result<bool> {
        total = row.Int(0);
        return false;
      }));
    }
    return {};
  }));
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    out += items[i];
    out += '}';
  }
  out += ']';
  if (more) {
    out += ",\"next_page_token\":";
    AppendJsonString(EncodePageToken(fingerprint, last), out);
  }
  if (total >= 0) out += ",\"total\":" + std::to_string(total);
  return out + "}";
}

Result<void> Engine::Export(const Caller& caller, const model::Entity& entity,
                            std::string_view filter_text,
                            const std::function<bool(std::string_view piece)>& piece) {
  Impl& impl = *impl_;
  TRY(Permit(caller, entity, "read"));
  const auto fields = TRY(Project(entity, {}));
  model::ExpressionPtr filter;
  if (!Trim(filter_text).empty()) {
    filter = TRY(model::CheckExpression(*impl.deps.model, entity, filter_text,
                                        model::ExpressionUse::kFilter));
  }
  const auto order = TRY(ParseOrder(*impl.deps.model, entity, ""));
  const ListAccess access = TRY(AccessFor(impl, caller, entity, filter.get(), order));
  const SqlContext context{.alias = "t", .now = impl.deps.clock.Now()};
  constexpr int kRows =
      2000;  // a read of this many takes milliseconds, so no snapshot is held long
  std::vector<Value> after;
  for (bool more = true; more;) {
    SqlBuilder sql(impl.deps.store.dialect());
    sql << "SELECT ";
    for (const model::Field* field : fields) {
      (sql << (field == fields.front() ? "t." : ", t.")).Name(field->name);
    }
    TRY(AppendOrderColumns(order, context, sql));
    (sql << " FROM ").Name(entity.table) << " AS t";
    TRY(AppendWhere(caller, entity, filter.get(), false, context, access, sql));
    if (!after.empty()) {
      sql << " AND ";
      TRY(AppendAfter(order, after, context, sql));
    }
    TRY(AppendOrder(order, context, access, sql));
    sql << " LIMIT " << std::to_string(kRows);
    std::string lines;
    int rows = 0;
    TRY(impl.deps.store.Read(Impl::ScopeOf(caller), [&](Reader& reader) -> Result<void> {
      lines.clear(), rows = 0;
      return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
        AppendOpenObject(row, fields, lines);
        lines += "}\n";
        after.clear();
        for (std::size_t i = 0; i < order.size(); ++i) {
          const int column = static_cast<int>(fields.size() + i);
          after.push_back(row.IsNull(column) ? Value() : TRY(row.Get(column, order[i].path->type)));
        }
        ++rows;
        return true;
      });
    }));
    more = rows == kRows;
    if (!lines.empty() && !piece(lines)) return {};
  }
  return {};
}

}  // namespace tenon

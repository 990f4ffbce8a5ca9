// Lists: filter, order, keyset pages, projection, expansion, count; one prepared statement a page.
#pragma once

#include <string>
#include <vector>

#include "engine/impl.h"

namespace tenon {

enum class ListAccess;  // engine/list_access.h

struct OrderItem {
  model::ExpressionPtr path;
  bool descending = false;
  bool nullable = true;
};

// "name, created_at desc", with the key added so that the order is total.
Result<std::vector<OrderItem>> ParseOrder(const model::Model& model, const model::Entity& entity,
                                          std::string_view order_by);

// Appends the condition that rows come after `values` in the order.
Result<void> AppendAfter(const std::vector<OrderItem>& order, const std::vector<Value>& values,
                         const SqlContext& context, SqlBuilder& sql);

// Appends " WHERE tenant and live and filter"; returns whether it needs "WHERE" or "AND" next.
Result<void> AppendWhere(const Caller& caller, const model::Entity& entity,
                         const model::Expression* filter, bool with_deleted,
                         const SqlContext& context, ListAccess access, SqlBuilder& sql);

}  // namespace tenon

// How SQLite is led to the rows of a list: along the order, or to the tenant's rows first.
//
// An order such as created_at may have an index that does not begin with the tenant. Walking it is
// right for a tenant with a good share of the table, whose first 50 rows come soon; for a small one
// its rows are better found by the tenant and sorted. The planner cannot know which it is, so the
// tenant's rows are counted, up to a bound that costs far less than either way.
#pragma once

#include "engine/impl.h"
#include "engine/list.h"

namespace tenon {

enum class ListAccess {
  kPlanner,   // as the planner has it: the filter has an index, or there is one way only
  kByOrder,   // along the index of the order; the tenant is only looked at
  kByTenant,  // the tenant's rows, sorted
};

// Rows from which a tenant is taken to be large.
inline constexpr std::int64_t kLargeTenantRows = 2000;

// kPlanner on stores that measure their tables themselves. Runs at most one short statement.
Result<ListAccess> ChooseAccess(Reader& reader, const Caller& caller, const model::Entity& entity,
                                const model::Expression* filter,
                                const std::vector<OrderItem>& order);

}  // namespace tenon

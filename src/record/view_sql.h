// Views compiled to one SELECT, whose result columns are the view's columns in their order.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/model.h"
#include "record/sql.h"

namespace tenon {

struct ViewArguments {
  // By name; a parameter that is not given takes its default. Values must be of their types.
  std::vector<std::pair<std::string, Value>> parameters = {};
  Time now{};
  // Whose rows: every body, its joins and its related rows are restricted to the tenant, and to
  // rows that are not softly deleted. Absent: across tenants, related rows still of their own
  // row's.
  std::optional<Uuid> tenant = {};
};

// kInvalidArgument when a parameter is missing or unknown, or a limit is not from 1 to 100,000.
Result<void> AppendView(const model::View& view, const ViewArguments& arguments, SqlBuilder& out);

// What to decode the result columns as. Related rows come as one column of JSON.
std::vector<model::Type> ViewColumnTypes(const model::View& view);

}  // namespace tenon

// Rows for every table, made from the physical schema alone, so that a test which holds for every
// table covers a new entity on the day it is written. What the rows say makes no sense: checks and
// references are out of force (LoosenSql), row-level security is not.
#pragma once

#include <string>
#include <vector>

#include "store/migrations/schema.h"

namespace tenon::testing {

// For a superuser, in the database: no CHECK and no trigger any more, and in this session no
// references.
std::string LoosenSql();

// INSERT of rows number 1 to `count` of the tenant (a UUID). Values that need not be unique repeat
// after 61 rows, so that each column is selective and none alone is enough.
std::string FillSql(const PhysicalTable& table, const std::string& tenant, int count);

// The expressions of an index: `"a"`, without order.
std::vector<std::string> ExpressionsOf(const PhysicalIndex& index);

}  // namespace tenon::testing

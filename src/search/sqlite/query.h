// A query answered from the index's file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "search/index.h"
#include "store/sqlite/connection.h"

namespace tenon::search {

// On a read-only connection, inside no transaction: it takes its own snapshot. kDeadline when the
// query's deadline passes.
Result<IndexAnswer> RunQuery(Connection& connection, const IndexQuery& query);

// The sums of each facet by value, as an answer has them.
using FacetSums = std::unordered_map<std::string, std::unordered_map<std::string, std::int64_t>>;
FacetLists ToLists(std::span<const std::string> facets, const FacetSums& sums);

}  // namespace tenon::search

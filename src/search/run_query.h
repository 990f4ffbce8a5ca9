// A query answered from the parts of an index, whatever keeps them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "search/index.h"
#include "search/part.h"

namespace tenon::search {

struct OpenPart {
  const SearchPlan* plan = nullptr;
  std::unique_ptr<IndexPart> part;
};

// The parts of the query's tenant and entities that have rows, all of one snapshot. kDeadline when
// the query's deadline passes.
Result<IndexAnswer> RunQuery(std::vector<OpenPart> parts, const IndexQuery& query);

// The sums of each facet by value, as an answer has them.
using FacetSums = std::unordered_map<std::string, std::unordered_map<std::string, std::int64_t>>;
FacetLists ToLists(std::span<const std::string> facets, const FacetSums& sums);

}  // namespace tenon::search

// The part of a filter that the index can apply by itself: equality of facets.
#pragma once

#include <vector>

#include "model/expression.h"
#include "search/index.h"
#include "search/plan.h"

namespace tenon::search {

struct FacetTerms {
  std::vector<FacetTerm> terms;  // in the order of the filter
  bool whole = true;             // nothing of the filter is left over
};

// `type = "TABLE" and status in (a, b)`: conditions joined by `and` on facets that stand in the row
// itself. What it does not understand is left over.
FacetTerms FacetTermsOf(const model::Expression& filter, const SearchPlan& plan);

}  // namespace tenon::search

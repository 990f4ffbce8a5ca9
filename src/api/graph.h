// GET /v1/graph/...: lineage over the graph in memory. docs/lineage.md is the user's page.
#pragma once

#include <vector>

#include "api/router.h"
#include "events/followers.h"
#include "graph/graph_index.h"

namespace tenon {

// Both must outlive the API. `followers` runs the index.
std::vector<Route> GraphRoutes(GraphIndex& index, Followers& followers);

}  // namespace tenon

// GET /v1/search. docs/search.md is the user's page.
#pragma once

#include <vector>

#include "api/router.h"
#include "events/followers.h"
#include "graph/graph_index.h"
#include "search/service.h"

namespace tenon {

// All must outlive the API. The graph is for searches below or above a node.
std::vector<Route> SearchRoutes(search::SearchService& search, GraphIndex& graph,
                                Followers& followers);

}  // namespace tenon

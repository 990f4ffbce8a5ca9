// A tenant's graph from the tables.
#pragma once

#include <cstddef>

#include "base/ids.h"
#include "base/result.h"
#include "graph/graph.h"
#include "store/store.h"

namespace tenon {

// Fills an empty graph with all of the tenant's nodes and edges, as the reader's snapshot has them:
// live nodes, and edges of every state whose row is not softly deleted. kTooLarge once it needs
// more than `bytes_max`.
Result<void> LoadGraph(Reader& reader, const Uuid& tenant, std::size_t bytes_max, Graph& graph);

}  // namespace tenon

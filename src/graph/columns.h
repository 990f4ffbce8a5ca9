// Column lineage: which column is made from which. An edge tells in its JSON (`metadata.columns` of
// relationships, `properties.columns` of graph edges):
//
//   "columns": [{"source": "total", "target": "amount", "type": "AGGREGATION",
//                "transformation": "sum(amount)"}]
//
// `source` is a column of the edge's source, `target` one of its target. It travels as the edge
// does (flow.h): "report DEPENDS_ON orders" makes report.total of orders.amount.
//
// Columns are not kept in memory: a walk reads the edges of each step from their tables.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "graph/sources.h"
#include "graph/walk.h"
#include "store/store.h"

namespace tenon {

struct ColumnNode {
  const NodeSource* source = nullptr;
  Uuid id;
  std::string key;     // as it stands in URLs
  std::string column;  // empty: every column; only of the start
  std::uint32_t depth = 0;
};

struct ColumnEdge {
  std::size_t from = 0, to = 0;  // in ColumnLineage::nodes, as stored
  std::string kind;              // of the edge that tells
  std::string type, transformation;
};

struct ColumnLineage {
  std::vector<ColumnNode> nodes;  // nearest first; [0] is the start
  std::vector<ColumnEdge> edges;
  Partial partial = Partial::kNo;
};

// Takes out what may not be walked over: nodes that are gone. Called once a step.
using KeepLive = std::function<Result<void>(std::vector<ColumnNode>& nodes)>;

// Breadth first from the start. filter.node_types and filter.show are passed over.
Result<ColumnLineage> WalkColumns(Store& store, const GraphSources& sources, const Uuid& tenant,
                                  ColumnNode start, const WalkFilter& filter,
                                  const WalkLimits& limits, const KeepLive& keep_live);

}  // namespace tenon

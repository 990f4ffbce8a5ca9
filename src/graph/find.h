// From what a person types to a node.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "graph/graph.h"
#include "store/store.h"

namespace tenon {

// A name that was looked up in the tables; what is left is to find it in the graph.
struct NodeQuery {
  std::string text;                   // as it was given
  const NodeSource* table = nullptr;  // of "TABLE:..."; null: any
  std::string rest;                   // without the table
  bool is_key = false;                // `rest` has the form of an id
  struct Row {
    const NodeSource* source;
    Uuid id;
  };
  std::vector<Row> rows;  // whose key or unique name it is
};

using MayRead = std::function<bool(const model::Entity&)>;

// Reads "assets:0190...", "assets:orders", an id, a unique name (qualified name, e-mail address,
// slug) or a label. Looks unique names up in the store; entities that the caller may not read are
// left out. kInvalidArgument for an empty name.
Result<NodeQuery> ReadNodeQuery(Store& store, const GraphSources& sources, const Uuid& tenant,
                                std::string_view text, const MayRead& may_read);

// The one live node that it names. An id or unique name goes before a label. kNotFound; kConflict
// with the first of several in details.candidates.
Result<NodeNumber> FindNode(const Graph& graph, const NodeQuery& query, const MayRead& may_read);

}  // namespace tenon

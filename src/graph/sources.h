// What of a model makes the graph: which rows are nodes, which are edges, and which columns tell.
//
// Nodes are the rows of every entity with a `node label`, and of every entity that an `edge` joins.
// A node's type is its entity's own `type` field where it has one (TABLE, PACKAGE, VIDEO), else the
// entity's name in capitals (DEPLOYMENT). Edges are the rows of every entity with an `edge` clause;
// an edge's state is that of the row's lifecycle.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "model/model.h"

namespace tenon {

struct NodeSource {
  const model::Entity* entity = nullptr;
  int index = 0;  // in GraphSources::nodes
  const model::Field* key = nullptr;
  const model::Field* label = nullptr;  // may be null
  const model::Field* type = nullptr;   // may be null
  // Where the label is the type itself (graph_nodes), people know a row by what it is searched by:
  // the first of these paths that is set. Each is a field and keys into its JSON.
  std::vector<std::vector<std::string>> label_paths;
  // Texts that name one row: qualified_name, email, system_slug.
  std::vector<const model::Field*> unique_names;
  std::string log_type;   // LogEntry::entity_type
  std::string type_name;  // of nodes without a type of their own

  // The id that stands for the row in the graph and in the log, from the key's own text.
  [[nodiscard]] Uuid IdOf(std::string_view key_text) const;
  // Whether the id is the key itself; if not, the key's text is kept beside it.
  bool key_is_id = true;
};

struct EdgeSource {
  const model::Entity* entity = nullptr;
  int index = 0;  // in GraphSources::edges
  const model::Edge* edge = nullptr;
  const NodeSource* from = nullptr;
  const NodeSource* to = nullptr;
  std::string log_type;
  std::string literal_kind;                  // when the kind is one text for all rows
  const model::Field* kind_field = nullptr;  // when the kind is a plain field; else an expression
  const model::Field* columns = nullptr;     // JSON with `columns`, of column lineage; may be null
  bool once = false;                         // the model lets no two rows be the same edge
};

// Made once from a model; immutable. The model must outlive it.
class GraphSources {
 public:
  explicit GraphSources(const model::Model& model);
  GraphSources(const GraphSources&) = delete;  // edges point at nodes
  GraphSources& operator=(const GraphSources&) = delete;

  [[nodiscard]] const std::vector<NodeSource>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<EdgeSource>& edges() const { return edges_; }
  // By table or entity name; null: its rows are no nodes.
  [[nodiscard]] const NodeSource* NodesOf(std::string_view table_or_name) const;
  // Log types that matter to the graph.
  [[nodiscard]] std::vector<std::string> LogTypes() const;

  // What a log row of the type changes: an index into nodes (-1: none) and into edges.
  struct Touched {
    int node = -1;
    std::vector<int> edges;
  };
  [[nodiscard]] const Touched* ByLogType(std::string_view log_type) const;

 private:
  int AddNodes(const model::Entity& entity);

  std::vector<NodeSource> nodes_;
  std::vector<EdgeSource> edges_;
  std::unordered_map<std::string, Touched> by_log_type_;
};

}  // namespace tenon

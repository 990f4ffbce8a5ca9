// Parts of a graph as text: JSON for programs, GraphML for yEd, Gephi and networkx, DOT for
// Graphviz, Mermaid for Markdown, CSV for spreadsheets. Labels are whatever people typed: each
// format escapes them by its own rules.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph/graph.h"
#include "graph/walk.h"

namespace tenon {

enum class GraphFormat {
  kJson,
  kGraphMl,   // http://graphml.graphdrawing.org/specification.html
  kDot,       // https://graphviz.org/doc/info/lang.html
  kMermaid,   // https://mermaid.js.org/syntax/flowchart.html
  kCsv,       // RFC 4180: one line an edge
  kCsvNodes,  // one line a node
};

// "json", "graphml", "dot", "mermaid", "csv", "csv-nodes"; nullopt for anything else.
std::optional<GraphFormat> GraphFormatOf(std::string_view name);
std::string_view MediaTypeOf(GraphFormat format);

// "assets:0190...": how nodes are named in requests and answers.
void AppendNodeName(const Graph& graph, NodeNumber node, std::string& out);
// {"id","table","key","type","label"}; with `depth` when it is given.
void AppendNodeJson(const Graph& graph, NodeNumber node, std::optional<std::uint32_t> depth,
                    std::string& out);
// {"from","to","type","table"}, "state" when it has one, "rows" when more than one says the same.
void AppendEdgeJson(const Graph& graph, const WholeEdge& edge, std::string& out);

// "nodes":[...],"edges":[...],"partial":bool, and "reason" when it is: members of an object.
void AppendSubgraphMembers(const Graph& graph, const Subgraph& part, std::string& out);
void AppendPartial(Partial partial, std::string& out);

// The whole document in a format other than JSON.
std::string ExportSubgraph(const Graph& graph, const Subgraph& part, GraphFormat format);

}  // namespace tenon

#include "graph/export.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "base/json.h"

namespace tenon {
namespace {

constexpr std::array<std::pair<std::string_view, GraphFormat>, 6> kFormats = {{
    {"json", GraphFormat::kJson},
    {"graphml", GraphFormat::kGraphMl},
    {"dot", GraphFormat::kDot},
    {"mermaid", GraphFormat::kMermaid},
    {"csv", GraphFormat::kCsv},
    {"csv-nodes", GraphFormat::kCsvNodes},
}};

const NodeClass& ClassOf(const Graph& graph, NodeNumber node) {
  return graph.node_class(graph.ClassOf(node));
}

std::string NodeName(const Graph& graph, NodeNumber node) {
  std::string name;
  AppendNodeName(graph, node, name);
  return name;
}

// What people read: the label, or the key where there is none.
std::string Caption(const Graph& graph, NodeNumber node) {
  const std::string_view label = graph.Label(node);
  return label.empty() ? graph.KeyText(node) : std::string(label);
}

// Character data of XML 1.0: control characters cannot even be escaped in it.
void AppendXml(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default: {
        const bool control = static_cast<unsigned char>(c) < 0x20;
        if (control && c != '\t' && c != '\n' && c != '\r') {
          out += "\xef\xbf\xbd";  // U+FFFD
        } else {
          out += c;
        }
      }
    }
  }
}

void AppendXmlData(std::string_view key, std::string_view text, std::string& out) {
  if (text.empty()) return;
  fmt::format_to(std::back_inserter(out), "<data key=\"{}\">", key);
  AppendXml(text, out);
  out += "</data>";
}

std::string GraphMl(const Graph& graph, const Subgraph& part) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n";
  for (const auto* name : {"label", "type", "table"}) {
    fmt::format_to(std::back_inserter(out),
                   "  <key id=\"{0}\" for=\"node\" attr.name=\"{0}\" attr.type=\"string\"/>\n",
                   name);
  }
  out += "  <key id=\"depth\" for=\"node\" attr.name=\"depth\" attr.type=\"int\"/>\n";
  for (const auto* name : {"kind", "state", "rows"}) {
    fmt::format_to(std::back_inserter(out),
                   "  <key id=\"{0}\" for=\"edge\" attr.name=\"{1}\" attr.type=\"{2}\"/>\n", name,
                   name == std::string_view("kind") ? "type" : name,
                   name == std::string_view("rows") ? "int" : "string");
  }
  out += "  <graph id=\"tenon\" edgedefault=\"directed\">\n";
  for (const WalkNode& node : part.nodes) {
    const NodeClass& node_class = ClassOf(graph, node.node);
    out += "    <node id=\"";
    AppendXml(NodeName(graph, node.node), out);
    out += "\">";
    AppendXmlData("label", graph.Label(node.node), out);
    AppendXmlData("type", node_class.type, out);
    AppendXmlData("table", node_class.source->entity->table, out);
    fmt::format_to(std::back_inserter(out), "<data key=\"depth\">{}</data></node>\n", node.depth);
  }
  for (const WholeEdge& edge : part.edges) {
    const EdgeClass& edge_class = graph.edge_class(edge.edge_class);
    out += "    <edge source=\"";
    AppendXml(NodeName(graph, edge.from), out);
    out += "\" target=\"";
    AppendXml(NodeName(graph, edge.to), out);
    out += "\">";
    AppendXmlData("kind", edge_class.kind, out);
    AppendXmlData("state", edge_class.state, out);
    if (const std::uint32_t rows = graph.CountOf(edge); rows > 1) {
      AppendXmlData("rows", std::to_string(rows), out);
    }
    out += "</edge>\n";
  }
  return out + "  </graph>\n</graphml>\n";
}

// A double-quoted string of DOT: only the quote ends it; a backslash begins an escape for layout.
void AppendDot(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += ' ';
    } else {
      out += c;
    }
  }
  out += '"';
}

using Numbers = std::unordered_map<NodeNumber, std::size_t>;

Numbers NumbersOf(const Subgraph& part) {
  Numbers numbers;
  for (const WalkNode& node : part.nodes) numbers.emplace(node.node, numbers.size());
  return numbers;
}

std::string Dot(const Graph& graph, const Subgraph& part) {
  const Numbers numbers = NumbersOf(part);
  std::string out = "digraph tenon {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const WalkNode& node : part.nodes) {
    fmt::format_to(std::back_inserter(out), "  n{} [label=", numbers.at(node.node));
    AppendDot(Caption(graph, node.node), out);
    out += ", tooltip=";
    AppendDot(ClassOf(graph, node.node).type + " " + NodeName(graph, node.node), out);
    out += "];\n";
  }
  for (const WholeEdge& edge : part.edges) {
    fmt::format_to(std::back_inserter(out), "  n{} -> n{} [label=", numbers.at(edge.from),
                   numbers.at(edge.to));
    AppendDot(graph.edge_class(edge.edge_class).kind, out);
    out += "];\n";
  }
  return out + "}\n";
}

// Text inside quotes of a Mermaid flowchart: everything with a meaning as an entity code.
void AppendMermaid(std::string_view text, std::string& out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z') || std::string_view(" _-./:+@,").contains(c);
    if (plain) {
      out += c;
    } else if (byte < 0x20) {
      out += ' ';
    } else {
      fmt::format_to(std::back_inserter(out), "#{};", static_cast<unsigned>(byte));
    }
  }
}

std::string Mermaid(const Graph& graph, const Subgraph& part) {
  const Numbers numbers = NumbersOf(part);
  std::string out = "flowchart LR\n";
  for (const WalkNode& node : part.nodes) {
    fmt::format_to(std::back_inserter(out), "  n{}[\"", numbers.at(node.node));
    AppendMermaid(Caption(graph, node.node), out);
    out += "\"]\n";
  }
  for (const WholeEdge& edge : part.edges) {
    fmt::format_to(std::back_inserter(out), "  n{} -->|\"", numbers.at(edge.from));
    AppendMermaid(graph.edge_class(edge.edge_class).kind, out);
    fmt::format_to(std::back_inserter(out), "\"| n{}\n", numbers.at(edge.to));
  }
  return out;
}

// A field of RFC 4180. A leading = + - @ would be run as a formula by spreadsheets; a quote mark
// before it is what they themselves write.
void AppendCsv(std::string_view text, std::string& out) {
  const bool formula = !text.empty() && std::string_view("=+-@\t\r").contains(text.front());
  const bool quoted = formula || text.find_first_of(",\"\r\n") != std::string_view::npos;
  if (!quoted) {
    out += text;
    return;
  }
  out += '"';
  if (formula) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string CsvEdges(const Graph& graph, const Subgraph& part) {
  std::string out = "from,from_label,to,to_label,type,state,rows\r\n";
  for (const WholeEdge& edge : part.edges) {
    const EdgeClass& edge_class = graph.edge_class(edge.edge_class);
    AppendCsv(NodeName(graph, edge.from), out);
    out += ',';
    AppendCsv(graph.Label(edge.from), out);
    out += ',';
    AppendCsv(NodeName(graph, edge.to), out);
    out += ',';
    AppendCsv(graph.Label(edge.to), out);
    out += ',';
    AppendCsv(edge_class.kind, out);
    out += ',';
    AppendCsv(edge_class.state, out);
    fmt::format_to(std::back_inserter(out), ",{}\r\n", graph.CountOf(edge));
  }
  return out;
}

std::string CsvNodes(const Graph& graph, const Subgraph& part) {
  std::string out = "id,label,type,table,depth\r\n";
  for (const WalkNode& node : part.nodes) {
    const NodeClass& node_class = ClassOf(graph, node.node);
    AppendCsv(NodeName(graph, node.node), out);
    out += ',';
    AppendCsv(graph.Label(node.node), out);
    out += ',';
    AppendCsv(node_class.type, out);
    fmt::format_to(std::back_inserter(out), ",{},{}\r\n", node_class.source->entity->table,
                   node.depth);
  }
  return out;
}

}  // namespace

std::optional<GraphFormat> GraphFormatOf(std::string_view name) {
  for (const auto& [known, format] : kFormats) {
    if (known == name) return format;
  }
  return std::nullopt;
}

std::string_view MediaTypeOf(GraphFormat format) {
  switch (format) {
    case GraphFormat::kJson:
      return "application/json";
    case GraphFormat::kGraphMl:
      return "application/graphml+xml; charset=utf-8";
    case GraphFormat::kDot:
      return "text/vnd.graphviz; charset=utf-8";
    case GraphFormat::kMermaid:
      return "text/vnd.mermaid; charset=utf-8";
    case GraphFormat::kCsv:
    case GraphFormat::kCsvNodes:
      break;
  }
  return "text/csv; charset=utf-8; header=present";
}

void AppendNodeName(const Graph& graph, NodeNumber node, std::string& out) {
  const NodeSource& source = *ClassOf(graph, node).source;
  out += source.entity->table;
  out += ':';
  if (source.key->type.kind == model::TypeKind::kUuid) {
    graph.Id(node).AppendTo(out);
  } else {
    out += graph.KeyText(node);
  }
}

void AppendNodeJson(const Graph& graph, NodeNumber node, std::optional<std::uint32_t> depth,
                    std::string& out) {
  const NodeClass& node_class = ClassOf(graph, node);
  std::string name;
  AppendNodeName(graph, node, name);
  const std::size_t table_bytes = node_class.source->entity->table.size();
  out += "{\"id\":";
  AppendJsonString(name, out);
  out += ",\"table\":\"";
  out += node_class.source->entity->table;
  out += "\",\"key\":";
  AppendJsonString(std::string_view(name).substr(table_bytes + 1), out);
  out += ",\"type\":";
  AppendJsonString(node_class.type, out);
  out += ",\"label\":";
  if (const std::string_view label = graph.Label(node); label.empty()) {
    out += "null";
  } else {
    AppendJsonString(label, out);
  }
  if (depth) {
    out += ",\"depth\":";
    out += fmt::format_int(*depth).str();
  }
  out += '}';
}

void AppendEdgeJson(const Graph& graph, const WholeEdge& edge, std::string& out) {
  const EdgeClass& edge_class = graph.edge_class(edge.edge_class);
  // Keys that are UUIDs need no escaping, and they are nearly all of the answer.
  const auto end = [&](std::string_view member, NodeNumber node) {
    out += member;
    if (ClassOf(graph, node).source->key_is_id) {
      out += '"';
      AppendNodeName(graph, node, out);
      out += '"';
    } else {
      AppendJsonString(NodeName(graph, node), out);
    }
  };
  end("{\"from\":", edge.from);
  end(",\"to\":", edge.to);
  out += ",\"type\":";
  AppendJsonString(edge_class.kind, out);
  out += ",\"table\":\"";
  out += edge_class.source->entity->table;
  out += '"';
  if (!edge_class.state.empty()) {
    out += ",\"state\":";
    AppendJsonString(edge_class.state, out);
  }
  if (const std::uint32_t rows = graph.CountOf(edge); rows > 1) {
    fmt::format_to(std::back_inserter(out), ",\"rows\":{}", rows);
  }
  out += '}';
}

void AppendPartial(Partial partial, std::string& out) {
  out += partial == Partial::kNo ? "\"partial\":false" : "\"partial\":true";
  if (partial != Partial::kNo) {
    out += ",\"reason\":\"";
    out += NameOf(partial);
    out += '"';
  }
}

void AppendSubgraphMembers(const Graph& graph, const Subgraph& part, std::string& out) {
  // 200 bytes a node and 170 an edge: one growth less for a large answer.
  out.reserve(out.size() + part.nodes.size() * 200 + part.edges.size() * 170 + 100);
  out += "\"nodes\":[";
  for (const WalkNode& node : part.nodes) {
    if (out.back() == '}') out += ',';
    AppendNodeJson(graph, node.node, node.depth, out);
  }
  out += "],\"edges\":[";
  for (const WholeEdge& edge : part.edges) {
    if (out.back() == '}') out += ',';
    AppendEdgeJson(graph, edge, out);
  }
  out += "],";
  AppendPartial(part.partial, out);
}

std::string ExportSubgraph(const Graph& graph, const Subgraph& part, GraphFormat format) {
  switch (format) {
    case GraphFormat::kGraphMl:
      return GraphMl(graph, part);
    case GraphFormat::kDot:
      return Dot(graph, part);
    case GraphFormat::kMermaid:
      return Mermaid(graph, part);
    case GraphFormat::kCsv:
      return CsvEdges(graph, part);
    case GraphFormat::kCsvNodes:
      return CsvNodes(graph, part);
    case GraphFormat::kJson:
      break;
  }
  std::string out = "{";
  AppendSubgraphMembers(graph, part, out);
  return out + "}";
}

}  // namespace tenon

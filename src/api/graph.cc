// GET /v1/graph/neighbours, upstream, downstream, subgraph, impact, paths, cycles and columns.
#include "api/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "api/context.h"
#include "api/graph_request.h"
#include "api/query.h"
#include "base/json.h"
#include "base/limits.h"
#include "graph/columns.h"
#include "graph/export.h"

namespace tenon {
namespace {

constexpr std::size_t kPathStepsMax = 1000000;  // beginnings of ways that are kept

struct GraphParts {
  GraphIndex& index;
  Followers& followers;
};

// One request against the caller's graph.
class GraphCall {
 public:
  GraphCall(const GraphParts& parts, Engine& engine, const ExchangePtr& exchange)
      : index_(parts.index), followers_(parts.followers), engine_(engine), exchange_(*exchange) {}

  Result<void> Begin(const GraphDefaults& defaults) {
    asked = TRY(ReadGraphRequest(exchange_, defaults));
    // Where nothing follows by itself (a command in process), it catches up here.
    if (asked.consistent || !followers_.started()) {
      TRY(followers_.WaitFor("graph", limits::kReadDeadline));
    }
    return {};
  }

  // The name that a parameter gives, looked up in the tables.
  Result<NodeQuery> Name(std::string_view parameter) {
    const std::string text = TextParameter(exchange_.request, parameter);
    if (text.empty()) {
      return BadParameter(parameter,
                          "names one node: TABLE:ID, an id, a qualified name or a label");
    }
    return NameOf(parameter, text);
  }
  Result<NodeQuery> NameOf(std::string_view parameter, std::string_view text) {
    auto query = ReadNodeQuery(engine_.store(), index_.sources(), exchange_.caller.tenant, text,
                               asked.filter.may_read);
    if (!query && query.error().code == Code::kInvalidArgument) {
      return BadParameter(parameter, query.error().message);
    }
    return query;
  }
  Result<NodeNumber> Find(const Graph& graph, const NodeQuery& query) const {
    return FindNode(graph, query, asked.filter.may_read);
  }

  Result<void> Read(const std::function<Result<void>(const Graph&)>& work) {
    return index_.Read(exchange_.caller.tenant, asked.limits.deadline,
                       [&](GraphView& view) -> Result<void> {
                         asked.limits.rest = [&view] { view.Rest(); };
                         return work(view.graph());
                       });
  }

  [[nodiscard]] const http::Request& request() const { return exchange_.request; }
  [[nodiscard]] const Uuid& tenant() const { return exchange_.caller.tenant; }
  [[nodiscard]] Engine& engine() const { return engine_; }
  [[nodiscard]] GraphIndex& index() const { return index_; }

  GraphRequest asked;
  std::string body;

 private:
  GraphIndex& index_;
  Followers& followers_;
  Engine& engine_;
  Exchange& exchange_;
};

using Work = Result<void> (*)(GraphCall& call);

Handle Handler(const GraphParts& parts, Work work) {
  return [parts, work](const ApiContext& api, const ExchangePtr& exchange) {
    GraphCall call(parts, api.engine, exchange);
    if (auto done = work(call); !done) return exchange->Fail(done.error());
    exchange->SendText(200, MediaTypeOf(call.asked.format), std::move(call.body));
  };
}

void AppendNotes(const Graph& graph, const WalkFilter& filter, std::string& out) {
  const std::vector<std::string> notes = NotesOn(graph, filter);
  if (notes.empty()) return;
  out += ",\"notes\":[";
  for (const std::string& note : notes) {
    if (out.back() != '[') out += ',';
    AppendJsonString(note, out);
  }
  out += ']';
}

// The members that every answer begins with.
void AppendStart(const Graph& graph, std::string_view name, NodeNumber node, std::string& out) {
  out += out.empty() ? "{\"" : ",\"";
  out += name;
  out += "\":";
  AppendNodeJson(graph, node, std::nullopt, out);
}

void AppendDirection(Direction direction, std::string& out) {
  fmt::format_to(std::back_inserter(out), ",\"direction\":\"{}\"", tenon::NameOf(direction));
}

// --- neighbours, upstream, downstream, subgraph --------------------------------------------------

void AppendWalk(const Graph& graph, const Subgraph& part, GraphCall& call) {
  if (call.asked.format != GraphFormat::kJson) {
    call.body = ExportSubgraph(graph, part, call.asked.format);
    return;
  }
  AppendDirection(call.asked.filter.direction, call.body);
  call.body += ',';
  AppendSubgraphMembers(graph, part, call.body);
  AppendNotes(graph, call.asked.filter, call.body);
  call.body += '}';
}

Result<void> WalkFrom(GraphCall& call, const GraphDefaults& defaults, bool degree) {
  TRY(call.Begin(defaults));
  const NodeQuery query = TRY(call.Name("node"));
  return call.Read([&](const Graph& graph) -> Result<void> {
    const NodeNumber start = TRY(call.Find(graph, query));
    const Subgraph part = Reach(graph, {start}, call.asked.filter, call.asked.limits);
    AppendStart(graph, "start", start, call.body);
    if (degree) {
      fmt::format_to(std::back_inserter(call.body), ",\"degree\":{{\"in\":{},\"out\":{}}}",
                     graph.Degree(start, Side::kIn), graph.Degree(start, Side::kOut));
    }
    AppendWalk(graph, part, call);
    return {};
  });
}

Result<void> Neighbours(GraphCall& call) {
  return WalkFrom(call, {.direction = Direction::kBoth, .depth = 1}, true);
}
Result<void> Upstream(GraphCall& call) {
  return WalkFrom(call, {.direction = Direction::kUpstream, .depth = {}}, false);
}
Result<void> Downstream(GraphCall& call) {
  return WalkFrom(call, {.direction = Direction::kDownstream, .depth = {}}, false);
}

// Around several nodes at once.
Result<void> PartOf(GraphCall& call) {
  TRY(call.Begin({.direction = Direction::kBoth, .depth = 1}));
  const std::vector<std::string> names = TRY(ListParameter(call.request(), "nodes"));
  if (names.empty()) return BadParameter("nodes", "names one node or more, with commas");
  std::vector<NodeQuery> queries;
  for (const std::string& name : names) queries.push_back(TRY(call.NameOf("nodes", name)));
  return call.Read([&](const Graph& graph) -> Result<void> {
    std::vector<NodeNumber> starts;
    for (const NodeQuery& query : queries) starts.push_back(TRY(call.Find(graph, query)));
    const Subgraph part = Reach(graph, starts, call.asked.filter, call.asked.limits);
    call.body = "{\"starts\":[";
    for (const NodeNumber start : starts) {
      if (call.body.back() == '}') call.body += ',';
      AppendNodeJson(graph, start, std::nullopt, call.body);
    }
    call.body += ']';
    AppendWalk(graph, part, call);
    return {};
  });
}

// --- impact --------------------------------------------------------------------------------------

using Counts = std::map<std::uint32_t, std::size_t>;

// [{"type","table","count"}], the most frequent first.
void AppendCounts(const Graph& graph, const Counts& counts, std::string& out) {
  std::vector<std::pair<std::uint32_t, std::size_t>> sorted(counts.begin(), counts.end());
  std::ranges::sort(sorted, [&](const auto& a, const auto& b) {
    if (a.second != b.second) return a.second > b.second;
    return graph.node_class(a.first).type < graph.node_class(b.first).type;
  });
  out += '[';
  for (const auto& [number, count] : sorted) {
    const NodeClass& node_class = graph.node_class(number);
    out += out.back() == '}' ? ",{\"type\":" : "{\"type\":";
    AppendJsonString(node_class.type, out);
    fmt::format_to(std::back_inserter(out), ",\"table\":\"{}\",\"count\":{}}}",
                   node_class.source->entity->table, count);
  }
  out += ']';
}

Result<void> CountImpact(GraphCall& call) {
  TRY(call.Begin({.direction = Direction::kDownstream, .depth = {}}));
  if (call.asked.format != GraphFormat::kJson) {
    return BadParameter("format", "is json for impact: it has no nodes to draw");
  }
  const NodeQuery query = TRY(call.Name("node"));
  return call.Read([&](const Graph& graph) -> Result<void> {
    const NodeNumber start = TRY(call.Find(graph, query));
    const Impact impact = CountReach(graph, start, call.asked.filter, call.asked.limits);
    AppendStart(graph, "start", start, call.body);
    AppendDirection(call.asked.filter.direction, call.body);
    fmt::format_to(std::back_inserter(call.body), ",\"total\":{},\"types\":", impact.total);
    Counts all;
    for (const Counts& depth : impact.depths) {
      for (const auto& [number, count] : depth) all[number] += count;
    }
    AppendCounts(graph, all, call.body);
    call.body += ",\"depths\":[";
    for (std::size_t depth = 0; depth < impact.depths.size(); ++depth) {
      std::size_t count = 0;
      for (const auto& [number, some] : impact.depths[depth]) count += some;
      fmt::format_to(std::back_inserter(call.body),
                     "{}{{\"depth\":{},\"count\":{},\"types\":", depth == 0 ? "" : ",", depth + 1,
                     count);
      AppendCounts(graph, impact.depths[depth], call.body);
      call.body += '}';
    }
    call.body += "],";
    AppendPartial(impact.partial, call.body);
    AppendNotes(graph, call.asked.filter, call.body);
    call.body += '}';
    return {};
  });
}

// --- paths and cycles ----------------------------------------------------------------------------

// "nodes":[...],"edges":[...]
void AppendPathMembers(const Graph& graph, const Path& path, std::string& out) {
  out += "\"nodes\":[";
  for (const NodeNumber node : path.nodes) {
    if (out.back() == '}') out += ',';
    AppendNodeJson(graph, node, std::nullopt, out);
  }
  out += "],\"edges\":[";
  for (const WholeEdge& edge : path.edges) {
    if (out.back() == '}') out += ',';
    AppendEdgeJson(graph, edge, out);
  }
  out += ']';
}

// Ways put on top of each other, to be drawn.
class Union {
 public:
  void Add(const Path& path) {
    for (std::size_t i = 0; i < path.nodes.size(); ++i) {
      if (nodes_.insert(path.nodes[i]).second) {
        part.nodes.push_back({path.nodes[i], static_cast<std::uint32_t>(i)});
      }
    }
    for (const WholeEdge& edge : path.edges) {
      if (edges_.insert({edge.from, edge.to, edge.edge_class}).second) part.edges.push_back(edge);
    }
  }
  Subgraph part;

 private:
  std::set<NodeNumber> nodes_;
  std::set<std::tuple<NodeNumber, NodeNumber, std::uint32_t>> edges_;
};

Paths FindPaths(const Graph& graph, NodeNumber from, NodeNumber to, std::size_t count,
                GraphRequest& asked) {
  WalkLimits limits = asked.limits;
  limits.nodes_max = kPathStepsMax;
  Paths found = ShortestPaths(graph, from, to, count, asked.filter, limits);
  if (!found.paths.empty() || asked.direction_given) return found;
  // Nobody said which way: the other one is as good.
  asked.filter.direction = Direction::kUpstream;
  return ShortestPaths(graph, from, to, count, asked.filter, limits);
}

Result<void> PathsBetween(GraphCall& call) {
  TRY(call.Begin({.direction = Direction::kDownstream, .depth = {}}));
  const std::int64_t count =
      TRY(IntParameter(call.request(), "count", 1, kPathsMax, kPathsDefault));
  const NodeQuery from_query = TRY(call.Name("from"));
  const NodeQuery to_query = TRY(call.Name("to"));
  return call.Read([&](const Graph& graph) -> Result<void> {
    const NodeNumber from = TRY(call.Find(graph, from_query));
    const NodeNumber to = TRY(call.Find(graph, to_query));
    const Paths found = FindPaths(graph, from, to, static_cast<std::size_t>(count), call.asked);
    if (call.asked.format != GraphFormat::kJson) {
      Union all;
      for (const Path& path : found.paths) all.Add(path);
      call.body = ExportSubgraph(graph, all.part, call.asked.format);
      return {};
    }
    AppendStart(graph, "from", from, call.body);
    AppendStart(graph, "to", to, call.body);
    AppendDirection(call.asked.filter.direction, call.body);
    call.body += ",\"paths\":[";
    for (const Path& path : found.paths) {
      fmt::format_to(std::back_inserter(call.body), "{}{{\"length\":{},",
                     call.body.back() == '}' ? "," : "", path.edges.size());
      AppendPathMembers(graph, path, call.body);
      call.body += '}';
    }
    call.body += "],";
    AppendPartial(found.partial, call.body);
    AppendNotes(graph, call.asked.filter, call.body);
    call.body += '}';
    return {};
  });
}

Result<void> CyclesIn(GraphCall& call) {
  TRY(call.Begin({.direction = Direction::kDownstream, .depth = {}}));
  const std::int64_t count =
      TRY(IntParameter(call.request(), "count", 1, kCyclesMax, kCyclesDefault));
  std::optional<NodeQuery> query;
  if (call.request().Query("node")) query = TRY(call.Name("node"));
  return call.Read([&](const Graph& graph) -> Result<void> {
    const NodeNumber through = query ? TRY(call.Find(graph, *query)) : kNoNode;
    const Cycles found = FindCycles(graph, through, static_cast<std::size_t>(count),
                                    call.asked.filter, call.asked.limits);
    if (call.asked.format != GraphFormat::kJson) {
      Union all;
      for (const Cycle& cycle : found.cycles) all.Add(cycle.example);
      call.body = ExportSubgraph(graph, all.part, call.asked.format);
      return {};
    }
    fmt::format_to(std::back_inserter(call.body), "{{\"total\":{},\"cycles\":[", found.total);
    for (const Cycle& cycle : found.cycles) {
      fmt::format_to(std::back_inserter(call.body), "{}{{\"size\":{},\"nodes\":[",
                     call.body.back() == '}' ? "," : "", cycle.size);
      for (const NodeNumber node : cycle.nodes) {
        if (call.body.back() == '}') call.body += ',';
        AppendNodeJson(graph, node, std::nullopt, call.body);
      }
      call.body += "],\"example\":{";
      AppendPathMembers(graph, cycle.example, call.body);
      call.body += "}}";
    }
    call.body += "],";
    AppendPartial(found.partial, call.body);
    AppendNotes(graph, call.asked.filter, call.body);
    call.body += '}';
    return {};
  });
}

// --- columns -------------------------------------------------------------------------------------

void AppendColumns(const Graph& graph, const ColumnLineage& found, std::string& out) {
  const auto name = [&](const ColumnNode& node) {
    return node.source->entity->table + ":" + node.key;
  };
  out += ",\"nodes\":[";
  for (const ColumnNode& node : found.nodes) {
    if (node.column.empty()) continue;
    out += out.back() == '}' ? ",{\"id\":" : "{\"id\":";
    AppendJsonString(name(node), out);
    out += ",\"column\":";
    AppendJsonString(node.column, out);
    const NodeNumber number = graph.Find(*node.source, node.id);
    out += ",\"label\":";
    AppendJsonString(number == kNoNode ? std::string_view{} : graph.Label(number), out);
    fmt::format_to(std::back_inserter(out), ",\"depth\":{}}}", node.depth);
  }
  out += "],\"edges\":[";
  for (const ColumnEdge& edge : found.edges) {
    const auto member = [&](std::string_view key, std::string_view text) {
      out += key;
      AppendJsonString(text, out);
    };
    if (out.back() == '}') out += ',';
    member("{\"from\":", name(found.nodes[edge.from]));
    member(",\"from_column\":", found.nodes[edge.from].column);
    member(",\"to\":", name(found.nodes[edge.to]));
    member(",\"to_column\":", found.nodes[edge.to].column);
    member(",\"edge_type\":", edge.kind);
    if (!edge.type.empty()) member(",\"type\":", edge.type);
    if (!edge.transformation.empty()) member(",\"transformation\":", edge.transformation);
    out += '}';
  }
  out += "],";
}

Result<void> Columns(GraphCall& call) {
  TRY(call.Begin({.direction = Direction::kUpstream, .depth = {}}));
  if (call.asked.format != GraphFormat::kJson) {
    return BadParameter("format", "is json for columns");
  }
  const NodeQuery query = TRY(call.Name("node"));
  ColumnNode start;
  TRY(call.Read([&](const Graph& graph) -> Result<void> {
    const NodeNumber node = TRY(call.Find(graph, query));
    start.source = graph.node_class(graph.ClassOf(node)).source;
    start.id = graph.Id(node);
    start.key = graph.KeyText(node);
    AppendStart(graph, "start", node, call.body);
    return {};
  }));
  start.column = TextParameter(call.request(), "column");
  const auto keep_live = [&](std::vector<ColumnNode>& nodes) {
    return call.Read([&](const Graph& graph) -> Result<void> {
      std::erase_if(nodes, [&](const ColumnNode& node) {
        const NodeNumber number = graph.Find(*node.source, node.id);
        return number == kNoNode || !graph.IsLive(number);
      });
      return {};
    });
  };
  const ColumnLineage found =
      TRY(WalkColumns(call.engine().store(), call.index().sources(), call.tenant(),
                      std::move(start), call.asked.filter, call.asked.limits, keep_live));
  return call.Read([&](const Graph& graph) -> Result<void> {
    AppendDirection(call.asked.filter.direction, call.body);
    AppendColumns(graph, found, call.body);
    AppendPartial(found.partial, call.body);
    AppendNotes(graph, call.asked.filter, call.body);
    call.body += '}';
    return {};
  });
}

std::vector<std::string_view> Parameters(std::vector<std::string_view> own) {
  for (const std::string_view name : {"direction", "depth", "types", "states", "node_types", "show",
                                      "limit", "edges", "format", "consistent"}) {
    own.push_back(name);
  }
  return own;
}

}  // namespace

std::vector<Route> GraphRoutes(GraphIndex& index, Followers& followers) {
  const GraphParts parts{index, followers};
  const auto route = [&](std::string_view pattern, Work work, std::vector<std::string_view> own) {
    return Route{"GET",
                 pattern,
                 Access::kCaller,
                 Where::kPool,
                 Handler(parts, work),
                 Parameters(std::move(own))};
  };
  return {
      route("/v1/graph/neighbours", Neighbours, {"node"}),
      route("/v1/graph/upstream", Upstream, {"node"}),
      route("/v1/graph/downstream", Downstream, {"node"}),
      route("/v1/graph/subgraph", PartOf, {"nodes"}),
      route("/v1/graph/impact", CountImpact, {"node"}),
      route("/v1/graph/paths", PathsBetween, {"from", "to", "count"}),
      route("/v1/graph/cycles", CyclesIn, {"node", "count"}),
      route("/v1/graph/columns", Columns, {"node", "column"}),
  };
}

}  // namespace tenon

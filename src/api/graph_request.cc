#include "api/graph_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "api/query.h"
#include "base/limits.h"
#include "base/text.h"
#include "engine/permit.h"

namespace tenon {
namespace {

constexpr std::array<std::pair<std::string_view, Direction>, 5> kDirections = {{
    {"upstream", Direction::kUpstream},
    {"downstream", Direction::kDownstream},
    {"out", Direction::kOut},
    {"in", Direction::kIn},
    {"both", Direction::kBoth},
}};

Result<std::uint32_t> ReadDepth(const http::Request& request, std::optional<std::uint32_t> given) {
  constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();
  const auto text = request.Query("depth");
  if (!text) return given.value_or(kUnbounded);
  if (*text == "all") return kUnbounded;
  auto depth = IntParameter(request, "depth", 0, kGraphDepthMax, 0);
  if (!depth) {
    return BadParameter("depth",
                        fmt::format("must be a whole number from 0 to {}, or all", kGraphDepthMax));
  }
  return static_cast<std::uint32_t>(*depth);
}

void NoteUnknown(std::string_view what, const std::vector<std::string>& words,
                 const std::set<std::string_view>& known, std::vector<std::string>& notes) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  for (const std::string& word : words) {
    if (known.contains(word)) continue;
    std::string note = fmt::format("no {} {}", what, Ellipsis(word, 64));
    const std::string_view nearest = Nearest(word, names);
    if (!nearest.empty()) note += fmt::format("; did you mean {}?", nearest);
    notes.push_back(std::move(note));
  }
}

}  // namespace

std::string_view NameOf(Direction direction) {
  for (const auto& [name, known] : kDirections) {
    if (known == direction) return name;
  }
  return "";
}

Result<GraphRequest> ReadGraphRequest(const Exchange& exchange, const GraphDefaults& defaults) {
  const http::Request& request = exchange.request;
  if (exchange.caller.across_tenants) {
    return BadParameter("tenant", "must name one tenant: no walk leaves a tenant's graph");
  }
  GraphRequest asked;
  asked.filter.direction = defaults.direction;
  if (const auto text = request.Query("direction")) {
    asked.direction_given = true;
    const auto found =
        std::ranges::find(kDirections, *text, &std::pair<std::string_view, Direction>::first);
    if (found == kDirections.end()) {
      return BadParameter("direction", "must be upstream, downstream, out, in or both");
    }
    asked.filter.direction = found->second;
  }
  asked.filter.kinds = TRY(ListParameter(request, "types"));
  asked.filter.states = TRY(ListParameter(request, "states"));
  asked.filter.node_types = TRY(ListParameter(request, "node_types"));
  asked.filter.show = TRY(ListParameter(request, "show"));
  asked.filter.may_read = MayReadOf(exchange.caller);
  asked.limits.depth_max = TRY(ReadDepth(request, defaults.depth));
  const std::int64_t nodes =
      TRY(IntParameter(request, "limit", 1, kGraphNodesMax, kGraphNodesDefault));
  const std::int64_t edges =
      TRY(IntParameter(request, "edges", 0, kGraphEdgesMax, nodes * kGraphEdgesANode));
  asked.limits.nodes_max = static_cast<std::size_t>(nodes);
  asked.limits.edges_max = static_cast<std::size_t>(edges);
  asked.limits.deadline = std::chrono::steady_clock::now() + limits::kReadDeadline;
  if (const auto text = request.Query("format")) {
    const auto format = GraphFormatOf(*text);
    if (!format) {
      return BadParameter("format", "must be json, graphml, dot, mermaid, csv or csv-nodes");
    }
    asked.format = *format;
  }
  asked.consistent = TRY(BoolParameter(request, "consistent", false));
  return asked;
}

MayRead MayReadOf(const Caller& caller) {
  return
      [&caller](const model::Entity& entity) { return Permit(caller, entity, "read").has_value(); };
}

std::vector<std::string> NotesOn(const Graph& graph, const WalkFilter& filter) {
  std::vector<std::string> notes;
  std::set<std::string_view> kinds, states, nodes;
  for (const EdgeClass& edge_class : graph.edge_classes()) {
    kinds.insert(edge_class.kind);
    states.insert(edge_class.state);
  }
  for (const NodeClass& node_class : graph.node_classes()) nodes.insert(node_class.type);
  for (const NodeSource& source : graph.sources().nodes()) {
    nodes.insert(source.entity->table);
    nodes.insert(source.entity->name);
  }
  NoteUnknown("edge is of the type", filter.kinds, kinds, notes);
  NoteUnknown("edge is in the state", filter.states, states, notes);
  NoteUnknown("node is of the type", filter.node_types, nodes, notes);
  NoteUnknown("node is of the type", filter.show, nodes, notes);
  return notes;
}

}  // namespace tenon

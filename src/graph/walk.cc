// What can be reached: subgraphs, counts, sets.
#include "graph/walk.h"

#include <algorithm>
#include <utility>

#include "graph/budget.h"
#include "graph/flow.h"

namespace tenon {
namespace {

bool Lists(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

bool ListsClass(const std::vector<std::string>& list, const NodeClass& node_class) {
  return list.empty() || Lists(list, node_class.type) ||
         Lists(list, node_class.source->entity->table) ||
         Lists(list, node_class.source->entity->name);
}

// 1: followed from its source; 2: from its target.
std::uint8_t Sides(Direction direction, std::string_view kind, bool is_named) {
  switch (direction) {
    case Direction::kOut:
      return 1;
    case Direction::kIn:
      return 2;
    case Direction::kBoth:
      return 3;
    case Direction::kUpstream:
    case Direction::kDownstream:
      break;
  }
  const bool down = direction == Direction::kDownstream;
  switch (FlowOf(kind)) {
    case Flow::kAlong:
      return down ? 1 : 2;
    case Flow::kAgainst:
      return down ? 2 : 1;
    case Flow::kNone:
      break;
  }
  return is_named ? 3 : 0;
}

}  // namespace

std::uint8_t FollowedSides(const WalkFilter& filter, std::string_view kind,
                           std::string_view state) {
  const bool in_state = filter.states.empty() ? state != "pending" && state != "superseded"
                                              : Lists(filter.states, state);
  const bool named = Lists(filter.kinds, kind);
  if (!in_state || (!filter.kinds.empty() && !named)) return 0;
  return Sides(filter.direction, kind, named);
}

std::string_view NameOf(Partial partial) {
  switch (partial) {
    case Partial::kNo:
      return "";
    case Partial::kDepth:
      return "depth";
    case Partial::kNodes:
      return "nodes";
    case Partial::kEdges:
      return "edges";
    case Partial::kDeadline:
      return "deadline";
  }
  return "";
}

Lens::Lens(const Graph& graph, const WalkFilter& filter) {
  const auto readable = [&](const model::Entity& entity) {
    return !filter.may_read || filter.may_read(entity);
  };
  for (const EdgeClass& edge_class : graph.edge_classes()) {
    const std::uint8_t sides = readable(*edge_class.source->entity)
                                   ? FollowedSides(filter, edge_class.kind, edge_class.state)
                                   : std::uint8_t{0};
    edges_.push_back(sides);
    any_out_ = any_out_ || (sides & 1) != 0;
    any_in_ = any_in_ || (sides & 2) != 0;
    any_both_ = any_both_ || sides == 3;
  }
  for (const NodeClass& node_class : graph.node_classes()) {
    walked_.push_back(
        readable(*node_class.source->entity) && ListsClass(filter.node_types, node_class) ? 1 : 0);
    shown_.push_back(ListsClass(filter.show, node_class) ? 1 : 0);
    walks_all_ = walks_all_ && walked_.back() != 0;
  }
  walks_all_ = walks_all_ && filter.node_types.empty();
  shows_all_ = filter.show.empty();
}

Subgraph Reach(const Graph& graph, const std::vector<NodeNumber>& starts, const WalkFilter& filter,
               const WalkLimits& limits) {
  const Lens lens(graph, filter);
  Budget budget(limits);
  SeenNodes seen(graph.node_count());
  Subgraph found;
  // All that was reached. What is shown of it is in `found`, unless that is the same.
  Frontier queue(graph, lens, limits.depth_max);
  std::size_t shown_nodes = 0;
  const auto reach = [&](NodeNumber node, std::uint32_t depth, bool shown) {
    queue.Push({node, depth});
    if (!shown) return;
    ++shown_nodes;
    if (!lens.ShowsAll()) found.nodes.push_back({node, depth});
  };
  for (const NodeNumber start : starts) {
    if (seen.Add(start)) reach(start, 0, true);
  }
  // An edge that is followed from both ends is met from each; the end that was first keeps it.
  SeenNodes expanded(lens.FollowsBothOfAny() ? graph.node_count() : 0);
  const auto keep = [&](const WholeEdge& edge) {
    if (found.edges.size() >= limits.edges_max) {
      if (limits.edges_max > 0) found.partial = Partial::kEdges;
      return;
    }
    found.edges.push_back(edge);
  };
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const WalkNode here = queue.Take(at);
    if (here.depth >= limits.depth_max) break;
    const bool here_shown = here.depth == 0 || lens.Shows(graph, here.node);
    const bool all = ForEachStep(graph, lens, here.node, [&](NodeNumber next, WholeEdge edge) {
      if (!budget.Spend()) return false;
      if (!lens.Walks(graph, next)) return true;
      const bool shown = lens.Shows(graph, next);
      const bool is_new = !seen.Has(next);
      if (is_new && shown && shown_nodes >= limits.nodes_max) {
        found.partial = Partial::kNodes;
        return false;
      }
      if (is_new) {
        seen.Add(next);
        reach(next, here.depth + 1, shown);
      }
      const bool again = lens.FollowsBoth(edge.edge_class) && expanded.Has(next);
      if (here_shown && shown && !again) keep(edge);
      return true;
    });
    if (!all) break;
    if (lens.FollowsBothOfAny()) expanded.Add(here.node);
    budget.Rest();
  }
  if (lens.ShowsAll()) found.nodes = queue.TakeAll();
  if (budget.over()) found.partial = Partial::kDeadline;
  return found;
}

Reached ReachAll(const Graph& graph, NodeNumber start, const WalkFilter& filter,
                 const WalkLimits& limits) {
  WalkLimits no_edges = limits;
  no_edges.edges_max = 0;
  Subgraph found = Reach(graph, {start}, filter, no_edges);
  Reached reached;
  reached.partial = found.partial;
  reached.nodes.reserve(found.nodes.size());
  for (const WalkNode& node : found.nodes) reached.nodes.push_back(node.node);
  return reached;
}

Impact CountReach(const Graph& graph, NodeNumber start, const WalkFilter& filter,
                  const WalkLimits& limits) {
  const Lens lens(graph, filter);
  Budget budget(limits);
  SeenNodes seen(graph.node_count());
  seen.Add(start);
  Impact impact;
  Frontier queue(graph, lens, limits.depth_max);
  queue.Push({start, 0});
  std::vector<std::size_t> counts(graph.node_classes().size());  // of the depth below
  const auto end_depth = [&] {
    std::map<std::uint32_t, std::size_t> by_class;
    for (std::uint32_t number = 0; number < counts.size(); ++number) {
      if (counts[number] > 0) by_class[number] = counts[number];
    }
    impact.depths.push_back(std::move(by_class));
    counts.assign(counts.size(), 0);
  };
  std::uint32_t depth = 0;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const WalkNode here = queue.Take(at);
    if (here.depth > depth) {
      end_depth();
      depth = here.depth;
    }
    if (depth >= limits.depth_max) break;
    const bool all = ForEachStep(graph, lens, here.node, [&](NodeNumber next, const WholeEdge&) {
      if (!budget.Spend()) return false;
      if (!lens.Walks(graph, next) || !seen.Add(next)) return true;
      queue.Push({next, depth + 1});
      if (lens.Shows(graph, next)) {
        const std::uint32_t number = graph.ClassOf(next);
        if (number < counts.size()) ++counts[number];
        ++impact.total;
      }
      return true;
    });
    if (!all) break;
    budget.Rest();
  }
  // What the deadline cut off in the middle of a depth.
  if (queue.last_depth() > depth) end_depth();
  if (budget.over()) impact.partial = Partial::kDeadline;
  return impact;
}

}  // namespace tenon

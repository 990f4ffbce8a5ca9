// The shortest ways between two nodes.
//
// Distances to the goal are counted first, breadth first from the goal; they are exact lower bounds
// for what is left of a way, so that ways are grown best first (A*, as in D. Eppstein, "Finding the
// k shortest paths", 1998, without its side tracks) and come out shortest first. A way never steps
// on a node twice.
#include <algorithm>
#include <queue>
#include <unordered_map>
#include <utility>

#include "graph/budget.h"
#include "graph/walk.h"

namespace tenon {
namespace {

constexpr std::uint32_t kNoParent = std::numeric_limits<std::uint32_t>::max();

Direction Reverse(Direction direction) {
  switch (direction) {
    case Direction::kUpstream:
      return Direction::kDownstream;
    case Direction::kDownstream:
      return Direction::kUpstream;
    case Direction::kOut:
      return Direction::kIn;
    case Direction::kIn:
      return Direction::kOut;
    case Direction::kBoth:
      break;
  }
  return Direction::kBoth;
}

// How far each node that was reached is from the goal.
using Distances = std::unordered_map<NodeNumber, std::uint32_t>;

Distances DistancesTo(const Graph& graph, NodeNumber goal, NodeNumber start,
                      const WalkFilter& filter, const WalkLimits& limits, Budget& budget) {
  WalkFilter reversed = filter;
  reversed.direction = Reverse(filter.direction);
  const Lens lens(graph, reversed);
  Distances distances = {{goal, 0}};
  std::vector<NodeNumber> queue = {goal};
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const NodeNumber here = queue[at];
    const std::uint32_t next_depth = distances[here] + 1;
    if (next_depth > limits.depth_max) break;
    const bool all = ForEachStep(graph, lens, here, [&](NodeNumber next, const WholeEdge&) {
      if (!budget.Spend()) return false;
      const bool open = lens.Walks(graph, next) || (next == start && graph.IsLive(next));
      if (open && distances.try_emplace(next, next_depth).second) queue.push_back(next);
      return true;
    });
    if (!all) break;
    budget.Rest();
  }
  return distances;
}

// The beginning of a way, as a chain of steps.
struct Step {
  NodeNumber node;
  std::uint32_t parent;
  WholeEdge edge;
  std::uint32_t length;
};

bool IsOn(const std::vector<Step>& steps, std::uint32_t at, NodeNumber node) {
  for (; at != kNoParent; at = steps[at].parent) {
    if (steps[at].node == node) return true;
  }
  return false;
}

Path PathTo(const std::vector<Step>& steps, std::uint32_t at) {
  Path path;
  for (; at != kNoParent; at = steps[at].parent) {
    path.nodes.push_back(steps[at].node);
    if (steps[at].parent != kNoParent) path.edges.push_back(steps[at].edge);
  }
  std::ranges::reverse(path.nodes);
  std::ranges::reverse(path.edges);
  return path;
}

}  // namespace

Paths ShortestPaths(const Graph& graph, NodeNumber from, NodeNumber to, std::size_t count,
                    const WalkFilter& filter, const WalkLimits& limits) {
  Paths found;
  Budget budget(limits);
  const Distances distances = DistancesTo(graph, to, from, filter, limits, budget);
  if (budget.over()) found.partial = Partial::kDeadline;
  const auto start = distances.find(from);
  if (start == distances.end() || count == 0) return found;

  const Lens lens(graph, filter);
  std::vector<Step> steps = {{from, kNoParent, {}, 0}};
  // (length of the whole way at least, age): shortest first, and of those the oldest.
  using Rank = std::pair<std::uint32_t, std::uint32_t>;
  std::priority_queue<Rank, std::vector<Rank>, std::greater<>> open;
  open.emplace(start->second, 0);
  while (!open.empty() && found.paths.size() < count) {
    const auto [whole, at] = open.top();
    open.pop();
    const Step here = steps[at];
    if (here.node == to) {
      found.paths.push_back(PathTo(steps, at));
      continue;
    }
    const bool all = ForEachStep(graph, lens, here.node, [&](NodeNumber next, WholeEdge edge) {
      if (!budget.Spend()) return false;
      const auto left = distances.find(next);
      if (left == distances.end() || !graph.IsLive(next)) return true;
      const std::uint32_t length = here.length + 1 + left->second;
      if (length > limits.depth_max || IsOn(steps, at, next)) return true;
      if (steps.size() >= limits.nodes_max) return false;
      steps.push_back({next, at, edge, here.length + 1});
      open.emplace(length, static_cast<std::uint32_t>(steps.size() - 1));
      return true;
    });
    if (!all) {
      found.partial = budget.over() ? Partial::kDeadline : Partial::kNodes;
      // What is complete among the beginnings is still worth telling, shortest first.
      for (; !open.empty() && found.paths.size() < count; open.pop()) {
        const std::uint32_t end = open.top().second;
        if (steps[end].node == to) found.paths.push_back(PathTo(steps, end));
      }
      break;
    }
    budget.Rest();
  }
  return found;
}

}  // namespace tenon

// What goes in circles: strongly connected components (R. Tarjan, "Depth-first search and linear
// graph algorithms", 1972), without recursion.
#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "graph/budget.h"
#include "graph/walk.h"

namespace tenon {
namespace {

constexpr std::uint32_t kUnseen = 0;

class Tarjan {
 public:
  Tarjan(const Graph& graph, const Lens& lens, Budget& budget)
      : graph_(graph),
        lens_(lens),
        budget_(budget),
        order_(graph.node_count(), kUnseen),
        low_(graph.node_count()),
        on_stack_(graph.node_count()) {}

  // Visits all that can be reached from the node; false when the time is over.
  bool Visit(NodeNumber root) {
    if (root >= order_.size() || order_[root] != kUnseen) return true;
    Open(root);
    while (!calls_.empty()) {
      budget_.Rest();
      Call& call = calls_.back();
      if (call.next < call.steps_end) {
        const NodeNumber next = steps_[call.next++];
        if (next >= order_.size()) continue;
        if (order_[next] == kUnseen) {
          Open(next);
          if (budget_.over()) return false;
        } else if (on_stack_[next]) {
          low_[call.node] = std::min(low_[call.node], order_[next]);
        }
        continue;
      }
      const NodeNumber node = call.node;
      steps_.resize(call.steps_begin);
      calls_.pop_back();
      if (!calls_.empty()) {
        low_[calls_.back().node] = std::min(low_[calls_.back().node], low_[node]);
      }
      if (low_[node] == order_[node]) Close(node);
    }
    return true;
  }

  std::vector<std::vector<NodeNumber>> groups;

 private:
  struct Call {
    NodeNumber node;
    std::size_t steps_begin, next, steps_end;  // in steps_
  };

  void Open(NodeNumber node) {
    order_[node] = low_[node] = ++counter_;
    stack_.push_back(node);
    on_stack_[node] = true;
    Call call{node, steps_.size(), steps_.size(), 0};
    ForEachStep(graph_, lens_, node, [&](NodeNumber next, const WholeEdge&) {
      if (!budget_.Spend()) return false;
      if (next == node) loops_.insert(node);
      if (lens_.Walks(graph_, next)) steps_.push_back(next);
      return true;
    });
    call.steps_end = steps_.size();
    calls_.push_back(call);
  }

  void Close(NodeNumber root) {
    std::vector<NodeNumber> group;
    NodeNumber node = kNoNode;
    do {
      node = stack_.back();
      stack_.pop_back();
      on_stack_[node] = false;
      group.push_back(node);
    } while (node != root);
    if (group.size() > 1 || loops_.contains(root)) {
      std::ranges::sort(group);
      groups.push_back(std::move(group));
    }
  }

  const Graph& graph_;
  const Lens& lens_;
  Budget& budget_;
  std::vector<std::uint32_t> order_, low_;
  std::uint32_t counter_ = 0;
  std::vector<NodeNumber> stack_;
  std::vector<bool> on_stack_;
  std::unordered_set<NodeNumber> loops_;
  std::vector<Call> calls_;
  std::vector<NodeNumber> steps_;  // of all open calls, the deepest last
};

// A shortest circle through the node that stays in the group.
Path ShortestCircle(const Graph& graph, const Lens& lens, NodeNumber start,
                    const std::vector<NodeNumber>& group, Budget& budget) {
  std::unordered_map<NodeNumber, std::pair<NodeNumber, WholeEdge>> came_from;
  std::queue<NodeNumber> queue;
  queue.push(start);
  bool closed = false;
  WholeEdge last;
  NodeNumber last_node = start;
  while (!queue.empty() && !closed) {
    const NodeNumber here = queue.front();
    queue.pop();
    const bool all = ForEachStep(graph, lens, here, [&](NodeNumber next, WholeEdge edge) {
      if (!budget.Spend()) return false;
      if (next == start) {
        closed = true;
        last = edge;
        last_node = here;
        return false;
      }
      if (!std::ranges::binary_search(group, next)) return true;
      if (came_from.try_emplace(next, std::pair(here, edge)).second) queue.push(next);
      return true;
    });
    if (!all) break;
  }
  Path circle;
  if (!closed) return circle;
  circle.nodes.push_back(start);
  circle.edges.push_back(last);
  for (NodeNumber node = last_node; node != start;) {
    circle.nodes.push_back(node);
    const auto& [before, edge] = came_from.at(node);
    circle.edges.push_back(edge);
    node = before;
  }
  circle.nodes.push_back(start);
  std::ranges::reverse(circle.nodes);
  std::ranges::reverse(circle.edges);
  return circle;
}

}  // namespace

Cycles FindCycles(const Graph& graph, NodeNumber through, std::size_t count,
                  const WalkFilter& filter, const WalkLimits& limits) {
  const Lens lens(graph, filter);
  Budget budget(limits);
  Tarjan tarjan(graph, lens, budget);
  const NodeNumber nodes = graph.node_count();
  bool in_time = true;
  if (through != kNoNode) {
    in_time = tarjan.Visit(through);
    std::erase_if(tarjan.groups,
                  [&](const auto& group) { return !std::ranges::binary_search(group, through); });
  } else {
    for (NodeNumber node = 0; node < nodes && in_time; ++node) {
      if (lens.Walks(graph, node)) in_time = tarjan.Visit(node);
    }
  }
  Cycles found;
  if (!in_time || budget.over()) found.partial = Partial::kDeadline;
  found.total = tarjan.groups.size();
  std::ranges::stable_sort(tarjan.groups, std::greater<>{},
                           [](const auto& group) { return group.size(); });
  std::size_t told = 0;
  for (const auto& group : tarjan.groups) {
    if (found.cycles.size() >= count) break;
    Cycle cycle;
    cycle.size = group.size();
    const NodeNumber first = through == kNoNode ? group.front() : through;
    cycle.example = ShortestCircle(graph, lens, first, group, budget);
    for (const NodeNumber node : group) {
      if (told >= limits.nodes_max) {
        if (found.partial == Partial::kNo) found.partial = Partial::kNodes;
        break;
      }
      cycle.nodes.push_back(node);
      ++told;
    }
    found.cycles.push_back(std::move(cycle));
  }
  if (found.cycles.size() < found.total && found.partial == Partial::kNo) {
    found.partial = Partial::kNodes;
  }
  return found;
}

}  // namespace tenon

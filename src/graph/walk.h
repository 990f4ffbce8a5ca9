// Walks over a Graph: what can be reached, how, and what goes in circles. Every walk is bounded by
// its limits and a deadline; what it found until then is the answer, marked partial.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/graph.h"

namespace tenon {

enum class Direction {
  kUpstream,    // what the start depends on or was made from
  kDownstream,  // what depends on the start or is made from it
  kOut,         // along the arrows, whatever they mean
  kIn,
  kBoth,
};

// Which edges and nodes a walk sees.
struct WalkFilter {
  Direction direction = Direction::kDownstream;
  std::vector<std::string> kinds;       // of edges; empty: all (RELATED_TO apart)
  std::vector<std::string> states;      // of edges; empty: all but pending and superseded
  std::vector<std::string> node_types;  // walk only over these: types or tables; empty: all
  std::vector<std::string> show;        // answer only these, but walk over all; empty: all
  // Whether the caller may read rows of the entity; null: all.
  std::function<bool(const model::Entity&)> may_read = {};
};

struct WalkLimits {
  std::uint32_t depth_max = std::numeric_limits<std::uint32_t>::max();
  std::size_t nodes_max = 1000;
  std::size_t edges_max = 10000;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  // Called now and then, between two nodes: lets a writer in.
  std::function<void()> rest = {};
};

// Why a walk ended before it had seen all. Empty: it had.
enum class Partial { kNo, kDepth, kNodes, kEdges, kDeadline };
// "nodes", "edges", "deadline", "depth"; "" for kNo. kDepth alone does not make an answer partial:
// it is what was asked for.
std::string_view NameOf(Partial partial);

struct WalkNode {
  NodeNumber node = 0;
  std::uint32_t depth = 0;
};

// A part of the graph, in the order in which it was found: nearest first.
struct Subgraph {
  std::vector<WalkNode> nodes;
  std::vector<WholeEdge> edges;
  Partial partial = Partial::kNo;
};

// Which sides an edge of the kind and state is followed from: 1 from its source, 2 from its target,
// 3 both, 0 neither. Permissions apart.
std::uint8_t FollowedSides(const WalkFilter& filter, std::string_view kind, std::string_view state);

// The filter worked out for the classes that a graph has now: a byte a class says what to do.
class Lens {
 public:
  Lens(const Graph& graph, const WalkFilter& filter);

  // Whether an edge of the class is followed from its source (kOut) or from its target (kIn).
  [[nodiscard]] bool Follows(std::uint32_t edge_class, Side side) const {
    return edge_class < edges_.size() && (edges_[edge_class] & (side == Side::kOut ? 1 : 2)) != 0;
  }
  [[nodiscard]] bool FollowsBoth(std::uint32_t edge_class) const {
    return edge_class < edges_.size() && edges_[edge_class] == 3;
  }
  [[nodiscard]] bool FollowsAny(Side side) const { return side == Side::kOut ? any_out_ : any_in_; }
  // Whether the walk may step on a node.
  [[nodiscard]] bool Walks(const Graph& graph, NodeNumber node) const {
    return graph.IsLive(node) && (walks_all_ || Has(walked_, graph.ClassOf(node)));
  }
  [[nodiscard]] bool Shows(const Graph& graph, NodeNumber node) const {
    return shows_all_ || Has(shown_, graph.ClassOf(node));
  }
  [[nodiscard]] bool ShowsAll() const { return shows_all_; }
  [[nodiscard]] bool FollowsBothOfAny() const { return any_both_; }

 private:
  [[nodiscard]] static bool Has(const std::vector<std::uint8_t>& flags, std::uint32_t number) {
    return number < flags.size() && flags[number] != 0;
  }
  std::vector<std::uint8_t> edges_, walked_, shown_;
  bool any_out_ = false, any_in_ = false, any_both_ = false;
  bool walks_all_ = true, shows_all_ = true;  // nodes of every class: it need not be looked up
};

// Breadth first from all of `starts`; they are in the answer, at depth 0. Edges are those that were
// walked over, each once.
Subgraph Reach(const Graph& graph, const std::vector<NodeNumber>& starts, const WalkFilter& filter,
               const WalkLimits& limits);

// Numbers of all that is reached, for a search that is restricted to it: without edges or order.
struct Reached {
  std::vector<NodeNumber> nodes;
  Partial partial = Partial::kNo;
};
Reached ReachAll(const Graph& graph, NodeNumber start, const WalkFilter& filter,
                 const WalkLimits& limits);

// How much is reached: counts by depth and type, however much it is. Only the deadline and
// depth_max bound it.
struct Impact {
  std::size_t total = 0;                                     // without the start
  std::vector<std::map<std::uint32_t, std::size_t>> depths;  // [0]: depth 1; node class -> count
  Partial partial = Partial::kNo;
};
Impact CountReach(const Graph& graph, NodeNumber start, const WalkFilter& filter,
                  const WalkLimits& limits);

// One way from a node to another, along the direction of the filter.
struct Path {
  std::vector<NodeNumber> nodes;
  std::vector<WholeEdge> edges;  // as stored: `from` is the source, whichever way it was walked
};
struct Paths {
  std::vector<Path> paths;  // shortest first; no node twice in one
  Partial partial = Partial::kNo;
};
// The `count` shortest ways. limits.nodes_max bounds how many beginnings are kept.
Paths ShortestPaths(const Graph& graph, NodeNumber from, NodeNumber to, std::size_t count,
                    const WalkFilter& filter, const WalkLimits& limits);

// Groups of nodes that all reach one another (strongly connected, more than one node or a loop).
struct Cycle {
  std::size_t size = 0;           // nodes of the group
  std::vector<NodeNumber> nodes;  // of the group, at most limits.nodes_max over all groups
  Path example;                   // a shortest circle through the first of them
};
struct Cycles {
  std::vector<Cycle> cycles;  // the largest first
  std::size_t total = 0;      // also those that are left out
  Partial partial = Partial::kNo;
};
// In the whole graph, or the one through `through` unless it is kNoNode. At most `count`.
Cycles FindCycles(const Graph& graph, NodeNumber through, std::size_t count,
                  const WalkFilter& filter, const WalkLimits& limits);

}  // namespace tenon

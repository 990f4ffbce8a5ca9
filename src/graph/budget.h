// What a walk may still spend: looks at the clock once in a while, and lets others in.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "graph/walk.h"

namespace tenon {

class Budget {
 public:
  explicit Budget(const WalkLimits& limits) : limits_(limits) {}

  // One edge was looked at. False: the time is over.
  bool Spend() { return --left_ > 0 || Look(); }
  // Between two nodes, where nothing of the graph is held.
  void Rest() {
    if (rest_due_ && limits_.rest) limits_.rest();
    rest_due_ = false;
  }
  [[nodiscard]] bool over() const { return over_; }

 private:
  static constexpr int kLookEvery = 4096;
  bool Look() {
    left_ = kLookEvery;
    rest_due_ = true;
    over_ = over_ || std::chrono::steady_clock::now() >= limits_.deadline;
    return !over_;
  }
  const WalkLimits& limits_;
  int left_ = kLookEvery;
  bool rest_due_ = false;
  bool over_ = false;
};

// Nodes that were seen. Numbers that came after the walk began count as seen.
class SeenNodes {
 public:
  explicit SeenNodes(NodeNumber nodes) : nodes_(nodes), bits_((nodes + 63u) / 64) {}
  // True the first time.
  bool Add(NodeNumber node) {
    if (node >= nodes_) return false;
    std::uint64_t& word = bits_[node / 64];
    const std::uint64_t bit = std::uint64_t{1} << (node % 64);
    if ((word & bit) != 0) return false;
    word |= bit;
    return true;
  }
  [[nodiscard]] bool Has(NodeNumber node) const {
    return node >= nodes_ || (bits_[node / 64] >> (node % 64) & 1) != 0;
  }

 private:
  const NodeNumber nodes_;
  std::vector<std::uint64_t> bits_;
};

// The edges that the lens follows from a node, either side: each(next node, edge as stored).
template <typename Each>
bool ForEachStep(const Graph& graph, const Lens& lens, NodeNumber node, Each each) {
  if (lens.FollowsAny(Side::kOut)) {
    const bool all = graph.ForEach(node, Side::kOut, [&](const HalfEdge& half) {
      return !lens.Follows(half.edge_class, Side::kOut) ||
             each(half.node, WholeEdge{node, half.node, half.edge_class});
    });
    if (!all) return false;
  }
  if (lens.FollowsAny(Side::kIn)) {
    return graph.ForEach(node, Side::kIn, [&](const HalfEdge& half) {
      // A loop that is followed from both ends was met above.
      if (half.node == node && lens.FollowsBoth(half.edge_class)) return true;
      return !lens.Follows(half.edge_class, Side::kIn) ||
             each(half.node, WholeEdge{half.node, node, half.edge_class});
    });
  }
  return true;
}

}  // namespace tenon

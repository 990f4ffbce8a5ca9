// What walks are made of: what one may still spend, where it was, where it goes next.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
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

// The nodes of a walk, breadth first: those that wait and those that are done. What a node needs of
// the graph is fetched from memory while the nodes before it are walked.
class Frontier {
 public:
  Frontier(const Graph& graph, const Lens& lens, std::uint32_t depth_max)
      : graph_(graph),
        out_(lens.FollowsAny(Side::kOut)),
        in_(lens.FollowsAny(Side::kIn)),
        depth_max_(depth_max) {}

  void Push(WalkNode node) {
    nodes_.push_back(node);
    if (node.depth >= depth_max_) return;  // nobody asks for its edges
    if (out_) graph_.PrefetchPlace(node.node, Side::kOut);
    if (in_) graph_.PrefetchPlace(node.node, Side::kIn);
  }
  // The node at a place, which grows by one with every call.
  WalkNode Take(std::size_t at) {
    const std::size_t end = std::min(nodes_.size(), at + kAhead);
    for (; ahead_ < end && nodes_[ahead_].depth < depth_max_; ++ahead_) {
      if (out_) graph_.PrefetchEdges(nodes_[ahead_].node, Side::kOut);
      if (in_) graph_.PrefetchEdges(nodes_[ahead_].node, Side::kIn);
    }
    return nodes_[at];
  }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] std::uint32_t last_depth() const { return nodes_.back().depth; }
  [[nodiscard]] std::vector<WalkNode> TakeAll() { return std::move(nodes_); }

 private:
  // About the time that memory takes, in nodes.
  static constexpr std::size_t kAhead = 12;
  const Graph& graph_;
  const bool out_, in_;
  const std::uint32_t depth_max_;
  std::vector<WalkNode> nodes_;
  std::size_t ahead_ = 0;  // nodes whose edges were sent for
};

}  // namespace tenon

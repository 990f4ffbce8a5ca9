// The graph of one tenant in memory: nodes under dense numbers, edges in both directions as
// compressed rows (CSR) with a small overlay of what came since.
//
// Memory: an edge takes 16 bytes (8 in each direction), a node 41 and its label. Parallel rows
// that say the same of the same two nodes are one edge with a count. Numbers are never given to
// another node as long as the Graph lives, so that a walk may rest while it changes.
//
// Source: G. Malewicz et al. and most graph engines keep CSR; sorting both directions by two
// transpositions is from J. R. Gilbert et al., "Sparse matrices in MATLAB" (1992).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "graph/sources.h"

namespace tenon {

using NodeNumber = std::uint32_t;
inline constexpr NodeNumber kNoNode = std::numeric_limits<NodeNumber>::max();

// What nodes and edges have in common is kept once and named by a number.
struct NodeClass {
  const NodeSource* source = nullptr;
  std::string type;  // "TABLE"
};
struct EdgeClass {
  const EdgeSource* source = nullptr;
  std::string kind;   // "DEPENDS_ON"
  std::string state;  // "committed"; empty without a lifecycle
};

// One end of an edge as its other end sees it.
struct HalfEdge {
  NodeNumber node = 0;
  std::uint32_t edge_class = 0;
  bool operator==(const HalfEdge&) const = default;
};

struct WholeEdge {
  NodeNumber from = 0, to = 0;
  std::uint32_t edge_class = 0;
  bool operator==(const WholeEdge&) const = default;
};

enum class Side { kOut, kIn };

// Not thread-safe: GraphIndex guards it.
class Graph {
 public:
  explicit Graph(const GraphSources& sources) : sources_(sources) {}
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // --- nodes -------------------------------------------------------------------------------------

  // Numbers given so far: every node number is below it.
  [[nodiscard]] NodeNumber node_count() const { return static_cast<NodeNumber>(ids_.size()); }
  [[nodiscard]] std::size_t live_nodes() const { return live_; }
  // kNoNode when there never was one.
  [[nodiscard]] NodeNumber Find(const NodeSource& source, const Uuid& id) const;
  // False: its row is gone or softly deleted; it is passed over by every walk.
  [[nodiscard]] bool IsLive(NodeNumber node) const {
    return (live_bits_[node / 64] >> (node % 64) & 1) != 0;
  }
  [[nodiscard]] std::uint32_t ClassOf(NodeNumber node) const { return classes_of_[node]; }
  [[nodiscard]] const NodeClass& node_class(std::uint32_t number) const {
    return node_classes_[number];
  }
  [[nodiscard]] const std::vector<NodeClass>& node_classes() const { return node_classes_; }
  [[nodiscard]] std::string_view Label(NodeNumber node) const;
  // The key as it stands in URLs.
  [[nodiscard]] std::string KeyText(NodeNumber node) const;
  [[nodiscard]] const Uuid& Id(NodeNumber node) const { return ids_[node]; }

  // For Touch and Find, ahead of them: first where the id is looked up, then, some ids later, the
  // node that stands there.
  void PrefetchSlot(const Uuid& id) const;
  void PrefetchNode(const Uuid& id) const;
  // The number of the node, new or not; new ones are not live until SetNode.
  NodeNumber Touch(const NodeSource& source, const Uuid& id, std::string_view key_text);
  void SetNode(NodeNumber node, std::string_view type, std::string_view label);
  void KillNode(NodeNumber node);

  // --- edges -------------------------------------------------------------------------------------

  [[nodiscard]] std::size_t edge_count() const { return edges_; }
  [[nodiscard]] const EdgeClass& edge_class(std::uint32_t number) const {
    return edge_classes_[number];
  }
  [[nodiscard]] const std::vector<EdgeClass>& edge_classes() const { return edge_classes_; }
  // Rows that say the same; 1 for most.
  [[nodiscard]] std::uint32_t CountOf(const WholeEdge& edge) const;

  // Calls `each(HalfEdge)` for the edges at a node until it returns false; whether it came to the
  // end. Edges to dead nodes are among them. The graph may not change meanwhile.
  template <typename Each>
  bool ForEach(NodeNumber node, Side side, Each each) const {
    const Direction& direction = side == Side::kOut ? out_ : in_;
    if (node + 1 < direction.offsets.size()) {
      const std::size_t end = direction.offsets[node + 1];
      for (std::size_t i = direction.offsets[node]; i < end; ++i) {
        if (direction.halves[i].edge_class != kRemoved && !each(direction.halves[i])) return false;
      }
    }
    if (!direction.added.empty()) {
      if (const auto found = direction.added.find(node); found != direction.added.end()) {
        for (const HalfEdge& half : found->second) {
          if (!each(half)) return false;
        }
      }
    }
    return true;
  }
  // For ForEach, ahead of it: a walk of a large graph waits for memory more than for anything else.
  // First where the node's edges stand, then, some nodes later, the edges themselves.
  void PrefetchPlace(NodeNumber node, Side side) const {
    const Direction& direction = side == Side::kOut ? out_ : in_;
    if (node + 1 < direction.offsets.size()) __builtin_prefetch(&direction.offsets[node]);
  }
  void PrefetchEdges(NodeNumber node, Side side) const {
    const Direction& direction = side == Side::kOut ? out_ : in_;
    if (node + 1 >= direction.offsets.size()) return;
    const std::uint32_t begin = direction.offsets[node], end = direction.offsets[node + 1];
    if (begin == end) return;
    // Two lines of the cache, which hold all edges of most nodes; what follows, the processor sees.
    __builtin_prefetch(&direction.halves[begin]);
    __builtin_prefetch(&direction.halves[std::min(end - 1, begin + 7)]);
  }
  // How many edges at most are on that side; removed ones may be counted.
  [[nodiscard]] std::size_t Degree(NodeNumber node, Side side) const;

  std::uint32_t InternEdgeClass(const EdgeSource& source, std::string_view kind,
                                std::string_view state);
  void AddEdge(const WholeEdge& edge);
  // False when there is no such edge: the graph and the log disagree.
  bool RemoveEdge(const WholeEdge& edge);

  // Takes all edges of a new graph at once; much faster than one by one. `edges` is used up.
  void LoadEdges(std::vector<WholeEdge>& edges);
  // Frees what loading reserved too much.
  void ShrinkToFit();

  [[nodiscard]] std::size_t bytes() const;
  // Nodes without a row make up so much of it that loading it anew would be cheaper.
  [[nodiscard]] bool IsMostlyDead() const {
    return ids_.size() > 2 * live_ + 100000 || lost_label_bytes_ > labels_.size() / 2 + (1u << 20);
  }
  [[nodiscard]] const GraphSources& sources() const { return sources_; }

 private:
  static constexpr std::uint32_t kRemoved = std::numeric_limits<std::uint32_t>::max();

  struct Direction {
    std::vector<std::uint32_t> offsets;  // of nodes; one more than there were nodes
    std::vector<HalfEdge> halves;        // each node's sorted by the other end
    std::unordered_map<NodeNumber, std::vector<HalfEdge>> added;
  };
  struct EdgeHash {
    std::size_t operator()(const WholeEdge& edge) const;
  };

  [[nodiscard]] std::size_t SlotOf(const NodeSource& source, const Uuid& id) const;
  void GrowSlots();
  std::uint32_t InternNodeClass(const NodeSource& source, std::string_view type);
  [[nodiscard]] bool HasEdge(const WholeEdge& edge) const;
  static bool RemoveHalf(Direction& direction, NodeNumber node, const HalfEdge& half);
  void Compact();

  const GraphSources& sources_;

  // By node number.
  std::vector<Uuid> ids_;
  std::vector<std::uint32_t> classes_of_;                  // node classes
  std::vector<std::uint64_t> live_bits_;                   // small enough to stay in a cache
  std::vector<std::uint32_t> labels_of_;                   // where in labels_; 0: none
  std::string labels_ = std::string(1, '\0');              // length in 7-bit groups, then the text
  std::unordered_map<NodeNumber, std::string> key_texts_;  // of keys that are not their own id
  std::vector<NodeNumber> slots_;                          // open addressing by id; a power of two
  std::size_t live_ = 0;
  std::size_t lost_label_bytes_ = 0;  // of labels that were replaced

  std::vector<NodeClass> node_classes_;
  std::vector<EdgeClass> edge_classes_;
  std::unordered_map<std::string, std::uint32_t> node_class_numbers_, edge_class_numbers_;

  Direction out_, in_;
  std::size_t edges_ = 0;
  std::size_t overlay_ = 0;  // edges added or removed since the rows were packed
  std::unordered_map<WholeEdge, std::uint32_t, EdgeHash> more_;  // rows beyond the first
};

}  // namespace tenon

#include "graph/graph.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace tenon {
namespace {

// Labels are for people; a longer one is cut in answers anyway.
constexpr std::size_t kLabelBytesMax = 500;
constexpr std::size_t kOverlayMin = 4096;

std::uint64_t Mix(std::uint64_t x) {
  // The finaliser of SplitMix64.
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

std::uint64_t HashOf(const Uuid& id) {
  std::uint64_t high = 0, low = 0;
  std::memcpy(&high, id.bytes.data(), sizeof(high));
  std::memcpy(&low, id.bytes.data() + sizeof(high), sizeof(low));
  return Mix(high ^ Mix(low));
}

// As == does, without a call.
bool IsSame(const Uuid& a, const Uuid& b) {
  std::array<std::uint64_t, 2> x, y;
  std::memcpy(x.data(), a.bytes.data(), sizeof(x));
  std::memcpy(y.data(), b.bytes.data(), sizeof(y));
  return x[0] == y[0] && x[1] == y[1];
}

// At most `bytes`, not ending inside a character.
std::string_view Cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

template <typename T>
std::size_t BytesOf(const std::vector<T>& vector) {
  return vector.capacity() * sizeof(T);
}

}  // namespace

std::size_t Graph::EdgeHash::operator()(const WholeEdge& edge) const {
  return Mix((static_cast<std::uint64_t>(edge.from) << 32 | edge.to) ^ Mix(edge.edge_class));
}

// --- nodes ---------------------------------------------------------------------------------------

std::size_t Graph::SlotOf(const NodeSource& source, const Uuid& id) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = HashOf(id) & mask;; slot = (slot + 1) & mask) {
    const NodeNumber node = slots_[slot];
    if (node == kNoNode) return slot;
    if (IsSame(ids_[node], id) && node_classes_[ClassOf(node)].source == &source) return slot;
  }
}

void Graph::PrefetchSlot(const Uuid& id) const {
  if (!slots_.empty()) __builtin_prefetch(&slots_[HashOf(id) & (slots_.size() - 1)]);
}

void Graph::PrefetchNode(const Uuid& id) const {
  const NodeNumber node = slots_.empty() ? kNoNode : slots_[HashOf(id) & (slots_.size() - 1)];
  if (node == kNoNode) return;
  __builtin_prefetch(&ids_[node]);
  __builtin_prefetch(&classes_of_[node]);
}

NodeNumber Graph::Find(const NodeSource& source, const Uuid& id) const {
  return slots_.empty() ? kNoNode : slots_[SlotOf(source, id)];
}

void Graph::GrowSlots() {
  if ((ids_.size() + 1) * 4 <= slots_.size() * 3) return;
  const std::size_t size = std::max<std::size_t>(64, std::bit_ceil((ids_.size() + 1) * 2));
  slots_.assign(size, kNoNode);
  for (NodeNumber node = 0; node < node_count(); ++node) {
    std::size_t slot = HashOf(ids_[node]) & (size - 1);
    while (slots_[slot] != kNoNode) slot = (slot + 1) & (size - 1);
    slots_[slot] = node;
  }
}

NodeNumber Graph::Touch(const NodeSource& source, const Uuid& id, std::string_view key_text) {
  GrowSlots();
  const std::size_t slot = SlotOf(source, id);
  if (slots_[slot] != kNoNode) return slots_[slot];
  const NodeNumber node = node_count();
  ids_.push_back(id);
  classes_of_.push_back(InternNodeClass(source, source.type_name));
  if (node % 64 == 0) live_bits_.push_back(0);
  labels_of_.push_back(0);
  if (!source.key_is_id) key_texts_.emplace(node, key_text);
  slots_[slot] = node;
  return node;
}

void Graph::SetNode(NodeNumber node, std::string_view type, std::string_view label) {
  const NodeSource& source = *node_classes_[ClassOf(node)].source;
  if (!IsLive(node)) ++live_;
  live_bits_[node / 64] |= std::uint64_t{1} << (node % 64);
  classes_of_[node] = InternNodeClass(source, type.empty() ? source.type_name : type);
  label = Cut(label, kLabelBytesMax);
  if (Label(node) == label) return;
  lost_label_bytes_ += Label(node).size();
  labels_of_[node] = 0;
  if (label.empty() || labels_.size() > std::numeric_limits<std::uint32_t>::max()) return;
  labels_of_[node] = static_cast<std::uint32_t>(labels_.size());
  if (label.size() < 128) {
    labels_ += static_cast<char>(label.size());
  } else {
    labels_ += static_cast<char>(0x80 | (label.size() & 0x7f));
    labels_ += static_cast<char>(label.size() >> 7);
  }
  labels_ += label;
}

void Graph::KillNode(NodeNumber node) {
  if (!IsLive(node)) return;
  live_bits_[node / 64] &= ~(std::uint64_t{1} << (node % 64));
  --live_;
}

std::string_view Graph::Label(NodeNumber node) const {
  const std::uint32_t at = labels_of_[node];
  if (at == 0) return {};
  const auto first = static_cast<unsigned char>(labels_[at]);
  if (first < 128) return std::string_view(labels_).substr(at + 1, first);
  const auto second = static_cast<unsigned char>(labels_[at + 1]);
  return std::string_view(labels_).substr(
      at + 2, static_cast<std::size_t>(first & 0x7f) | static_cast<std::size_t>(second) << 7);
}

std::string Graph::KeyText(NodeNumber node) const {
  const NodeSource& source = *node_classes_[ClassOf(node)].source;
  if (source.key_is_id) {
    return source.key->type.kind == model::TypeKind::kUlid ? Ulid{ids_[node].bytes}.ToString()
                                                           : ids_[node].ToString();
  }
  const auto found = key_texts_.find(node);
  return found == key_texts_.end() ? std::string() : found->second;
}

std::uint32_t Graph::InternNodeClass(const NodeSource& source, std::string_view type) {
  std::string name = std::to_string(source.index) + '/';
  name += type;
  const auto [found, is_new] = node_class_numbers_.try_emplace(
      std::move(name), static_cast<std::uint32_t>(node_classes_.size()));
  if (is_new) node_classes_.push_back({&source, std::string(type)});
  return found->second;
}

// --- edges ---------------------------------------------------------------------------------------

std::uint32_t Graph::InternEdgeClass(const EdgeSource& source, std::string_view kind,
                                     std::string_view state) {
  std::string name = std::to_string(source.index) + '/';
  name += state;
  name += '/';
  name += kind;
  const auto [found, is_new] = edge_class_numbers_.try_emplace(
      std::move(name), static_cast<std::uint32_t>(edge_classes_.size()));
  if (is_new) edge_classes_.push_back({&source, std::string(kind), std::string(state)});
  return found->second;
}

std::size_t Graph::Degree(NodeNumber node, Side side) const {
  const Direction& direction = side == Side::kOut ? out_ : in_;
  std::size_t degree = 0;
  if (node + 1 < direction.offsets.size()) {
    degree = direction.offsets[node + 1] - direction.offsets[node];
  }
  if (const auto found = direction.added.find(node); found != direction.added.end()) {
    degree += found->second.size();
  }
  return degree;
}

std::uint32_t Graph::CountOf(const WholeEdge& edge) const {
  const auto found = more_.find(edge);
  return found == more_.end() ? 1 : found->second + 1;
}

bool Graph::HasEdge(const WholeEdge& edge) const {
  // From the end with fewer edges: one of a million may join a leaf.
  const bool by_from = Degree(edge.from, Side::kOut) <= Degree(edge.to, Side::kIn);
  const HalfEdge wanted{by_from ? edge.to : edge.from, edge.edge_class};
  return !ForEach(by_from ? edge.from : edge.to, by_from ? Side::kOut : Side::kIn,
                  [&](const HalfEdge& half) { return !(half == wanted); });
}

void Graph::AddEdge(const WholeEdge& edge) {
  if (!edge_classes_[edge.edge_class].source->once && HasEdge(edge)) {
    ++more_[edge];
    return;
  }
  out_.added[edge.from].push_back({edge.to, edge.edge_class});
  in_.added[edge.to].push_back({edge.from, edge.edge_class});
  ++edges_;
  ++overlay_;
  if (overlay_ > std::max(kOverlayMin, out_.halves.size() / 8)) Compact();
}

bool Graph::RemoveHalf(Direction& direction, NodeNumber node, const HalfEdge& half) {
  if (const auto found = direction.added.find(node); found != direction.added.end()) {
    auto& list = found->second;
    if (const auto at = std::ranges::find(list, half); at != list.end()) {
      *at = list.back();
      list.pop_back();
      if (list.empty()) direction.added.erase(found);
      return true;
    }
  }
  if (node + 1 >= direction.offsets.size()) return false;
  const auto begin = direction.halves.begin() + direction.offsets[node];
  const auto end = direction.halves.begin() + direction.offsets[node + 1];
  auto at = std::lower_bound(begin, end, half.node, [](const HalfEdge& one, NodeNumber other) {
    return one.node < other;
  });
  for (; at != end && at->node == half.node; ++at) {
    if (at->edge_class == half.edge_class) {
      at->edge_class = kRemoved;
      return true;
    }
  }
  return false;
}

bool Graph::RemoveEdge(const WholeEdge& edge) {
  if (const auto more = more_.find(edge); more != more_.end()) {
    if (--more->second == 0) more_.erase(more);
    return true;
  }
  if (!RemoveHalf(out_, edge.from, {edge.to, edge.edge_class})) return false;
  RemoveHalf(in_, edge.to, {edge.from, edge.edge_class});
  --edges_;
  ++overlay_;
  if (overlay_ > std::max(kOverlayMin, out_.halves.size() / 4)) Compact();
  return true;
}

void Graph::LoadEdges(std::vector<WholeEdge>& edges) {
  const std::size_t nodes = node_count();
  const auto prepare = [&](Direction& direction) {
    direction.offsets.assign(nodes + 1, 0);
    direction.halves.resize(edges.size());
    direction.halves.shrink_to_fit();
    direction.added.clear();
  };
  prepare(out_);
  prepare(in_);
  for (const WholeEdge& edge : edges) {
    ++out_.offsets[edge.from + 1];
    ++in_.offsets[edge.to + 1];
  }
  for (std::size_t i = 1; i <= nodes; ++i) {
    out_.offsets[i] += out_.offsets[i - 1];
    in_.offsets[i] += in_.offsets[i - 1];
  }
  const auto transpose = [&](const Direction& from, Direction& to) {
    std::vector<std::uint32_t> next(to.offsets.begin(), to.offsets.end() - 1);
    for (std::size_t node = 0; node < nodes; ++node) {
      for (std::size_t i = from.offsets[node]; i < from.offsets[node + 1]; ++i) {
        const HalfEdge half = from.halves[i];
        to.halves[next[half.node]++] = {static_cast<NodeNumber>(node), half.edge_class};
      }
    }
  };
  {
    std::vector<std::uint32_t> next(out_.offsets.begin(), out_.offsets.end() - 1);
    for (const WholeEdge& edge : edges) {
      out_.halves[next[edge.from]++] = {edge.to, edge.edge_class};
    }
  }
  edges_ = edges.size();
  edges = {};
  // Each direction comes out sorted by the other end: into one, and back.
  transpose(out_, in_);
  transpose(in_, out_);
  overlay_ = 0;

  // Equal neighbours are rows that say the same.
  bool merged = false;
  for (NodeNumber node = 0; node < nodes; ++node) {
    const auto begin = out_.halves.begin() + out_.offsets[node];
    const auto end = out_.halves.begin() + out_.offsets[node + 1];
    if (end - begin < 2) continue;
    const auto same_node = [](const HalfEdge& a, const HalfEdge& b) { return a.node == b.node; };
    if (std::adjacent_find(begin, end, same_node) == end) continue;
    std::sort(begin, end, [](const HalfEdge& a, const HalfEdge& b) {
      return std::pair(a.node, a.edge_class) < std::pair(b.node, b.edge_class);
    });
    for (auto at = begin; at + 1 < end; ++at) {
      if (!(at[0] == at[1])) continue;
      ++more_[{node, at->node, at->edge_class}];
      at->edge_class = kRemoved;  // the last of the run stays
      --edges_;
      merged = true;
    }
  }
  if (merged) Compact();
}

// Packs the rows anew: without what was removed, with what was added.
void Graph::Compact() {
  std::vector<WholeEdge> edges;
  edges.reserve(edges_);
  for (NodeNumber node = 0; node < node_count(); ++node) {
    ForEach(node, Side::kOut, [&](const HalfEdge& half) {
      edges.push_back({node, half.node, half.edge_class});
      return true;
    });
  }
  out_ = {};
  in_ = {};
  LoadEdges(edges);
}

void Graph::ShrinkToFit() {
  ids_.shrink_to_fit();
  classes_of_.shrink_to_fit();
  live_bits_.shrink_to_fit();
  labels_of_.shrink_to_fit();
  labels_.shrink_to_fit();
}

std::size_t Graph::bytes() const {
  // A hash node of the overlay and its vector: about so much on this library.
  constexpr std::size_t kAddedNode = 80, kMoreEdge = 48, kKeyText = 100;
  std::size_t total = BytesOf(ids_) + BytesOf(classes_of_) + BytesOf(live_bits_) +
                      BytesOf(labels_of_) + labels_.capacity() + BytesOf(slots_);
  for (const Direction* direction : {&out_, &in_}) {
    total += BytesOf(direction->offsets) + BytesOf(direction->halves) +
             direction->added.size() * kAddedNode;
  }
  total +=
      overlay_ * 2 * sizeof(HalfEdge) + more_.size() * kMoreEdge + key_texts_.size() * kKeyText;
  return total + (node_classes_.size() + edge_classes_.size()) * kKeyText;
}

}  // namespace tenon

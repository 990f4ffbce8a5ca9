#include "graph/load.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/edge_sql.h"
#include "record/sql.h"

namespace tenon {
namespace {

constexpr std::size_t kLookEvery = 1u << 16;  // rows between looks at the memory

Result<void> AppendLabel(const NodeSource& source, SqlBuilder& sql) {
  if (source.label_paths.empty()) {
    if (source.label == nullptr) {
      sql << "NULL";
    } else {
      AppendRowColumn(*source.label, sql);
    }
    return {};
  }
  sql << "coalesce(";
  for (const auto& path : source.label_paths) {
    TRY(AppendRowPath(*source.entity, *source.entity->FindField(path.front()),
                      {path.begin() + 1, path.end()}, sql));
    sql << ", ";
  }
  AppendRowColumn(*source.label, sql);
  sql << ")";
  return {};
}

Error TooLarge(std::size_t bytes_max) {
  return {Code::kTooLarge,
          fmt::format("the graph of this tenant needs more than the {} MB that graph.bytes allows; "
                      "raise it to walk this graph",
                      bytes_max >> 20)};
}

// The 36 characters of a UUID as every store writes them; nullopt for another form.
std::optional<Uuid> FastUuid(std::string_view text) {
  static constexpr auto kDigits = [] {
    std::array<std::uint8_t, 256> digits{};
    digits.fill(0xff);
    for (int i = 0; i < 10; ++i)
      digits[static_cast<std::size_t>('0' + i)] = static_cast<std::uint8_t>(i);
    for (int i = 0; i < 6; ++i) {
      digits[static_cast<std::size_t>('a' + i)] = static_cast<std::uint8_t>(10 + i);
      digits[static_cast<std::size_t>('A' + i)] = static_cast<std::uint8_t>(10 + i);
    }
    return digits;
  }();
  static constexpr std::array<std::uint8_t, 16> kAt = {0,  2,  4,  6,  9,  11, 14, 16,
                                                       19, 21, 24, 26, 28, 30, 32, 34};
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  std::uint8_t bad = 0;
  for (std::size_t i = 0; i < kAt.size(); ++i) {
    const std::uint8_t high = kDigits[static_cast<unsigned char>(text[kAt[i]])];
    const std::uint8_t low = kDigits[static_cast<unsigned char>(text[kAt[i] + 1u])];
    bad |= static_cast<std::uint8_t>((high | low) & 0xf0);
    id.bytes[i] = static_cast<std::uint8_t>(high << 4 | (low & 0x0f));
  }
  if (bad != 0) return std::nullopt;
  return id;
}

class Loader {
 public:
  Loader(Reader& reader, const Uuid& tenant, std::size_t bytes_max, Graph& graph)
      : reader_(reader), tenant_(tenant), bytes_max_(bytes_max), graph_(graph) {}

  Result<void> Run() {
    for (const NodeSource& source : graph_.sources().nodes()) TRY(Nodes(source));
    for (const EdgeSource& source : graph_.sources().edges()) TRY(Edges(source));
    graph_.LoadEdges(edges_);
    graph_.ShrinkToFit();
    if (graph_.bytes() > bytes_max_) return Fail(TooLarge(bytes_max_));
    return {};
  }

 private:
  // An end of an edge: rows often come with the same one as the row before.
  struct End {
    const NodeSource* source;
    std::optional<std::string> text = {};
    Uuid id;
    NodeNumber node = kNoNode;  // of a key that is not the id itself
  };
  // Edges wait for their ends to be fetched from memory: looking them up is mostly that.
  static constexpr std::size_t kWaiting = 32;
  struct Waiting {
    Uuid from_id, to_id;
    NodeNumber from = kNoNode, to = kNoNode;  // unless the id says it
    std::uint32_t edge_class = 0;
  };

  Result<void> Nodes(const NodeSource& source) {
    SqlBuilder sql(reader_.dialect());
    sql << "SELECT ";
    AppendRowColumn(*source.key, sql);
    sql << ", ";
    TRY(AppendLabel(source, sql));
    sql << ", ";
    if (source.type == nullptr) {
      sql << "NULL";
    } else {
      AppendRowColumn(*source.type, sql);
    }
    AppendLiveRows(*source.entity, tenant_, sql);
    return reader_.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
      const NodeNumber node = NodeOf(source, row.Text(0));
      graph_.SetNode(node, row.IsNull(2) ? std::string_view{} : row.Text(2),
                     row.IsNull(1) ? std::string_view{} : row.Text(1));
      return Look();
    });
  }

  Result<void> Edges(const EdgeSource& source) {
    SqlBuilder sql(reader_.dialect());
    TRY(AppendEdgeSelect(source, tenant_, {}, sql));
    End from{.source = source.from, .id = {}}, to{.source = source.to, .id = {}};
    std::string kind, state;
    std::optional<std::uint32_t> edge_class;
    TRY(reader_.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
      const std::string_view row_kind = row.IsNull(2) ? std::string_view{} : row.Text(2);
      const std::string_view row_state = row.IsNull(3) ? std::string_view{} : row.Text(3);
      if (!edge_class || row_kind != kind || row_state != state) {
        kind = row_kind;
        state = row_state;
        edge_class = graph_.InternEdgeClass(source, kind, state);
      }
      Read(row.Text(0), from);
      Read(row.Text(1), to);
      waiting_[waiting_count_++] = {from.id, to.id, from.node, to.node, *edge_class};
      if (waiting_count_ == kWaiting) Resolve(source);
      return Look();
    }));
    Resolve(source);
    return {};
  }

  NodeNumber NodeOf(const NodeSource& source, std::string_view text) {
    if (source.key_is_id) {
      if (const auto id = FastUuid(text)) return graph_.Touch(source, *id, text);
    }
    return graph_.Touch(source, source.IdOf(text), text);
  }
  void Read(std::string_view text, End& end) {
    if (end.text == text) return;
    end.text = text;
    end.id = FastUuid(text).value_or(Uuid{});
    if (end.id == Uuid{} || !end.source->key_is_id) end.id = end.source->IdOf(text);
    end.node = end.source->key_is_id ? kNoNode : graph_.Touch(*end.source, end.id, text);
    if (end.node == kNoNode) graph_.PrefetchSlot(end.id);
  }
  void Resolve(const EdgeSource& source) {
    const auto waiting = std::span(waiting_).first(std::exchange(waiting_count_, 0));
    for (const Waiting& edge : waiting) {
      if (edge.from == kNoNode) graph_.PrefetchNode(edge.from_id);
      if (edge.to == kNoNode) graph_.PrefetchNode(edge.to_id);
    }
    for (const Waiting& edge : waiting) {
      const NodeNumber from =
          edge.from == kNoNode ? graph_.Touch(*source.from, edge.from_id, {}) : edge.from;
      const NodeNumber to = edge.to == kNoNode ? graph_.Touch(*source.to, edge.to_id, {}) : edge.to;
      edges_.push_back({from, to, edge.edge_class});
    }
  }

  Result<bool> Look() {
    if (++rows_ % kLookEvery != 0) return true;
    // Packed edges take 16 bytes, and for a moment these 12 beside them.
    const std::size_t bytes = graph_.bytes() + edges_.capacity() * sizeof(WholeEdge) +
                              edges_.size() * 2 * sizeof(HalfEdge);
    if (bytes > bytes_max_) return Fail(TooLarge(bytes_max_));
    return true;
  }

  Reader& reader_;
  const Uuid& tenant_;
  const std::size_t bytes_max_;
  Graph& graph_;
  std::vector<WholeEdge> edges_;
  std::array<Waiting, kWaiting> waiting_;
  std::size_t waiting_count_ = 0;
  std::size_t rows_ = 0;
};

}  // namespace

Result<void> LoadGraph(Reader& reader, const Uuid& tenant, std::size_t bytes_max, Graph& graph) {
  return Loader(reader, tenant, bytes_max, graph).Run();
}

}  // namespace tenon

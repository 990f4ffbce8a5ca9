#include "graph/columns.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/limits.h"
#include "graph/edge_sql.h"
#include "record/decode.h"

namespace tenon {
namespace {

constexpr std::size_t kIdsAtOnce = 100;

std::string_view TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->as_string())
                                                : std::string_view{};
}

class ColumnWalk {
 public:
  ColumnWalk(Store& store, const GraphSources& sources, const Uuid& tenant,
             const WalkFilter& filter, const WalkLimits& limits, const KeepLive& keep_live)
      : store_(store),
        sources_(sources),
        tenant_(tenant),
        filter_(filter),
        limits_(limits),
        keep_live_(keep_live) {}

  Result<ColumnLineage> Run(ColumnNode start) {
    found_.nodes.push_back(std::move(start));
    numbers_.emplace(NameOf(found_.nodes[0]), 0);
    std::vector<std::size_t> level = {0};
    for (std::uint32_t depth = 1; !level.empty() && depth <= limits_.depth_max; ++depth) {
      if (std::chrono::steady_clock::now() >= limits_.deadline) {
        found_.partial = Partial::kDeadline;
        break;
      }
      TRY(Step(level));
      TRY(Drop());
      level = Take(depth);
    }
    return std::move(found_);
  }

 private:
  using Name = std::pair<Uuid, std::string>;
  // An edge between columns as it was read; nodes get numbers once they are known to be alive.
  struct Read {
    ColumnNode near, far;
    bool near_is_source = true;
    std::string kind, type, transformation;
  };

  static Name NameOf(const ColumnNode& node) { return {node.id, node.column}; }

  // The edges at the columns of a level.
  Result<void> Step(const std::vector<std::size_t>& level) {
    wanted_.clear();
    std::map<const NodeSource*, std::vector<Value>> ids;
    for (const std::size_t number : level) {
      const ColumnNode& node = found_.nodes[number];
      auto& columns = wanted_[node.id];
      if (columns.empty()) {
        if (auto key = ParseText(node.source->key->type, node.key)) {
          ids[node.source].push_back(*std::move(key));
        }
      }
      columns.insert(node.column);
    }
    read_.clear();
    const Scope scope{.tenant = tenant_, .deadline = limits::kReadDeadline};
    return store_.Read(scope, [&](Reader& reader) -> Result<void> {
      for (const EdgeSource& source : sources_.edges()) {
        if (source.columns == nullptr) continue;
        if (filter_.may_read && !filter_.may_read(*source.entity)) continue;
        TRY(EdgesOf(reader, source, Side::kOut, ids[source.from]));
        TRY(EdgesOf(reader, source, Side::kIn, ids[source.to]));
      }
      return {};
    });
  }

  Result<void> EdgesOf(Reader& reader, const EdgeSource& source, Side side,
                       const std::vector<Value>& ids) {
    const NodeSource& far_source = side == Side::kOut ? *source.to : *source.from;
    if (filter_.may_read && !filter_.may_read(*far_source.entity)) return {};
    for (std::size_t at = 0; at < ids.size(); at += kIdsAtOnce) {
      EdgeSelect select;
      select.columns = true;
      select.of = side == Side::kOut ? source.edge->from : source.edge->to;
      const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(at);
      const auto end =
          ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), at + kIdsAtOnce));
      select.ids.assign(begin, end);
      SqlBuilder sql(reader.dialect());
      TRY(AppendEdgeSelect(source, tenant_, select, sql));
      TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
        const std::string_view state = row.IsNull(3) ? std::string_view{} : row.Text(3);
        const std::uint8_t sides = FollowedSides(filter_, row.Text(2), state);
        if ((sides & (side == Side::kOut ? 1 : 2)) == 0) return true;
        AddColumns(source, side, row);
        return std::chrono::steady_clock::now() < limits_.deadline;
      }));
    }
    return {};
  }

  void AddColumns(const EdgeSource& source, Side side, const Row& row) {
    const auto columns = ParseJson(row.Text(4));
    if (!columns || !columns->is_array()) return;
    const bool out = side == Side::kOut;
    const NodeSource& near_source = out ? *source.from : *source.to;
    const NodeSource& far_source = out ? *source.to : *source.from;
    const Uuid near_id = near_source.IdOf(row.Text(out ? 0 : 1));
    const auto wanted = wanted_.find(near_id);
    if (wanted == wanted_.end()) return;
    for (const json::value& item : columns->as_array()) {
      if (!item.is_object()) continue;
      const json::object& pair = item.as_object();
      const std::string near(TextOf(pair, out ? "source" : "target"));
      const std::string far(TextOf(pair, out ? "target" : "source"));
      if (near.empty() || far.empty()) continue;
      const bool every = wanted->second.contains("");
      if (!every && !wanted->second.contains(near)) continue;
      Read read;
      read.near = {&near_source, near_id, std::string(row.Text(out ? 0 : 1)), near, 0};
      const std::string_view far_key = row.Text(out ? 1 : 0);
      read.far = {&far_source, far_source.IdOf(far_key), std::string(far_key), far, 0};
      read.near_is_source = out;
      read.kind = row.Text(2);
      read.type = TextOf(pair, "type");
      read.transformation = TextOf(pair, "transformation");
      read_.push_back(std::move(read));
    }
  }

  // Edges to nodes that are gone.
  Result<void> Drop() {
    std::vector<ColumnNode> ends;
    for (const Read& read : read_) ends.push_back(read.far);
    TRY(keep_live_(ends));
    std::set<Uuid> live;
    for (const ColumnNode& node : ends) live.insert(node.id);
    std::erase_if(read_, [&](const Read& read) { return !live.contains(read.far.id); });
    return {};
  }

  // What was read becomes part of the answer; the columns that are new are the next level.
  std::vector<std::size_t> Take(std::uint32_t depth) {
    std::vector<std::size_t> next;
    const auto number_of = [&](const ColumnNode& node,
                               std::uint32_t at) -> std::optional<std::size_t> {
      const auto known = numbers_.find(NameOf(node));
      if (known != numbers_.end()) return known->second;
      if (found_.nodes.size() >= limits_.nodes_max) {
        found_.partial = Partial::kNodes;
        return std::nullopt;
      }
      const std::size_t number = found_.nodes.size();
      numbers_.emplace(NameOf(node), number);
      found_.nodes.push_back(node);
      found_.nodes.back().depth = at;
      return number;
    };
    for (const Read& read : read_) {
      // Of "every column" the ones that lead somewhere are shown beside the start.
      const auto near = number_of(read.near, depth - 1);
      const std::size_t before = found_.nodes.size();
      const auto far = near ? number_of(read.far, depth) : std::nullopt;
      if (!far) break;
      if (found_.nodes.size() > before) next.push_back(*far);
      const std::size_t from = read.near_is_source ? *near : *far;
      const std::size_t to = read.near_is_source ? *far : *near;
      if (!told_.insert({from, to}).second) continue;
      if (found_.edges.size() >= limits_.edges_max) {
        found_.partial = Partial::kEdges;
        break;
      }
      found_.edges.push_back({from, to, read.kind, read.type, read.transformation});
    }
    return next;
  }

  Store& store_;
  const GraphSources& sources_;
  const Uuid& tenant_;
  const WalkFilter& filter_;
  const WalkLimits& limits_;
  const KeepLive& keep_live_;
  ColumnLineage found_;
  std::map<Name, std::size_t> numbers_;
  std::set<std::pair<std::size_t, std::size_t>> told_;
  std::map<Uuid, std::set<std::string>> wanted_;  // of the level: columns by node
  std::vector<Read> read_;
};

}  // namespace

Result<ColumnLineage> WalkColumns(Store& store, const GraphSources& sources, const Uuid& tenant,
                                  ColumnNode start, const WalkFilter& filter,
                                  const WalkLimits& limits, const KeepLive& keep_live) {
  return ColumnWalk(store, sources, tenant, filter, limits, keep_live).Run(std::move(start));
}

}  // namespace tenon

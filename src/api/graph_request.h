// What the graph's endpoints are asked: their query parameters, read and bounded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/exchange.h"
#include "base/result.h"
#include "graph/export.h"
#include "graph/find.h"
#include "graph/walk.h"

namespace tenon {

// Bounds of one answer; the walk itself is bounded by its deadline.
inline constexpr std::int64_t kGraphNodesDefault = 1000;
inline constexpr std::int64_t kGraphNodesMax = 100000;
inline constexpr std::int64_t kGraphEdgesMax = 1000000;
inline constexpr std::int64_t kGraphEdgesANode = 10;  // default: so many for each node
inline constexpr std::int64_t kGraphDepthMax = 1000000;
inline constexpr std::int64_t kPathsDefault = 5, kPathsMax = 100;
inline constexpr std::int64_t kCyclesDefault = 20, kCyclesMax = 1000;

struct GraphDefaults {
  Direction direction = Direction::kBoth;
  std::optional<std::uint32_t> depth;  // none: unbounded
};

struct GraphRequest {
  WalkFilter filter;
  WalkLimits limits;
  GraphFormat format = GraphFormat::kJson;
  bool direction_given = false;
  bool consistent = false;
};

// "upstream", "downstream", "out", "in", "both".
std::string_view NameOf(Direction direction);

// Reads direction, depth, types, states, node_types, show, limit, edges, format and consistent.
// kInvalidArgument names the parameter. The deadline counts from now.
Result<GraphRequest> ReadGraphRequest(const Exchange& exchange, const GraphDefaults& defaults);

// Entities that the caller may read.
MayRead MayReadOf(const Caller& caller);

// Words in types, states and node_types that nothing of the graph has, as sentences: most often
// they are typing errors.
std::vector<std::string> NotesOn(const Graph& graph, const WalkFilter& filter);

}  // namespace tenon

#include "graph/flow.h"

#include <algorithm>
#include <array>

namespace tenon {

Flow FlowOf(std::string_view kind) {
  // The source needs, reads or was made from the target.
  static constexpr std::array<std::string_view, 22> kAgainst = {
      "BUILDS_ON",   "CALLS",     "CONSUMES",   "DEPENDS_ON", "DERIVED_FROM", "EXTENDS",
      "FOLLOWS",     "HAS_LABEL", "HOSTED_ON",  "IMPLEMENTS", "IMPORTS",      "INHERITS",
      "INSTANCE_OF", "NEEDS",     "PART_OF",    "READS",      "READS_FROM",   "REFERENCES",
      "REQUIRES",    "RUNS_ON",   "SUBSCRIBES", "USES"};
  static_assert(std::ranges::is_sorted(kAgainst));
  if (kind == "RELATED_TO") return Flow::kNone;
  return std::ranges::binary_search(kAgainst, kind) ? Flow::kAgainst : Flow::kAlong;
}

}  // namespace tenon

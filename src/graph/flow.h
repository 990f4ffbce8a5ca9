// Which way a change travels over an edge. "A DEPENDS_ON B" points from A to B, and what happens to
// B reaches A: against the arrow. "A PRODUCES B" carries it along the arrow.
#pragma once

#include <string_view>

namespace tenon {

enum class Flow {
  kAlong,    // from source to target: PRODUCES, CONTAINS, OWNS, and kinds of a team's own
  kAgainst,  // from target to source: DEPENDS_ON, DERIVED_FROM, USES, ...
  kNone,     // RELATED_TO: neither; passed over by upstream and downstream unless named
};

// By the kind alone. docs/lineage.md lists them.
Flow FlowOf(std::string_view kind);

}  // namespace tenon

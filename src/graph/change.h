// One row of the log applied to a graph.
#pragma once

#include "base/result.h"
#include "graph/graph.h"
#include "log/log.h"

namespace tenon {

// Nodes come, change and go by their rows; edges leave as before_state has them and come as
// after_state has them. An error means that the graph and the log disagree (a state that was
// erased, a row changed behind the engine's back): load the graph anew.
Result<void> ApplyChange(const LogEntry& entry, Graph& graph);

}  // namespace tenon

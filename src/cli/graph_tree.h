// A walk of the graph as a tree for people: each node below the one that it was reached from.
#pragma once

#include <string>

#include "base/json.h"
#include "cli/style.h"

namespace tenon::cli {

// `answer` is that of GET /v1/graph/downstream and its like. Nodes that were reached in several
// ways stand where they were reached first.
//
//   libssl3  PACKAGE
//   ├─ libcurl4  PACKAGE
//   │  └─ curl  PACKAGE
//   └─ openssl  PACKAGE
std::string RenderTree(const json::object& answer, const Style& style);

// What people call a node: its label, or the key of one that has none.
std::string NodeTitle(const json::object& node);

}  // namespace tenon::cli

// From an item of somebody's JSON to a row: which value goes to which field. Shared by custom-http
// and by connectors.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tenon::ingest {

struct ItemMapping {
  std::string table = "graph_nodes";
  std::string origin = {};  // names the source; part of the ids that are made
  // Path in the item that tells items apart; rows of graph tables get their id from it.
  std::string key = {};
  // Path in the item and the field, which may have dots ("properties.title"). Without any, the item
  // is the row. `PATH|node` is the id of the graph node whose item has the value as its key.
  std::vector<std::pair<std::string, std::string>> fields = {};
  // Fields that are the same in every row; JSON, or text when it is none.
  std::vector<std::pair<std::string, std::string>> constants = {};
};

// "PATH=FIELD" and "FIELD=VALUE". kInvalidField names the option and the entry.
Result<std::vector<std::pair<std::string, std::string>>> ReadPairs(
    std::string_view option, const std::vector<std::string>& texts);

// The row of one item. kInvalidField when it is no object, or the key is missing; a field whose
// value is missing is left out. Paths that begin with '@' are looked up in `about`, which has what
// the transport knows of the item ("@key", "@headers.source").
Result<json::object> RowOf(const ItemMapping& mapping, const json::value& item,
                           const json::value& about = {});

// The id of the row of an item that itself is not there, such as a deleted one's: the value at the
// mapping's key in `about`. kInvalidField when the key is none of those.
Result<std::string> IdOfAbsent(const ItemMapping& mapping, const json::value& about);

// The id that an item with this key has.
std::string IdOfItem(const ItemMapping& mapping, std::string_view table, std::string_view key);

}  // namespace tenon::ingest

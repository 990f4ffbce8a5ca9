// What the files of the pipeline share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace tenon::ingest {

inline constexpr std::string_view kEdgesTable = "graph_edges";
inline constexpr std::string_view kNodesTable = "graph_nodes";

// Where a row of the table says which origin it is of; null: nowhere, so nothing is superseded.
const char* MarkOf(std::string_view table);
// Of a key: what is remembered of rows that were seen.
std::uint64_t HashOf(std::string_view text);
// As a literal of the filter language.
std::string Quoted(std::string_view text);
// The key of a row as paths have it, from the fields that make it ("asset_id,tag_id").
std::string KeyOf(const json::value& row, std::string_view fields);

}  // namespace tenon::ingest

// The functions of the expression language (model/functions.h) over values.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "record/operators.h"

namespace tenon {

struct FunctionBody {
  std::string_view name;
  // The kind that each argument is read as; the last one stands for all that follow. kNull: as it
  // comes.
  Kind first;
  Kind rest;
  bool null_on_null;  // any null argument makes the result null
  // kInvalidArgument for what only an author can mend (a pattern that is not one); a Fault becomes
  // null or an error as the caller's strictness has it.
  Result<Computed> (*call)(std::span<const Value> args);
};

// Null when there is no such function. `coalesce` is not among them: it is evaluated lazily.
const FunctionBody* FindFunctionBody(std::string_view name);

// Pieces that the SQL functions share.
std::string Substring(std::string_view text, std::int64_t from, std::optional<std::int64_t> count);

// Lower-case ASCII letters and digits of the text, runs of anything else as one '-'.
std::string Slug(std::string_view text);

// sha256, in hex, of the texts joined by line feeds (TextOf each; a list as canonical JSON).
std::string HashOfTexts(std::span<const Value> values);

// Whether the graph {"nodes": [{"id"}], "edges": [{"source", "target"}]} has no cycle.
bool IsAcyclic(const boost::json::value& graph);

// Whether both ends of every edge of such a graph are among its nodes.
bool EdgesJoinNodes(const boost::json::value& graph);

}  // namespace tenon

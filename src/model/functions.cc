#include "model/functions.h"

#include <algorithm>

namespace tenon::model {
namespace {

using D = Domain;

constexpr std::array<Function, 22> kFunctions = {{
    {"lower", 1, 1, false, {D::kText}, D::kText, "small letters"},
    {"upper", 1, 1, false, {D::kText}, D::kText, "capital letters"},
    {"length", 1, 1, false, {D::kTextOrList}, D::kInt, "code points of a text, elements of a list"},
    {"coalesce",
     1,
     -1,
     false,
     {D::kAny, D::kSame, D::kSame},
     D::kSame,
     "the first that is not null"},
    {"substr",
     2,
     3,
     false,
     {D::kText, D::kInt, D::kInt},
     D::kText,
     "a part of a text, from a place (from 1) and at most so many code points"},
    {"concat",
     1,
     -1,
     false,
     {D::kAny, D::kAny, D::kAny},
     D::kText,
     "texts joined, null as nothing"},
    {"abs", 1, 1, false, {D::kNumber}, D::kSame, "without its sign"},
    {"round",
     1,
     2,
     false,
     {D::kNumber, D::kInt},
     D::kSame,
     "to so many digits, halves away from zero"},
    {"starts_with",
     2,
     2,
     false,
     {D::kText, D::kText},
     D::kBool,
     "whether a text begins with another"},
    {"matches",
     2,
     2,
     true,
     {D::kText, D::kText},
     D::kBool,
     "whether an RE2 pattern is found in a text"},
    {"sha256",
     1,
     -1,
     true,
     {D::kAny, D::kAny, D::kAny},
     D::kText,
     "64 hex digits, of texts or of JSON in canonical form"},
    {"canonical", 1, 1, true, {D::kAny}, D::kText, "JSON in canonical form (RFC 8785)"},
    {"sort", 1, 1, true, {D::kList}, D::kSame, "a list in order"},
    {"bucket", 2, 2, true, {D::kTime, D::kDuration}, D::kTime, "the start of a time's bucket"},
    {"millis",
     1,
     1,
     true,
     {D::kDuration},
     D::kInt,
     "whole milliseconds; 0 when the clock went back"},
    {"seconds", 1, 1, true, {D::kDuration}, D::kInt, "whole seconds; 0 when the clock went back"},
    {"minutes", 1, 1, true, {D::kDuration}, D::kInt, "whole minutes; 0 when the clock went back"},
    {"slug", 1, 1, true, {D::kText}, D::kText, "small letters, digits and single hyphens"},
    {"scoped",
     1,
     1,
     true,
     {D::kText},
     D::kText,
     "the text in the default tenant; elsewhere with the tenant's slug and a hyphen before it"},
    {"uuid5", 1, 1, true, {D::kText}, D::kUuid, "the UUID version 5 of a name"},
    {"acyclic", 1, 1, true, {D::kJson}, D::kBool, "whether nodes[] and edges[] form no circle"},
    {"edges_join_nodes",
     1,
     1,
     true,
     {D::kJson},
     D::kBool,
     "whether every edges[].source and .target is an id of nodes[]"},
}};

constexpr std::array<std::string_view, 8> kAggregates = {"count", "sum",  "min", "max",
                                                         "avg",   "list", "any", "all"};

}  // namespace

std::span<const Function> Functions() { return kFunctions; }

const Function* FindFunction(std::string_view name) {
  const auto found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                  [&](const Function& f) { return f.name == name; });
  return found == kFunctions.end() ? nullptr : &*found;
}

bool IsAggregate(std::string_view name) {
  return std::find(kAggregates.begin(), kAggregates.end(), name) != kAggregates.end();
}

std::span<const std::string_view> Aggregates() { return kAggregates; }

}  // namespace tenon::model

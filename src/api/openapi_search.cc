// The path of search.
#include <string>
#include <utility>

#include "api/openapi_parts.h"
#include "api/openapi_paths.h"
#include "search/service.h"

namespace tenon {
namespace {

json::object Text() { return {{"type", "string"}}; }
json::object Number() { return {{"type", "integer"}}; }
json::object Flag(bool otherwise) { return {{"type", "boolean"}, {"default", otherwise}}; }
json::object ObjectOf(json::object properties) {
  return {{"type", "object"}, {"properties", std::move(properties)}};
}
json::object ListOf(json::object items) { return {{"type", "array"}, {"items", std::move(items)}}; }

json::array Parameters() {
  json::array all;
  const auto add = [&](std::string_view name, json::object schema, std::string_view text) {
    all.emplace_back(QueryParameter(name, std::move(schema), text));
  };
  add("q", Text(),
      "What to look for: words, not all of which need to be there; \"a phrase\"; -without; "
      "begin*. Without it every row.");
  add("entity", Text(), "Only these tables, with commas; without it all that the caller may read.");
  add("filter", Text(), "An expression that must hold; needs `entity`.");
  add("facets", Text(), "Fields to count values of, with commas: `type,tags.name`.");
  add("fields", Text(), "Of the rows in the answer; needs one `entity`.");
  add("rows", Flag(true), "Whether the rows themselves are in the answer.");
  add("highlight", Flag(true), "Whether hits are marked.");
  add("consistent", Flag(false), "Wait until every write answered before is found.");
  add("page_size",
      {{"type", "integer"},
       {"minimum", 1},
       {"maximum", search::kSearchPageMax},
       {"default", search::SearchParams().page_size}},
      "Hits at most.");
  all.emplace_back(ParameterRef("page_token"));
  add("downstream_of", Text(), "Only what depends on this node of the graph.");
  add("upstream_of", Text(), "Only what this node of the graph depends on.");
  add("depth", Text(), "Of that walk: steps at most, or `all`.");
  add("types", Text(), "Of that walk: only edges of these types, with commas.");
  all.emplace_back(ParameterRef("tenant"));
  return all;
}

json::object Hit() {
  return ObjectOf(
      {{"entity", Text()},
       {"id", Text()},
       {"title", Text()},
       {"match",
        json::object{{"type", "string"},
                     {"enum", json::array{"exact", "prefix", "name", "all", "near", "some"}}}},
       {"score", json::object{{"type", "number"}}},
       {"highlights",
        json::object{{"type", "object"},
                     {"description", "By field: escaped HTML with hits in <mark></mark>."},
                     {"additionalProperties", Text()}}},
       {"row", json::object{{"type", "object"}}}});
}

json::object Answer() {
  const json::object counts = ListOf(ObjectOf({{"value", Text()}, {"count", Number()}}));
  return ObjectOf(
      {{"items", ListOf(Hit())},
       {"next_page_token", Text()},
       {"total", json::object{{"type", "integer"},
                              {"description", "Not more than 10000; see total_is_exact."}}},
       {"total_is_exact", json::object{{"type", "boolean"}}},
       {"entities", ListOf(ObjectOf({{"entity", Text()}, {"count", Number()}}))},
       {"facets", json::object{{"type", "object"}, {"additionalProperties", counts}}},
       {"facets_are_exact", json::object{{"type", "boolean"}}},
       {"corrected",
        json::object{{"type", "object"},
                     {"description", "Words that nothing has, and what was looked for instead."},
                     {"additionalProperties", ListOf(Text())}}},
       {"among", json::object{{"type", "object"},
                              {"description", "The walk that the search was made among."}}}});
}

}  // namespace

void AddSearchPath(json::object& paths) {
  paths["/v1/search"] = json::object{
      {"get", json::object{{"operationId", "search"},
                           {"summary", "Find rows of any kind by words"},
                           {"tags", json::array{"search"}},
                           {"parameters", Parameters()},
                           {"responses", Responses(200, "The best hits first", Answer(), {409})}}}};
}

}  // namespace tenon

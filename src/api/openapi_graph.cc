// The paths of the graph and of followers.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "api/graph_request.h"
#include "api/openapi_parts.h"
#include "api/openapi_paths.h"
#include "base/limits.h"

namespace tenon {
namespace {

json::object Text() { return {{"type", "string"}}; }
json::object Number() { return {{"type", "integer"}}; }
json::object ListOf(json::object items) { return {{"type", "array"}, {"items", std::move(items)}}; }
json::object ObjectOf(json::object properties) {
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

json::object Node() {
  return ObjectOf({{"id", json::object{{"type", "string"}, {"example", "assets:0190a3c4-..."}}},
                   {"table", Text()},
                   {"key", Text()},
                   {"type", Text()},
                   {"label", json::object{{"type", json::array{"string", "null"}}}},
                   {"depth", Number()}});
}
json::object Edge() {
  return ObjectOf({{"from", Text()},
                   {"to", Text()},
                   {"type", Text()},
                   {"table", Text()},
                   {"state", Text()},
                   {"rows", json::object{{"type", "integer"},
                                         {"description",
                                          "How many rows say the same; without it "
                                          "one."}}}});
}

void AddPartial(json::object& properties) {
  properties["partial"] = json::object{{"type", "boolean"}, {"description", "There is more."}};
  properties["reason"] =
      json::object{{"type", "string"}, {"enum", json::array{"nodes", "edges", "deadline"}}};
  properties["notes"] =
      json::object{{"type", "array"},
                   {"items", Text()},
                   {"description", "Words of the request that nothing of the graph has."}};
}

json::object Walk(std::string_view start, json::object shape) {
  json::object properties{{start, std::move(shape)},
                          {"direction", Text()},
                          {"nodes", ListOf(Node())},
                          {"edges", ListOf(Edge())}};
  AddPartial(properties);
  return ObjectOf(std::move(properties));
}

json::object Counts() {
  return ListOf(ObjectOf({{"type", Text()}, {"table", Text()}, {"count", Number()}}));
}

json::object ImpactSchema() {
  json::object properties{
      {"start", Node()},
      {"direction", Text()},
      {"total", Number()},
      {"types", Counts()},
      {"depths",
       ListOf(ObjectOf({{"depth", Number()}, {"count", Number()}, {"types", Counts()}}))}};
  AddPartial(properties);
  return ObjectOf(std::move(properties));
}

json::object PathSchema() {
  return ObjectOf({{"length", Number()}, {"nodes", ListOf(Node())}, {"edges", ListOf(Edge())}});
}

json::object PathsSchema() {
  json::object properties{
      {"from", Node()}, {"to", Node()}, {"direction", Text()}, {"paths", ListOf(PathSchema())}};
  AddPartial(properties);
  return ObjectOf(std::move(properties));
}

json::object CyclesSchema() {
  json::object properties{
      {"total", Number()},
      {"cycles", ListOf(ObjectOf(
                     {{"size", Number()}, {"nodes", ListOf(Node())}, {"example", PathSchema()}}))}};
  AddPartial(properties);
  return ObjectOf(std::move(properties));
}

json::object ColumnsSchema() {
  json::object properties{
      {"start", Node()},
      {"direction", Text()},
      {"nodes", ListOf(ObjectOf(
                    {{"id", Text()}, {"column", Text()}, {"label", Text()}, {"depth", Number()}}))},
      {"edges", ListOf(ObjectOf({{"from", Text()},
                                 {"from_column", Text()},
                                 {"to", Text()},
                                 {"to_column", Text()},
                                 {"edge_type", Text()},
                                 {"type", Text()},
                                 {"transformation", Text()}}))}};
  AddPartial(properties);
  return ObjectOf(std::move(properties));
}

// What every endpoint of the graph takes.
void AddCommon(json::array& parameters, std::string_view direction, std::string_view depth) {
  parameters.emplace_back(QueryParameter(
      "direction",
      {{"type", "string"},
       {"enum", json::array{"upstream", "downstream", "out", "in", "both"}},
       {"default", direction}},
      "upstream: what it depends on; downstream: what depends on it; out and in: along and against "
      "the arrows, whatever they mean."));
  parameters.emplace_back(QueryParameter("depth", {{"type", "string"}, {"default", depth}},
                                         "Steps at most, or `all`."));
  parameters.emplace_back(
      QueryParameter("types", Text(), "Only edges of these types, with commas."));
  parameters.emplace_back(
      QueryParameter("states", Text(),
                     "Only edges in these states; without it all but `pending` and `superseded`."));
  parameters.emplace_back(
      QueryParameter("node_types", Text(), "Walk only over nodes of these types or tables."));
  parameters.emplace_back(
      QueryParameter("show", Text(), "Answer only nodes of these types or tables."));
  parameters.emplace_back(QueryParameter("limit",
                                         {{"type", "integer"},
                                          {"minimum", 1},
                                          {"maximum", kGraphNodesMax},
                                          {"default", kGraphNodesDefault}},
                                         "Nodes at most; the nearest come first."));
  parameters.emplace_back(
      QueryParameter("edges", {{"type", "integer"}, {"minimum", 0}, {"maximum", kGraphEdgesMax}},
                     "Edges at most; without it ten times `limit`."));
  parameters.emplace_back(QueryParameter(
      "format",
      {{"type", "string"},
       {"enum", json::array{"json", "graphml", "dot", "mermaid", "csv", "csv-nodes"}},
       {"default", "json"}},
      "How to write it."));
  parameters.emplace_back(
      QueryParameter("consistent", {{"type", "boolean"}, {"default", false}},
                     "Wait until every write answered before is in the graph."));
  parameters.emplace_back(ParameterRef("tenant"));
}

json::object NodeParameter(std::string_view name, bool required) {
  return QueryParameter(name, Text(),
                        "A node: TABLE:ID, an id, a unique name (qualified name, e-mail address, "
                        "slug) or a label that one node has.",
                        required);
}

json::object Operation(std::string_view id, std::string_view summary, json::array parameters,
                       json::object responses) {
  return {{"operationId", id},
          {"summary", summary},
          {"tags", json::array{"graph"}},
          {"parameters", std::move(parameters)},
          {"responses", std::move(responses)}};
}

struct GraphPath {
  std::string_view name, id, summary, direction, depth;
  json::array own;
  json::object schema;
  bool exports = true;  // in other formats than JSON
};

void AddGraphPath(GraphPath path, json::object& paths) {
  AddCommon(path.own, path.direction, path.depth);
  json::object responses = Responses(200, path.summary, std::move(path.schema), {409});
  if (path.exports) {
    json::object& content = responses["200"].at("content").as_object();
    for (const char* type :
         {"application/graphml+xml", "text/vnd.graphviz", "text/vnd.mermaid", "text/csv"}) {
      content[type] = json::object{{"schema", Text()}};
    }
  }
  paths["/v1/graph/" + std::string(path.name)] = json::object{
      {"get", Operation(path.id, path.summary, std::move(path.own), std::move(responses))}};
}

void AddFollowerPaths(json::object& paths) {
  const json::object follower =
      ObjectOf({{"name", Text()},
                {"description", Text()},
                {"state", json::object{{"type", "string"},
                                       {"enum", json::array{"following", "behind", "rebuilding",
                                                            "failing", "stopped"}}}},
                {"lag_seconds", json::object{{"type", "number"}}},
                {"position", Number()},
                {"lag_rows", Number()},
                {"rows_total", Number()},
                {"failures_total", Number()},
                {"rebuilds_total", Number()},
                {"rebuild_done", Number()},
                {"rebuild_total", Number()},
                {"last_error", json::object{{"type", json::array{"string", "null"}}}},
                {"last_error_at", json::object{{"type", json::array{"string", "null"}}}}});
  json::object list =
      Operation("followers", "Who follows the log (indexes, deliveries), and how far each has come",
                json::array{ParameterRef("tenant")},
                Responses(200, "The followers; numbers and errors for the role system only",
                          ObjectOf({{"items", ListOf(follower)}})));
  list["tags"] = json::array{"server"};
  paths["/v1/followers"] = json::object{{"get", std::move(list)}};
  json::object reindex = Operation(
      "followers_reindex", "Build what a follower keeps anew from the tables",
      json::array{ParameterRef("tenant")},
      Responses(202, "It has begun; GET /v1/followers tells how far it is", follower, {405, 415}));
  reindex["tags"] = json::array{"server"};
  reindex["requestBody"] = JsonRequest({{"type", "object"},
                                        {"properties", json::object{{"name", Text()}}},
                                        {"required", json::array{"name"}},
                                        {"additionalProperties", false}});
  paths["/v1/followers:reindex"] = json::object{{"post", std::move(reindex)}};
}

}  // namespace

void AddGraphPaths(json::object& paths) {
  const auto node = [](bool required) { return json::array{NodeParameter("node", required)}; };
  AddGraphPath({"neighbours", "graph_neighbours", "What is joined to a node", "both", "1",
                node(true), Walk("start", Node())},
               paths);
  AddGraphPath({"upstream", "graph_upstream", "What a node depends on or was made from", "upstream",
                "all", node(true), Walk("start", Node())},
               paths);
  AddGraphPath({"downstream", "graph_downstream", "What depends on a node or is made from it",
                "downstream", "all", node(true), Walk("start", Node())},
               paths);
  AddGraphPath({"subgraph", "graph_subgraph", "What is around several nodes", "both", "1",
                json::array{QueryParameter("nodes", Text(), "Nodes, with commas.", true)},
                Walk("starts", ListOf(Node()))},
               paths);
  AddGraphPath({"impact", "graph_impact", "How much is reached, by depth and type", "downstream",
                "all", node(true), ImpactSchema(), false},
               paths);
  const auto count = [](std::int64_t otherwise, std::int64_t most, std::string_view text) {
    return QueryParameter(
        "count", {{"type", "integer"}, {"minimum", 1}, {"maximum", most}, {"default", otherwise}},
        text);
  };
  AddGraphPath({"paths", "graph_paths",
                "The shortest ways between two nodes; without a direction whichever leads there",
                "downstream", "all",
                json::array{NodeParameter("from", true), NodeParameter("to", true),
                            count(kPathsDefault, kPathsMax, "Ways at most, the shortest first.")},
                PathsSchema()},
               paths);
  AddGraphPath(
      {"cycles", "graph_cycles", "What goes in circles: in the whole graph or through a node",
       "downstream", "all",
       json::array{NodeParameter("node", false),
                   count(kCyclesDefault, kCyclesMax, "Groups at most, the largest first.")},
       CyclesSchema()},
      paths);
  json::array columns = node(true);
  columns.emplace_back(
      QueryParameter("column", Text(), "The column to begin with; without it every one."));
  AddGraphPath({"columns", "graph_columns", "Which columns a column is made from, or goes into",
                "upstream", "all", std::move(columns), ColumnsSchema(), false},
               paths);
  AddFollowerPaths(paths);
}

}  // namespace tenon

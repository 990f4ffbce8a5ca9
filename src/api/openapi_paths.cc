#include "api/openapi_paths.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/openapi_parts.h"
#include "api/openapi_schema.h"
#include "base/limits.h"

namespace tenon {
namespace {

json::object Operation(std::string id, std::string_view summary, std::string_view tag,
                       json::array parameters, json::object responses) {
  parameters.emplace_back(ParameterRef("tenant"));
  return {{"operationId", std::move(id)},
          {"summary", summary},
          {"tags", json::array{tag}},
          {"parameters", std::move(parameters)},
          {"responses", std::move(responses)}};
}

void AddTo(json::object& paths, std::string_view path, std::string_view method,
           json::object operation) {
  if (!paths.contains(path)) paths[path] = json::object();
  paths[path].as_object()[method] = std::move(operation);
}

json::array Parameters(std::initializer_list<std::string_view> names) {
  json::array list;
  for (const std::string_view name : names) list.emplace_back(ParameterRef(name));
  return list;
}

void AddReads(const model::Entity& entity, json::object& paths) {
  const std::string& table = entity.table;
  const std::string base = "/v1/" + table;
  const json::object total{{"type", "integer"}, {"description", "With `count=true` only."}};
  AddTo(paths, base, "get",
        Operation("list_" + table, "List " + table, entity.model,
                  Parameters({"filter", "order_by", "page_size", "page_token", "fields", "expand",
                              "count", "deleted"}),
                  Responses(200, "A page of " + table,
                            PageSchema(SchemaRef(entity.name), {{"total", total}}))));
  AddTo(paths, base + "/{id}", "get",
        Operation("get_" + table, "Get one row of " + table, entity.model,
                  Parameters({"id", "fields", "expand", "deleted", "as_of", "If-None-Match"}),
                  Responses(200, "The row", SchemaRef(entity.name), {410})));
  paths[base + "/{id}"].at("get").at("responses").as_object()["304"] =
      json::object{{"description", "The client has the present version"}};
  AddTo(paths, base + "/{id}/history", "get",
        Operation("history_" + table, "What happened to a row, newest first", entity.model,
                  Parameters({"id", "page_size", "page_token"}),
                  Responses(200, "Log rows with the fields that changed",
                            PageSchema({{"type", "object"}}))));
  json::object exported = Responses(200, "One row a line", {{"type", "object"}});
  exported["200"].at("content") = json::object{
      {"application/x-ndjson", json::object{{"schema", json::object{{"type", "string"}}}}}};
  AddTo(paths, "/v1/exports/" + table, "get",
        Operation("export_" + table, "All rows of " + table + " as NDJSON", entity.model,
                  Parameters({"filter"}), std::move(exported)));
}

void AddCreates(const model::Entity& entity, json::object& paths) {
  const std::string& table = entity.table;
  const std::string base = "/v1/" + table;
  json::object create = Operation(
      "create_" + table, "Create a row of " + table, entity.model, Parameters({"Idempotency-Key"}),
      Responses(201, "The new row", SchemaRef(entity.name), {409, 413, 415, 422}));
  create["requestBody"] = JsonRequest(SchemaRef(entity.name + "Create"));
  create["responses"].as_object()["200"] = json::object{
      {"description", "The row that was there already: a repeated request"},
      {"content",
       json::object{{"application/json", json::object{{"schema", SchemaRef(entity.name)}}}}}};
  AddTo(paths, base, "post", std::move(create));

  json::object batch = Operation(
      "batch_" + table, "Create many rows of " + table, entity.model,
      Parameters({"Idempotency-Key"}),
      Responses(200, "In order: each row or, when not atomic, its problem",
                PageSchema({{"anyOf", json::array{SchemaRef(entity.name), SchemaRef("Problem")}}}),
                {409, 413, 415, 422}));
  batch["requestBody"] = JsonRequest(
      {{"type", "object"},
       {"properties",
        json::object{
            {"items", json::object{{"type", "array"},
                                   {"maxItems", limits::kBatchCommandsMax},
                                   {"items", SchemaRef(entity.name + "Create")}}},
            {"atomic", json::object{{"type", "boolean"}, {"default", true}}},
            {"upsert",
             json::object{{"type", "boolean"},
                          {"default", false},
                          {"description", "Update a row whose unique key is taken already."}}},
            {"lane",
             json::object{{"type", "string"}, {"enum", json::array{"interactive", "bulk"}}}},
            {"answer", json::object{{"type", "string"},
                                    {"enum", json::array{"rows", "keys"}},
                                    {"default", "rows"},
                                    {"description",
                                     "`keys`: of each row only `key` and `result` (created, "
                                     "updated, unchanged)."}}}}},
       {"required", json::array{"items"}}});
  AddTo(paths, base + ":batch", "post", std::move(batch));
}

void AddChanges(const model::Entity& entity, json::object& paths) {
  const std::string& table = entity.table;
  const std::string row = "/v1/" + table + "/{id}";
  json::object update = Operation(
      "update_" + table, "Change a row of " + table, entity.model, Parameters({"id", "If-Match"}),
      Responses(200, "The row after it", SchemaRef(entity.name), {409, 412, 413, 415, 422}));
  const json::object patch{{"schema", SchemaRef(entity.name + "Patch")}};
  update["requestBody"] = json::object{
      {"required", true},
      {"content",
       json::object{{"application/merge-patch+json", patch}, {"application/json", patch}}}};
  AddTo(paths, row, "patch", std::move(update));
  AddTo(paths, row, "delete",
        Operation("delete_" + table, "Delete a row of " + table, entity.model,
                  Parameters({"id", "If-Match"}), EmptyResponses(204, "Deleted", {409, 412})));
  if (!entity.soft_delete) return;
  AddTo(paths, row + ":restore", "post",
        Operation("restore_" + table, "Bring back a deleted row", entity.model,
                  Parameters({"id", "If-Match", "Idempotency-Key"}),
                  Responses(200, "The row", SchemaRef(entity.name), {409, 412})));
}

// The takes of all lines of an event: required when every line requires them.
json::object TakesSchema(const std::vector<const model::Event*>& lines) {
  json::object properties;
  json::array required;
  for (const model::Event* line : lines) {
    for (const model::Take& take : line->takes) {
      if (properties.contains(take.name)) continue;
      properties[take.name] = take.field != nullptr ? SchemaOf(*take.field) : SchemaOf(take.type);
      const bool everywhere = std::ranges::all_of(lines, [&](const model::Event* other) {
        return std::ranges::any_of(other->takes, [&](const model::Take& known) {
          return known.name == take.name && !known.optional;
        });
      });
      if (everywhere) required.emplace_back(take.name);
    }
  }
  json::object schema{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

std::string EventText(const std::vector<const model::Event*>& lines) {
  std::string text;
  for (const model::Event* line : lines) {
    if (!text.empty()) text += "\n\n";
    std::string from;
    for (const std::string& state : line->from) from += (from.empty() ? "" : ", ") + state;
    if (line->any_state) from = "Any state";
    text += line->to ? "From " + from + " to " + *line->to + "." : "Changes no state.";
    if (!line->by.empty()) {
      std::string roles;
      for (const std::string& role : line->by) roles += (roles.empty() ? "" : ", ") + role;
      text += " By " + roles + ".";
    }
    if (!line->description.empty()) text += " " + line->description + ".";
  }
  return text;
}

void AddEvents(const model::Entity& entity, json::object& paths) {
  std::vector<std::string> done;
  for (const model::Event& event : entity.events) {
    if (std::ranges::find(done, event.name) != done.end() || event.auto_when != nullptr) continue;
    done.push_back(event.name);
    const auto lines = entity.FindEvent(event.name);
    const json::object takes = TakesSchema(lines);
    json::object operation = Operation(
        entity.table + "_" + event.name,
        event.description.empty() ? event.name + " a row of " + entity.table : event.description,
        entity.model, Parameters({"id", "If-Match", "Idempotency-Key"}),
        Responses(200, "The row after it", SchemaRef(entity.name), {409, 412, 415, 422}));
    operation["description"] = EventText(lines);
    operation["requestBody"] = JsonRequest(takes, takes.contains("required"));
    AddTo(paths, "/v1/" + entity.table + "/{id}:" + event.name, "post", std::move(operation));
  }
}

json::object KeyAnswer() {
  return {
      {"allOf",
       json::array{SchemaRef("ApiKey"),
                   json::object{{"type", "object"},
                                {"properties",
                                 json::object{{"key", json::object{{"type", "string"},
                                                                   {"description",
                                                                    "The key itself: shown now and "
                                                                    "never again, also not to a "
                                                                    "repeated request."}}}}}}}}};
}

void AddKeyPaths(const model::Entity& entity, json::object& paths) {
  json::object create =
      Operation("create_api_keys", "Make an API key", entity.model, Parameters({"Idempotency-Key"}),
                Responses(201, "The key, shown this once", KeyAnswer(), {409, 415, 422}));
  create["requestBody"] = JsonRequest(
      {{"type", "object"},
       {"properties",
        json::object{{"name", json::object{{"type", "string"}, {"maxLength", 100}}},
                     {"user_id",
                      json::object{{"type", "string"},
                                   {"format", "uuid"},
                                   {"description", "Whose key it is; the caller's own without."}}},
                     {"roles", json::object{{"type", "array"},
                                            {"items", json::object{{"type", "string"}}},
                                            {"default", json::array{"reader"}}}},
                     {"expires_at", json::object{{"type", "string"}, {"format", "date-time"}}}}},
       {"required", json::array{"name"}},
       {"additionalProperties", false}});
  AddTo(paths, "/v1/api_keys", "post", std::move(create));
  json::object rotate =
      Operation("api_keys_rotate", "Replace an API key by a new one", entity.model,
                Parameters({"id", "Idempotency-Key"}),
                Responses(201, "The new key, shown this once", KeyAnswer(), {409, 415, 422}));
  rotate["requestBody"] = JsonRequest(
      {{"type", "object"},
       {"properties",
        json::object{{"overlap", json::object{{"type", "string"},
                                              {"default", "PT0S"},
                                              {"description",
                                               "How long the old key stays valid: 24h, PT24H; "
                                               "at most 30d."}}},
                     {"expires_at", json::object{{"type", "string"}, {"format", "date-time"}}}}},
       {"additionalProperties", false}},
      false);
  AddTo(paths, "/v1/api_keys/{id}:rotate", "post", std::move(rotate));
}

}  // namespace

void AddEntityPaths(const model::Entity& entity, json::object& paths) {
  AddReads(entity, paths);
  if (entity.table == "api_keys") {
    AddKeyPaths(entity, paths);
    return AddEvents(entity, paths);
  }
  if (TakesCreate(entity)) AddCreates(entity, paths);
  if (TakesUpdate(entity)) AddChanges(entity, paths);
  if (!entity.written_by_engine) AddEvents(entity, paths);
}

void AddViewPath(const model::View& view, json::object& paths) {
  json::array parameters;
  for (const model::ViewParameter& parameter : view.parameters) {
    parameters.emplace_back(QueryParameter(parameter.name, SchemaOf(parameter.type), "", false));
  }
  json::object columns;
  if (!view.bodies.empty()) {
    for (const model::ViewColumn& column : view.bodies.front().select) {
      if (column.nested != nullptr) {
        columns[column.name] =
            json::object{{"type", "array"}, {"items", json::object{{"type", "object"}}}};
      } else if (column.value != nullptr) {
        model::Type type = column.value->type;
        type.nullable = true;  // an outer join or an empty group may make any column null
        columns[column.name] = SchemaOf(type);
      }
    }
  }
  AddTo(paths, "/v1/views/" + view.name, "get",
        Operation("view_" + view.name, view.description.empty() ? view.name : view.description,
                  view.model, std::move(parameters),
                  Responses(200, "The view's rows",
                            PageSchema({{"type", "object"}, {"properties", std::move(columns)}}))));
}

}  // namespace tenon

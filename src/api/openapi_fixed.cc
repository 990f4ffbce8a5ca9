// The paths that every model has.
#include <string>
#include <utility>

#include "api/openapi_parts.h"
#include "api/openapi_paths.h"
#include "api/openapi_schema.h"
#include "base/limits.h"

namespace tenon {
namespace {

json::object Text() { return {{"type", "string"}}; }
json::object Any() { return {{"type", "object"}}; }

json::object Fixed(std::string_view id, std::string_view summary, json::object responses,
                   json::array parameters = {}) {
  return {{"operationId", id},
          {"summary", summary},
          {"tags", json::array{"server"}},
          {"parameters", std::move(parameters)},
          {"responses", std::move(responses)}};
}

json::object PlainText(std::string_view description) {
  return {{"200", json::object{{"description", description},
                               {"content",
                                json::object{{"text/plain", json::object{{"schema", Text()}}}}}}}};
}

void AddOpenPaths(json::object& paths) {
  const auto open = [&](std::string_view path, std::string_view id, std::string_view summary,
                        json::object responses) {
    json::object operation = Fixed(id, summary, std::move(responses));
    operation["security"] = json::array();
    operation.erase("parameters");
    paths[path] = json::object{{"get", std::move(operation)}};
  };
  open("/", "root", "What this is and where to look", PlainText("A few lines for people"));
  open("/livez", "live", "Whether the process runs", PlainText("It does"));
  json::object ready = PlainText("Ready");
  ready["503"] = json::object{{"$ref", "#/components/responses/Problem503"}};
  open("/readyz", "ready", "Whether the server can work now", std::move(ready));
  open("/metrics", "metrics", "Metrics in Prometheus' text format", PlainText("Samples"));
  open("/openapi.json", "openapi", "This document",
       {{"200", json::object{{"description", "OpenAPI 3.1"},
                             {"content", json::object{{"application/json",
                                                       json::object{{"schema", Any()}}}}}}}});
}

void AddChangesPath(json::object& paths) {
  json::object responses = Responses(
      200, "Changes, oldest first; as an event stream when Accept is text/event-stream",
      {{"type", "object"},
       {"properties",
        json::object{{"items", json::object{{"type", "array"}, {"items", SchemaRef("Change")}}},
                     {"next_position", Text()}}},
       {"required", json::array{"items", "next_position"}}});
  responses["200"].at("content").as_object()["text/event-stream"] =
      json::object{{"schema", Text()}};
  json::array parameters;
  parameters.emplace_back(QueryParameter(
      "after", Text(), "A position that an answer gave, or `now`; without it from the beginning."));
  parameters.emplace_back(
      QueryParameter("wait", {{"type", "integer"}, {"minimum", 0}, {"maximum", 60}, {"default", 0}},
                     "Seconds to wait for a change when there is none."));
  parameters.emplace_back(
      QueryParameter("consistent", {{"type", "boolean"}, {"default", false}},
                     "Wait until every write that was answered before is in the log."));
  parameters.emplace_back(QueryParameter("entity", Text(), "Only these tables, with commas."));
  parameters.emplace_back(ParameterRef("filter"));
  parameters.emplace_back(ParameterRef("page_size"));
  parameters.emplace_back(ParameterRef("tenant"));
  parameters.emplace_back(json::object{{"name", "Last-Event-ID"},
                                       {"in", "header"},
                                       {"required", false},
                                       {"description", "Where a stream that was cut stood."},
                                       {"schema", Text()}});
  paths["/v1/changes"] = json::object{
      {"get", Fixed("changes", "The log of all writes, as pages or as a stream of CloudEvents",
                    std::move(responses), std::move(parameters))}};
}

void AddBatchPath(json::object& paths) {
  json::object operation =
      Fixed("batch", "Many commands over many entities, in one transaction",
            Responses(200, "In order: each row or, when not atomic, its problem", PageSchema(Any()),
                      {409, 412, 413, 415, 422}),
            json::array{ParameterRef("Idempotency-Key"), ParameterRef("tenant")});
  const json::object command{
      {"type", "object"},
      {"properties",
       json::object{{"op", json::object{{"type", "string"},
                                        {"enum", json::array{"create", "upsert", "update", "delete",
                                                             "restore", "event"}}}},
                    {"entity", Text()},
                    {"id", Text()},
                    {"event", Text()},
                    {"body", json::object{{"type", "object"},
                                          {"description",
                                           "A value `$0.id` is the id of the row "
                                           "of command 0."}}},
                    {"if_match", Text()}}},
      {"required", json::array{"op", "entity"}},
      {"additionalProperties", false}};
  operation["requestBody"] = JsonRequest(
      {{"type", "object"},
       {"properties",
        json::object{{"commands", json::object{{"type", "array"},
                                               {"maxItems", limits::kBatchCommandsMax},
                                               {"items", command}}},
                     {"atomic", json::object{{"type", "boolean"}, {"default", true}}},
                     {"lane", json::object{{"type", "string"},
                                           {"enum", json::array{"interactive", "bulk"}}}},
                     {"answer", json::object{{"type", "string"},
                                             {"enum", json::array{"rows", "keys"}},
                                             {"default", "rows"}}}}},
       {"required", json::array{"commands"}},
       {"additionalProperties", false}});
  paths["/v1/batch"] = json::object{{"post", std::move(operation)}};
}

void AddAuditPaths(json::object& paths) {
  const json::object fault{
      {"type", json::array{"object", "null"}},
      {"description", "The first fault; null when the chain is whole."},
      {"properties", json::object{{"position", Text()}, {"audit_id", Text()}, {"what", Text()}}}};
  const json::object verdict{
      {"type", "object"},
      {"properties", json::object{{"whole", json::object{{"type", "boolean"}}},
                                  {"rows", json::object{{"type", "integer"}}},
                                  {"fault", fault}}},
      {"required", json::array{"whole", "fault"}}};
  json::object verify = Fixed(
      "audit_verify", "Walk the audit chain and look for what was altered, lost or moved",
      Responses(200, "What was found", verdict, {415, 422}), json::array{ParameterRef("tenant")});
  verify["requestBody"] =
      JsonRequest({{"type", "object"},
                   {"properties", json::object{{"checkpoint", SchemaRef("AuditCheckpoint")}}},
                   {"additionalProperties", false}},
                  false);
  paths["/v1/audit:verify"] = json::object{{"post", std::move(verify)}};
  json::object erase =
      Fixed("audit_erase", "Erase what the log says of one row; the chain still verifies",
            Responses(200, "How many log rows lost their payload",
                      {{"type", "object"},
                       {"properties", json::object{{"rows", json::object{{"type", "integer"}}}}},
                       {"required", json::array{"rows"}}},
                      {403, 404, 415, 422}),
            json::array{ParameterRef("tenant")});
  const auto described = [](std::string_view type, std::string_view text) {
    return json::object{{"type", type}, {"description", text}};
  };
  erase["requestBody"] = JsonRequest(
      {{"type", "object"},
       {"properties",
        json::object{
            {"table", described("string", "The row's table.")},
            {"id", described("string", "Its key; the row itself may be gone.")},
            {"written", described("boolean",
                                  "Of a row of users: also what the log says of all that this user "
                                  "wrote.")},
            {"reason", described("string", "Kept in the log row that records the erasure.")}}},
       {"required", json::array{"table", "id"}},
       {"additionalProperties", false}});
  paths["/v1/audit:erase"] = json::object{{"post", std::move(erase)}};
  json::object erase_tenant =
      Fixed("erase_tenant", "Erase a closed tenant: rows, names and payloads of its log",
            Responses(200, "Rows that went, and log rows that lost their payload", Any(), {409}),
            json::array{json::object{{"name", "id"},
                                     {"in", "path"},
                                     {"required", true},
                                     {"description", "The tenant."},
                                     {"schema", Text()}}});
  erase_tenant["requestBody"] =
      JsonRequest({{"type", "object"}, {"properties", json::object{{"reason", Text()}}}}, false);
  paths["/v1/tenants/{id}:erase"] = json::object{{"post", std::move(erase_tenant)}};
  json::array questions;
  for (const auto& [name, meaning] :
       {std::pair("table", "Only changes of this table."),
        std::pair("id", "Only of this row: its UUID."), std::pair("user", "Only by this user."),
        std::pair("address", "Only from this address."),
        std::pair("action",
                  "CREATE, UPDATE, DELETE, RESTORE, READ, ERASE or the name of an event."),
        std::pair("field", "Only what changed this field: `name`, `metadata.owner`."),
        std::pair("from", "From this time on."), std::pair("to", "Before this time.")}) {
    questions.emplace_back(QueryParameter(name, Text(), meaning));
  }
  questions.emplace_back(ParameterRef("page_size"));
  questions.emplace_back(ParameterRef("page_token"));
  questions.emplace_back(ParameterRef("tenant"));
  paths["/v1/audit/entries"] = json::object{
      {"get",
       Fixed("audit_entries", "Who changed what, when, from where and which fields",
             Responses(200, "The latest first, each with its changed fields", PageSchema(Any())),
             std::move(questions))}};
  paths["/v1/audit/checkpoint"] =
      json::object{{"get", Fixed("audit_checkpoint",
                                 "The heads of the audit chains, signed, to be kept elsewhere",
                                 Responses(200, "The checkpoint", SchemaRef("AuditCheckpoint")),
                                 json::array{ParameterRef("tenant")})}};
}

}  // namespace

void AddFixedPaths(json::object& paths) {
  AddOpenPaths(paths);
  const auto get = [&](std::string_view path, std::string_view id, std::string_view summary,
                       json::object schema) {
    paths[path] =
        json::object{{"get", Fixed(id, summary, Responses(200, summary, std::move(schema)),
                                   json::array{ParameterRef("tenant")})}};
  };
  get("/v1/whoami", "whoami", "Who the caller is", Any());
  get("/v1/models", "models", "The models that are loaded", PageSchema(Any()));
  get("/v1/views", "views", "The views that are declared", PageSchema(Any()));
  json::object model = Fixed(
      "model", "One checked model as JSON", Responses(200, "The model", Any()),
      json::array{
          json::object{{"name", "name"}, {"in", "path"}, {"required", true}, {"schema", Text()}},
          ParameterRef("tenant")});
  paths["/v1/models/{name}"] = json::object{{"get", std::move(model)}};
  AddChangesPath(paths);
  AddBatchPath(paths);
  AddAuditPaths(paths);
  AddGraphPaths(paths);
  AddSearchPath(paths);
}

}  // namespace tenon

// Paths of import jobs.
#include <string>
#include <utility>

#include "api/openapi_parts.h"
#include "api/openapi_paths.h"
#include "api/openapi_schema.h"
#include "base/limits.h"

namespace tenon {
namespace {

json::object Operation(std::string_view id, std::string_view summary, json::object responses,
                       json::array parameters) {
  parameters.insert(parameters.begin(), json::object{{"name", "id"},
                                                     {"in", "path"},
                                                     {"required", true},
                                                     {"description", "The row."},
                                                     {"schema", json::object{{"type", "string"}}}});
  parameters.emplace_back(ParameterRef("tenant"));
  return {{"operationId", id},
          {"summary", summary},
          {"tags", json::array{"graph"}},
          {"parameters", std::move(parameters)},
          {"responses", std::move(responses)}};
}

json::array PageParameters() {
  return {QueryParameter("after", {{"type", "integer"}, {"minimum", 0}, {"default", 0}},
                         "Lines after this one; `next` of the page before."),
          QueryParameter("page_size",
                         {{"type", "integer"},
                          {"minimum", 1},
                          {"maximum", limits::kPageSizeMax},
                          {"default", limits::kPageSizeMax}},
                         "Lines in one answer.")};
}

json::object LinesSchema(json::object line) {
  return {{"type", "object"},
          {"properties",
           json::object{{"items", json::object{{"type", "array"}, {"items", std::move(line)}}},
                        {"next", json::object{{"type", "integer"},
                                              {"description", "There may be more after it."}}}}},
          {"required", json::array{"items"}}};
}

json::object Times(std::initializer_list<std::string_view> names) {
  json::object properties;
  for (const std::string_view name : names) {
    properties[name] = json::object{{"type", "string"}, {"format", "date-time"}};
  }
  return properties;
}

json::object ListOf(json::object item) { return {{"type", "array"}, {"items", std::move(item)}}; }

json::object ObjectOf(json::object properties) {
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

// Where a connector stands, in Kafka Connect's words.
void AddConnectorStatusPaths(json::object& paths) {
  const json::object text{{"type", "string"}}, whole{{"type", "integer"}};
  const json::object state{{"type", "string"},
                           {"enum", json::array{"RUNNING", "PAUSED", "FAILED", "UNASSIGNED"}}};
  json::object partition{
      {"topic", text}, {"partition", whole}, {"offset", whole}, {"end", whole}, {"lag", whole}};
  json::object task = Times({"reported_at"});
  task["id"] = whole;
  task["state"] = state;
  task["worker_id"] = text;
  task["trace"] = text;
  task["partitions"] = ListOf(ObjectOf(partition));
  json::object status =
      Times({"validated_at", "last_heartbeat", "heartbeat_due", "next_poll_at", "restarted_at"});
  for (const std::string_view name : {"name", "connector_id", "type", "connector_type"}) {
    status[name] = text;
  }
  status["connector"] = ObjectOf({{"state", state}, {"worker_id", text}, {"trace", text}});
  status["tasks"] = ListOf(ObjectOf(std::move(task)));
  status["metrics"] = json::object{{"type", "object"}};
  paths["/v1/connector_configs/{id}/status"] = json::object{
      {"get",
       Operation("connector_status", "How a connector and each of its workers does",
                 Responses(200, "In Kafka Connect's words", ObjectOf(std::move(status))), {})}};

  partition["worker_id"] = text;
  partition["at"] = text;
  json::object lag = Times({"last_heartbeat", "heartbeat_due", "next_poll_at"});
  lag["partitions"] = ListOf(ObjectOf(std::move(partition)));
  for (const std::string_view name : {"lag", "age_seconds", "overdue_seconds"}) lag[name] = whole;
  lag["partial"] = json::object{{"type", "boolean"}};
  paths["/v1/connector_configs/{id}/lag"] = json::object{
      {"get",
       Operation("connector_lag", "How far a connector is behind its source",
                 Responses(200, "By partition, or since the last turn", ObjectOf(std::move(lag))),
                 {})}};

  const json::array size{QueryParameter("page_size",
                                        {{"type", "integer"},
                                         {"minimum", 1},
                                         {"maximum", limits::kPageSizeMax},
                                         {"default", limits::kPageSizeDefault}},
                                        "The newest, so many.")};
  paths["/v1/connector_configs/{id}/errors"] =
      json::object{{"get", Operation("connector_errors", "What went wrong lately",
                                     Responses(200, "Newest first",
                                               LinesSchema(ObjectOf({{"id", text},
                                                                     {"at", text},
                                                                     {"code", text},
                                                                     {"message", text},
                                                                     {"worker", text}}))),
                                     size)}};
  paths["/v1/connector_configs/{id}/rejects"] =
      json::object{{"get", Operation("connector_rejects", "Messages and items that were refused",
                                     Responses(200, "Newest first",
                                               LinesSchema(ObjectOf({{"id", text},
                                                                     {"at", text},
                                                                     {"topic", text},
                                                                     {"partition", whole},
                                                                     {"offset", whole},
                                                                     {"where", text},
                                                                     {"item", whole},
                                                                     {"reason", text}}))),
                                     size)}};
}

void AddConnectorKeyPath(json::object& paths) {
  const json::object text{{"type", "string"}};
  json::object key = Operation(
      "connector_key", "Make the key that may push to this connector; earlier ones end",
      Responses(201, "The key, shown this once",
                ObjectOf({{"id", text}, {"connector_id", text}, {"key", text}}), {409, 415, 422}),
      json::array{ParameterRef("Idempotency-Key")});
  json::object body = ObjectOf(Times({"expires_at"}));
  body["properties"].as_object()["name"] = text;
  body["properties"].as_object()["overlap"] = text;
  body["additionalProperties"] = false;
  key["requestBody"] = JsonRequest(std::move(body), false);
  paths["/v1/connector_configs/{id}:key"] = json::object{{"post", std::move(key)}};
}

void AddConnectorPaths(const std::string& task, json::object& paths) {
  AddConnectorStatusPaths(paths);
  AddConnectorKeyPath(paths);
  json::object validate =
      Operation("validate_connector", "Try a connector's settings: a task is made for it",
                Responses(201, "The task", SchemaRef(task), {409, 415, 422}),
                json::array{ParameterRef("Idempotency-Key")});
  paths["/v1/connector_configs/{id}:validate"] = json::object{{"post", std::move(validate)}};
  const json::object whole{{"type", "integer"}};
  json::object push = Operation(
      "push_to_connector", "Hand items to an http connector; they become rows",
      Responses(200, "What became of the items",
                {{"type", "object"},
                 {"properties",
                  json::object{
                      {"written", whole},
                      {"unchanged", whole},
                      {"rejected",
                       json::object{
                           {"type", "array"},
                           {"items",
                            json::object{
                                {"type", "object"},
                                {"properties",
                                 json::object{{"item", whole},
                                              {"reason", json::object{{"type", "string"}}}}}}}}}}}},
                {409, 413, 415, 422}),
      {});
  push["requestBody"] =
      JsonRequest({{"type", "object"},
                   {"properties",
                    json::object{{"items", json::object{{"type", "array"},
                                                        {"maxItems", limits::kBatchCommandsMax}}}}},
                   {"required", json::array{"items"}},
                   {"additionalProperties", false}});
  paths["/v1/connector_configs/{id}:push"] = json::object{{"post", std::move(push)}};
}

}  // namespace

void AddJobPaths(const model::Model& model, json::object& paths) {
  const model::Entity* tasks = model.FindTable("background_tasks");
  if (model.FindTable("migration_jobs") == nullptr || tasks == nullptr) return;
  AddConnectorPaths(tasks->name, paths);
  const auto text = [] { return json::object{{"type", "string"}}; };
  const auto whole = [] { return json::object{{"type", "integer"}}; };
  json::object run =
      Operation("run_migration_job", "Have the server do an import: a task is made for it",
                Responses(201, "The task", SchemaRef(tasks->name), {409, 415, 422}),
                json::array{ParameterRef("Idempotency-Key")});
  run["requestBody"] = JsonRequest({{"type", "object"},
                                    {"properties", json::object{{"priority", whole()}}},
                                    {"additionalProperties", false}},
                                   false);
  paths["/v1/migration_jobs/{id}:run"] = json::object{{"post", std::move(run)}};
  paths["/v1/migration_jobs/{id}/log"] = json::object{
      {"get", Operation("migration_job_log", "What the job said while it ran",
                        Responses(200, "Lines of the log, oldest first",
                                  LinesSchema({{"type", "object"},
                                               {"properties", json::object{{"n", whole()},
                                                                           {"at", text()},
                                                                           {"level", text()},
                                                                           {"message", text()}}}})),
                        PageParameters())}};
  paths["/v1/migration_jobs/{id}/rejects"] = json::object{
      {"get", Operation("migration_job_rejects", "Rows that the job rejected",
                        Responses(200, "Rejected rows, oldest first",
                                  LinesSchema({{"type", "object"},
                                               {"properties", json::object{{"n", whole()},
                                                                           {"at", text()},
                                                                           {"where", text()},
                                                                           {"line", whole()},
                                                                           {"offset", whole()},
                                                                           {"reason", text()}}}})),
                        PageParameters())}};
}

}  // namespace tenon

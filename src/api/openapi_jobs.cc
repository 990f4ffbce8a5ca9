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

void AddConnectorPaths(const std::string& task, json::object& paths) {
  json::object validate =
      Operation("validate_connector", "Try a connector's settings: a task is made for it",
                Responses(201, "The task", SchemaRef(task), {409, 415, 422}),
                json::array{ParameterRef("Idempotency-Key")});
  paths["/v1/connector_configs/{id}:validate"] = json::object{{"post", std::move(validate)}};
  const json::object whole{{"type", "integer"}};
  json::object push = Operation(
      "push_to_connector", "Hand items to an http connector; they become graph nodes",
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

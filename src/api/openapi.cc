#include "api/openapi.h"

#include <string>
#include <utility>

#include "api/openapi_parts.h"
#include "api/openapi_paths.h"
#include "api/openapi_schema.h"
#include "base/hash.h"
#include "base/json_text.h"

namespace tenon {
namespace {

constexpr std::string_view kDescription =
    "The system of record for everything a platform team operates: assets and their lineage, "
    "deployments, workflows, designs, and the audit log of every write to them.\n\n"
    "Every entity has the same routes. Errors are `application/problem+json`. Send an "
    "`Idempotency-Key` with every POST that must not happen twice.";

json::object Checkpoint() {
  const json::object text{{"type", "string"}};
  const json::object head{
      {"type", "object"},
      {"properties", json::object{{"tenant_id", text}, {"position", text}, {"seal", text}}},
      {"required", json::array{"tenant_id", "position", "seal"}}};
  return {{"type", "object"},
          {"properties",
           json::object{{"time", json::object{{"type", "string"}, {"format", "date-time"}}},
                        {"heads", json::object{{"type", "array"}, {"items", head}}},
                        {"signature", text}}},
          {"required", json::array{"time", "heads", "signature"}}};
}

}  // namespace

json::object MakeOpenApi(const model::Model& model, std::string_view version) {
  json::object document;
  document["openapi"] = "3.1.0";
  document["info"] =
      json::object{{"title", "Tenon"},
                   {"version", version},
                   {"summary", "The system of record for what a platform team operates"},
                   {"description", kDescription},
                   {"license", json::object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}};
  document["servers"] = json::array{json::object{{"url", "/"}}};
  json::array tags;
  for (const model::ModelFile& file : model.files) {
    tags.push_back(json::object{{"name", file.name}, {"description", file.description}});
  }
  tags.push_back(json::object{{"name", "lineage"},
                              {"description", "OpenLineage events in, Marquez's API out"}});
  tags.push_back(json::object{{"name", "server"}, {"description", "The server itself"}});
  document["tags"] = std::move(tags);
  document["security"] = json::array{json::object{{"bearer", json::array()}},
                                     json::object{{"api_key", json::array()}}};
  json::object paths;
  AddJobPaths(model, paths);
  AddLineagePaths(model, paths);
  AddFixedPaths(paths);
  for (const auto& entity : model.entities) AddEntityPaths(*entity, paths);
  for (const auto& view : model.views) AddViewPath(*view, paths);
  document["paths"] = std::move(paths);
  json::object schemas;
  AddModelSchemas(model, schemas);
  schemas["AuditCheckpoint"] = Checkpoint();
  json::object components{{"schemas", std::move(schemas)}};
  AddSharedComponents(components);
  document["components"] = std::move(components);
  return document;
}

std::shared_ptr<const std::string> OpenApiDocument::Text() {
  const std::lock_guard lock(mutex_);
  if (text_ == nullptr) {
    text_ = std::make_shared<const std::string>(JsonText(MakeOpenApi(model_, version_)));
    etag_ = ToHex(Sha256(*text_)).substr(0, 32);
  }
  return text_;
}

std::string OpenApiDocument::ETag() {
  Text();
  const std::lock_guard lock(mutex_);
  return etag_;
}

}  // namespace tenon

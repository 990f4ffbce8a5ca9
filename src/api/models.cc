// GET /v1/models, /v1/models/NAME and /openapi.json.
#include <algorithm>
#include <utility>

#include "api/endpoints.h"
#include "api/openapi.h"
#include "base/json_text.h"
#include "base/text.h"
#include "engine/plan.h"
#include "model/json.h"

namespace tenon {

void HandleListModels(const ApiContext& api, const ExchangePtr& exchange) {
  const model::Model& model = api.engine.model();
  json::array items;
  for (const model::ModelFile& file : model.files) {
    json::array entities;
    for (const auto& entity : model.entities) {
      if (entity->model != file.name) continue;
      entities.push_back(json::object{
          {"name", entity->name}, {"table", entity->table}, {"description", entity->description}});
    }
    items.push_back(json::object{
        {"name", file.name}, {"description", file.description}, {"entities", std::move(entities)}});
  }
  exchange->SendJson(200, JsonText(json::object{{"items", std::move(items)}}));
}

void HandleModel(const ApiContext& api, const ExchangePtr& exchange) {
  const model::Model& model = api.engine.model();
  const auto file = std::ranges::find(model.files, exchange->name, &model::ModelFile::name);
  if (file == model.files.end()) {
    std::vector<std::string_view> names;
    for (const model::ModelFile& known : model.files) names.push_back(known.name);
    std::string message = "there is no model " + Ellipsis(exchange->name, 64);
    const std::string_view nearest = Nearest(exchange->name, names);
    if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
    return exchange->Fail(Error(Code::kNotFound, std::move(message)));
  }
  json::array entities;
  for (const auto& entity : model.entities) {
    if (entity->model != file->name) continue;
    json::value item = model::ToJson(*entity);
    if (item.is_object()) item.as_object()["log_name"] = TypeName(*entity);  // in audits
    entities.push_back(std::move(item));
  }
  json::array views;
  for (const auto& view : model.views) {
    if (view->model == file->name) views.push_back(model::ToJson(*view));
  }
  json::object answer{{"name", file->name}, {"description", file->description}};
  answer["entities"] = std::move(entities);
  answer["views"] = std::move(views);
  // Named types belong to all models together.
  const json::value whole = model::ToJson(model);
  for (const std::string_view part : {"enums", "shapes", "unions"}) {
    if (const json::value* types = whole.as_object().if_contains(part)) answer[part] = *types;
  }
  exchange->SendJson(200, JsonText(answer));
}

void HandleOpenApi(const ApiContext& api, const ExchangePtr& exchange) {
  http::Response response;
  const std::string etag = api.openapi.ETag();
  response.headers.Set("ETag", "\"" + etag + "\"");
  response.headers.Set("Cache-Control", "no-cache");
  if (MatchesNone(exchange->request.headers.Get("If-None-Match"), etag)) {
    response.status = 304;
    return exchange->Send(std::move(response));
  }
  response.headers.Set("Content-Type", "application/json");
  response.shared_body = api.openapi.Text();
  exchange->Send(std::move(response));
}

}  // namespace tenon

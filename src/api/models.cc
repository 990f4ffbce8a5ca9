// GET /v1/models, /v1/models/NAME and /openapi.json.
#include <boost/json/serialize.hpp>
#include <algorithm>
#include <utility>

#include "api/endpoints.h"
#include "api/openapi.h"
#include "base/text.h"
#include "model/json.h"

namespace tenon {

void HandleListModels(const ApiContext& api, const ExchangePtr& exchange) {
  const model::Model& model = api.engine.model();
  json::array items;
  for (const model::ModelFile& file : model.files) {
    json::array entities;
    for (const auto& entity : model.entities) {
      if (entity->model != file.name) continue;
      entities.push_back(json::object{{"name", entity->name},
                                      {"table", entity->table},
                                      {"description", entity->description}});
    }
    items.push_back(json::object{{"name", file.name},
                                 {"description", file.description},
                                 {"entities", std::move(entities)}});
  }
  exchange->SendJson(200, json::serialize(json::object{{"items", std::move(items)}}));
}

void HandleModel(const ApiContext& api, const ExchangePtr& exchange) {
  const model::Model& model = api.engine.model();
  const bool known = std::ranges::any_of(
      model.files, [&](const model::ModelFile& file) { return file.name == exchange->name; });
  if (known) {
    return exchange->SendJson(200, json::serialize(model::ToJson(model, exchange->name)));
  }
  std::vector<std::string_view> names;
  for (const model::ModelFile& file : model.files) names.push_back(file.name);
  std::string message = "there is no model " + Ellipsis(exchange->name, 64);
  const std::string_view nearest = Nearest(exchange->name, names);
  if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
  exchange->Fail(Error(Code::kNotFound, std::move(message)));
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

// GET /v1/views and GET /v1/views/NAME?param=...
#include <utility>

#include "api/endpoints.h"
#include "api/query.h"
#include "base/json_text.h"
#include "base/text.h"

namespace tenon {

void HandleListViews(const ApiContext& api, const ExchangePtr& exchange) {
  json::array items;
  for (const auto& view : api.engine.model().views) {
    json::array parameters;
    for (const model::ViewParameter& parameter : view->parameters) {
      parameters.push_back(json::object{{"name", parameter.name},
                                        {"type", model::ToString(parameter.type)},
                                        {"required", !parameter.type.nullable}});
    }
    items.push_back(json::object{{"name", view->name},
                                 {"model", view->model},
                                 {"description", view->description},
                                 {"parameters", std::move(parameters)}});
  }
  exchange->SendJson(200, JsonText(json::object{{"items", std::move(items)}}));
}

void HandleView(const ApiContext& api, const ExchangePtr& exchange) {
  const model::View* view = api.engine.model().FindView(exchange->name);
  if (view == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& known : api.engine.model().views) names.push_back(known->name);
    std::string message = "there is no view " + Ellipsis(exchange->name, 64);
    const std::string_view nearest = Nearest(exchange->name, names);
    if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
    return exchange->Fail(Error(Code::kNotFound, std::move(message)));
  }
  std::vector<std::string_view> known = {"tenant"};
  for (const model::ViewParameter& parameter : view->parameters) known.push_back(parameter.name);
  if (auto fits = CheckParameters(exchange->request, known); !fits) {
    return exchange->Fail(fits.error());
  }
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const auto& [name, value] : exchange->request.query) {
    if (name != "tenant") parameters.emplace_back(name, value);
  }
  auto rows = api.engine.View(exchange->caller, *view, parameters);
  if (!rows) return exchange->Fail(rows.error());
  exchange->SendJson(200, std::move(*rows));
}

}  // namespace tenon

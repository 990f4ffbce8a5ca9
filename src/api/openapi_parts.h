// The pieces that all paths of the OpenAPI document share: parameters, problems, answers.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.h"

namespace tenon {

// components.parameters, .responses, .headers, .securitySchemes and the schemas that no model has
// (Problem, Change, ...).
void AddSharedComponents(json::object& components);

// {"$ref": "#/components/parameters/NAME"}
json::object ParameterRef(std::string_view name);

// A query parameter of its own.
json::object QueryParameter(std::string_view name, json::object schema,
                            std::string_view description, bool required = false);

// {"200": {...}} with a JSON body of the schema, and the problems that every route has
// (400 401 403 404 429 500 503) with those named besides.
json::object Responses(int status, std::string_view description, json::object schema,
                       std::initializer_list<int> problems = {});
// The same for an answer without a body.
json::object EmptyResponses(int status, std::string_view description,
                            std::initializer_list<int> problems = {});

// A request body of application/json, required unless said otherwise.
json::object JsonRequest(json::object schema, bool required = true);

// {"items": [schema...], "next_page_token": "..."} and whatever `more` adds.
json::object PageSchema(json::object item, json::object more = {});

}  // namespace tenon

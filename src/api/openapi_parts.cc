#include "api/openapi_parts.h"

#include <string>
#include <utility>
#include <vector>

#include "api/openapi_schema.h"
#include "base/error.h"
#include "base/limits.h"

namespace tenon {
namespace {

json::object TextSchema() { return {{"type", "string"}}; }

json::object ParameterIn(std::string_view place, std::string_view name, json::object schema,
                         std::string_view description, bool required) {
  return {{"name", name},
          {"in", place},
          {"required", required},
          {"description", description},
          {"schema", std::move(schema)}};
}

json::object IntBetween(std::int64_t min, std::int64_t max, std::int64_t otherwise) {
  return {{"type", "integer"}, {"minimum", min}, {"maximum", max}, {"default", otherwise}};
}

void AddParameters(json::object& parameters) {
  const auto query = [&](std::string_view key, std::string_view name, json::object schema,
                         std::string_view text) {
    parameters[key] = QueryParameter(name, std::move(schema), text);
  };
  const json::object flag{{"type", "boolean"}, {"default", false}};
  query(
      "tenant", "tenant", TextSchema(),
      "Callers with the role system: the tenant to work in, by id or slug; `*` reads across all.");
  query("filter", "filter", {{"type", "string"}, {"maxLength", limits::kExpressionBytesMax}},
        "An expression over the row, such as `type = \"TABLE\" and created_at > now() - 1d`.");
  query("order_by", "order_by", TextSchema(),
        "Fields with commas, each with `desc` when it falls: `name, created_at desc`. The key "
        "always comes last.");
  query("page_size", "page_size", IntBetween(1, limits::kPageSizeMax, limits::kPageSizeDefault),
        "Rows of one page.");
  query("page_token", "page_token", TextSchema(),
        "`next_page_token` of the page before, with the same filter and order.");
  query("fields", "fields", TextSchema(),
        "Only these members, with commas; the others are left out of the answer.");
  query("expand", "expand", TextSchema(),
        "Relations to put into the answer, with commas, one level.");
  query("count", "count", flag, "Also `total`, the number of rows that the filter finds.");
  query("deleted", "deleted", flag, "Also rows that are softly deleted.");
  query("as_of", "as_of", {{"type", "string"}, {"format", "date-time"}},
        "The row as it was then; 410 when the log of that time is no longer kept.");
  parameters["id"] =
      ParameterIn("path", "id", TextSchema(),
                  "Key of the row; parts of a composite key are joined by `~`.", true);
  parameters["Idempotency-Key"] =
      ParameterIn("header", "Idempotency-Key", {{"type", "string"}, {"maxLength", 255}},
                  "A repeated request with the same key and body gets the first answer again, for "
                  "24 hours; with another body it is 422.",
                  false);
  parameters["If-Match"] = ParameterIn("header", "If-Match", TextSchema(),
                                       "ETag of the version to change; otherwise 412.", false);
  parameters["If-None-Match"] =
      ParameterIn("header", "If-None-Match", TextSchema(),
                  "ETag that the client already has; 304 when it is still the present one.", false);
}

json::object ProblemSchema() {
  return {
      {"type", "object"},
      {"description",
       "What went wrong (RFC 9457). Further members say more: `allow`, `index`, "
       "`offset`, the events allowed now."},
      {"properties",
       json::object{
           {"type", json::object{{"type", "string"}, {"format", "uri-reference"}}},
           {"title", TextSchema()},
           {"status", json::object{{"type", "integer"}}},
           {"code", TextSchema()},
           {"detail", TextSchema()},
           {"instance", TextSchema()},
           {"trace_id", TextSchema()},
           {"errors", json::object{{"type", "array"}, {"items", SchemaRef("FieldError")}}}}},
      {"required", json::array{"type", "title", "status", "code", "detail"}},
      {"additionalProperties", true},
      {"examples",
       json::array{json::object{
           {"type", "urn:tenon:problem:invalid-field"},
           {"title", "Fields are wrong"},
           {"status", 422},
           {"code", "invalid-field"},
           {"detail", "2 fields are wrong"},
           {"instance", "/v1/assets"},
           {"errors", json::array{json::object{
                          {"path", "name"}, {"code", "required"}, {"message", "is required"}}}}}}}};
}

json::object ChangeSchema() {
  const json::object any{{"description", "The row as the log keeps it, or null."}};
  return {{"type", "object"},
          {"description", "One write, as the log has it; secrets and redacted fields are masked."},
          {"properties",
           json::object{{"position", TextSchema()},
                        {"id", json::object{{"type", "string"}, {"format", "uuid"}}},
                        {"tenant_id", json::object{{"type", "string"}, {"format", "uuid"}}},
                        {"entity", TextSchema()},
                        {"table", TextSchema()},
                        {"key", TextSchema()},
                        {"action", TextSchema()},
                        {"user_id", TextSchema()},
                        {"time", json::object{{"type", "string"}, {"format", "date-time"}}},
                        {"before", any},
                        {"after", any},
                        {"metadata", json::object{{"description", "Event, origin, cause."}}}}},
          {"required", json::array{"position", "id", "entity", "table", "key", "action", "time"}}};
}

void AddResponses(json::object& responses) {
  for (const int status : {400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 429, 500, 503}) {
    const CodeInfo& info = Info(CodeOfHttpStatus(status));
    json::object response{
        {"description", info.title},
        {"content", json::object{{"application/problem+json",
                                  json::object{{"schema", SchemaRef("Problem")}}}}}};
    if (status == 429 || status == 503) {
      response["headers"] = json::object{
          {"Retry-After", json::object{{"description", "Seconds to wait."},
                                       {"schema", json::object{{"type", "integer"}}}}}};
    }
    responses["Problem" + std::to_string(status)] = std::move(response);
  }
}

void AddProblems(json::object& responses, std::initializer_list<int> problems) {
  std::vector<int> statuses = {400, 401, 403, 404, 429, 500, 503};
  statuses.insert(statuses.end(), problems.begin(), problems.end());
  for (const int status : statuses) {
    responses[std::to_string(status)] =
        json::object{{"$ref", "#/components/responses/Problem" + std::to_string(status)}};
  }
}

}  // namespace

void AddSharedComponents(json::object& components) {
  json::object parameters;
  AddParameters(parameters);
  components["parameters"] = std::move(parameters);
  json::object responses;
  AddResponses(responses);
  components["responses"] = std::move(responses);
  components["securitySchemes"] = json::object{
      {"bearer", json::object{{"type", "http"},
                              {"scheme", "bearer"},
                              {"description", "An API key (`tnn_...`) or a JSON Web Token."}}},
      {"api_key", json::object{{"type", "apiKey"}, {"in", "header"}, {"name", "X-Api-Key"}}}};
  json::object& schemas = components["schemas"].as_object();
  schemas["Problem"] = ProblemSchema();
  schemas["FieldError"] = json::object{
      {"type", "object"},
      {"properties",
       json::object{{"path", TextSchema()}, {"code", TextSchema()}, {"message", TextSchema()}}},
      {"required", json::array{"path", "code", "message"}}};
  schemas["Change"] = ChangeSchema();
}

json::object ParameterRef(std::string_view name) {
  return {{"$ref", "#/components/parameters/" + std::string(name)}};
}

json::object QueryParameter(std::string_view name, json::object schema,
                            std::string_view description, bool required) {
  return ParameterIn("query", name, std::move(schema), description, required);
}

json::object Responses(int status, std::string_view description, json::object schema,
                       std::initializer_list<int> problems) {
  json::object responses;
  responses[std::to_string(status)] = json::object{
      {"description", description},
      {"content", json::object{{"application/json", json::object{{"schema", std::move(schema)}}}}}};
  AddProblems(responses, problems);
  return responses;
}

json::object EmptyResponses(int status, std::string_view description,
                            std::initializer_list<int> problems) {
  json::object responses;
  responses[std::to_string(status)] = json::object{{"description", description}};
  AddProblems(responses, problems);
  return responses;
}

json::object JsonRequest(json::object schema, bool required) {
  return {
      {"required", required},
      {"content", json::object{{"application/json", json::object{{"schema", std::move(schema)}}}}}};
}

json::object PageSchema(json::object item, json::object more) {
  json::object properties{{"items", json::object{{"type", "array"}, {"items", std::move(item)}}},
                          {"next_page_token", TextSchema()}};
  for (auto& member : more) properties[member.key()] = std::move(member.value());
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", json::array{"items"}}};
}

}  // namespace tenon

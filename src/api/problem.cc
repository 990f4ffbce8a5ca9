#include "api/problem.h"

#include <utility>

#include "base/json_text.h"

namespace tenon {

json::object ProblemOf(const Error& error, std::string_view instance, std::string_view trace_id) {
  const CodeInfo& info = Info(error.code);
  json::object problem;
  problem["type"] = "urn:tenon:problem:" + std::string(info.name);
  problem["title"] = info.title;
  problem["status"] = info.http_status;
  problem["code"] = info.name;
  problem["detail"] = error.message;
  if (!instance.empty()) problem["instance"] = instance;
  if (!trace_id.empty()) problem["trace_id"] = trace_id;
  if (!error.fields.empty()) {
    json::array errors;
    for (const FieldError& field : error.fields) {
      errors.push_back(
          json::object{{"path", field.path}, {"code", field.code}, {"message", field.message}});
    }
    problem["errors"] = std::move(errors);
  }
  for (const auto& [name, value] : error.details) {
    // A detail never replaces a member that RFC 9457 gives a meaning to.
    if (!problem.contains(name)) problem[name] = value;
  }
  return problem;
}

http::Response ProblemResponse(const Error& error, std::string_view instance,
                               std::string_view trace_id) {
  http::Response response;
  response.status = Info(error.code).http_status;
  response.headers.Set("Content-Type", "application/problem+json");
  response.headers.Set("Cache-Control", "no-store");
  response.body = JsonText(ProblemOf(error, instance, trace_id));
  const bool overloaded = error.code == Code::kTooManyRequests || error.code == Code::kUnavailable;
  if (error.retry_after_s || overloaded) {
    response.headers.Set("Retry-After", std::to_string(error.retry_after_s.value_or(1)));
  }
  if (const json::value* allow = error.details.if_contains("allow");
      allow != nullptr && allow->is_string()) {
    response.headers.Set("Allow", std::string(allow->as_string()));
  }
  if (error.code == Code::kUnauthenticated) {
    response.headers.Set("WWW-Authenticate", "Bearer realm=\"tenon\"");
  }
  return response;
}

}  // namespace tenon

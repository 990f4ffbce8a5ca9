#include "api/cors.h"

#include <algorithm>

namespace tenon {

bool Cors::Knows(std::string_view origin) const {
  return !origin.empty() && std::ranges::any_of(origins_, [&](const std::string& known) {
    return known == "*" || known == origin;
  });
}

bool Cors::IsPreflight(const http::Request& request) {
  return request.method == "OPTIONS" && request.headers.Has("Origin") &&
         request.headers.Has("Access-Control-Request-Method");
}

http::Response Cors::Preflight(const http::Request& request) const {
  http::Response response;
  response.status = 204;
  Allow(request, response);
  if (Knows(request.headers.Get("Origin"))) {
    response.headers.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE");
    response.headers.Set("Access-Control-Allow-Headers",
                         "Authorization, X-Api-Key, Content-Type, If-Match, If-None-Match, "
                         "Idempotency-Key, Last-Event-ID, traceparent");
    response.headers.Set("Access-Control-Max-Age", "600");
  }
  return response;
}

void Cors::Allow(const http::Request& request, http::Response& response) const {
  if (origins_.empty()) return;
  response.headers.Add("Vary", "Origin");
  const std::string_view origin = request.headers.Get("Origin");
  if (!Knows(origin)) return;
  // Keys travel in headers that the page sets itself; cookies are not used, so credentials are
  // never allowed.
  response.headers.Set("Access-Control-Allow-Origin", std::string(origin));
  response.headers.Set("Access-Control-Expose-Headers",
                       "ETag, Location, Retry-After, Idempotent-Replayed, traceparent");
}

}  // namespace tenon

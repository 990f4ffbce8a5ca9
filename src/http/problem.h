// The answers that the HTTP layer gives itself: application/problem+json (RFC 9457) for requests
// that never reach the handler.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace tenon::http {

// A request that is not served, and why, in words for whoever sent it.
struct Refusal {
  int status = 400;
  std::string detail;
};

// "Not Found" (RFC 9110, 15); "Unknown" for a status without a name here.
std::string_view ReasonPhrase(int status);

// {"type", "title", "status", "code", "detail"}; codes and titles from base/error.h where it has
// them, so that these answers look like the API's own.
Response ProblemResponse(const Refusal& refusal);

}  // namespace tenon::http

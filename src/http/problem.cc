#include "http/problem.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

#include "base/error.h"
#include "base/json_text.h"

namespace tenon::http {
namespace {

struct Reason {
  int status;
  std::string_view phrase;
};

constexpr std::array<Reason, 45> kReasons = {{
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

struct Kind {
  std::string_view code;
  std::string_view title;
};

Kind KindOf(int status) {
  switch (status) {
    case 408:
      return {"timeout", "The request came too slowly"};
    case 414:
      return {"uri-too-long", "The request target is too long"};
    case 417:
      return {"expectation-failed", "The expectation cannot be met"};
    case 431:
      return {"headers-too-large", "The request headers are too large"};
    case 501:
      return {"not-implemented", "Not supported by this server"};
    case 505:
      return {"http-version", "The HTTP version is not supported"};
    default: {
      const CodeInfo& info = Info(CodeOfHttpStatus(status));
      return {info.name, info.title};
    }
  }
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  const auto* row = std::find_if(kReasons.begin(), kReasons.end(), [status](const Reason& reason) {
    return reason.status == status;
  });
  return row == kReasons.end() ? std::string_view("Unknown") : row->phrase;
}

Response ProblemResponse(const Refusal& refusal) {
  const Kind kind = KindOf(refusal.status);
  boost::json::object problem;
  problem["type"] = std::string("urn:tenon:problem:").append(kind.code);
  problem["title"] = kind.title;
  problem["status"] = refusal.status;
  problem["code"] = kind.code;
  problem["detail"] = refusal.detail;
  Response response;
  response.status = refusal.status;
  response.headers.Add("Content-Type", "application/problem+json");
  response.body = JsonText(problem);
  return response;
}

}  // namespace tenon::http

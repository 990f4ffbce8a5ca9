#include "api/exchange.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "api/problem.h"

namespace tenon {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "application/json" of "Application/JSON; charset=utf-8".
std::string MediaType(std::string_view header) {
  std::string type(Trim(header.substr(0, header.find(';'))));
  std::ranges::transform(type, type.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return type;
}

// An entity tag without W/ and quotes.
std::string_view Bare(std::string_view tag) {
  tag = Trim(tag);
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') {
    tag = tag.substr(1, tag.size() - 2);
  }
  return tag;
}

}  // namespace

void Exchange::Send(http::Response response) {
  if (!respond_) return;
  finish_(*this, response);
  // Moved out first: what the answer sets off may drop this exchange.
  const http::Respond respond = std::move(respond_);
  respond_ = nullptr;
  respond(std::move(response));
}

void Exchange::SendJson(int status, std::string body) {
  SendText(status, "application/json", std::move(body));
}

void Exchange::SendText(int status, std::string_view content_type, std::string body) {
  http::Response response;
  response.status = status;
  if (status != 204) response.headers.Set("Content-Type", std::string(content_type));
  response.body = std::move(body);
  Send(std::move(response));
}

void Exchange::Fail(const Error& error) {
  error_ = error.message;
  Send(ProblemResponse(error, request.path, trace.trace_id()));
}

Result<json::object> Exchange::JsonBody(bool merge_patch) const {
  const std::string type = MediaType(request.headers.Get("Content-Type"));
  const bool fits = type.empty() || type == "application/json" ||
                    (merge_patch && type == "application/merge-patch+json");
  if (!fits) {
    return tenon::Fail(Code::kUnsupportedMedia,
                       "the body is " + type + "; send application/json" +
                           (merge_patch ? " or application/merge-patch+json" : ""));
  }
  if (request.body.empty()) return json::object();
  json::value value = TRY(ParseJson(request.body));
  if (!value.is_object()) {
    return tenon::Fail(Code::kInvalidArgument, "the body must be a JSON object");
  }
  return std::move(value.as_object());
}

std::string Exchange::IfMatch() const { return std::string(Bare(request.headers.Get("If-Match"))); }

bool MatchesNone(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    const std::size_t comma = header.find(',');
    const std::string_view tag = Trim(header.substr(0, comma));
    if (tag == "*" || (!tag.empty() && Bare(tag) == etag)) return true;
    if (comma == std::string_view::npos) return false;
    header.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace tenon

#include "cli/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/json_text.h"

namespace tenon::cli {
namespace {

// A member that is text, or empty.
std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return "";
  return std::string(value->get_string());
}

// 503 stands for three codes, so the problem's own name decides where there is one.
Code CodeOf(int status, std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Code::kOutcomeUnknown); ++i) {
    const CodeInfo& info = Info(static_cast<Code>(i));
    if (info.name == name) return info.code;
  }
  return CodeOfHttpStatus(status);
}

void TakeFields(const json::object& problem, Error& error) {
  const json::value* errors = problem.if_contains("errors");
  if (errors == nullptr || !errors->is_array()) return;
  for (const json::value& item : errors->get_array()) {
    if (!item.is_object()) continue;
    const json::object& field = item.get_object();
    error.fields.push_back(
        {TextOf(field, "path"), TextOf(field, "code"), TextOf(field, "message")});
  }
}

}  // namespace

Target& Target::Segment(std::string_view segment) {
  text_ += '/';
  text_ += http::PercentEncode(segment);
  return *this;
}

Target& Target::Add(std::string_view name, std::string_view value) {
  text_ += has_query_ ? '&' : '?';
  has_query_ = true;
  text_ += http::PercentEncode(name);
  text_ += '=';
  text_ += http::PercentEncode(value);
  return *this;
}

Target& Target::AddIf(std::string_view name, std::string_view value) {
  return value.empty() ? *this : Add(name, value);
}

Error ErrorOf(const http::ClientResponse& response) {
  Error error(CodeOfHttpStatus(response.status), "");
  Result<json::value> body = ParseJson(response.body);
  if (body.has_value() && body->is_object()) {
    const json::object& problem = body->get_object();
    error.code = CodeOf(response.status, TextOf(problem, "code"));
    error.message = TextOf(problem, "detail");
    if (error.message.empty()) error.message = TextOf(problem, "title");
    TakeFields(problem, error);
    for (const auto& member : problem) {
      constexpr std::array<std::string_view, 7> kStandard = {"type",   "title",  "status",  "code",
                                                             "detail", "errors", "instance"};
      if (std::ranges::find(kStandard, std::string_view(member.key())) == kStandard.end()) {
        error.details[member.key()] = member.value();
      }
    }
  }
  if (error.message.empty()) {
    error.message =
        fmt::format("the server answered {} {}", response.status, Info(error.code).title);
  }
  const std::string_view wait = response.headers.Get("Retry-After");
  int seconds = 0;
  if (std::from_chars(wait.data(), wait.data() + wait.size(), seconds).ec == std::errc()) {
    error.retry_after_s = seconds;
  }
  return error;
}

Api::Api(std::unique_ptr<Transport> transport, ApiOptions options, IdSource& ids)
    : transport_(std::move(transport)), options_(std::move(options)), ids_(ids) {}

http::Headers Api::Usual(std::string_view method, bool has_body) const {
  http::Headers headers;
  headers.Set("User-Agent", "tenon-cli/" TENON_VERSION);
  headers.Set("Accept", "application/json");
  if (!options_.key.empty()) headers.Set("Authorization", "Bearer " + options_.key);
  if (has_body) headers.Set("Content-Type", "application/json");
  // The only cure for a connection that breaks between commit and answer (DESIGN, "Replay").
  if (method == "POST") headers.Set("Idempotency-Key", ids_.V7().ToString());
  return headers;
}

std::string Api::WithTenant(const Target& target) const {
  if (options_.tenant.empty()) return target.str();
  const char joint = target.str().find('?') == std::string::npos ? '?' : '&';
  return target.str() + joint + "tenant=" + http::PercentEncode(options_.tenant);
}

Result<http::ClientResponse> Api::Send(std::string_view method, const Target& target,
                                       std::string_view body, const http::Headers& headers) {
  http::Headers all = Usual(method, !body.empty());
  for (const auto& [name, value] : headers) all.Set(name, value);
  const std::string where = WithTenant(target);
  const auto start = std::chrono::steady_clock::now();
  Result<http::ClientResponse> response = transport_->Send(method, where, all, body);
  if (options_.trace) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - start);
    options_.trace(fmt::format("{} {} ({} bytes) -> {} in {:.1f} ms", method, where, body.size(),
                               response ? fmt::format("{}", response->status) : "no answer",
                               static_cast<double>(took.count()) / 1000.0));
  }
  return response;
}

Result<json::value> Api::Call(std::string_view method, const Target& target, std::string_view body,
                              const http::Headers& headers) {
  http::ClientResponse response = TRY(Send(method, target, body, headers));
  if (response.status >= 400) return Fail(ErrorOf(response));
  if (response.body.empty()) return json::value(nullptr);
  Result<json::value> value = ParseJson(response.body);
  if (!value) {
    return Fail(Code::kInternal, fmt::format("{} answered {} with something that is not JSON; is "
                                             "it a Tenon server?",
                                             transport_->Name(), target.str()));
  }
  return value;
}

Result<json::value> Api::Call(std::string_view method, const Target& target,
                              const json::value& body, const http::Headers& headers) {
  return Call(method, target, JsonText(body), headers);
}

Result<void> Api::Stream(const Target& target, const http::Headers& headers,
                         const Transport::Piece& piece) {
  http::Headers all = Usual("GET", false);
  for (const auto& [name, value] : headers) all.Set(name, value);
  const std::string where = WithTenant(target);
  if (options_.trace) options_.trace("GET " + where + " (stream)");
  http::ClientResponse response = TRY(transport_->Stream("GET", where, all, {}, piece));
  if (response.status >= 400) return Fail(ErrorOf(response));
  return {};
}

Result<std::unique_ptr<Api>> Api::Another() {
  std::unique_ptr<Transport> transport = TRY(transport_->Another());
  ApiOptions options = options_;
  options.trace = nullptr;  // lines of several threads would run into each other
  return std::make_unique<Api>(std::move(transport), std::move(options), ids_);
}

bool IsProblem(const json::object& item) {
  const json::value* status = item.if_contains("status");
  return status != nullptr && status->is_int64() && status->get_int64() >= 400 &&
         item.contains("title");
}

Error ProblemError(const json::object& item) {
  http::ClientResponse response;
  response.status = static_cast<int>(item.at("status").get_int64());
  response.body = JsonText(item);
  return ErrorOf(response);
}

}  // namespace tenon::cli

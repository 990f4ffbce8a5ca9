// One request on its way through the API, from the I/O thread over a pool or the writer to its
// answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/trace.h"
#include "auth/caller.h"
#include "base/json.h"
#include "base/result.h"
#include "http/message.h"
#include "model/model.h"

namespace tenon {

// Handed to ApiOptions::access_log after each answer.
struct AccessRecord {
  std::string_view method, path, route, user_agent, address;
  std::string_view trace_id, span_id;
  int status = 0;
  std::chrono::microseconds took{};
  std::size_t bytes = 0;           // of the answer's body; 0 for streams
  const Caller* caller = nullptr;  // null when there was none
  std::string_view error;          // the problem's detail, or empty
};

// Used by one thread at a time. Held by a shared_ptr because callbacks of the engine and the pool
// carry it along; the last of them answers.
class Exchange {
 public:
  // Called once with the answer, before it leaves: common headers, metrics, the access log.
  using Finish = std::function<void(Exchange&, http::Response&)>;

  Exchange(http::Request request, http::Respond respond, Finish finish)
      : request(std::move(request)), respond_(std::move(respond)), finish_(std::move(finish)) {}

  http::Request request;
  Caller caller;
  bool has_caller = false;
  Trace trace;
  std::chrono::steady_clock::time_point start{};
  std::size_t route_index = 0;
  std::string_view route;  // its pattern

  // What the path names; null and empty where the route has no such part.
  const model::Entity* entity = nullptr;
  std::string id;
  std::string name;  // an event, a view, a model

  [[nodiscard]] const std::string& error() const { return error_; }

  void Send(http::Response response);
  void SendJson(int status, std::string body);
  void SendText(int status, std::string_view content_type, std::string body);
  void Fail(const Error& error);

  // The body as one JSON object; none at all is an empty object. kUnsupportedMedia when it says
  // that it is something else; `merge_patch` lets application/merge-patch+json in.
  [[nodiscard]] Result<json::object> JsonBody(bool merge_patch = false) const;
  // If-Match without its quotes; empty: none.
  [[nodiscard]] std::string IfMatch() const;

 private:
  http::Respond respond_;
  Finish finish_;
  std::string error_;
};

using ExchangePtr = std::shared_ptr<Exchange>;

// True when an If-None-Match header names the entity tag (weak comparison, RFC 9110, 13.1.2).
bool MatchesNone(std::string_view header, std::string_view etag);

}  // namespace tenon

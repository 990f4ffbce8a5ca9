// Requests to Tenon's API as a command makes them: key, tenant, idempotency key and user agent
// added, problem documents (RFC 9457) turned into an Error.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "cli/transport.h"

namespace tenon::cli {

// Path and query parameters, put together and percent-encoded.
class Target {
 public:
  // `path` is already encoded: "/v1/assets".
  explicit Target(std::string path) : text_(std::move(path)) {}
  Target& Segment(std::string_view segment);  // "/" and the encoded segment
  // As it stands: ":batch".
  Target& Text(std::string_view text) {
    text_ += text;
    return *this;
  }
  Target& Add(std::string_view name, std::string_view value);    // a query parameter
  Target& AddIf(std::string_view name, std::string_view value);  // unless the value is empty
  [[nodiscard]] const std::string& str() const { return text_; }

 private:
  std::string text_;
  bool has_query_ = false;
};

struct ApiOptions {
  std::string key;                                     // API key; empty: none is sent
  std::string tenant;                                  // ?tenant=; empty: the key's own
  std::function<void(const std::string& line)> trace;  // --verbose; may be empty
};

// Not thread-safe; Another() gives one for a further thread.
class Api {
 public:
  Api(std::unique_ptr<Transport> transport, ApiOptions options, IdSource& ids);

  // The answer, whatever its status. `headers` are added to the usual ones.
  Result<http::ClientResponse> Send(std::string_view method, const Target& target,
                                    std::string_view body = {}, const http::Headers& headers = {});
  // Send, with an Error for every status of 400 and above, and the body read as JSON (null when
  // it is empty).
  Result<json::value> Call(std::string_view method, const Target& target,
                           std::string_view body = {}, const http::Headers& headers = {});
  Result<json::value> Call(std::string_view method, const Target& target, const json::value& body,
                           const http::Headers& headers = {});
  // The body piece by piece. Error statuses as in Call.
  Result<void> Stream(const Target& target, const http::Headers& headers,
                      const Transport::Piece& piece);

  Result<std::unique_ptr<Api>> Another();

  // For callers that send a request again and bring their own Idempotency-Key.
  [[nodiscard]] std::string NewKey() const { return ids_.V7().ToString(); }

  [[nodiscard]] std::string Where() const { return transport_->Name(); }
  [[nodiscard]] bool HasKey() const { return !options_.key.empty(); }

 private:
  http::Headers Usual(std::string_view method, bool has_body) const;
  [[nodiscard]] std::string WithTenant(const Target& target) const;

  std::unique_ptr<Transport> transport_;
  ApiOptions options_;
  IdSource& ids_;
};

// The Error that an answer of status 400 or above stands for.
Error ErrorOf(const http::ClientResponse& response);

// Whether an item of a batch's answer is a problem document, and its Error.
bool IsProblem(const json::object& item);
Error ProblemError(const json::object& item);

}  // namespace tenon::cli

// A plain blocking HTTP client for our own CLI, tests and benchmarks. Keeps its connection. What
// the server itself calls goes through net/ and its policy, not through this.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/message.h"

namespace tenon::http {

struct ClientOptions {
  std::string base_url = {};         // http://host:port or https://host[:port][/prefix]
  std::string ca_file = {};          // PEM; empty: the system's
  bool insecure = false;             // do not verify the certificate
  std::chrono::seconds timeout{60};  // for every step that makes no progress
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

// Not thread-safe.
class Client {
 public:
  static Result<std::unique_ptr<Client>> Create(ClientOptions options);
  virtual ~Client() = default;

  // `target` is path and query, already encoded. kUnavailable when the server cannot be reached
  // (a stale kept connection is retried once for GET and for requests with an Idempotency-Key).
  virtual Result<ClientResponse> Send(std::string_view method, std::string_view target,
                                      const Headers& headers, std::string_view body) = 0;

  // The same, handing the body over piece by piece (event streams, exports); `piece` returns false
  // to stop. The response's body stays empty unless the status is an error.
  virtual Result<ClientResponse> Stream(
      std::string_view method, std::string_view target, const Headers& headers,
      std::string_view body, const std::function<bool(std::string_view piece)>& piece) = 0;
};

// Percent-encoding of one path segment or query value (RFC 3986, unreserved kept).
std::string PercentEncode(std::string_view text);

}  // namespace tenon::http

// Requests and responses of outbound HTTP. http/message.h has its own: what a server receives and
// what it sends are different in every detail that matters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The first value of that name, in either case; nullopt when there is none.
std::optional<std::string_view> Find(const Headers& headers, std::string_view name);
// Equal without regard to the case of ASCII letters.
bool EqualFold(std::string_view a, std::string_view b);

struct Request {
  std::string method = "GET";
  std::string url;
  // Host, Content-Length, Connection, Accept-Encoding are the client's own.
  Headers headers = {};
  std::string body = {};
  // May be sent twice although its method says otherwise: it has an idempotency key.
  bool repeatable = false;
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;  // whole and decompressed
  std::string url;   // that answered, after redirects
};

}  // namespace tenon::net

// A request and a response as the rest of Tenon sees them. Beast stays behind server.cc.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/result.h"

namespace tenon::http {

// Names compare without case, as RFC 9110 has them.
class Headers {
 public:
  void Set(std::string name, std::string value);  // replaces
  void Add(std::string name, std::string value);
  void Remove(std::string_view name);
  void Reserve(std::size_t count) { entries_.reserve(count); }
  [[nodiscard]] std::string_view Get(std::string_view name) const;  // empty when absent
  [[nodiscard]] bool Has(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

// Names of header fields are equal without regard to the case of ASCII letters.
[[nodiscard]] bool EqualFold(std::string_view a, std::string_view b);

// Path and query are valid UTF-8 without NUL; header values may hold any byte but controls. The
// fields that frame the message (Content-Length, Transfer-Encoding, Content-Encoding, Connection,
// Keep-Alive, TE, Trailer, Expect) are used up by the server and not among the headers.
struct Request {
  std::string method;    // "GET"
  std::string path;      // percent-decoded, without the query: "/v1/assets/…"
  std::string raw_path;  // as sent, set only when `path` differs: tells %2F from /
  std::vector<std::pair<std::string, std::string>> query;  // decoded (+ is a space), in order
  Headers headers;
  std::string body;            // whole; content-encoding gzip already undone
  std::string remote_address;  // of the peer, without port
  bool tls = false;
  std::shared_ptr<Executor> executor = {};  // the I/O thread it came by; null: none

  // The last value of a query parameter, or nullopt.
  [[nodiscard]] std::optional<std::string_view> Query(std::string_view name) const;
};

// A body that is produced piece by piece: event streams, exports.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // Calls `ready` once, from any thread, with the next piece: empty optional ends the body, an
  // error cuts the connection. Called again only after the piece was written: that is the
  // back-pressure.
  // Dropping `ready` without a call is the same as an error.
  using Ready = std::function<void(Result<std::optional<std::string>>)>;
  virtual void Next(Ready ready) = 0;
  // The client went away, or the server stops and this is an event stream (other streams may go on
  // until the grace of the stop is over); `ready` of a pending Next must still be called. Called at
  // most once, on an I/O thread, never after the end; Next is not called after it.
  virtual void Cancel() = 0;
};

struct Response {
  int status = 200;
  // Content-Length, Date, Transfer-Encoding and Connection are the server's and left out when set
  // here, but `Connection: close` is honoured. A name that is no token or a value with a control
  // character (CR, LF: header injection) turns the whole answer into a 500.
  Headers headers;
  std::string body;
  std::shared_ptr<const std::string> shared_body;  // instead of body: a cached answer
  std::shared_ptr<BodyStream> stream;              // instead of body: chunked
};

// Answers a request; called once, from any thread. Dropping it without a call answers 500.
using Respond = std::function<void(Response)>;
// Runs on an I/O thread and must not block; long work goes to a pool and responds from there.
using Handler = std::function<void(Request, Respond)>;

}  // namespace tenon::http

// The listener: HTTP/1.1 with keep-alive and pipelining kept in order, TLS, gzip, limits on
// headers, bodies, slow and idle clients, and a shutdown that finishes what it accepted.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/limits.h"
#include "base/result.h"
#include "http/message.h"

namespace tenon::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 7400;  // 0: any free one
  int threads = 2;
  std::string tls_certificate_file = {};  // PEM; both or neither
  std::string tls_key_file = {};
  std::size_t body_bytes_max = limits::kBodyBytesMax;
  std::size_t header_bytes_max = limits::kHeaderBytesMax;
  int connections_max = 10000;              // over it: 503 and close
  std::chrono::seconds header_timeout{10};  // from the first byte of a request
  std::chrono::seconds body_timeout{60};    // between two pieces of a body
  std::chrono::seconds idle_timeout{75};    // between requests
  std::chrono::seconds write_timeout{60};
  std::size_t gzip_bytes_min = 1400;  // smaller bodies are not worth it
};

struct ServerStats {
  std::atomic<std::int64_t> connections{0}, connections_total{0}, requests_total{0},
      refused_total{0}, timeouts_total{0};
};

// Malformed requests, too large headers (431), bodies (413), slow clients (408) are answered here
// as application/problem+json without the handler.
class Server {
 public:
  // Binds at once, so a port in use is known here (kUnavailable, with what to do). `handler` must
  // outlive the server.
  static Result<std::unique_ptr<Server>> Listen(ServerOptions options, Handler handler);
  virtual ~Server() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual const ServerStats& stats() const = 0;
  virtual void Start() = 0;  // returns; threads run
  // Calls `work` on this thread and delivers what it answers when it has ended, each I/O thread
  // being woken once and not for each answer. Any thread; one at a time gains by it.
  virtual void Together(const std::function<void()>& work) = 0;
  // No new connections or requests; waits until the accepted ones are answered, at most `grace`.
  virtual void Stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace tenon::http

// A blocking byte stream to a server, plain or TLS, with a time-out on every step. Asio's own
// blocking calls have none, so each step is an asynchronous one that is waited for.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/url.h"

namespace tenon::http {

// Not thread-safe. Every error is kUnavailable with a message that names the cause only; the caller
// adds what it was doing.
class Transport {
 public:
  struct Options {
    BaseUrl url;
    std::string ca_file;
    bool insecure = false;
    std::chrono::milliseconds timeout{60000};
  };

  // Resolves, connects, shakes hands.
  static Result<std::unique_ptr<Transport>> Connect(const Options& options);
  virtual ~Transport() = default;

  virtual Result<> Write(std::string_view head, std::string_view body) = 0;
  // At least one byte; 0 is the end.
  virtual Result<std::size_t> Read(std::span<char> into) = 0;
  // False when the server has closed a connection that was kept, as far as can be seen from here.
  virtual bool IsAlive() = 0;
};

}  // namespace tenon::http

// A byte stream to one checked address, plain or TLS, with a deadline on every step.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/address.h"

namespace tenon::net {

// When steps must have ended. Times are of std::chrono::steady_clock.
struct Patience {
  std::chrono::steady_clock::time_point until;  // everything
  std::chrono::milliseconds idle{30000};        // one step without a byte
  std::function<bool()> cancelled = {};         // looked at several times a second; may be null
};

// Trusted certificates, read once; TLS 1.2 and later, HTTP/1.1 by ALPN. Thread-safe.
class TlsContext {
 public:
  // The system's certificates, and those of `ca_file` (PEM) when it is given.
  static Result<std::shared_ptr<TlsContext>> Create(const std::string& ca_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  [[nodiscard]] SSL_CTX* get() const { return context_; }

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  SSL_CTX* context_;
};

// Not thread-safe. Errors say only what went wrong; the caller adds with whom. kDeadline for time
// that ran out, kUnavailable for everything else.
class Stream {
 public:
  struct Peer {
    Address address;
    std::uint16_t port = 0;
    std::string host;                 // that its certificate must name, and SNI
    const TlsContext* tls = nullptr;  // null: plain; outlives the stream
  };
  static Result<std::unique_ptr<Stream>> Connect(const Peer& peer, const Patience& patience);
  virtual ~Stream() = default;

  virtual Result<> Write(std::string_view bytes, const Patience& patience) = 0;
  // At least one byte; 0 is the end.
  virtual Result<std::size_t> Read(std::span<char> into, const Patience& patience) = 0;
  // False when a kept connection was closed by the other side, as far as can be seen from here.
  virtual bool IsAlive() = 0;
};

}  // namespace tenon::net

#include "net/stream.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>

namespace tenon::net {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How often a wait looks whether it was cancelled.
constexpr milliseconds kSlice{200};

// "Connection refused" to "connection refused": it stands in the middle of a sentence.
std::string Words(int error) {
  std::string text = std::system_category().message(error);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

  // Until the socket can be read (POLLIN) or written (POLLOUT).
  Result<> Wait(short what, const Patience& patience, std::string_view doing) const {
    const auto idle_until = Steady::now() + patience.idle;
    for (;;) {
      if (patience.cancelled && patience.cancelled()) return Fail(Code::kUnavailable, "cancelled");
      const auto now = Steady::now();
      if (now >= patience.until) {
        return Fail(Code::kDeadline,
                    fmt::format("the time for the whole request ran out while {}", doing));
      }
      if (now >= idle_until) {
        return Fail(Code::kDeadline,
                    fmt::format("nothing for {} ms while {}", patience.idle.count(), doing));
      }
      const auto left = std::chrono::ceil<milliseconds>(
          std::min<Steady::duration>({patience.until - now, idle_until - now, kSlice}));
      pollfd waiting{fd_, what, 0};
      const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) return Fail(Code::kUnavailable, Words(errno));
    }
  }

  Result<> Send(std::string_view bytes, const Patience& patience) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
        if (Steady::now() >= patience.until) {
          return Fail(Code::kDeadline, "the time for the whole request ran out while sending");
        }
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        TRY(Wait(POLLOUT, patience, "sending"));
      } else if (errno != EINTR) {
        return Fail(Code::kUnavailable, Words(errno));
      }
    }
    return {};
  }

  // A peer that always has one more byte must not outlive the deadline either.
  Result<std::size_t> Receive(std::span<char> into, const Patience& patience) const {
    for (;;) {
      TRY(Wait(POLLIN, patience, "waiting for the answer"));
      const auto got = ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        return Fail(Code::kUnavailable, Words(errno));
      }
    }
  }

 private:
  const int fd_;
};

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Endpoint EndpointOf(const Address& address, std::uint16_t port) {
  Endpoint endpoint;
  if (address.is_v4()) {
    auto* to = reinterpret_cast<sockaddr_in*>(&endpoint.storage);
    to->sin_family = AF_INET;
    to->sin_port = htons(port);
    std::memcpy(&to->sin_addr, address.bytes().data(), 4);
    endpoint.size = sizeof *to;
  } else {
    auto* to = reinterpret_cast<sockaddr_in6*>(&endpoint.storage);
    to->sin6_family = AF_INET6;
    to->sin6_port = htons(port);
    std::memcpy(&to->sin6_addr, address.bytes().data(), 16);
    endpoint.size = sizeof *to;
  }
  return endpoint;
}

class PlainStream : public Stream {
 public:
  explicit PlainStream(int fd) : socket_(fd) {}

  Result<> Open(const Peer& peer, const Patience& patience) {
    if (socket_.fd() < 0) return Fail(Code::kUnavailable, Words(errno));
    const Endpoint to = EndpointOf(peer.address, peer.port);
    if (::connect(socket_.fd(), reinterpret_cast<const sockaddr*>(&to.storage), to.size) != 0) {
      if (errno != EINPROGRESS) return Fail(Code::kUnavailable, Words(errno));
      TRY(socket_.Wait(POLLOUT, patience, "connecting"));
      int problem = 0;
      socklen_t size = sizeof problem;
      ::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &problem, &size);
      if (problem != 0) return Fail(Code::kUnavailable, Words(problem));
    }
    const int on = 1;
    ::setsockopt(socket_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return {};
  }

  Result<> Write(std::string_view bytes, const Patience& patience) override {
    return socket_.Send(bytes, patience);
  }
  Result<std::size_t> Read(std::span<char> into, const Patience& patience) override {
    return socket_.Receive(into, patience);
  }
  bool IsAlive() override {
    char byte = 0;
    const auto got = ::recv(socket_.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

 protected:
  Socket socket_;
};

// TLS over memory: OpenSSL's own socket calls know neither deadlines nor MSG_NOSIGNAL.
class TlsStream final : public PlainStream {
 public:
  using PlainStream::PlainStream;
  ~TlsStream() override { SSL_free(ssl_); }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  Result<> ShakeHands(const Peer& peer, const Patience& patience) {
    ssl_ = SSL_new(peer.tls->get());
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    if (ssl_ == nullptr || in == nullptr || out == nullptr) {
      BIO_free(in);
      BIO_free(out);
      return Fail(Code::kUnavailable, "no memory for TLS");
    }
    SSL_set_bio(ssl_, in, out);
    SSL_set_connect_state(ssl_);
    if (Address::Parse(peer.host)) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), peer.host.c_str());
    } else {
      SSL_set_tlsext_host_name(ssl_, peer.host.c_str());
      SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      if (SSL_set1_host(ssl_, peer.host.c_str()) != 1) {
        return Fail(Code::kUnavailable, "the host name cannot be checked");
      }
    }
    const auto shaken = Run(patience, [this] { return SSL_do_handshake(ssl_); });
    if (shaken) return {};
    const long verified = SSL_get_verify_result(ssl_);
    if (verified != X509_V_OK) {
      return Fail(Code::kUnavailable, fmt::format("its certificate is not trusted: {}",
                                                  X509_verify_cert_error_string(verified)));
    }
    Error error = shaken.error();
    return Fail(std::move(error).In("TLS"));
  }

  Result<> Write(std::string_view bytes, const Patience& patience) override {
    while (!bytes.empty()) {
      const auto part = std::min<std::size_t>(bytes.size(), 64u << 10);
      TRY(Run(patience, [&] { return SSL_write(ssl_, bytes.data(), static_cast<int>(part)); }));
      bytes.remove_prefix(part);
    }
    return {};
  }

  Result<std::size_t> Read(std::span<char> into, const Patience& patience) override {
    const auto room =
        static_cast<int>(std::min<std::size_t>(into.size(), std::numeric_limits<int>::max()));
    const int got = TRY(Run(patience, [&] { return SSL_read(ssl_, into.data(), room); }));
    return static_cast<std::size_t>(got);
  }

  // Session tickets may lie unread, so bytes alone do not mean the end.
  bool IsAlive() override {
    char byte = 0;
    const auto got = ::recv(socket_.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
  }

 private:
  // Calls `step` until it is through, moving bytes between OpenSSL and the socket. 0: the other
  // side said that it ends.
  template <typename Step>
  Result<int> Run(const Patience& patience, Step step) {
    for (;;) {
      ERR_clear_error();
      const int result = step();
      const int problem = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
      TRY(Flush(patience));
      if (result > 0) return result;
      if (problem == SSL_ERROR_ZERO_RETURN) return 0;
      if (problem != SSL_ERROR_WANT_READ) {
        const char* reason = ERR_reason_error_string(ERR_peek_last_error());
        return Fail(Code::kUnavailable, reason != nullptr ? reason : "the connection broke");
      }
      std::array<char, 16u << 10> buffer;
      const std::size_t got = TRY(socket_.Receive(buffer, patience));
      // Cut off without a close_notify: an attacker could do that, so it is no clean end.
      if (got == 0) return Fail(Code::kUnavailable, "the server closed the connection");
      BIO_write(SSL_get_rbio(ssl_), buffer.data(), static_cast<int>(got));
    }
  }

  Result<> Flush(const Patience& patience) {
    std::array<char, 16u << 10> buffer;
    for (;;) {
      const int got = BIO_read(SSL_get_wbio(ssl_), buffer.data(), static_cast<int>(buffer.size()));
      if (got <= 0) return {};
      TRY(socket_.Send({buffer.data(), static_cast<std::size_t>(got)}, patience));
    }
  }

  SSL* ssl_ = nullptr;
};

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::Create(const std::string& ca_file) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return Fail(Code::kUnavailable, "no memory for TLS");
  std::shared_ptr<TlsContext> tls(new TlsContext(context));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  constexpr unsigned char kAlpn[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, kAlpn, sizeof kAlpn - 1);
  SSL_CTX_set_default_verify_paths(context);
  if (!ca_file.empty() && SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
    return Fail(Code::kInvalidArgument,
                fmt::format("the certificates in {} cannot be read", ca_file));
  }
  ERR_clear_error();
  return tls;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::unique_ptr<Stream>> Stream::Connect(const Peer& peer, const Patience& patience) {
  const int fd = ::socket(peer.address.is_v4() ? AF_INET : AF_INET6,
                          SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (peer.tls == nullptr) {
    auto stream = std::make_unique<PlainStream>(fd);
    TRY(stream->Open(peer, patience));
    return stream;
  }
  auto stream = std::make_unique<TlsStream>(fd);
  TRY(stream->Open(peer, patience));
  TRY(stream->ShakeHands(peer, patience));
  return stream;
}

}  // namespace tenon::net

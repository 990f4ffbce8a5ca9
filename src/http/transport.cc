#include "http/transport.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cctype>
#include <optional>
#include <utility>

namespace tenon::http {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

// "Connection refused" to "connection refused": it stands in the middle of a sentence.
std::string Words(const error_code& ec) {
  if (ec == asio::error::eof) return "the server closed the connection";
  std::string text = ec.message();
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

class AsioTransport final : public Transport {
 public:
  explicit AsioTransport(const Options& options) : options_(options), socket_(context_) {}

  Result<> Open() {
    error_code ec;
    tcp::resolver resolver(context_);
    const auto found = resolver.resolve(options_.url.host, options_.url.port, ec);
    if (ec) return Fail(Code::kUnavailable, fmt::format("the host is not known ({})", Words(ec)));
    (void)TRY(Wait([&](auto done) {
      asio::async_connect(
          socket_, found,
          [done](const error_code& failed, const tcp::endpoint&) mutable { done(failed, 0); });
    }));
    socket_.set_option(tcp::no_delay(true), ec);
    return options_.url.tls ? ShakeHands() : Result<>();
  }

  Result<> Write(std::string_view head, std::string_view body) override {
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head), asio::buffer(body)};
    // In pieces: the time-out is for progress, not for the whole of a large body.
    for (std::size_t sent = 0; sent < head.size() + body.size();) {
      sent += TRY(Wait([&](auto done) {
        const auto rest = Rest(buffers, sent);
        tls_ ? tls_->async_write_some(rest, done) : socket_.async_write_some(rest, done);
      }));
    }
    return {};
  }

  Result<std::size_t> Read(std::span<char> into) override {
    const auto buffer = asio::buffer(into.data(), into.size());
    auto bytes = Wait([&](auto done) {
      tls_ ? tls_->async_read_some(buffer, done) : socket_.async_read_some(buffer, done);
    });
    if (!bytes && (last_ == asio::error::eof || last_ == ssl::error::stream_truncated)) return 0;
    return bytes;
  }

  bool IsAlive() override {
    char byte = 0;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // Bytes that nobody asked for are a time-out answer; under TLS they may be its own business.
    return (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) || (got > 0 && tls_.has_value());
  }

 private:
  static std::array<asio::const_buffer, 2> Rest(std::array<asio::const_buffer, 2> buffers,
                                                std::size_t sent) {
    const std::size_t of_first = std::min(sent, buffers[0].size());
    buffers[0] += of_first;
    buffers[1] += sent - of_first;
    return buffers;
  }

  Result<> ShakeHands() {
    tls_context_.emplace(ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(tls_context_->native_handle(), TLS1_2_VERSION);
    error_code ec;
    if (!options_.ca_file.empty()) {
      tls_context_->load_verify_file(options_.ca_file, ec);
      if (ec) {
        return Fail(Code::kUnavailable, fmt::format("cannot read the certificates of {}: {}",
                                                    options_.ca_file, Words(ec)));
      }
    } else {
      tls_context_->set_default_verify_paths(ec);
    }
    tls_.emplace(socket_, *tls_context_);
    tls_->set_verify_mode(options_.insecure ? ssl::verify_none : ssl::verify_peer, ec);
    if (!options_.insecure) {
      tls_->set_verify_callback(ssl::host_name_verification(options_.url.host), ec);
    }
    error_code not_an_address;
    asio::ip::make_address(options_.url.host, not_an_address);
    if (not_an_address) SSL_set_tlsext_host_name(tls_->native_handle(), options_.url.host.c_str());
    auto shaken = Wait([&](auto done) {
      tls_->async_handshake(ssl::stream_base::client,
                            [done](const error_code& failed) mutable { done(failed, 0); });
    });
    if (shaken) return {};
    const long verified = SSL_get_verify_result(tls_->native_handle());
    if (!options_.insecure && verified != X509_V_OK) {
      return Fail(Code::kUnavailable, fmt::format("its certificate is not trusted: {}",
                                                  X509_verify_cert_error_string(verified)));
    }
    if (last_.category() == asio::error::get_ssl_category() &&
        ERR_GET_REASON(static_cast<unsigned long>(last_.value())) == SSL_R_WRONG_VERSION_NUMBER) {
      return Fail(Code::kUnavailable, "it does not speak TLS; try http://");
    }
    return Fail(std::move(shaken.error()).In("TLS"));
  }

  // Starts a step with its completion handler and waits for it.
  template <typename Start>
  Result<std::size_t> Wait(Start start) {
    std::optional<error_code> result;
    std::size_t bytes = 0;
    last_.clear();
    start([&result, &bytes](const error_code& ec, std::size_t count) {
      result = ec;
      bytes = count;
    });
    context_.restart();
    context_.run_for(options_.timeout);
    if (!result) {
      error_code ignored;
      socket_.close(ignored);
      context_.restart();
      context_.run();
      return Fail(Code::kUnavailable,
                  fmt::format("no answer within {} s",
                              std::chrono::duration<double>(options_.timeout).count()));
    }
    if (!*result) return bytes;
    last_ = *result;
    return Fail(Code::kUnavailable, Words(*result));
  }

  const Options options_;
  asio::io_context context_{1};
  tcp::socket socket_;
  std::optional<ssl::context> tls_context_;
  std::optional<ssl::stream<tcp::socket&>> tls_;
  error_code last_;  // what the last Wait failed with
};

}  // namespace

Result<std::unique_ptr<Transport>> Transport::Connect(const Options& options) {
  try {
    auto transport = std::make_unique<AsioTransport>(options);
    TRY(transport->Open());
    return transport;
  } catch (const std::exception& e) {  // no descriptors, no memory
    return Fail(Code::kUnavailable, e.what());
  }
}

}  // namespace tenon::http

#include "http/tls.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <array>

namespace tenon::http {
namespace {

namespace ssl = boost::asio::ssl;

// The one protocol offered, as ALPN writes it: length, name (RFC 7301).
constexpr std::array<unsigned char, 9> kProtocols = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* in, unsigned in_size, void*) {
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kProtocols.data(), kProtocols.size(), in,
                            in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::unique_ptr<ssl::context>> MakeServerTls(const std::string& certificate_file,
                                                    const std::string& key_file) {
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  boost::system::error_code ec;
  context->set_options(ssl::context::default_workarounds | ssl::context::no_compression |
                           ssl::context::single_dh_use,
                       ec);
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  // Renegotiation lets a client make the server work for nothing.
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle connections give their buffers back: 34 KB each.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(native, SelectProtocol, nullptr);
  context->use_certificate_chain_file(certificate_file, ec);
  if (ec) {
    return Fail(Code::kInvalidArgument, fmt::format("cannot use {} as the TLS certificate: {}",
                                                    certificate_file, ec.message()));
  }
  context->use_private_key_file(key_file, ssl::context::pem, ec);
  if (ec) {
    return Fail(Code::kInvalidArgument,
                fmt::format("cannot use {} as the TLS key: {}", key_file, ec.message()));
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    return Fail(Code::kInvalidArgument,
                fmt::format("the TLS key {} is not the one of {}", key_file, certificate_file));
  }
  return context;
}

}  // namespace tenon::http

#include "net/testing.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace tenon::net {

struct HostileServer::Tls {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  ~Tls() { SSL_CTX_free(context); }

  // A key and a certificate for `name`, which is also the only authority that vouches for it.
  std::string Make(const std::string& name) const {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_set_version(certificate, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509V3_CTX context_v3;
    X509V3_set_ctx_nodb(&context_v3);
    X509V3_set_ctx(&context_v3, certificate, certificate, nullptr, nullptr, 0);
    const std::string names = "DNS:" + name;
    for (const auto& [nid, value] : {std::pair(NID_subject_alt_name, names),
                                     std::pair(NID_basic_constraints, std::string("CA:TRUE"))}) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context_v3, nid, value.c_str());
      X509_add_ext(certificate, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    std::string path = (std::filesystem::temp_directory_path() / "tenon-net-XXXXXX").string();
    std::FILE* file = ::fdopen(::mkstemp(path.data()), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return path;
  }
};

namespace {

class Connection final : public HostileConnection {
 public:
  Connection(int fd, SSL* ssl, const std::atomic<bool>& stopping)
      : fd_(fd), ssl_(ssl), stopping_(stopping) {
    const timeval soon{.tv_sec = 0, .tv_usec = 50000};
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
  }
  ~Connection() override {
    if (ssl_ != nullptr) {
      if (shaken_) SSL_shutdown(ssl_);
      SSL_free(ssl_);
    }
    ::shutdown(fd_, SHUT_WR);
    ::close(fd_);
  }

  bool Send(std::string_view bytes) override {
    if (!Shake()) return false;
    while (!bytes.empty() && !stopping_) {
      const auto sent =
          ssl_ != nullptr
              ? static_cast<ssize_t>(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())))
              : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (ssl_ != nullptr || (errno != EAGAIN && errno != EINTR)) {
        return false;
      }
    }
    return bytes.empty();
  }

  std::string ReadHead() override {
    if (!Shake()) return "";
    for (;;) {
      const std::size_t end = kept_.find("\r\n\r\n");
      if (end != std::string::npos) {
        std::string head = kept_.substr(0, end + 4);
        kept_.erase(0, end + 4);
        return head;
      }
      if (!Receive()) return "";
    }
  }

  void WaitForClose() override {
    while (Receive()) kept_.clear();
  }

  void Pause(std::chrono::milliseconds time) override {
    ::poll(nullptr, 0, static_cast<int>(time.count()));
  }

 private:
  bool Shake() {
    if (ssl_ != nullptr && !shaken_) shaken_ = SSL_accept(ssl_) == 1;
    return ssl_ == nullptr || shaken_;
  }

  bool Receive() {
    while (!stopping_) {
      pollfd waiting{fd_, POLLIN, 0};
      const bool pending = ssl_ != nullptr && SSL_pending(ssl_) > 0;
      if (!pending && ::poll(&waiting, 1, 50) <= 0) continue;
      std::array<char, 4096> buffer;
      const auto got =
          ssl_ != nullptr
              ? static_cast<ssize_t>(SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size())))
              : ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (got <= 0) return false;
      kept_.append(buffer.data(), static_cast<std::size_t>(got));
      return true;
    }
    return false;
  }

  const int fd_;
  SSL* const ssl_;
  const std::atomic<bool>& stopping_;
  bool shaken_ = false;
  std::string kept_;
};

}  // namespace

HostileServer::HostileServer(Serve serve, const std::string& tls_name) : serve_(std::move(serve)) {
  if (!tls_name.empty()) {
    tls_ = std::make_unique<Tls>();
    certificate_file_ = tls_->Make(tls_name);
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  const bool bound = ::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 &&
                     ::listen(listener_, 64) == 0 &&
                     ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  assert(bound);
  if (!bound) std::abort();
  port_ = ntohs(at.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

HostileServer::~HostileServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  if (!certificate_file_.empty()) std::filesystem::remove(certificate_file_);
}

std::string HostileServer::Url(std::string_view target) const {
  return fmt::format("{}://127.0.0.1:{}{}", tls_ ? "https" : "http", port_, target);
}

void HostileServer::Accept() {
  while (!stopping_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, 50) <= 0) continue;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++connections_;
    threads_.emplace_back([this, fd] {
      SSL* ssl = nullptr;
      if (tls_) {
        ssl = SSL_new(tls_->context);
        SSL_set_fd(ssl, fd);
      }
      Connection connection(fd, ssl, stopping_);
      serve_(connection);
    });
  }
  for (std::thread& thread : threads_) thread.join();
}

Result<std::vector<Address>> FakeResolver::Resolve(const std::string& host,
                                                   std::chrono::milliseconds) {
  if (const auto address = Address::Parse(host)) return std::vector<Address>{*address};
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return Fail(Code::kUnavailable, "the host " + host + " is not known");
  return std::vector<Address>{*Address::Parse(found->second)};
}

}  // namespace tenon::net

#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "http/test_support.h"

namespace tenon::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::unique_ptr<Client> MakeClient(ClientOptions options) {
  auto client = Client::Create(std::move(options));
  EXPECT_TRUE(client) << client.error().message;
  return std::move(*client);
}

std::string UrlOf(const RunningServer& server, const std::string& scheme = "http") {
  return scheme + "://127.0.0.1:" + std::to_string(server->port());
}

// A key and a certificate that signs itself for 127.0.0.1, in files of their own folder.
class Certificate {
 public:
  Certificate() {
    const auto folder = std::filesystem::temp_directory_path() /
                        ("tenon_tls_" + std::to_string(::getpid()) + "_" +
                         std::to_string(reinterpret_cast<std::uintptr_t>(this)));
    std::filesystem::create_directories(folder);
    folder_ = folder;
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("tenon test"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(certificate.get(), names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    std::FILE* out = std::fopen(certificate_file().c_str(), "w");
    PEM_write_X509(out, certificate.get());
    std::fclose(out);
    out = std::fopen(key_file().c_str(), "w");
    PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string certificate_file() const { return folder_ / "certificate.pem"; }
  [[nodiscard]] std::string key_file() const { return folder_ / "key.pem"; }

 private:
  std::filesystem::path folder_;
};

TEST(Client, KeepsItsConnection) {
  RunningServer server({}, EchoHandler());
  const auto client = MakeClient({.base_url = UrlOf(server)});
  for (int i = 0; i < 5; ++i) {
    Headers headers;
    headers.Add("X-Count", std::to_string(i));
    const auto got = client->Send("POST", "/p", headers, "body");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, 200);
    EXPECT_EQ(got->body, "POST /p body");
    EXPECT_EQ(got->headers.Get("content-type"), "text/plain");
  }
  const auto head = client->Send("HEAD", "/h", {}, "");
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(client->Send("GET", "/g", {}, "")->body, "GET /g ");
  EXPECT_EQ(server->stats().connections_total, 1);
}

TEST(Client, PutsItsPrefixInFront) {
  RunningServer server({}, EchoHandler());
  EXPECT_EQ(MakeClient({.base_url = UrlOf(server) + "/tenon/"})->Send("GET", "/g", {}, "")->body,
            "GET /tenon/g ");
}

TEST(Client, SaysWhatToDoWhenNobodyListens) {
  std::uint16_t port = 0;
  {
    RunningServer server({}, EchoHandler());
    port = server->port();
  }
  const std::string url = "http://127.0.0.1:" + std::to_string(port);
  const auto got = MakeClient({.base_url = url})->Send("GET", "/", {}, "");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kUnavailable);
  EXPECT_EQ(got.error().message, "cannot reach " + url + ": connection refused");
  EXPECT_FALSE(Client::Create({.base_url = "localhost"}));
}

TEST(Client, ReconnectsAStaleConnection) {
  auto server = std::make_unique<RunningServer>(
      ServerOptions{.idle_timeout = std::chrono::seconds(0)}, EchoHandler());
  const auto client = MakeClient({.base_url = UrlOf(*server)});
  ASSERT_TRUE(client->Send("POST", "/1", {}, "x"));
  ASSERT_TRUE(Eventually([&] { return (*server)->stats().connections == 0; }));
  // Seen to be closed before anything is sent: safe for every method.
  EXPECT_EQ(client->Send("POST", "/2", {}, "x")->body, "POST /2 x");
  EXPECT_EQ((*server)->stats().connections_total, 2);
}

TEST(Client, RefusesWhatCannotBeSent) {
  RunningServer server({}, EchoHandler());
  const auto client = MakeClient({.base_url = UrlOf(server)});
  Headers headers;
  headers.Add("X", "a\r\nY: b");
  EXPECT_EQ(client->Send("GET", "/", headers, "").error().code, Code::kInvalidArgument);
  EXPECT_EQ(client->Send("GET", "/a b", {}, "").error().code, Code::kInvalidArgument);
  EXPECT_EQ(client->Send("GET", "a", {}, "").error().code, Code::kInvalidArgument);
  EXPECT_EQ(client->Send("G ET", "/", {}, "").error().code, Code::kInvalidArgument);
}

TEST(Client, TellsAnUnknownOutcomeFromNone) {
  RunningServer server({}, [](const Request&, const Respond& respond) {
    static std::vector<Respond> forever;
    forever.push_back(respond);
  });
  const auto client = MakeClient({.base_url = UrlOf(server), .timeout = std::chrono::seconds(1)});
  const auto got = client->Send("POST", "/", {}, "x");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kOutcomeUnknown);
  EXPECT_THAT(got.error().message,
              AllOf(HasSubstr("no answer within 1 s"), HasSubstr("not known")));
}

TEST(Client, ReadsTheRefusalOfALargeBody) {
  RunningServer server({.body_bytes_max = 1000}, EchoHandler());
  const auto got =
      MakeClient({.base_url = UrlOf(server)})->Send("POST", "/", {}, std::string(9u << 20, 'x'));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 413);
}

// Answers every connection with fixed bytes, cut into pieces of `step`.
class Scripted {
 public:
  Scripted(std::string bytes, std::size_t step) : bytes_(std::move(bytes)), step_(step) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at);
    ::listen(fd_, 5);
    thread_ = std::thread([this] { Run(); });
  }
  ~Scripted() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  [[nodiscard]] std::string url() const {
    sockaddr_in at{};
    socklen_t size = sizeof at;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    return "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  }

 private:
  void Run() {
    for (;;) {
      const int client = ::accept(fd_, nullptr, nullptr);
      if (client < 0) return;
      const int on = 1;
      ::setsockopt(client, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
      std::array<char, 4096> request;
      (void)::recv(client, request.data(), request.size(), 0);
      for (std::size_t at = 0; at < bytes_.size(); at += step_) {
        (void)::send(client, bytes_.data() + at, std::min(step_, bytes_.size() - at), MSG_NOSIGNAL);
        if (step_ < bytes_.size()) ::usleep(200);
      }
      ::close(client);
    }
  }

  const std::string bytes_;
  const std::size_t step_;
  const int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::thread thread_;
};

TEST(Client, ReadsAnswersHoweverTheyAreCut) {
  const std::pair<std::string, std::string> answers[] = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n", "abc"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc"},
      {"HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end"},
      {"HTTP/1.1 204 No Content\r\n\r\n", ""},
  };
  for (const auto& [bytes, body] : answers) {
    for (const std::size_t step : {std::size_t{1}, bytes.size()}) {
      const Scripted server(bytes, step);
      const auto got = MakeClient({.base_url = server.url()})->Send("GET", "/", {}, "");
      ASSERT_TRUE(got) << got.error().message;
      EXPECT_EQ(got->body, body);
    }
  }
  for (const char* bad : {"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "garbage\r\n\r\n",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    const Scripted server(bad, 100);
    EXPECT_FALSE(MakeClient({.base_url = server.url()})->Send("GET", "/", {}, "")) << bad;
  }
}

class Counting final : public BodyStream {
 public:
  explicit Counting(int count) : count_(count) {}
  void Next(Ready ready) override {
    if (at_ == count_) return ready(std::optional<std::string>());
    ready(std::optional(std::to_string(at_++) + "\n"));
  }
  void Cancel() override {}

 private:
  const int count_;
  int at_ = 0;
};

TEST(Client, Streams) {
  RunningServer server({}, [](Request request, Respond respond) {
    Response response;
    if (request.path == "/error") {
      response.status = 404;
      response.body = "none";
    } else {
      response.stream = std::make_shared<Counting>(1000);
    }
    respond(std::move(response));
  });
  const auto client = MakeClient({.base_url = UrlOf(server)});
  std::string all;
  auto got = client->Stream("GET", "/", {}, "", [&](std::string_view piece) {
    all += piece;
    return true;
  });
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body, "");
  EXPECT_EQ(CountOf(all, "\n"), 1000u);
  EXPECT_EQ(client->Send("GET", "/", {}, "")->body, all);
  EXPECT_EQ(server->stats().connections_total, 1);

  int pieces = 0;
  got = client->Stream("GET", "/", {}, "", [&](std::string_view) { return ++pieces < 3; });
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(pieces, 3);
  got = client->Stream("GET", "/error", {}, "", [&](std::string_view) { return true; });
  EXPECT_EQ(got->status, 404);
  EXPECT_EQ(got->body, "none");
}

TEST(Tls, ServesByCertificateFiles) {
  const Certificate certificate;
  RunningServer server({.tls_certificate_file = certificate.certificate_file(),
                        .tls_key_file = certificate.key_file()},
                       [](Request request, Respond respond) {
                         Response response = Echo(request);
                         response.body += request.tls ? "tls" : "plain";
                         response.body += std::string(500000, 'x');
                         respond(std::move(response));
                       });
  const std::string url = UrlOf(server, "https");
  const auto client = MakeClient({.base_url = url, .ca_file = certificate.certificate_file()});
  const std::string body(300000, 'b');
  for (int i = 0; i < 3; ++i) {
    const auto got = client->Send("POST", "/t", {}, body);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->body, "POST /t " + body + "tls" + std::string(500000, 'x'));
  }
  EXPECT_EQ(server->stats().connections_total, 1);
  EXPECT_TRUE(MakeClient({.base_url = url, .insecure = true})->Send("GET", "/", {}, ""));
  const auto untrusted = MakeClient({.base_url = url})->Send("GET", "/", {}, "");
  ASSERT_FALSE(untrusted);
  EXPECT_THAT(untrusted.error().message, HasSubstr("certificate is not trusted"));
  // Plain HTTP to the TLS port is told so, and does not hurt the server.
  const auto plain = MakeClient({.base_url = UrlOf(server, "http")})->Send("GET", "/", {}, "");
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->status, 400);
  EXPECT_THAT(plain->body, HasSubstr("this port speaks TLS"));
  EXPECT_TRUE(client->Send("GET", "/", {}, ""));
}

TEST(Tls, StreamsAndStops) {
  const Certificate certificate;
  RunningServer server({.tls_certificate_file = certificate.certificate_file(),
                        .tls_key_file = certificate.key_file()},
                       [](Request, Respond respond) {
                         Response response;
                         response.stream = std::make_shared<Counting>(2000);
                         respond(std::move(response));
                       });
  const auto client =
      MakeClient({.base_url = UrlOf(server, "https"), .ca_file = certificate.certificate_file()});
  std::string all;
  ASSERT_TRUE(client->Stream("GET", "/", {}, "", [&](std::string_view piece) {
    all += piece;
    return true;
  }));
  EXPECT_EQ(CountOf(all, "\n"), 2000u);
  const auto start = std::chrono::steady_clock::now();
  server->Stop(std::chrono::seconds(5));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));  // not the grace
}

// The version that client and server agree on, or what the handshake failed with.
std::string HandshakeWith(std::uint16_t port, int version_max, std::string_view protocol) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), version_max);
  std::string offered(1, static_cast<char>(protocol.size()));
  offered += protocol;
  SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                          static_cast<unsigned>(offered.size()));
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_ssl_connect(context.get()),
                                                          BIO_free_all);
  BIO_set_conn_hostname(bio.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
  if (BIO_do_handshake(bio.get()) != 1) return "refused";
  SSL* ssl = nullptr;
  BIO_get_ssl(bio.get(), &ssl);
  const unsigned char* selected = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &selected, &size);
  return std::string(SSL_get_version(ssl)) + " " +
         std::string(reinterpret_cast<const char*>(selected), size);
}

TEST(Tls, SpeaksOnlyModernVersionsAndHttp11) {
  const Certificate certificate;
  RunningServer server({.tls_certificate_file = certificate.certificate_file(),
                        .tls_key_file = certificate.key_file()},
                       EchoHandler());
  EXPECT_EQ(HandshakeWith(server->port(), TLS1_3_VERSION, "http/1.1"), "TLSv1.3 http/1.1");
  EXPECT_EQ(HandshakeWith(server->port(), TLS1_2_VERSION, "http/1.1"), "TLSv1.2 http/1.1");
  EXPECT_EQ(HandshakeWith(server->port(), TLS1_1_VERSION, "http/1.1"), "refused");
  EXPECT_EQ(HandshakeWith(server->port(), TLS1_3_VERSION, "h2"), "refused");
}

TEST(Tls, BadFilesAreClearErrors) {
  const Certificate certificate, other;
  const auto listen = [](std::string certificate_file, std::string key_file) {
    ServerOptions options;
    options.port = 0;
    options.tls_certificate_file = std::move(certificate_file);
    options.tls_key_file = std::move(key_file);
    const auto server = Server::Listen(options, EchoHandler());
    return server ? std::string() : server.error().message;
  };
  EXPECT_THAT(listen(certificate.certificate_file(), ""), HasSubstr("both"));
  EXPECT_THAT(listen("/no/such/file", certificate.key_file()), HasSubstr("/no/such/file"));
  EXPECT_THAT(listen(certificate.certificate_file(), "/no/such/key"), HasSubstr("/no/such/key"));
  EXPECT_THAT(listen(certificate.certificate_file(), certificate.certificate_file()),
              HasSubstr("as the TLS key"));
  EXPECT_NE(listen(certificate.certificate_file(), other.key_file()), "");
}

}  // namespace
}  // namespace tenon::http

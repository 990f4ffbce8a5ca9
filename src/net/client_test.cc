// The client against servers that mean no good.
#include "net/client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>

#include "net/retry.h"
#include "net/testing.h"

namespace tenon::net {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

std::string Ok(std::string_view body, std::string_view headers = "") {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), headers,
                     body);
}

HostileServer::Serve Always(std::string answer) {
  return [answer](HostileConnection& connection) {
    while (!connection.ReadHead().empty() && connection.Send(answer)) {
    }
  };
}

std::string Compress(const std::string& text, int window) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class NetClient : public testing::Test {
 protected:
  Result<Response> Get(const std::string& url) { return Send({.url = url}); }
  Result<Response> Send(const Request& request) {
    Client client({policy_, *resolver_, *tls_}, options_);
    return client.Send(request);
  }
  void Trust(const std::string& file) { tls_ = *TlsContext::Create(file); }

  Policy policy_ = *Policy::Create({"127.0.0.1"});
  SystemResolver system_;
  Resolver* resolver_ = &system_;
  std::shared_ptr<TlsContext> tls_ = *TlsContext::Create("");
  ClientOptions options_;
};

TEST_F(NetClient, ReadsEveryFraming) {
  HostileServer server([](HostileConnection& connection) {
    for (;;) {
      const std::string head = connection.ReadHead();
      if (head.starts_with("GET /length")) {
        connection.Send("HTTP/1.1 100 Continue\r\n\r\n" + Ok("body"));
      } else if (head.starts_with("GET /chunked")) {
        connection.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        connection.Send("2;x=y\r\nbo\r\n2\r\ndy\r\n0\r\nTrailer: x\r\n\r\n");
      } else if (head.starts_with("GET /none")) {
        connection.Send("HTTP/1.1 204 No Content\r\n\r\n");
      } else if (head.starts_with("HEAD")) {
        connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
      } else {
        if (!head.empty()) connection.Send("HTTP/1.0 200 OK\r\n\r\nbody");
        return;
      }
    }
  });
  Client client({policy_, system_, *tls_}, options_);
  for (const char* path : {"/length", "/chunked", "/none", "/end"}) {
    const auto response = client.Send({.url = server.Url(path)});
    ASSERT_TRUE(response) << path << ": " << response.error().message;
    EXPECT_EQ(response->body, path == std::string_view("/none") ? "" : "body");
  }
  EXPECT_EQ(server.connections(), 1) << "the connection was kept";
  const auto head = client.Send({.method = "HEAD", .url = server.Url()});
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->body, "");
}

TEST_F(NetClient, RefusesAddressesOfItsOwnNetwork) {
  policy_ = Policy();
  HostileServer server(Always(Ok("secret")));
  const auto refused = Get(server.Url());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kForbidden);
  EXPECT_EQ(server.connections(), 0);
  FakeResolver rebound(std::map<std::string, std::string>{{"innocent.example", "169.254.169.254"}});
  resolver_ = &rebound;
  const auto metadata = Get("http://innocent.example/latest/meta-data");
  ASSERT_FALSE(metadata);
  EXPECT_THAT(metadata.error().message, HasSubstr("cloud metadata"));
}

TEST_F(NetClient, ChecksEveryRedirect) {
  HostileServer server([](HostileConnection& connection) {
    for (;;) {
      const std::string head = connection.ReadHead();
      if (head.empty()) return;
      const std::string to = head.starts_with("GET /loop") ? "/loop"
                             : head.starts_with("GET /scheme")
                                 ? "file:///etc/passwd"
                                 : "http://169.254.169.254/latest/meta-data";
      connection.Send(
          fmt::format("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", to));
    }
  });
  const auto metadata = Get(server.Url());
  ASSERT_FALSE(metadata);
  EXPECT_EQ(metadata.error().code, Code::kForbidden);
  EXPECT_THAT(metadata.error().message, HasSubstr("169.254.169.254"));
  const auto loop = Get(server.Url("/loop"));
  ASSERT_FALSE(loop);
  EXPECT_THAT(loop.error().message, HasSubstr("over 5 redirects"));
  const auto scheme = Get(server.Url("/scheme"));
  ASSERT_FALSE(scheme);
  EXPECT_THAT(scheme.error().message, HasSubstr("http:// or https://"));
}

TEST_F(NetClient, TellsOtherHostsNothing) {
  std::string seen;
  HostileServer other([&seen](HostileConnection& connection) {
    seen = connection.ReadHead();
    connection.Send(Ok("done"));
  });
  HostileServer first([&other](HostileConnection& connection) {
    for (;;) {
      const std::string head = connection.ReadHead();
      if (head.empty()) return;
      const int status = head.starts_with("PUT") ? 307 : 302;
      connection.Send(
          fmt::format("HTTP/1.1 {} Over There\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", status,
                      other.Url("/b")));
    }
  });
  const Request request{.url = first.Url("/a"),
                        .headers = {{"Authorization", "Bearer s3cret"},
                                    {"X-Api-Key", "s3cret"},
                                    {"Accept", "application/json"}}};
  const auto response = Send(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_THAT(response->url, HasSubstr("/b"));
  EXPECT_THAT(seen, testing::Not(HasSubstr("s3cret")));
  EXPECT_THAT(seen, HasSubstr("Accept: application/json"));
  const auto put = Send({.method = "PUT", .url = first.Url(), .body = "s3cret"});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, Code::kForbidden);
}

TEST_F(NetClient, BoundsWhatAServerSends) {
  options_.limits.body_bytes_max = 100000;
  const std::string a_lot(10000, 'x');
  HostileServer server([&](HostileConnection& connection) {
    const std::string head = connection.ReadHead();
    if (head.starts_with("GET /endless")) {
      connection.Send("HTTP/1.1 200 OK\r\n\r\n");
      while (connection.Send(a_lot)) {
      }
    } else if (head.starts_with("GET /chunks")) {
      connection.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      while (connection.Send("2710\r\n" + a_lot + "\r\n")) {
      }
    } else if (head.starts_with("GET /claims")) {
      connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
    } else if (head.starts_with("GET /headers")) {
      connection.Send("HTTP/1.1 200 OK\r\n");
      while (connection.Send("X: " + a_lot + "\r\n")) {
      }
    } else if (head.starts_with("GET /line")) {
      while (connection.Send(a_lot)) {
      }
    } else if (head.starts_with("GET /many")) {
      connection.Send("HTTP/1.1 200 OK\r\n");
      while (connection.Send("a:b\r\n")) {
      }
    } else if (head.starts_with("GET /1xx")) {
      while (connection.Send("HTTP/1.1 103 Early Hints\r\n\r\n")) {
      }
    }
  });
  for (const char* path :
       {"/endless", "/chunks", "/claims", "/headers", "/line", "/many", "/1xx"}) {
    const auto response = Get(server.Url(path));
    ASSERT_FALSE(response) << path;
    EXPECT_EQ(response.error().code,
              std::string_view(path) == "/1xx" ? Code::kUnavailable : Code::kTooLarge)
        << path << ": " << response.error().message;
  }
}

TEST_F(NetClient, EndsASlowDripByTheTotalTime) {
  options_.idle_timeout = milliseconds(20000);
  options_.total_timeout = milliseconds(300);
  HostileServer server([](HostileConnection& connection) {
    connection.ReadHead();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (connection.Send("x")) connection.Pause(milliseconds(20));
  });
  const auto drip = Get(server.Url());
  ASSERT_FALSE(drip);
  EXPECT_EQ(drip.error().code, Code::kDeadline);
  EXPECT_THAT(drip.error().message, HasSubstr("whole request"));
  HostileServer silent([](HostileConnection& connection) { connection.WaitForClose(); });
  options_.total_timeout = milliseconds(20000);
  options_.idle_timeout = milliseconds(100);
  const auto idle = Get(silent.Url());
  ASSERT_FALSE(idle);
  EXPECT_THAT(idle.error().message, HasSubstr("nothing for 100 ms"));
  const auto post = Send({.method = "POST", .url = silent.Url(), .body = "x"});
  ASSERT_FALSE(post);
  EXPECT_EQ(post.error().code, Code::kOutcomeUnknown);
}

TEST_F(NetClient, IsCancelled) {
  std::atomic<bool> stop{false};
  options_.cancelled = [&stop] { return stop.load(); };
  HostileServer silent([&stop](HostileConnection& connection) {
    connection.ReadHead();
    stop = true;
    connection.WaitForClose();
  });
  const auto response = Get(silent.Url());
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().message, HasSubstr("cancelled"));
}

TEST_F(NetClient, Decompresses) {
  const std::string text = "{\"items\": [1, 2, 3]}";
  for (const int window : {15 + 16, 15, -15}) {
    const char* name = window > 15 ? "gzip" : "deflate";
    HostileServer server(
        Always(Ok(Compress(text, window), fmt::format("Content-Encoding: {}\r\n", name))));
    const auto response = Get(server.Url());
    ASSERT_TRUE(response) << window << ": " << response.error().message;
    EXPECT_EQ(response->body, text);
  }
  HostileServer cut(Always(Ok(Compress(text, 31).substr(0, 15), "Content-Encoding: gzip\r\n")));
  EXPECT_THAT(Get(cut.Url()).error().message, HasSubstr("ends too early"));
  HostileServer garbage(Always(Ok("\x1f\x8bnonsense", "Content-Encoding: gzip\r\n")));
  EXPECT_FALSE(Get(garbage.Url()));
  HostileServer unasked(Always(Ok("x", "Content-Encoding: br\r\n")));
  EXPECT_THAT(Get(unasked.Url()).error().message, HasSubstr("'br'"));
}

TEST_F(NetClient, DefusesBombs) {
  const std::string bomb = Compress(std::string(7u << 20, '\0'), 31);
  HostileServer server(Always(Ok(bomb, "Content-Encoding: gzip\r\n")));
  const auto ratio = Get(server.Url());
  ASSERT_FALSE(ratio);
  EXPECT_EQ(ratio.error().code, Code::kTooLarge);
  EXPECT_THAT(ratio.error().message, HasSubstr("200 times"));
  options_.limits.expansion_max = 2000;
  options_.limits.body_bytes_max = 1u << 20;
  const auto size = Get(server.Url());
  ASSERT_FALSE(size);
  EXPECT_THAT(size.error().message, HasSubstr("decompressed body is over"));
}

TEST_F(NetClient, RefusesWhatIsNotHttp) {
  const char* answers[] = {
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.1 99 Low\r\n\r\n",
      "HTTP/1.1 20x OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\n no name\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxxx\r\n",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
      "",
  };
  for (const char* answer : answers) {
    HostileServer server([answer](HostileConnection& connection) {
      connection.ReadHead();
      connection.Send(answer);
    });
    const auto response = Get(server.Url());
    ASSERT_FALSE(response) << answer;
    EXPECT_EQ(response.error().code, Code::kUnavailable) << answer << response.error().message;
  }
}

TEST_F(NetClient, SendsNoForgedLines) {
  HostileServer server(Always(Ok("")));
  EXPECT_FALSE(Send({.url = server.Url(), .headers = {{"X", "a\r\nY: b"}}}));
  EXPECT_FALSE(Send({.url = server.Url(), .headers = {{"X\r\nY", "a"}}}));
  EXPECT_FALSE(Send({.url = server.Url(), .headers = {{"host", "other"}}}));
  EXPECT_FALSE(Send({.method = "GET /", .url = server.Url()}));
  EXPECT_FALSE(Get(server.Url("/a b")));
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(NetClient, VerifiesCertificates) {
  HostileServer server(Always(Ok("secret")), "right.example");
  FakeResolver names({{"right.example", "127.0.0.1"}, {"wrong.example", "127.0.0.1"}});
  resolver_ = &names;
  const auto url = [&](std::string_view host) {
    return fmt::format("https://{}:{}/", host, server.port());
  };
  const auto unknown = Get(url("right.example"));
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("not trusted"));
  Trust(server.certificate_file());
  const auto right = Get(url("right.example"));
  ASSERT_TRUE(right) << right.error().message;
  EXPECT_EQ(right->body, "secret");
  for (const std::string& host : {std::string("wrong.example"), std::string("127.0.0.1")}) {
    const auto wrong = Get(url(host));
    ASSERT_FALSE(wrong) << host;
    EXPECT_THAT(wrong.error().message, HasSubstr("not trusted")) << host;
  }
  HostileServer plain(Always(Ok("")));
  options_.connect_timeout = milliseconds(200);  // it waits for a request, we for a handshake
  EXPECT_FALSE(Get(fmt::format("https://127.0.0.1:{}/", plain.port())));
}

TEST_F(NetClient, GoesNotFromHttpsToHttp) {
  HostileServer plain(Always(Ok("")));
  HostileServer server(
      Always(fmt::format("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
                         plain.Url())),
      "right.example");
  FakeResolver names(std::map<std::string, std::string>{{"right.example", "127.0.0.1"}});
  resolver_ = &names;
  Trust(server.certificate_file());
  const auto response = Get(fmt::format("https://right.example:{}/", server.port()));
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().message, HasSubstr("not encrypted"));
  EXPECT_EQ(plain.connections(), 0);
}

TEST_F(NetClient, RetriesAsItIsAsked) {
  std::atomic<int> asked{0};
  HostileServer server([&asked](HostileConnection& connection) {
    while (!connection.ReadHead().empty()) {
      const int turn = ++asked;
      if (turn < 3) {
        connection.Send(
            fmt::format("HTTP/1.1 503 Busy\r\nRetry-After: {}\r\nContent-Length: 0\r\n\r\n",
                        turn == 1 ? "7" : "Sat, 21 Nov 2026 10:00:09 GMT"));
      } else {
        connection.Send(Ok("at last"));
      }
    }
  });
  ManualClock clock(*ParseTime("2026-11-21T10:00:00Z"));
  SeededRandom random(1);
  std::vector<milliseconds> waits;
  const RetryDeps deps{.clock = clock, .random = random, .wait = [&](milliseconds wait) {
                         waits.push_back(wait);
                         return true;
                       }};
  Client client({policy_, system_, *tls_}, options_);
  const auto response = SendWithRetries(client, {.url = server.Url()}, {}, deps);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "at last");
  EXPECT_THAT(waits, testing::ElementsAre(milliseconds(7000), milliseconds(9000)));

  asked = 0;
  const auto post =
      SendWithRetries(client, {.method = "POST", .url = server.Url(), .body = ""}, {}, deps);
  ASSERT_TRUE(post);
  EXPECT_EQ(post->status, 503);
  EXPECT_EQ(asked.load(), 1) << "a POST is sent once";
}

TEST(Backoff, DoublesWithJitterUpToItsBound) {
  SeededRandom random(7);
  const Backoff backoff{.first = milliseconds(100), .max = milliseconds(1000)};
  for (int attempt = 1; attempt < 70; ++attempt) {
    const auto whole = attempt >= 5 ? 1000 : 100 << (attempt - 1);
    const auto wait = backoff.Wait(attempt, random).count();
    EXPECT_GE(wait, whole / 2);
    EXPECT_LE(wait, whole);
  }
}

}  // namespace
}  // namespace tenon::net

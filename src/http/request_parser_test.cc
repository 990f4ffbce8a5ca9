#include "http/request_parser.h"

#include <gtest/gtest.h>

#include "http/gzip.h"

namespace tenon::http {
namespace {

using State = RequestParser::State;

const ParserLimits kSmall = {
    .header_bytes_max = 1024, .body_bytes_max = 1000, .header_lines_max = 20};

// Feeds `bytes` in steps of `step`, as a connection would; returns how many were used.
std::size_t FeedIn(RequestParser& parser, std::string_view bytes, std::size_t step) {
  std::size_t used = 0;
  for (std::size_t have = step;; have += step) {
    have = std::min(have, bytes.size());
    used += parser.Feed(bytes.substr(used, have - used));
    parser.Continue();
    if (parser.state() != State::kNeedMore || have == bytes.size()) return used;
  }
}

int StatusOf(std::string_view bytes, const ParserLimits& limits = kSmall) {
  int status = -1;
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    RequestParser parser(limits);
    FeedIn(parser, bytes, step);
    const int now = parser.state() == State::kRefused ? parser.refusal().status
                    : parser.state() == State::kDone  ? 200
                                                      : 0;
    // How the bytes were cut must not matter.
    EXPECT_TRUE(status == -1 || now == status)
        << now << " in steps of " << step << ", not " << status << ": " << bytes.substr(0, 200);
    status = now;
  }
  return status;
}

TEST(RequestParser, ReadsPipelinedRequestsInAnyPieces) {
  const std::string first =
      "POST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello";
  const std::string second =
      "PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=\"v\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nAuthorization: smuggled\r\n\r\n";
  for (std::size_t step = 1; step < 40; ++step) {
    RequestParser parser(kSmall);
    const std::string all = "\r\n" + first + second + first;
    std::size_t used = FeedIn(parser, all, step);
    ASSERT_EQ(parser.state(), State::kDone);
    EXPECT_EQ(used, first.size() + 2);
    EXPECT_TRUE(parser.keep_alive());
    Request request = parser.TakeRequest();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/a b");
    EXPECT_EQ(request.Query("x"), "1");
    EXPECT_EQ(request.headers.Get("x-one"), "1");
    EXPECT_FALSE(request.headers.Has("Content-Length"));
    EXPECT_EQ(request.body, "hello");
    parser.Reset();
    used += FeedIn(parser, all.substr(used), step);
    ASSERT_EQ(parser.state(), State::kDone) << parser.refusal().detail;
    request = parser.TakeRequest();
    EXPECT_EQ(request.body, "abc0123456789");
    EXPECT_FALSE(request.headers.Has("Authorization"));
    parser.Reset();
    FeedIn(parser, all.substr(used), step);
    EXPECT_EQ(parser.state(), State::kDone);
  }
}

TEST(RequestParser, RefusesSmugglingShapes) {
  const auto with = [](std::string_view lines, std::string_view body = "") {
    return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(lines) + "\r\n" + std::string(body);
  };
  EXPECT_EQ(StatusOf(with("Content-Length: 3\r\n", "abc")), 200);
  EXPECT_EQ(StatusOf(with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "abc")), 400);
  EXPECT_EQ(StatusOf(with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "abc")), 400);
  EXPECT_EQ(StatusOf(with("Content-Length: 3\r\nContent-Length: 4\r\n", "abc")), 400);
  EXPECT_EQ(StatusOf(with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")), 400);
  EXPECT_EQ(StatusOf(with("Content-Length: 3, 3\r\n", "abc")), 400);
  EXPECT_EQ(StatusOf(with("Content-Length: +3\r\n", "abc")), 400);
  EXPECT_EQ(StatusOf(with("Content-Length: -1\r\n", "abc")), 400);
  EXPECT_EQ(StatusOf(with("Content-Length: 0x3\r\n", "abc")), 400);
  EXPECT_EQ(StatusOf(with("Content-Length: \r\n", "abc")), 400);
  EXPECT_EQ(StatusOf(with("Content-Length: 99999999999999999999999\r\n", "abc")), 400);
  EXPECT_EQ(StatusOf(with("Content-Length : 3\r\n", "abc")), 400);
  EXPECT_EQ(StatusOf(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(StatusOf(with("Transfer-Encoding: gzip, chunked\r\n")), 501);
  EXPECT_EQ(StatusOf(with("Transfer-Encoding: xchunked\r\n")), 501);
  EXPECT_EQ(StatusOf(with("Transfer-Encoding: identity\r\n")), 501);
  EXPECT_EQ(StatusOf(with("Transfer-Encoding:\vchunked\r\n")), 400);
  EXPECT_EQ(StatusOf(with("Transfer-Encoding: chunked, identity\r\n")), 501);
  EXPECT_EQ(StatusOf(with("X: a\r\n b\r\n")), 400);
  EXPECT_EQ(StatusOf(with("X:\r\n\tb\r\n")), 400);
  EXPECT_EQ(StatusOf(with("X: a\nY: b\r\n")), 400);
  EXPECT_EQ(StatusOf(with("X: a\rY: b\r\n")), 400);
  EXPECT_EQ(StatusOf(with(std::string_view("X: a\0b\r\n", 8))), 400);
  EXPECT_EQ(StatusOf(with("Host: other\r\n")), 400);
  EXPECT_EQ(StatusOf(with(" Leading: space\r\n")), 400);
  EXPECT_EQ(StatusOf(with(": no name\r\n")), 400);
  EXPECT_EQ(StatusOf(with("no colon\r\n")), 400);
  EXPECT_EQ(StatusOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.0\r\n\r\n"), 200);
}

TEST(RequestParser, RefusesMalformedRequestLines) {
  const auto line = [](std::string_view text) { return std::string(text) + "\r\nHost: h\r\n\r\n"; };
  EXPECT_EQ(StatusOf(line("GET / HTTP/1.1")), 200);
  EXPECT_EQ(StatusOf(line("GET  / HTTP/1.1")), 400);
  EXPECT_EQ(StatusOf(line("GET /  HTTP/1.1")), 400);
  EXPECT_EQ(StatusOf(line("GET / HTTP/1.1 ")), 400);
  EXPECT_EQ(StatusOf(line("GET /")), 400);
  EXPECT_EQ(StatusOf(line("GET / HTTP/2.0")), 505);
  EXPECT_EQ(StatusOf(line("PRI * HTTP/2.0")), 505);
  EXPECT_EQ(StatusOf(line("GET / HTTP/0.9")), 505);
  EXPECT_EQ(StatusOf(line("GET / http/1.1")), 400);
  EXPECT_EQ(StatusOf(line("G(T / HTTP/1.1")), 400);
  EXPECT_EQ(StatusOf(line("CONNECT h:80 HTTP/1.1")), 501);
  EXPECT_EQ(StatusOf(line("GET /%zz HTTP/1.1")), 400);
  EXPECT_EQ(StatusOf(line("GET /?a=%ff HTTP/1.1")), 400);
  EXPECT_EQ(StatusOf(line("OPTIONS * HTTP/1.1")), 200);
  EXPECT_EQ(StatusOf("\x16\x03\x01\x02"), 400);  // TLS
  EXPECT_EQ(StatusOf(std::string_view("\0\0\0\0", 4)), 400);
}

TEST(RequestParser, KeepsToItsLimits) {
  const std::string host = "GET / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(StatusOf(host + "X: " + std::string(2000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(StatusOf(host + "X: " + std::string(2000, 'x')), 431);
  EXPECT_EQ(StatusOf("GET /" + std::string(2000, 'x')), 414);
  std::string many = host;
  for (int i = 0; i < 30; ++i) many += "a:b\r\n";
  EXPECT_EQ(StatusOf(many + "\r\n"), 431);
  std::string ten_thousand = host;
  for (int i = 0; i < 10000; ++i) ten_thousand += "X-Line: value\r\n";
  EXPECT_EQ(StatusOf(ten_thousand + "\r\n", {}), 431);

  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(StatusOf(post + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x')), 200);
  EXPECT_EQ(StatusOf(post + "Content-Length: 1001\r\n\r\n"), 413);
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(StatusOf(chunked + "3e9\r\n"), 413);
  EXPECT_EQ(StatusOf(chunked + "3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\nx\r\n0\r\n\r\n"),
            413);
  EXPECT_EQ(StatusOf(chunked + "1;" + std::string(300, 'e') + "\r\nx\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf(chunked + "1;" + std::string(3000, 'e')), 400);
  EXPECT_EQ(StatusOf(chunked + "0\r\nX: " + std::string(3000, 'e')), 431);
  EXPECT_EQ(StatusOf(chunked + "zz\r\n"), 400);
  EXPECT_EQ(StatusOf(chunked + "fffffffffffffffff\r\n"), 413);
  EXPECT_EQ(StatusOf(chunked + "1\nx\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf(chunked + "1\r\nx\n0\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf(chunked + "0\r\nX: a\r\n b\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf(chunked + "0\r\nX: a\n\r\n"), 400);
  EXPECT_EQ(StatusOf(chunked + "2\r\nabX\r\n"), 400);
}

TEST(RequestParser, DecodesGzipWithinTheLimit) {
  const auto post = [](std::string_view coding, const std::string& body) {
    return "POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: " + std::string(coding) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  RequestParser parser(kSmall);
  FeedIn(parser, post("gzip", Gzip::All(std::string(1000, 'a'))), 5);
  ASSERT_EQ(parser.state(), State::kDone);
  const Request request = parser.TakeRequest();
  EXPECT_EQ(request.body, std::string(1000, 'a'));
  EXPECT_FALSE(request.headers.Has("Content-Encoding"));
  EXPECT_EQ(StatusOf(post("gzip", Gzip::All(std::string(1001, 'a')))), 413);
  EXPECT_EQ(StatusOf(post("gzip", "no gzip at all")), 400);
  const std::string whole = Gzip::All("abc");
  EXPECT_EQ(StatusOf(post("gzip", whole.substr(0, 10))), 400);
  EXPECT_EQ(StatusOf(post("br", "abc")), 415);
  EXPECT_EQ(StatusOf(post("gzip, gzip", whole)), 415);
  EXPECT_EQ(StatusOf(post("identity", "abc")), 200);
}

TEST(RequestParser, WaitsWithContinueOnlyForABody) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n";
  RequestParser parser(kSmall);
  parser.Feed(head + "Content-Length: 3\r\n\r\n");
  ASSERT_EQ(parser.state(), State::kExpectContinue);
  EXPECT_TRUE(parser.in_body());
  parser.Continue();
  EXPECT_EQ(parser.Feed("abc"), 3u);
  EXPECT_EQ(parser.state(), State::kDone);
  RequestParser eager(kSmall);
  eager.Feed(head + "Content-Length: 3\r\n\r\nabc");
  EXPECT_EQ(eager.state(), State::kDone);
  RequestParser empty(kSmall);
  empty.Feed(head + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(empty.state(), State::kDone);
  // Refused before the body was asked for.
  EXPECT_EQ(StatusOf(head + "Content-Length: 1001\r\n\r\n"), 413);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: h\r\nExpect: wonders\r\n\r\n"), 417);
}

TEST(RequestParser, KnowsWhetherTheConnectionGoesOn) {
  const auto keeps = [](std::string_view bytes) {
    RequestParser parser(kSmall);
    parser.Feed(bytes);
    EXPECT_EQ(parser.state(), State::kDone);
    return parser.keep_alive();
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

}  // namespace
}  // namespace tenon::http

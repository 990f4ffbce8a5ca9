#include "http/message.h"

#include <gtest/gtest.h>

#include "http/client.h"
#include "http/gzip.h"
#include "http/problem.h"
#include "http/response_head.h"
#include "http/url.h"

namespace tenon::http {
namespace {

TEST(Headers, NamesHaveNoCase) {
  Headers headers;
  headers.Add("Accept", "a");
  headers.Add("accept", "b");
  EXPECT_EQ(headers.Get("ACCEPT"), "a");
  headers.Set("aCCept", "c");
  EXPECT_EQ(headers.Get("accept"), "c");
  EXPECT_EQ(headers.size(), 1u);
  EXPECT_TRUE(headers.Has("Accept"));
  EXPECT_FALSE(headers.Has("Accept-Encoding"));
  EXPECT_EQ(headers.Get("None"), "");
}

TEST(Url, DecodesPathAndQuery) {
  Request request;
  ASSERT_TRUE(ParseTarget("/v1/a%2Fb/%C3%BC?q=a+b%26c&empty&q=2&&x=1=2", request));
  EXPECT_EQ(request.path, "/v1/a/b/ü");
  EXPECT_EQ(request.raw_path, "/v1/a%2Fb/%C3%BC");
  ASSERT_EQ(request.query.size(), 4u);
  EXPECT_EQ(request.query[0], std::pair(std::string("q"), std::string("a b&c")));
  EXPECT_EQ(request.Query("q"), "2");
  EXPECT_EQ(request.Query("empty"), "");
  EXPECT_EQ(request.Query("x"), "1=2");
  EXPECT_EQ(request.Query("y"), std::nullopt);
}

TEST(Url, TakesTheFormsOfRfc9112) {
  Request request;
  ASSERT_TRUE(ParseTarget("http://example.org:80/a?b=c", request));
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(request.raw_path, "");
  request = {};
  ASSERT_TRUE(ParseTarget("HTTP://example.org?b=c", request));
  EXPECT_EQ(request.path, "/");
  EXPECT_EQ(request.Query("b"), "c");
  request = {};
  request.method = "OPTIONS";
  ASSERT_TRUE(ParseTarget("*", request));
  EXPECT_EQ(request.path, "*");
}

TEST(Url, RefusesWhatCannotBeDecoded) {
  for (const char* target : {"/%", "/%4", "/%G1", "/%1G", "/%00", "/%FF", "/%C3", "/a?b=%ZZ",
                             "/a?%80=b", "*", "a/b", "example.org:443", "/a#b", "ftp://x/y"}) {
    Request request;
    request.method = "GET";
    const auto parsed = ParseTarget(target, request);
    ASSERT_FALSE(parsed) << target;
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument);
    EXPECT_FALSE(parsed.error().message.empty());
  }
}

TEST(Url, EncodingComesBack) {
  const std::string all = "a-z_~. /?#&=+%ü\t\"'";
  EXPECT_EQ(*PercentDecode(PercentEncode(all)), all);
  EXPECT_EQ(PercentEncode("a b/ü"), "a%20b%2F%C3%BC");
}

TEST(Url, BaseUrls) {
  const auto local = *ParseBaseUrl("http://127.0.0.1:7400");
  EXPECT_EQ(local.host, "127.0.0.1");
  EXPECT_EQ(local.port, "7400");
  EXPECT_EQ(local.prefix, "");
  EXPECT_FALSE(local.tls);
  const auto proxied = *ParseBaseUrl("https://[::1]/tenon/");
  EXPECT_EQ(proxied.host, "::1");
  EXPECT_EQ(proxied.port, "443");
  EXPECT_EQ(proxied.prefix, "/tenon");
  EXPECT_EQ(proxied.authority, "[::1]");
  EXPECT_TRUE(proxied.tls);
  for (const char* bad : {"", "localhost:7400", "ftp://x", "http://", "http://a:b", "http://a:",
                          "http://u:p@h", "http://h/?q", "http://h\r\nX: y", "http://:80"}) {
    EXPECT_FALSE(ParseBaseUrl(bad)) << bad;
  }
}

TEST(ResponseHead, WritesAllLines) {
  Response response;
  response.status = 201;
  response.headers.Add("Content-Type", "application/json");
  response.headers.Add("Content-Length", "999");  // the server's own are left out
  response.headers.Add("transfer-encoding", "gzip");
  response.headers.Add("Date", "yesterday");
  response.headers.Add("Connection", "upgrade");
  std::string out = "before";
  DateCache date;
  ASSERT_TRUE(AppendHead(response, {.content_length = 12}, date.At(784111777), out));
  EXPECT_EQ(out,
            "beforeHTTP/1.1 201 Created\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n");
}

TEST(ResponseHead, RefusesInjection) {
  const std::pair<const char*, std::string> bad[] = {{"X", "a\r\nSet-Cookie: b"},
                                                     {"X", "a\nb"},
                                                     {"X", std::string("a\0b", 3)},
                                                     {"X\r\nY", "a"},
                                                     {"X Y", "a"},
                                                     {"", "a"},
                                                     {"X:", "a"},
                                                     {"X", "\x7f"}};
  for (const auto& [name, value] : bad) {
    Response response;
    response.headers.Add(name, value);
    std::string out = "kept";
    EXPECT_FALSE(AppendHead(response, {}, "now", out)) << name;
    EXPECT_EQ(out, "kept");
  }
}

TEST(Problem, HasTheCodesOfTheErrorTable) {
  const Response response = ProblemResponse({413, "too \"big\""});
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.headers.Get("content-type"), "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"urn:tenon:problem:too-large","title":"Too large","status":413,)"
            R"("code":"too-large","detail":"too \"big\""})");
}

TEST(Gzip, RoundTripInPieces) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  const std::string packed = Gzip::All(text);
  EXPECT_LT(packed.size(), text.size() / 2);
  for (const std::size_t step : {std::size_t{1}, std::size_t{777}, packed.size()}) {
    Gunzip gunzip(text.size());
    std::string out;
    for (std::size_t at = 0; at < packed.size(); at += step) {
      ASSERT_TRUE(gunzip.Add(std::string_view(packed).substr(at, step), out));
    }
    ASSERT_TRUE(gunzip.Finish());
    EXPECT_EQ(out, text);
  }
}

TEST(Gzip, EveryPieceCanBeReadAtOnce) {
  Gzip gzip;
  Gunzip gunzip(100);
  std::string out;
  ASSERT_TRUE(gunzip.Add(gzip.Add("first "), out));
  EXPECT_EQ(out, "first ");
  ASSERT_TRUE(gunzip.Add(gzip.Add("second"), out));
  EXPECT_EQ(out, "first second");
  ASSERT_TRUE(gunzip.Add(gzip.Finish(), out));
  EXPECT_TRUE(gunzip.Finish());
}

TEST(Gzip, BombsStopAtTheLimit) {
  const std::string bomb = Gzip::All(std::string(50u << 20, 'a'));
  Gunzip gunzip(1u << 20);
  std::string out;
  const auto added = gunzip.Add(bomb, out);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, Code::kTooLarge);
  EXPECT_LE(out.size(), 1u << 20);
}

TEST(Gzip, MembersFollowOneAnotherAndTrashDoesNot) {
  const std::string packed = Gzip::All("abc");
  Gunzip two(100);
  std::string out;
  ASSERT_TRUE(two.Add(packed + Gzip::All("def"), out));
  ASSERT_TRUE(two.Finish());
  EXPECT_EQ(out, "abcdef");
  Gunzip trash(100);
  EXPECT_FALSE(trash.Add(packed + "trash that is no gzip", out));
  Gunzip cut(100);
  ASSERT_TRUE(cut.Add(packed.substr(0, packed.size() - 3), out));
  EXPECT_FALSE(cut.Finish());
  EXPECT_FALSE(Gunzip(100).Finish());
  std::string broken = packed;
  broken[broken.size() - 6] = static_cast<char>(broken[broken.size() - 6] ^ 0x55);
  Gunzip checksum(100);
  EXPECT_FALSE(checksum.Add(broken, out));
}

TEST(Gzip, AcceptEncoding) {
  for (const char* yes : {"gzip", "deflate, gzip", "GZIP;q=0.5", "*", "br;q=1.0, gzip ; q=0.001",
                          "*;q=0, gzip", "x-gzip"}) {
    EXPECT_TRUE(AcceptsGzip(yes)) << yes;
  }
  for (const char* no :
       {"", "identity", "gzip;q=0", "gzip;q=0.000", "*;q=0", "br", "gzip;q=0, *"}) {
    EXPECT_FALSE(AcceptsGzip(no)) << no;
  }
}

TEST(Gzip, CompressesWhatShrinks) {
  Response response;
  response.headers.Add("Content-Type", "application/problem+json; charset=utf-8");
  response.headers.Add("ETag", "\"3\"");
  response.body = std::string(5000, 'x');
  Response plain = response;
  CompressResponse(response, true, 1400);
  EXPECT_EQ(response.headers.Get("Content-Encoding"), "gzip");
  EXPECT_EQ(response.headers.Get("Vary"), "Accept-Encoding");
  EXPECT_LT(response.body.size(), 200u);
  CompressResponse(plain, false, 1400);
  EXPECT_EQ(plain.body.size(), 5000u);
  EXPECT_EQ(plain.headers.Get("Vary"), "Accept-Encoding");
  Response image;
  image.headers.Add("Content-Type", "image/png");
  image.body = std::string(5000, 'x');
  CompressResponse(image, true, 1400);
  EXPECT_FALSE(image.headers.Has("Vary"));
  Response small;
  small.headers.Add("Content-Type", "text/plain");
  small.body = std::string(100, 'x');
  CompressResponse(small, true, 1400);
  EXPECT_EQ(small.body.size(), 100u);
}

}  // namespace
}  // namespace tenon::http

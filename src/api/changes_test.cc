// The log as clients follow it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/positions.h"
#include "api/testing.h"

namespace tenon {
namespace {

using testing::Answer;
using ::testing::HasSubstr;
using testing::TestServer;

std::string Asset(const std::string& name) {
  return R"({"type":"TABLE","name":")" + name + R"(","qualified_name":")" + name + "\"}";
}

// The next piece of a stream, or "<end>".
std::string NextPiece(http::BodyStream& stream) {
  auto promise = std::make_shared<std::promise<std::string>>();
  auto future = promise->get_future();
  stream.Next([promise](Result<std::optional<std::string>> piece) {
    promise->set_value(!piece ? "<error>" : piece->value_or("<end>"));
  });
  if (future.wait_for(std::chrono::seconds(10)) != std::future_status::ready) return "<timeout>";
  return future.get();
}

// Reads on until a piece holds `text`.
std::string Until(http::BodyStream& stream, const std::string& text) {
  std::string all;
  for (int i = 0; i < 20; ++i) {
    const std::string piece = NextPiece(stream);
    all += piece;
    if (piece.find(text) != std::string::npos || piece.starts_with('<')) break;
  }
  return all;
}

TEST(Changes, AreReadFromAPosition) {
  TestServer server;
  const std::string start = server.Call("GET", "/v1/changes?after=now").Text("next_position");
  ASSERT_FALSE(start.empty());
  ASSERT_EQ(server.Call("POST", "/v1/assets", Asset("one")).status, 201);
  ASSERT_EQ(server.Call("POST", "/v1/assets", Asset("two")).status, 201);
  const Answer page = server.Call("GET", "/v1/changes?page_size=1&after=" + start);
  ASSERT_EQ(page.status, 200) << page.body;
  const json::value first = page.Json();
  ASSERT_EQ(first.at("items").as_array().size(), 1u);
  EXPECT_EQ(first.at("items").at(0).at("action").as_string(), "CREATE");
  EXPECT_EQ(first.at("items").at(0).at("table").as_string(), "assets");
  EXPECT_EQ(first.at("items").at(0).at("after").at("name").as_string(), "one");
  EXPECT_EQ(first.at("items").at(0).at("position"), first.at("next_position"));
  const Answer rest = server.Call("GET", "/v1/changes?after=" + page.Text("next_position"));
  EXPECT_EQ(rest.Json().at("items").as_array().size(), 1u);
}

TEST(Changes, AreFiltered) {
  TestServer server;
  const std::string start = server.Call("GET", "/v1/changes?after=now").Text("next_position");
  server.Call("POST", "/v1/assets", Asset("one"));
  server.Call("POST", "/v1/assets", Asset("two"));
  server.Call("POST", "/v1/tags", R"({"name":"pii"})");
  const auto count = [&](const std::string& query) {
    const Answer page = server.Call("GET", "/v1/changes?after=" + start + query);
    EXPECT_EQ(page.status, 200) << page.body;
    return page.Json().at("items").as_array().size();
  };
  EXPECT_EQ(count(""), 3u);
  EXPECT_EQ(count("&entity=tags"), 1u);
  EXPECT_EQ(count("&entity=Tag,assets"), 3u);
  EXPECT_EQ(count("&entity=assets&filter=name = \"two\""), 1u);
}

TEST(Changes, WakeALongPoll) {
  TestServer server;
  const std::string start = server.Call("GET", "/v1/changes?after=now").Text("next_position");
  auto waiting = server.Start("GET", "/v1/changes?wait=20&after=" + start);
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  server.Call("POST", "/v1/assets", Asset("one"));
  ASSERT_EQ(waiting.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_EQ(waiting.get().Json().at("items").as_array().size(), 1u);
  const std::string now = server.Call("GET", "/v1/changes?after=now").Text("next_position");
  const Answer none = server.Call("GET", "/v1/changes?wait=1&after=" + now);
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.Json().at("items").as_array().size(), 0u);
}

TEST(Changes, StreamAsCloudEventsAndResume) {
  TestServer server;
  const Answer stream = server.Call(
      "GET", "/v1/changes?after=now&entity=assets", "",
      {{"Accept", "text/event-stream"}, {"Authorization", "Bearer " + server.admin_key}});
  ASSERT_EQ(stream.status, 200) << stream.body;
  EXPECT_EQ(stream.headers.Get("Content-Type"), "text/event-stream");
  ASSERT_NE(stream.stream, nullptr);
  EXPECT_THAT(NextPiece(*stream.stream), HasSubstr(": connected"));
  server.Call("POST", "/v1/assets", Asset("one"));
  const std::string piece = Until(*stream.stream, "data: ");
  EXPECT_THAT(piece, HasSubstr(R"("specversion":"1.0")"));
  EXPECT_THAT(piece, HasSubstr(R"("type":"tenon.assets.create")"));
  EXPECT_THAT(piece, HasSubstr(R"("name":"one")"));
  stream.stream->Cancel();
  EXPECT_EQ(NextPiece(*stream.stream), "<end>");

  const std::size_t at = piece.find("id: ") + 4;
  const std::string id = piece.substr(at, piece.find('\n', at) - at);
  server.Call("POST", "/v1/assets", Asset("two"));
  const Answer resumed = server.Call("GET", "/v1/changes?after=now&entity=assets", "",
                                     {{"Accept", "text/event-stream"},
                                      {"Last-Event-ID", id},
                                      {"Authorization", "Bearer " + server.admin_key}});
  ASSERT_EQ(resumed.status, 200);
  const std::string next = Until(*resumed.stream, "data: ");
  EXPECT_THAT(next, HasSubstr(R"("name":"two")"));
  EXPECT_EQ(next.find(R"("name":"one")"), std::string::npos);
}

TEST(Changes, StreamsEndWhenTheirKeyIsRevoked) {
  TestServer server;
  const std::string key = server.KeyFor("", "s@example.com", "reader");
  const Answer stream =
      server.Call("GET", "/v1/changes?after=now", "",
                  {{"Accept", "text/event-stream"}, {"Authorization", "Bearer " + key}});
  ASSERT_EQ(stream.status, 200) << stream.body;
  NextPiece(*stream.stream);
  const Answer keys =
      server.Call("GET", "/v1/api_keys?filter=prefix = \"" + key.substr(4, 8) + "\"");
  ASSERT_EQ(keys.status, 200) << keys.body;
  const std::string id(keys.Json().at("items").at(0).at("id").as_string());
  ASSERT_EQ(server.Call("POST", "/v1/api_keys/" + id + ":revoke").status, 200);
  EXPECT_THAT(Until(*stream.stream, "event: error"), HasSubstr("event: error"));
  EXPECT_EQ(NextPiece(*stream.stream), "<end>");
}

TEST(Changes, StreamsOfATenantAreBounded) {
  testing::ServerSetup setup;
  setup.api.streams_per_tenant_max = 2;
  TestServer server(setup);
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"Accept", "text/event-stream"}, {"Authorization", "Bearer " + server.admin_key}};
  const Answer first = server.Call("GET", "/v1/changes", "", headers);
  const Answer second = server.Call("GET", "/v1/changes", "", headers);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(server.Call("GET", "/v1/changes", "", headers).status, 429);
  first.stream->Cancel();
  EXPECT_EQ(server.Call("GET", "/v1/changes", "", headers).status, 200);
}

TEST(Changes, ExportsGiveEveryRow) {
  TestServer server;
  for (int i = 0; i < 20; ++i) server.Call("POST", "/v1/assets", Asset("n" + std::to_string(i)));
  const Answer answer = server.Call("GET", "/v1/exports/assets");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.Get("Content-Type"), "application/x-ndjson");
  std::string all;
  for (;;) {
    const std::string piece = NextPiece(*answer.stream);
    if (piece.starts_with('<')) {
      EXPECT_EQ(piece, "<end>");
      break;
    }
    all += piece;
  }
  EXPECT_EQ(std::ranges::count(all, '\n'), 20);
  EXPECT_EQ(server.Call("GET", "/v1/exports/assets?filter=nope = 1").status, 400);
}

TEST(Positions, AreOpaqueAndBoundToTheirTenant) {
  const Positions positions(std::string(32, 'k'));
  Uuid a;
  a.bytes[0] = 1;
  Uuid b;
  b.bytes[0] = 2;
  for (const std::int64_t seq : {0L, 1L, 12345678901L}) {
    const std::string token = positions.Token(a, seq);
    EXPECT_EQ(token.size(), 22u);
    EXPECT_EQ(positions.Read(a, token).value_or(-1), seq);
    EXPECT_FALSE(positions.Read(b, token));
    EXPECT_NE(token, positions.Token(b, seq));
  }
  EXPECT_FALSE(positions.Read(a, ""));
  EXPECT_FALSE(positions.Read(a, std::string(22, 'A')));
  EXPECT_FALSE(positions.Read(a, "1"));
}

}  // namespace
}  // namespace tenon

// The custom-http source against servers that behave and servers that do not.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "net/testing.h"
#include "services/ingest/files.h"
#include "services/ingest/item_mapping.h"
#include "services/ingest/json_fields.h"
#include "services/ingest/page_link.h"
#include "services/ingest/testing.h"

namespace tenon::ingest {
namespace {

using net::HostileConnection;
using net::HostileServer;
using testing::ElementsAre;
using testing::HasSubstr;

std::string Answer(std::string_view body, std::string_view headers = "",
                   std::string_view status = "200 OK") {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}", status,
      body.size(), headers, body);
}

// Answers each request with what `answer` makes of its head, until the client goes.
HostileServer::Serve Serving(std::function<std::string(const std::string& head)> answer) {
  return [answer = std::move(answer)](HostileConnection& connection) {
    for (std::string head = connection.ReadHead(); !head.empty(); head = connection.ReadHead()) {
      if (!connection.Send(answer(head))) return;
    }
  };
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class CustomHttp : public ::testing::Test {
 protected:
  void SetUp() override { world_.files = &files_; }

  Result<> Read(const HostileServer& server, json::object options) {
    world_.options = std::move(options);
    if (!world_.options.contains("url")) world_.options["url"] = server.Url("/v1/videos");
    if (!world_.options.contains("item_key")) world_.options["item_key"] = "id";
    return world_.Read("custom-http", sink_);
  }
  std::vector<std::string> Titles() {
    std::vector<std::string> titles;
    for (const SourceRow& row : sink_.rows) {
      titles.push_back(TextIn(ObjectIn(row.fields, "properties"), "title"));
    }
    return titles;
  }
  static json::object Mapped(json::object options) {
    options["map"] = json::array{"title=properties.title"};
    options["set"] = json::array{"type=VIDEO"};
    return options;
  }

  LocalFiles files_;
  SourceWorld world_;
  RecordingSink sink_;
};

TEST_F(CustomHttp, FollowsLinksOfTheHeader) {
  world_.secrets.headers = {{"Authorization", "Bearer s3cr3t"}};
  HostileServer server(Serving([](const std::string& head) {
    EXPECT_TRUE(Has(head, "Authorization: Bearer s3cr3t"));
    if (Has(head, "GET /v1/videos?page=2 ")) return Answer(R"([{"id": 2, "title": "b"}])");
    return Answer(R"([{"id": 1, "title": "a"}])", "Link: </v1/videos?page=2>; rel=\"next\"\r\n");
  }));
  const auto read = Read(server, Mapped({{"next", "link"}}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_THAT(Titles(), ElementsAre("a", "b"));
  EXPECT_EQ(sink_.rows[0].where, "page 1, item 1");
  EXPECT_THAT(sink_.tables, ElementsAre("graph_nodes"));  // and no edges, which another run wrote
  EXPECT_NE(TextIn(sink_.rows[0].fields, "id"), TextIn(sink_.rows[1].fields, "id"));
}

TEST_F(CustomHttp, FollowsCursorsOffsetsAndPages) {
  HostileServer server(Serving([](const std::string& head) {
    if (Has(head, "cursor=c%2F2"))
      return Answer(R"({"data": {"items": [{"id": 2, "title": "b"}]}})");
    if (Has(head, "offset=0") || Has(head, "page=7") || Has(head, "GET /v1/videos ")) {
      return Answer(R"({"data": {"items": [{"id": 1, "title": "a"}], "next": "c/2"}})");
    }
    if (Has(head, "offset=1") || Has(head, "page=8")) {
      return Answer(R"({"data": {"items": [{"id": 2, "title": "b"}]}})");
    }
    return Answer(R"({"data": {"items": []}})");
  }));
  for (json::object options :
       {json::object{{"next", "cursor"}, {"next_path", "data.next"}},
        json::object{{"next", "offset"}}, json::object{{"next", "page"}, {"first_page", 7}}}) {
    sink_ = RecordingSink();
    options["items"] = "data.items";
    const auto read = Read(server, Mapped(options));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_THAT(Titles(), ElementsAre("a", "b")) << options;
  }
}

TEST_F(CustomHttp, GoesOnWhereItStopped) {
  HostileServer server(Serving([](const std::string& head) {
    return Has(head, "page=2 ") ? Answer(R"([{"id": 2, "title": "b"}])") : Answer("[]");
  }));
  world_.checkpoint = {{"page", 2}, {"pages", 1}};
  ASSERT_TRUE(Read(server, Mapped({{"next", "page"}})));
  EXPECT_THAT(Titles(), ElementsAre("b"));
  EXPECT_TRUE(sink_.partial);  // what came before is not known to be gone
}

TEST_F(CustomHttp, RejectsItemsWithTheirPlace) {
  HostileServer server(Serving([](const std::string&) {
    return Answer(R"([{"id": 1, "title": "a"}, 7, {"title": "no key"}, {"id": {}}])");
  }));
  ASSERT_TRUE(Read(server, Mapped({})));
  EXPECT_THAT(Titles(), ElementsAre("a"));
  EXPECT_THAT(sink_.rejects, ElementsAre(HasSubstr("page 1, item 2: the item is no object"),
                                         HasSubstr("page 1, item 3: the item has no id"),
                                         HasSubstr("page 1, item 4: the item has no id")));
}

TEST_F(CustomHttp, TriesAgainWhenAsked) {
  std::atomic<int> requests = 0;
  HostileServer server(Serving([&](const std::string&) {
    return ++requests < 3 ? Answer("{}", "Retry-After: 0\r\n", "503 Busy") : Answer("[]");
  }));
  ASSERT_TRUE(Read(server, {}));
  EXPECT_EQ(requests, 3);
}

TEST_F(CustomHttp, EndsWhatHasNoEnd) {
  std::atomic<int> requests = 0;
  HostileServer server(Serving([&](const std::string&) {
    return Answer(fmt::format(R"({{"items": [{{"id": {0}, "title": "x"}}], "next": "{0}"}})",
                              requests.fetch_add(1)));
  }));
  auto read = Read(
      server,
      Mapped({{"items", "items"}, {"next", "cursor"}, {"next_path", "next"}, {"pages_max", 20}}));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kTooLarge);
  EXPECT_THAT(read.error().message, HasSubstr("over 20 pages"));
  EXPECT_EQ(requests, 20);

  HostileServer circle(
      Serving([](const std::string&) { return Answer(R"({"items": [], "next": "same"})"); }));
  read = Read(circle, Mapped({{"items", "items"}, {"next", "cursor"}, {"next_path", "next"}}));
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("was read before"));

  requests = 0;
  HostileServer empty(Serving([&](const std::string&) {
    return Answer(fmt::format(R"({{"items": [], "next": "{}"}})", requests.fetch_add(1)));
  }));
  read = Read(empty, Mapped({{"items", "items"}, {"next", "cursor"}, {"next_path", "next"}}));
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("empty pages"));
}

TEST_F(CustomHttp, KeepsSecretsWithTheirOrigin) {
  std::atomic<int> strangers = 0;
  HostileServer other(Serving([&](const std::string&) {
    ++strangers;
    return Answer("[]");
  }));
  HostileServer server(Serving([&](const std::string&) {
    return Answer("[]", fmt::format("Link: <{}>; rel=next\r\n", other.Url()));
  }));
  world_.secrets.headers = {{"Authorization", "Bearer s3cr3t"}};
  const auto read = Read(server, Mapped({{"next", "link"}}));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kForbidden);
  EXPECT_EQ(strangers, 0);
}

TEST_F(CustomHttp, SaysWhatIsNoPage) {
  std::string answer;
  HostileServer server(Serving([&](const std::string&) { return answer; }));
  const auto message = [&](std::string text) {
    answer = std::move(text);
    const auto read = Read(server, Mapped({}));
    return read ? std::string() : read.error().message;
  };
  EXPECT_THAT(
      message("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"),
      HasSubstr("answered text/html, not JSON"));
  EXPECT_THAT(message(Answer("{")), HasSubstr("line 1"));
  EXPECT_THAT(message(Answer("{}")), HasSubstr("no list of items"));
  EXPECT_THAT(message(Answer(R"({"message": "bad key"})", "", "401 Unauthorized")),
              HasSubstr("answered 401: bad key"));
  EXPECT_THAT(message(Answer("{}", "", "404 Not Found")), HasSubstr("answered 404"));
}

TEST_F(CustomHttp, AsksForNoPrivateAddress) {
  HostileServer server(Serving([](const std::string&) { return Answer("[]"); }));
  world_.policy = net::Policy();
  const auto read = Read(server, Mapped({}));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kForbidden);
  EXPECT_EQ(server.connections(), 0);
}

TEST(CustomHttpOptions, AreCheckedAtOnce) {
  const auto checked = FindSource("custom-http")
                           ->check({{"url", "ftp://x"},
                                    {"next", "sometimes"},
                                    {"map", json::array{"nothing"}},
                                    {"header", "x"}});
  ASSERT_FALSE(checked);
  std::vector<std::string> paths;
  for (const FieldError& field : checked.error().fields) paths.push_back(field.path);
  EXPECT_THAT(paths, testing::UnorderedElementsAre("options.header", "options.url", "options.next",
                                                   "options.map"));
}

TEST(ItemMapping, MakesNodesAndEdgesMeet) {
  ItemMapping nodes{.table = "graph_nodes", .origin = "o", .key = "id"};
  nodes.fields = {{"id", "properties.number"}};
  nodes.constants = {{"type", "SERVICE"}, {"properties.tier", "1"}};
  ItemMapping edges{.table = "graph_edges", .origin = "o", .key = "id"};
  edges.fields = {{"id|node", "source_id"}, {"needs.0|node", "target_id"}};
  const json::value item = *ParseJson(R"({"id": 7, "needs": ["b"]})");
  const auto node = RowOf(nodes, item);
  const auto edge = RowOf(edges, item);
  ASSERT_TRUE(node && edge);
  EXPECT_EQ(TextIn(*node, "id"), TextIn(*edge, "source_id"));
  EXPECT_EQ(TextIn(*edge, "target_id"), IdOfItem(nodes, "graph_nodes", "b"));
  EXPECT_NE(TextIn(*edge, "id"), TextIn(*node, "id"));
  EXPECT_EQ(ObjectIn(*node, "properties").at("tier"), 1);
}

TEST(PageLink, ReadsTheHeader) {
  EXPECT_EQ(LinkOf("<a>; rel=next", "next"), "a");
  EXPECT_EQ(LinkOf("<p>; rel=\"prev\", <n?x=1,2>; title=\"a, <b>\"; rel=\"last next\"", "next"),
            "n?x=1,2");
  EXPECT_EQ(LinkOf("<a>; rel=prev; rel=next", "next"), std::nullopt);  // only the first counts
  EXPECT_EQ(LinkOf(" , <a>;REL=\"Next\"", "next"), "a");
  EXPECT_EQ(LinkOf("<a", "next"), std::nullopt);
  EXPECT_EQ(LinkOf("<a>; rel=\"next", "next"), std::nullopt);
  EXPECT_EQ(LinkOf("", "next"), std::nullopt);
}

}  // namespace
}  // namespace tenon::ingest

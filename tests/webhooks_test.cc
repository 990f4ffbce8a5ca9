// Change events out, over a whole node and a real receiver: what is sent, how it is signed, order,
// tries, parking and replay. Time is turned by hand; nothing sleeps.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <mutex>
#include <set>

#include "base/hash.h"
#include "http/server.h"
#include "support/node_world.h"

namespace tenon::testing {
namespace {

constexpr std::string_view kSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
constexpr std::string_view kKey = "012345678901234567890123";

class WebhooksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto world = NodeWorld::Create("");
    ASSERT_TRUE(world) << world.error().message;
    world_ = *std::move(world);
    world_->work.net_allow = {"127.0.0.1"};
    ASSERT_TRUE(world_->Restart());
    auto server = http::Server::Listen(
        {.port = 0, .threads = 1}, [this](http::Request request, http::Respond respond) {
          http::Response response;
          {
            const std::lock_guard lock(mutex_);
            const std::string subject = SubjectIn(request.body);
            response.status = broken_.contains(subject) || all_broken_ ? status_ : 204;
            received_.push_back(std::move(request));
          }
          respond(std::move(response));
        });
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
    server_->Start();
  }
  void TearDown() override {
    if (server_) server_->Stop(std::chrono::seconds(5));
  }

  static std::string SubjectIn(const std::string& body) {
    const auto event = ParseJson(body);
    return event ? std::string(event->at("subject").as_string()) : "";
  }

  http::Response Call(std::string method, std::string path, json::value body = nullptr,
                      std::vector<std::pair<std::string, std::string>> query = {}) {
    return world_->Call("admin",
                        MakeRequest(std::move(method), std::move(path),
                                    body.is_null() ? "" : json::serialize(body), std::move(query)));
  }
  std::string Make(const std::string& table, json::object body) {
    const auto made = Call("POST", "/v1/" + table, json::value(body));
    EXPECT_EQ(made.status, 201) << made.body;
    const auto row = ParseJson(made.body);
    return row ? std::string(row->at("id").as_string()) : "";
  }
  std::string Subscribe(json::object more = {}) {
    json::object body{{"name", "portal"},
                      {"url", fmt::format("http://127.0.0.1:{}/hook", server_->port())},
                      {"secret", kSecret}};
    for (const auto& member : more) body[member.key()] = member.value();
    const std::string id = Make("webhook_subscriptions", body);
    Feed();
    Send();
    Received();
    return id;
  }
  std::string MakeAsset(const std::string& name, const std::string& type = "TABLE") {
    return Make("assets", {{"type", type}, {"name", name}, {"qualified_name", name}});
  }
  json::object Get(const std::string& table, const std::string& id) {
    const auto answer = Call("GET", "/v1/" + table + "/" + id);
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto row = ParseJson(answer.shared_body ? *answer.shared_body : answer.body);
    return row ? row->as_object() : json::object();
  }
  json::array Rows(const std::string& table, const std::string& filter) {
    const auto answer = Call("GET", "/v1/" + table, nullptr, {{"filter", filter}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto page = ParseJson(answer.body);
    return page && page->as_object().contains("items") ? page->at("items").as_array()
                                                       : json::array();
  }
  json::array Parked() { return Rows("webhook_deliveries", "status = parked"); }

  // On PostgreSQL a row has to get its number first.
  void Feed() {
    for (const char* follower : {"webhooks", "asset-watchers"}) {
      const auto done =
          world_->node().indexes().followers().WaitFor(follower, std::chrono::seconds(60));
      ASSERT_TRUE(done) << done.error().message;
    }
  }
  // Sends until nothing is due.
  void Send() {
    for (int i = 0; i < 100; ++i) {
      const auto tried = world_->node().webhooks().sender().Step();
      ASSERT_TRUE(tried) << tried.error().message;
      if (*tried == 0) return;
    }
  }
  void Deliver() {
    Feed();
    Send();
  }
  void Wait(Duration by) { ASSERT_TRUE(world_->Advance(by)); }

  std::vector<http::Request> Received() {
    const std::lock_guard lock(mutex_);
    return std::exchange(received_, {});
  }
  void Break(int status, std::set<std::string> subjects = {}) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    all_broken_ = subjects.empty();
    broken_ = std::move(subjects);
  }
  void Mend() {
    const std::lock_guard lock(mutex_);
    all_broken_ = false;
    broken_.clear();
  }

  std::unique_ptr<NodeWorld> world_;
  std::unique_ptr<http::Server> server_;
  std::mutex mutex_;
  std::vector<http::Request> received_;  // these four guarded by mutex_
  std::set<std::string> broken_;
  bool all_broken_ = false;
  int status_ = 500;
};

TEST_F(WebhooksTest, SendsASignedCloudEvent) {
  const std::string id = Subscribe({{"headers", json::object{{"X-Team", "data"}}}});
  const std::string asset = MakeAsset("orders");
  Deliver();
  const auto received = Received();
  ASSERT_EQ(received.size(), 1u);
  const http::Request& request = received[0];
  EXPECT_EQ(request.path, "/hook");
  EXPECT_EQ(request.headers.Get("Content-Type"), "application/cloudevents+json; charset=utf-8");
  EXPECT_EQ(request.headers.Get("X-Team"), "data");
  const std::string signed_text = std::string(request.headers.Get("webhook-id")) + "." +
                                  std::string(request.headers.Get("webhook-timestamp")) + "." +
                                  request.body;
  const Digest digest = HmacSha256(kKey, signed_text);
  EXPECT_EQ(request.headers.Get("webhook-signature"),
            "v1," + ToBase64({reinterpret_cast<const char*>(digest.data()), digest.size()}));
  const json::object event = ParseJson(request.body)->as_object();
  EXPECT_EQ(event.at("specversion").as_string(), "1.0");
  EXPECT_EQ(event.at("type").as_string(), "tenon.assets.create");
  EXPECT_EQ(event.at("subject").as_string(), asset);
  EXPECT_EQ(event.at("id").as_string(), request.headers.Get("webhook-id"));
  EXPECT_EQ(event.at("data").at("after").at("name").as_string(), "orders");
  EXPECT_EQ(Get("webhook_subscriptions", id).at("delivered").as_int64(), 1);
  EXPECT_EQ(Get("webhook_subscriptions", id).at("secret").as_string(), "[sealed]");
}

TEST_F(WebhooksTest, SendsOnlyWhatWasAskedFor) {
  Subscribe({{"entities", json::array{"assets"}},
             {"types", json::array{"CREATE", "DELETE"}},
             {"filter", "type = \"TABLE\""}});
  const std::string table = MakeAsset("orders");
  MakeAsset("report", "DASHBOARD");
  Make("tags", {{"name", "pii"}, {"category", "x"}});
  EXPECT_EQ(Call("PATCH", "/v1/assets/" + table, json::value{{"name", "o"}}).status, 200);
  EXPECT_EQ(Call("DELETE", "/v1/assets/" + table).status, 204);
  Deliver();
  const auto received = Received();
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(ParseJson(received[0].body)->at("type").as_string(), "tenon.assets.create");
  EXPECT_EQ(ParseJson(received[1].body)->at("type").as_string(), "tenon.assets.delete");
}

TEST_F(WebhooksTest, KeepsTheOrderOfARowAndLetsOthersPass) {
  Subscribe({{"entities", json::array{"assets"}}});
  const std::string first = MakeAsset("a"), second = MakeAsset("b");
  Deliver();
  Received();
  Break(500, {first});
  Call("PATCH", "/v1/assets/" + first, json::value{{"name", "a1"}});
  Call("PATCH", "/v1/assets/" + first, json::value{{"name", "a2"}});
  Call("PATCH", "/v1/assets/" + second, json::value{{"name", "b1"}});
  Deliver();
  auto received = Received();
  ASSERT_EQ(received.size(), 2u);  // a1 failed, a2 waits behind it, b1 arrived
  EXPECT_EQ(SubjectIn(received[0].body), first);
  EXPECT_EQ(SubjectIn(received[1].body), second);
  Mend();
  Send();
  EXPECT_TRUE(Received().empty());  // not before its time
  Wait(std::chrono::seconds(10));
  Send();
  received = Received();
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(ParseJson(received[0].body)->at("data").at("after").at("name").as_string(), "a1");
  EXPECT_EQ(ParseJson(received[1].body)->at("data").at("after").at("name").as_string(), "a2");
}

TEST_F(WebhooksTest, ParksAndReplays) {
  const std::string id = Subscribe({{"attempts_max", 3}});
  Break(503);
  const std::string asset = MakeAsset("orders");
  Deliver();
  for (int i = 0; i < 3; ++i) {
    Wait(std::chrono::hours(1));
    Send();
  }
  auto received = Received();
  ASSERT_EQ(received.size(), 3u);
  EXPECT_EQ(received[0].headers.Get("webhook-id"), received[2].headers.Get("webhook-id"));
  json::array parked = Parked();
  ASSERT_EQ(parked.size(), 1u);
  EXPECT_EQ(parked[0].at("attempts").as_int64(), 3);
  EXPECT_EQ(parked[0].at("last_status").as_int64(), 503);
  EXPECT_EQ(parked[0].at("subject").as_string(), "assets/" + asset);
  EXPECT_EQ(Get("webhook_subscriptions", id).at("parked").as_int64(), 1);

  Mend();
  const std::string delivery(parked[0].at("id").as_string());
  EXPECT_EQ(Call("POST", "/v1/webhook_deliveries/" + delivery + ":replay").status, 200);
  Wait(std::chrono::hours(1));
  Deliver();
  bool again = false;
  for (const http::Request& request : Received()) {
    again = again || request.headers.Get("webhook-id") == received[0].headers.Get("webhook-id");
  }
  EXPECT_TRUE(again);
  EXPECT_TRUE(Parked().empty());
}

TEST_F(WebhooksTest, SurvivesARestartAndAPause) {
  const std::string id = Subscribe();
  MakeAsset("before");
  Feed();
  ASSERT_TRUE(world_->Restart());
  Deliver();
  EXPECT_EQ(Received().size(), 1u);
  EXPECT_EQ(Call("POST", "/v1/webhook_subscriptions/" + id + ":pause").status, 200);
  Deliver();
  Received();
  MakeAsset("meanwhile");
  Deliver();
  EXPECT_TRUE(Received().empty());
  EXPECT_EQ(Call("POST", "/v1/webhook_subscriptions/" + id + ":resume").status, 200);
  MakeAsset("after");
  Deliver();
  EXPECT_GE(Received().size(), 1u);
}

TEST_F(WebhooksTest, PausesWhatCanNeverMatch) {
  const std::string id = Subscribe({{"filter", "type = \"TABLE\""}});
  MakeAsset("orders");
  Deliver();
  EXPECT_TRUE(Received().empty());
  const json::object row = Get("webhook_subscriptions", id);
  EXPECT_EQ(row.at("status").as_string(), "paused");
  EXPECT_NE(std::string(row.at("last_error").as_string()).find("exactly one table"),
            std::string::npos);
}

TEST_F(WebhooksTest, RefusesAnAddressThatIsNotAllowed) {
  world_->work.net_allow = {};
  ASSERT_TRUE(world_->Restart());
  const std::string id = Subscribe({{"attempts_max", 1}});
  MakeAsset("orders");
  Deliver();
  EXPECT_TRUE(Received().empty());
  EXPECT_EQ(Parked().size(), 1u);
  const std::string why(Get("webhook_subscriptions", id).at("last_error").as_string());
  EXPECT_NE(why.find("127.0.0.1"), std::string::npos) << why;
}

TEST_F(WebhooksTest, TellsTheFollowersOfAnAsset) {
  const std::string asset = MakeAsset("orders");
  const std::string user = Make(
      "users", {{"email", "ada@example.com"}, {"name", "Ada"}, {"roles", json::array{"reader"}}});
  EXPECT_EQ(Call("POST", "/v1/user_assets",
                 json::value{{"user_id", user}, {"asset_id", asset}, {"type", "FOLLOWS"}})
                .status,
            201);
  Feed();
  const auto told = [&] { return Rows("notification_events", "type = asset_changed"); };
  EXPECT_TRUE(told().empty());
  Call("PATCH", "/v1/assets/" + asset, json::value{{"description", "Orders"}});
  Make("schemas", {{"asset_id", asset}, {"name", "id"}, {"type", "int"}});
  Feed();
  const json::array events = told();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].at("channel_targets"), json::value{"user:" + user});
  EXPECT_EQ(events[0].at("payload_summary").at("fields"), (json::array{"columns", "description"}));
  EXPECT_EQ(events[0].at("entity_id").as_string(), asset);
}

}  // namespace
}  // namespace tenon::testing

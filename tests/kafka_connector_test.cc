// Kafka connectors over a whole node and librdkafka's own cluster: what becomes of messages, and
// that each is written once, whatever happens between its delivery and its commit.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <functional>

#include "net/kafka_testing.h"
#include "services/jobs/kafka_readers.h"
#include "support/node_world.h"

namespace tenon::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr int kSteps = 600;

class KafkaConnectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* why = net::WhyNoKafka()) GTEST_SKIP() << why;
    auto world = NodeWorld::Create("");
    ASSERT_TRUE(world) << world.error().message;
    world_ = *std::move(world);
    world_->work.net_allow = {"127.0.0.1"};
    world_->work.kafka.report_every = std::chrono::milliseconds(0);
    world_->work.kafka.poll = std::chrono::milliseconds(100);
    world_->work.kafka.session = std::chrono::milliseconds(6000);
    ASSERT_TRUE(world_->Restart());
  }

  http::Response Call(std::string method, std::string path, json::value body = nullptr,
                      const std::string& as = "admin",
                      std::vector<std::pair<std::string, std::string>> query = {}) {
    return world_->Call(as,
                        MakeRequest(std::move(method), std::move(path),
                                    body.is_null() ? "" : json::serialize(body), std::move(query)));
  }
  json::object Read(const std::string& path,
                    std::vector<std::pair<std::string, std::string>> query = {}) {
    const auto answer = Call("GET", path, nullptr, "admin", std::move(query));
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto value = ParseJson(answer.shared_body ? *answer.shared_body : answer.body);
    return value ? value->as_object() : json::object();
  }
  json::array Items(const std::string& path,
                    std::vector<std::pair<std::string, std::string>> query = {}) {
    json::object page = Read(path, std::move(query));
    return page.contains("items") ? page.at("items").as_array() : json::array();
  }
  void Fire(const std::string& id, const std::string& event) {
    const auto answer = Call("POST", "/v1/connector_configs/" + id + ":" + event, json::object());
    ASSERT_LT(answer.status, 300) << answer.body;
  }

  // A connector that was tried and is active.
  std::string Make(json::object config = {}, std::string sla = "PT5M") {
    json::array brokers;
    for (const std::string& broker : cluster_.brokers()) brokers.emplace_back(broker);
    json::object all{{"brokers", std::move(brokers)},
                     {"topics", json::array{"videos"}},
                     {"group", "tenon"},
                     {"node_type", "VIDEO"},
                     {"fields", json::object{{"title", "title"}}}};
    for (auto& member : config) all[member.key()] = std::move(member.value());
    const auto made = Call("POST", "/v1/connector_configs",
                           json::object{{"name", "videos"},
                                        {"type", "kafka"},
                                        {"heartbeat_sla", std::move(sla)},
                                        {"config", std::move(all)}},
                           "writer");
    EXPECT_EQ(made.status, 201) << made.body;
    const auto row = ParseJson(made.body);
    const std::string id(row->at("connector_id").as_string());
    Fire(id, "validate");
    EXPECT_TRUE(world_->Work());
    Fire(id, "activate");
    return id;
  }
  // A reader that is stepped by hand, as one of several nodes has it.
  std::unique_ptr<jobs::KafkaReader> Open(const std::string& id, std::string worker = "by-hand") {
    const jobs::KafkaReaderDeps deps = world_->node().work().kafka_deps();
    auto connector = jobs::LoadConnector(deps.ingest, DefaultTenant(), id);
    EXPECT_TRUE(connector) << connector.error().message;
    jobs::KafkaReaderOptions options = world_->work.kafka;
    options.worker = std::move(worker);
    auto reader = jobs::KafkaReader::Open(deps, *std::move(connector), std::move(options));
    EXPECT_TRUE(reader) << reader.error().message;
    return *std::move(reader);
  }
  Uuid DefaultTenant() {
    const json::object me = Read("/v1/whoami");
    return *Uuid::Parse(std::string_view(me.at("tenant_id").as_string()));
  }
  static void Until(const std::function<bool()>& enough, const std::function<void()>& step) {
    for (int i = 0; i < kSteps && !enough(); ++i) step();
    EXPECT_TRUE(enough());
  }
  static void StepUntil(jobs::KafkaReader& reader, const std::function<bool()>& enough) {
    Until(enough, [&] {
      const auto stepped = reader.Step();
      ASSERT_TRUE(stepped) << stepped.error().message;
    });
  }
  std::vector<std::string> Titles() {
    std::vector<std::string> titles;
    for (const json::value& node :
         Items("/v1/graph_nodes", {{"filter", "type = VIDEO"}, {"page_size", "1000"}})) {
      titles.emplace_back(node.at("properties").at("title").as_string());
    }
    return titles;
  }
  void Produce(const std::string& key, const std::string& title, int partition = 0) {
    cluster_.Produce("videos", partition, key, fmt::format(R"({{"title":"{}"}})", title));
  }

  net::MockKafka cluster_;
  std::unique_ptr<NodeWorld> world_;
};

TEST_F(KafkaConnectorTest, ATopicBecomesNodesAndSaysHowFarItIs) {
  cluster_.CreateTopic("videos", 1);
  const std::string id = Make();
  Produce("a", "first");
  Produce("b", "second");
  Produce("a", "first again");
  jobs::KafkaReaders& readers = world_->node().work().kafka();
  const std::string path = "/v1/connector_configs/" + id;
  Until(
      [&] {
        const json::object lag = Read(path + "/lag");
        return lag.at("partitions").as_array().size() == 1 && !lag.contains("partial") &&
               lag.at("partitions").at(0).at("offset") == 3 && lag.at("lag") == 0;
      },
      [&] {
        ASSERT_TRUE(readers.Tick());
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      });
  EXPECT_THAT(Titles(), UnorderedElementsAre("first again", "second"));
  EXPECT_EQ(cluster_.Committed("tenon", "videos", 0), 3);
  const json::object status = Read(path + "/status");
  EXPECT_EQ(status.at("connector").at("state"), "RUNNING");
  EXPECT_EQ(status.at("tasks").at(0).at("state"), "RUNNING");
  EXPECT_EQ(status.at("metrics").at("rows_written"), 3);
  EXPECT_TRUE(status.contains("last_heartbeat"));
  EXPECT_EQ(Call("GET", path + "/status", nullptr, "other").status, 404);
  EXPECT_EQ(Call("GET", path + "/lag", nullptr, "other").status, 404);
  EXPECT_EQ(Call("GET", path + "/rejects", nullptr, "other").status, 404);
  std::string metrics;
  world_->node().work().AppendMetrics(metrics);
  EXPECT_THAT(metrics, HasSubstr("tenon_kafka_messages_total{connector=\"" + id +
                                 "\",outcome=\"written\"} 3"));

  // Paused, nothing is read; resumed, it goes on where it was.
  Fire(id, "pause");
  ASSERT_TRUE(readers.Tick());
  EXPECT_EQ(readers.running(), 0u);
  EXPECT_EQ(Read(path + "/status").at("connector").at("state"), "PAUSED");
  EXPECT_EQ(Read(path + "/status").at("tasks").at(0).at("state"), "PAUSED");
  Produce("c", "third");
  Fire(id, "resume");
  Until([&] { return Titles().size() == 3; },
        [&] {
          ASSERT_TRUE(readers.Tick());
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
        });
  readers.Stop();
}

TEST_F(KafkaConnectorTest, WhatWasWrittenAndNotCommittedChangesNothingTheSecondTime) {
  cluster_.CreateTopic("videos", 1);
  const std::string id = Make();
  Produce("a", "old");
  Produce("b", "other");
  Produce("a", "new");
  {
    const auto crashed = Open(id);
    Until([&] { return crashed->stats().written == 3; },
          [&] {
            ASSERT_TRUE(crashed->Take());
            ASSERT_TRUE(crashed->Write());
          });
    // Here it dies: written, not committed.
  }
  EXPECT_EQ(cluster_.Committed("tenon", "videos", 0), -1);
  EXPECT_THAT(Titles(), UnorderedElementsAre("new", "other"));
  ASSERT_TRUE(world_->NewLogRows());
  const auto second = Open(id);
  StepUntil(*second, [&] { return cluster_.Committed("tenon", "videos", 0) == 3; });
  EXPECT_EQ(second->stats().replayed, 3);
  EXPECT_EQ(second->stats().written, 0);
  EXPECT_THAT(Titles(), UnorderedElementsAre("new", "other"));
  // Not even for a moment did the old title come back.
  const auto rows = world_->NewLogRows();
  ASSERT_TRUE(rows) << rows.error().message;
  for (const json::value& row : *rows) {
    EXPECT_NE(row.at("entity_type"), "GRAPH_NODE") << json::serialize(row);
  }
}

TEST_F(KafkaConnectorTest, WhatCannotBeWrittenIsListedAndHoldsNothingUp) {
  cluster_.CreateTopic("videos", 1);
  const std::string id = Make();
  Produce("a", "good");
  cluster_.Produce("videos", 0, "b", "no JSON");
  cluster_.Produce("videos", 0, "c", "[1]");
  cluster_.Produce("videos", 0, std::nullopt, R"({"title":"without a key"})");
  cluster_.Produce("videos", 0, "d", std::nullopt);
  cluster_.Produce("videos", 0, "e", R"({"title":7})");
  cluster_.Produce("videos", 0, "f", std::string("\0\0\0\0\1", 5));
  Produce("g", "good too");
  {
    const auto crashed = Open(id);
    Until([&] { return crashed->stats().rejected == 6; },
          [&] {
            ASSERT_TRUE(crashed->Take());
            ASSERT_TRUE(crashed->Write());
          });
  }
  const auto reader = Open(id);
  StepUntil(*reader, [&] { return cluster_.Committed("tenon", "videos", 0) == 8; });
  EXPECT_THAT(Titles(), UnorderedElementsAre("good", "good too"));
  // Once, though they were delivered twice.
  const json::array rejects = Items("/v1/connector_configs/" + id + "/rejects");
  ASSERT_EQ(rejects.size(), 6u);
  std::map<std::int64_t, std::string> reasons;
  for (const json::value& reject : rejects) {
    EXPECT_EQ(reject.at("topic"), "videos");
    EXPECT_EQ(reject.at("partition"), 0);
    reasons[reject.at("offset").to_number<std::int64_t>()] =
        std::string(reject.at("reason").as_string());
  }
  EXPECT_THAT(reasons[1], HasSubstr("no JSON"));
  EXPECT_THAT(reasons[2], HasSubstr("no object"));
  EXPECT_THAT(reasons[3], HasSubstr("no @key"));
  EXPECT_THAT(reasons[4], HasSubstr("no value"));
  EXPECT_THAT(reasons[5], HasSubstr("title"));
  EXPECT_THAT(reasons[6], HasSubstr("Avro"));
}

TEST_F(KafkaConnectorTest, AnyEntityIsWrittenAndATombstoneDeletes) {
  cluster_.CreateTopic("videos", 1);
  const std::string id = Make({{"entity", "assets"},
                               {"fields", json::object{{"name", "name"},
                                                       {"qualified_name", "@key"},
                                                       {"description", "@headers.note"},
                                                       {"metadata.from", "@topic"},
                                                       {"metadata.offset", "@offset"}}},
                               {"set", json::object{{"type", "TABLE"}}},
                               {"node_type", nullptr}});
  cluster_.Produce("videos", 0, "warehouse.orders", R"({"name":"orders"})",
                   {{"note", "kept by sales"}});
  const auto reader = Open(id);
  StepUntil(*reader, [&] { return reader->stats().written == 1; });
  const json::array assets = Items("/v1/assets");
  ASSERT_EQ(assets.size(), 1u);
  EXPECT_EQ(assets[0].at("qualified_name"), "warehouse.orders");
  EXPECT_EQ(assets[0].at("description"), "kept by sales");
  EXPECT_EQ(assets[0].at("metadata").at("from"), "videos");
  EXPECT_EQ(assets[0].at("metadata").at("offset"), 0);
}

TEST_F(KafkaConnectorTest, ATombstoneDeletesWhenItIsToldTo) {
  cluster_.CreateTopic("videos", 1);
  const std::string id = Make({{"nulls", "delete"}});
  Produce("a", "short-lived");
  Produce("b", "stays");
  cluster_.Produce("videos", 0, "a", std::nullopt);
  cluster_.Produce("videos", 0, "never", std::nullopt);
  const auto reader = Open(id);
  StepUntil(*reader, [&] { return cluster_.Committed("tenon", "videos", 0) == 4; });
  EXPECT_EQ(reader->stats().rejected, 0);
  EXPECT_THAT(Titles(), ElementsAre("stays"));
}

TEST_F(KafkaConnectorTest, WhatTheStoreRefusesForNowIsHeld) {
  cluster_.CreateTopic("videos", 1);
  const std::string id = Make();
  const auto limit = [&](std::int64_t nodes) {
    http::Request request = MakeRequest(
        "PATCH", "/v1/tenants/" + DefaultTenant().ToString(),
        json::serialize(json::object{
            {"config", json::object{{"quotas", json::object{{"graph_nodes", nodes}}}}}}),
        {{"tenant", "default"}});
    const auto answer = world_->Call("system", std::move(request));
    ASSERT_EQ(answer.status, 200) << answer.body;
  };
  limit(1);
  Produce("a", "first");
  Produce("b", "second");
  const auto reader = Open(id);
  StepUntil(*reader, [&] { return !Items("/v1/connector_configs/" + id + "/errors").empty(); });
  EXPECT_EQ(Items("/v1/connector_configs/" + id + "/errors")[0].at("code"), "too-many-requests");
  EXPECT_LT(cluster_.Committed("tenon", "videos", 0), 2);
  EXPECT_TRUE(Items("/v1/connector_configs/" + id + "/rejects").empty());
  limit(10);
  StepUntil(*reader, [&] { return cluster_.Committed("tenon", "videos", 0) == 2; });
  EXPECT_THAT(Titles(), UnorderedElementsAre("first", "second"));
}

TEST_F(KafkaConnectorTest, TwoNodesShareTheTopicAndOneTakesOver) {
  cluster_.CreateTopic("videos", 4);
  const std::string id = Make();
  auto first = Open(id, "first"), second = Open(id, "second");
  Until([&] { return first->stats().partitions == 2 && second->stats().partitions == 2; },
        [&] {
          ASSERT_TRUE(first->Step());
          ASSERT_TRUE(second->Step());
        });
  for (int i = 0; i < 40; ++i) Produce(fmt::format("k{}", i), fmt::format("t{}", i), i % 4);
  Until([&] { return first->stats().written + second->stats().written == 40; },
        [&] {
          ASSERT_TRUE(first->Step());
          ASSERT_TRUE(second->Step());
        });
  EXPECT_GT(first->stats().written, 0);
  EXPECT_GT(second->stats().written, 0);
  second.reset();
  for (int i = 40; i < 48; ++i) Produce(fmt::format("k{}", i), fmt::format("t{}", i), i % 4);
  StepUntil(*first, [&] { return Titles().size() == 48; });
}

TEST_F(KafkaConnectorTest, ASilentClusterIsAnErrorAndGoesOnWhenItIsBack) {
  cluster_.CreateTopic("videos", 1);
  const std::string id = Make({}, "PT1M");
  Produce("a", "first");
  auto reader = Open(id);
  StepUntil(*reader,
            [&] { return !Read("/v1/connector_configs/" + id).at("last_heartbeat").is_null(); });
  cluster_.SetDown(1, true);
  StepUntil(*reader, [&] {
    const json::object status = Read("/v1/connector_configs/" + id + "/status");
    return status.at("tasks").at(0).as_object().contains("trace");
  });
  StepUntil(*reader, [&] {
    // It does not report while no broker answers.
    EXPECT_TRUE(world_->Advance(std::chrono::seconds(40)));
    return Read("/v1/connector_configs/" + id).at("status") == "error";
  });
  EXPECT_TRUE(world_->Work());
  const json::array tasks = Items("/v1/background_tasks", {{"filter", "type = \"REMEDIATION\""}});
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].at("payload").at("connector_id"), json::value(id));
  reader.reset();
  cluster_.SetDown(1, false);
  Fire(id, "resume");
  Produce("b", "second");
  reader = Open(id);
  StepUntil(*reader, [&] { return Titles().size() == 2; });
}

TEST_F(KafkaConnectorTest, OnlyWhatCanBeReachedBecomesActive) {
  const auto made =
      Call("POST", "/v1/connector_configs",
           json::object{{"name", "k"},
                        {"type", "kafka"},
                        {"config", json::object{{"brokers", json::array{"10.0.0.1:9"}},
                                                {"topics", json::array{"t"}},
                                                {"security", "sasl_plaintext"},
                                                {"mechanism", "PLAIN"},
                                                {"username", "u"},
                                                {"password", "pa55word"}}}},
           "writer");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body.find("pa55word"), std::string::npos);
  const std::string id(ParseJson(made.body)->at("connector_id").as_string());
  Fire(id, "validate");
  ASSERT_TRUE(world_->Work());
  EXPECT_EQ(Call("POST", "/v1/connector_configs/" + id + ":activate").status, 409);
  const json::array errors = Items("/v1/connector_configs/" + id + "/errors");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].at("code"), "forbidden");
  EXPECT_THAT(std::string(errors[0].at("message").as_string()), HasSubstr("private"));
}

}  // namespace
}  // namespace tenon::testing

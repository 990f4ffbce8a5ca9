// The consumer against librdkafka's own cluster in this process.
#include "net/kafka.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "net/kafka_testing.h"

namespace tenon::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::chrono::milliseconds kSlice{100};
constexpr int kSlices = 600;  // a minute, on a machine that does much else

const Policy kAll = Policy::AllowAll();

KafkaOptions OptionsFor(const MockKafka& cluster, std::string topic = "videos") {
  KafkaOptions options;
  options.brokers = cluster.brokers();
  options.topics = {std::move(topic)};
  options.group = "tenon";
  options.session = std::chrono::milliseconds(6000);
  return options;
}

std::unique_ptr<KafkaConsumer> Join(const KafkaOptions& options) {
  auto consumer = KafkaConsumer::Open(options, kAll);
  EXPECT_TRUE(consumer) << consumer.error().message;
  EXPECT_TRUE((*consumer)->Subscribe());
  return *std::move(consumer);
}

// Polls until `enough`, and gives all that came.
std::vector<KafkaMessage> PollUntil(KafkaConsumer& consumer,
                                    const std::function<bool(std::size_t messages)>& enough) {
  std::vector<KafkaMessage> all;
  for (int i = 0; i < kSlices && !enough(all.size()); ++i) {
    auto messages = consumer.Poll(100, kSlice);
    EXPECT_TRUE(messages) << messages.error().message;
    if (!messages) break;
    std::ranges::move(*messages, std::back_inserter(all));
  }
  EXPECT_TRUE(enough(all.size())) << all.size() << " messages; " << consumer.problem();
  return all;
}

std::vector<KafkaMessage> PollFor(KafkaConsumer& consumer, std::size_t messages) {
  return PollUntil(consumer, [=](std::size_t have) { return have >= messages; });
}

class KafkaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* why = WhyNoKafka()) GTEST_SKIP() << why;
  }
};

TEST_F(KafkaTest, MessagesComeWhole) {
  MockKafka cluster;
  cluster.CreateTopic("videos", 1);
  cluster.Produce("videos", 0, "k1", R"({"title":"first"})", {{"source", "a"}, {"source", "b"}});
  cluster.Produce("videos", 0, std::nullopt, "");
  cluster.Produce("videos", 0, "k1", std::nullopt);
  const auto consumer = Join(OptionsFor(cluster));
  const auto messages = PollFor(*consumer, 3);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].from, (KafkaPartition{"videos", 0}));
  EXPECT_EQ(messages[0].offset, 0);
  EXPECT_GT(messages[0].timestamp_ms, 1'600'000'000'000);
  EXPECT_EQ(messages[0].key, "k1");
  EXPECT_EQ(messages[0].value, R"({"title":"first"})");
  EXPECT_THAT(messages[0].headers, ElementsAre(std::pair("source", "a"), std::pair("source", "b")));
  EXPECT_EQ(messages[1].key, std::nullopt);
  EXPECT_EQ(messages[2].offset, 2);
  EXPECT_EQ(messages[2].value, std::nullopt);
}

TEST_F(KafkaTest, WhatIsNotCommittedComesAgain) {
  MockKafka cluster;
  cluster.CreateTopic("videos", 1);
  for (const char* value : {"a", "b", "c"}) cluster.Produce("videos", 0, "k", value);
  {
    const auto consumer = Join(OptionsFor(cluster));
    PollFor(*consumer, 3);
    ASSERT_TRUE(consumer->Commit({{{"videos", 0}, 2}}));
    const auto progress = consumer->Progress();
    ASSERT_EQ(progress.size(), 1u);
    EXPECT_EQ(progress[0].committed, 2);
    EXPECT_EQ(progress[0].end, 3);
  }
  EXPECT_EQ(cluster.Committed("tenon", "videos", 0), 2);
  const auto again = Join(OptionsFor(cluster));
  const auto messages = PollFor(*again, 1);
  EXPECT_EQ(messages[0].offset, 2);
  // Of a partition that is not ours nothing is said.
  EXPECT_TRUE(again->Commit({{{"others", 0}, 7}}));
  EXPECT_EQ(cluster.Committed("tenon", "videos", 0), 2);
}

TEST_F(KafkaTest, NothingComesWhilePaused) {
  MockKafka cluster;
  cluster.CreateTopic("videos", 1);
  cluster.Produce("videos", 0, "k", "a");
  const auto consumer = Join(OptionsFor(cluster));
  PollFor(*consumer, 1);
  consumer->Pause();
  cluster.Produce("videos", 0, "k", "b");
  for (int i = 0; i < 5; ++i) {
    const auto messages = consumer->Poll(10, kSlice);
    ASSERT_TRUE(messages);
    EXPECT_THAT(*messages, IsEmpty());
  }
  consumer->Resume();
  const auto messages = PollFor(*consumer, 1);
  EXPECT_EQ(messages[0].value, "b");
}

TEST_F(KafkaTest, TwoConsumersShareAndOneTakesOver) {
  MockKafka cluster;
  cluster.CreateTopic("videos", 2);
  const KafkaOptions options = OptionsFor(cluster);
  const auto first = Join(options);
  PollUntil(*first, [&](std::size_t) { return first->Progress().size() == 2; });
  auto second = Join(options);
  PollUntil(*first, [&](std::size_t) {
    EXPECT_TRUE(second->Poll(1, kSlice));
    return first->Progress().size() == 1 && second->Progress().size() == 1;
  });
  EXPECT_NE(first->Progress()[0].at, second->Progress()[0].at);
  EXPECT_GE(first->rebalances(), 2);
  second.reset();
  PollUntil(*first, [&](std::size_t) { return first->Progress().size() == 2; });
}

TEST_F(KafkaTest, ABrokerThatIsAwayComesBack) {
  MockKafka cluster;
  cluster.CreateTopic("videos", 1);
  cluster.Produce("videos", 0, "k", "a");
  const auto consumer = Join(OptionsFor(cluster));
  PollFor(*consumer, 1);
  cluster.SetDown(1, true);
  PollUntil(*consumer, [&](std::size_t) { return !consumer->reachable(); });
  EXPECT_NE(consumer->problem(), "");
  EXPECT_FALSE(consumer->Commit({{{"videos", 0}, 1}}));
  cluster.SetDown(1, false);
  cluster.Produce("videos", 0, "k", "b");
  // What was not committed may come once more.
  std::string last;
  for (int i = 0; i < kSlices && last != "b"; ++i) {
    const auto messages = consumer->Poll(10, kSlice);
    ASSERT_TRUE(messages) << messages.error().message;
    if (!messages->empty()) last = *messages->back().value;
  }
  EXPECT_EQ(last, "b");
  EXPECT_TRUE(consumer->reachable());
}

TEST_F(KafkaTest, ValidationSaysWhatIsWrong) {
  MockKafka cluster;
  cluster.CreateTopic("videos", 1);
  const auto validate = [&](const KafkaOptions& options, const Policy& policy) {
    auto consumer = KafkaConsumer::Open(options, policy);
    EXPECT_TRUE(consumer) << consumer.error().message;
    return (*consumer)->Validate(std::chrono::seconds(3));
  };
  KafkaOptions options = OptionsFor(cluster);
  const auto good = validate(options, kAll);
  EXPECT_TRUE(good) << good.error().message;

  const auto refused = validate(options, Policy());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kForbidden);
  EXPECT_THAT(refused.error().message, HasSubstr("loopback"));

  options.brokers = {"127.0.0.1:1"};
  const auto away = validate(options, kAll);
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Code::kUnavailable);
  EXPECT_THAT(away.error().message, HasSubstr("127.0.0.1:1"));
}

TEST_F(KafkaTest, OptionsAreCheckedBeforeAnythingIsOpened) {
  const auto wrong = [](const std::function<void(KafkaOptions&)>& change) {
    KafkaOptions options;
    options.brokers = {"k:9092"};
    options.topics = {"t"};
    options.group = "g";
    change(options);
    const auto opened = KafkaConsumer::Open(options, kAll);
    EXPECT_FALSE(opened);
    return opened ? std::string() : opened.error().message;
  };
  EXPECT_THAT(wrong([](auto& o) { o.brokers.clear(); }), HasSubstr("config.brokers"));
  EXPECT_THAT(wrong([](auto& o) { o.brokers = {"a:1,b:2"}; }), HasSubstr("config.brokers"));
  EXPECT_THAT(wrong([](auto& o) { o.topics = {"^.*"}; }), HasSubstr("config.topics"));
  EXPECT_THAT(wrong([](auto& o) { o.security = "sasl_ssl"; }), HasSubstr("needs mechanism"));
  EXPECT_THAT(wrong([](auto& o) { o.security = "none"; }), HasSubstr("security.protocol"));
}

}  // namespace
}  // namespace tenon::net

// The workers of background tasks over a whole node: who gets what, what a dead worker leaves
// behind, how failures come again. Time is turned by hand; nothing sleeps.
#include "services/tasks/workers.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <future>

#include "support/node_world.h"

namespace tenon::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WorkersTest : public ::testing::Test {
 protected:
  using Run = std::function<Result<json::value>(tasks::Run&)>;

  void SetUp() override {
    auto world = NodeWorld::Create("");
    ASSERT_TRUE(world) << world.error().message;
    world_ = *std::move(world);
  }
  // The workers of one node; several may share the store.
  std::unique_ptr<tasks::Workers> Node(Run run, tasks::WorkersOptions options = {}) {
    std::vector<tasks::Kind> kinds;
    kinds.push_back({"OURS", std::move(run)});
    return std::make_unique<tasks::Workers>(
        tasks::WorkersDeps{world_->node().engine(), random_, ids_}, std::move(kinds), options);
  }
  Run Done() {
    return [this](tasks::Run& run) -> Result<json::value> {
      done_.push_back(std::string(run.payload().at("n").as_string()));
      return json::value{{"n", run.payload().at("n")}};
    };
  }
  http::Response Call(std::string method, std::string path, json::value body = nullptr) {
    return world_->Call("admin", MakeRequest(std::move(method), std::move(path),
                                             body.is_null() ? "" : json::serialize(body)));
  }
  std::string Make(const std::string& n, json::object more = {}) {
    json::object body{{"type", "OURS"}, {"payload", json::object{{"n", n}}}};
    for (const auto& member : more) body[member.key()] = member.value();
    const auto made = Call("POST", "/v1/background_tasks", body);
    EXPECT_EQ(made.status, 201) << made.body;
    return std::string(ParseJson(made.body)->at("id").as_string());
  }
  json::object Get(const std::string& id) {
    const auto answer = Call("GET", "/v1/background_tasks/" + id);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return ParseJson(answer.shared_body ? *answer.shared_body : answer.body)->as_object();
  }

  std::unique_ptr<NodeWorld> world_;
  SeededRandom random_{7};
  SystemClock wall_;
  IdSource ids_{wall_, random_};
  std::vector<std::string> done_;
};

TEST_F(WorkersTest, PriorityComesFirstThenAge) {
  Make("old");
  Make("new");
  Make("urgent", {{"priority", 5}});
  ASSERT_EQ(Call("POST", "/v1/background_tasks", json::object{{"type", "ANOTHERS"}}).status, 201);
  const auto node = Node(Done());
  while (*node->RunOne()) {
  }
  EXPECT_THAT(done_, ElementsAre("urgent", "old", "new"));
  EXPECT_EQ(node->stats().completed, 3);
}

TEST_F(WorkersTest, TheResultStaysAndTwoNodesNeverShareATask) {
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(Make(fmt::format("t{}", i)));
  std::atomic<int> runs{0};
  const auto count = [&](tasks::Run& run) -> Result<json::value> {
    ++runs;
    return json::value{{"attempt", run.attempt()}};
  };
  const auto first = Node(count), second = Node(count);
  const auto work = [](tasks::Workers& node) {
    while (*node.RunOne()) {
    }
  };
  auto other = std::async(std::launch::async, [&] { work(*second); });
  work(*first);
  other.get();
  EXPECT_EQ(runs, 10);
  EXPECT_EQ(first->stats().completed + second->stats().completed, 10);
  for (const std::string& id : ids) {
    const json::object task = Get(id);
    EXPECT_EQ(task.at("status"), "COMPLETED");
    EXPECT_EQ(task.at("result"), (json::value{{"attempt", 1}}));
  }
}

TEST_F(WorkersTest, WhatMayPassIsTriedAgainAndLongerEachTime) {
  const std::string id = Make("t", {{"max_retries", 2}});
  const auto node = Node([](tasks::Run&) -> Result<json::value> {
    return Fail(Code::kUnavailable, "the broker is away");
  });
  ASSERT_TRUE(*node->RunOne());
  EXPECT_EQ(Get(id).at("status"), "FAILED");
  const Time first = *ParseTime(std::string_view(Get(id).at("run_after").as_string()));
  EXPECT_GT(first, world_->clock().Now() + std::chrono::seconds(7));
  EXPECT_LT(first, world_->clock().Now() + std::chrono::seconds(16));
  EXPECT_FALSE(*node->RunOne());
  ASSERT_TRUE(world_->Advance(std::chrono::seconds(20)));
  ASSERT_TRUE(*node->RunOne());
  const Time second = *ParseTime(std::string_view(Get(id).at("run_after").as_string()));
  EXPECT_GT(second, world_->clock().Now() + std::chrono::seconds(14));
  ASSERT_TRUE(world_->Advance(std::chrono::seconds(40)));
  ASSERT_TRUE(*node->RunOne());
  ASSERT_TRUE(world_->Advance(std::chrono::hours(1)));
  EXPECT_FALSE(*node->RunOne());
  EXPECT_EQ(Get(id).at("status"), "FAILED");
  EXPECT_EQ(Get(id).at("error_message"), "the broker is away");
  EXPECT_EQ(node->stats().retried, 2);
  EXPECT_EQ(node->stats().failed, 1);
}

TEST_F(WorkersTest, WrongInputIsNotTriedAgain) {
  const std::string id = Make("t", {{"max_retries", 5}});
  const auto node = Node([](tasks::Run&) -> Result<json::value> {
    return Fail(Code::kInvalidField, "there is no such file");
  });
  ASSERT_TRUE(*node->RunOne());
  ASSERT_TRUE(world_->Advance(std::chrono::hours(1)));
  EXPECT_FALSE(*node->RunOne());
  EXPECT_EQ(Get(id).at("status"), "FAILED");
}

TEST_F(WorkersTest, ADeadWorkersTaskComesBackAndItsReportIsNotHeard) {
  const std::string id = Make("t", {{"max_retries", 1}});
  const auto second = Node([](tasks::Run& run) -> Result<json::value> {
    return json::value{{"attempt", run.attempt()}};
  });
  const auto first = Node([&](tasks::Run&) -> Result<json::value> {
    // It hangs for longer than its lease, while another node works.
    EXPECT_TRUE(world_->Advance(std::chrono::minutes(3)));
    EXPECT_TRUE(*second->RunOne());
    return json::value("too late");
  });
  ASSERT_TRUE(*first->RunOne());
  EXPECT_EQ(Get(id).at("status"), "COMPLETED");
  EXPECT_EQ(Get(id).at("result"), (json::value{{"attempt", 2}}));
}

TEST_F(WorkersTest, RenewedLeasesLastAndCarryTheProgress) {
  const std::string id = Make("t");
  tasks::Workers* renewer = nullptr;
  const auto node = Node([&](tasks::Run& run) -> Result<json::value> {
    for (int i = 1; i <= 5; ++i) {
      run.Progress(i * 10);
      EXPECT_TRUE(world_->Advance(std::chrono::seconds(40)));
      renewer->Renew();
      EXPECT_EQ(Get(id).at("progress"), i * 10);
      EXPECT_FALSE(run.Cancelled());
    }
    return json::value("done");
  });
  renewer = node.get();
  ASSERT_TRUE(*node->RunOne());
  EXPECT_EQ(Get(id).at("status"), "COMPLETED");
  EXPECT_EQ(Get(id).at("progress"), 100);
}

TEST_F(WorkersTest, ACancelledTaskIsToldAndSaysNothingMore) {
  const std::string id = Make("t");
  tasks::Workers* renewer = nullptr;
  const auto node = Node([&](tasks::Run& run) -> Result<json::value> {
    EXPECT_FALSE(run.Cancelled());
    EXPECT_EQ(Call("POST", "/v1/background_tasks/" + id + ":cancel", json::object()).status, 200);
    renewer->Renew();
    EXPECT_TRUE(run.Cancelled());
    EXPECT_FALSE(run.Stopping());
    return json::value("finished all the same");
  });
  renewer = node.get();
  ASSERT_TRUE(*node->RunOne());
  EXPECT_EQ(Get(id).at("status"), "CANCELLED");
  EXPECT_TRUE(Get(id).at("result").is_null());
  EXPECT_EQ(node->stats().cancelled, 1);
}

TEST_F(WorkersTest, WhatAStoppingNodeLeavesIsPendingAndCountsNoAttempt) {
  const std::string id = Make("t");
  std::promise<void> began;
  tasks::WorkersOptions options;
  options.threads = 1;
  const auto node = Node(
      [&](tasks::Run& run) -> Result<json::value> {
        began.set_value();
        while (!run.Cancelled()) std::this_thread::yield();
        EXPECT_TRUE(run.Stopping());
        return Fail(Code::kUnavailable, "the server stops");
      },
      options);
  node->Start();
  began.get_future().wait();
  node->Stop();
  const json::object task = Get(id);
  EXPECT_EQ(task.at("status"), "PENDING");
  EXPECT_EQ(task.at("retry_count"), 0);
  EXPECT_TRUE(task.at("claimed_by").is_null());
  EXPECT_EQ(node->stats().released, 1);
  std::string metrics;
  node->AppendMetrics(metrics);
  EXPECT_THAT(metrics, HasSubstr("tenon_tasks_total{type=\"OURS\",outcome=\"released\"} 1"));
}

}  // namespace
}  // namespace tenon::testing

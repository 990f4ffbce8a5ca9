// The search index as a follower, stepped by hand.
#include "search/follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "events/followers.h"
#include "events/testing.h"
#include "search/index_testing.h"
#include "search/service.h"

namespace tenon::search {
namespace {

using tenon::testing::EngineWorld;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StoreKind;

constexpr auto kPatience = std::chrono::seconds(30);

class SearchFollowerTest : public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    EngineWorld::OpenStore open;
    if (GetParam() == StoreKind::kPostgres) {
      auto made = testing::SearchDatabase();
      if (!made) GTEST_SKIP() << made.error().message;
      database_ = *std::move(made);
      open = [this]() -> std::unique_ptr<Store> { return *database_->OpenAnother(); };
    }
    world_ = std::make_unique<EngineWorld>("", open);
    plans_ = std::make_unique<SearchPlans>(*SearchPlans::Of(world_->engine().model()));
    Open();
  }

  // As a server's start does.
  void Open() {
    followers_.reset();
    follower_.reset();
    if (index_) index_->Leave();
    index_.reset();
    if (database_) {
      index_ = *PostgresIndex::Open(world_->store(), *plans_, "one");
    } else {
      index_ = std::make_unique<SqliteIndex>(folder_.path(), *plans_);
    }
    follower_ = std::make_unique<SearchFollower>(world_->store(), world_->engine().model(), *plans_,
                                                 *index_);
    followers_ = std::make_unique<Followers>(FollowersDeps{world_->engine(), world_->random()},
                                             FollowersOptions{});
    followers_->Add(*follower_);
  }
  // What was written is numbered before followers see it.
  void Seal() {
    ASSERT_TRUE(world_->log().Settle({.tenant = {}, .across_tenants = true}, kPatience));
  }
  void Drain() {
    Seal();
    const auto drained = followers_->Drain();
    ASSERT_TRUE(drained.has_value()) << drained.error().message;
  }
  std::string Asset(const std::string& name) {
    return world_->Create("assets",
                          {{"type", "TABLE"}, {"name", name}, {"qualified_name", "q." + name}});
  }
  // Whatever comes of it: some of what the random test does is refused.
  void Try(Command::Op op, std::string_view table, const std::string& id, json::object body) {
    Command command;
    command.op = op;
    command.entity = world_->model().FindTable(table);
    command.id = id;
    command.body = std::move(body);
    static_cast<void>(
        world_->engine().ApplyAndWait(world_->CallerOf(world_->tenant), std::move(command)));
  }
  std::vector<std::string> Find(const std::string& text, const Uuid& tenant) {
    IndexQuery query;
    query.tenant = tenant;
    query.entities = {plans_->FindTable("assets")};
    query.text = ParseTextQuery(text);
    const auto answer = index_->Query(query);
    EXPECT_TRUE(answer.has_value()) << (answer ? "" : answer.error().message);
    std::vector<std::string> keys;
    if (answer) {
      for (const Candidate& candidate : answer->candidates) keys.push_back(candidate.key);
    }
    return keys;
  }
  std::vector<std::string> Find(const std::string& text) { return Find(text, world_->tenant); }
  // What the index came to row by row is what the tables make.
  void ExpectAsRebuilt() {
    Drain();
    const std::string followed = *index_->Dump();
    ASSERT_TRUE(followers_->Rebuild("search"));
    Drain();
    EXPECT_EQ(followed, *index_->Dump());
  }
  std::int64_t Rebuilds() { return followers_->Status("search")->rebuilds_total; }

  tenon::testing::TempDir folder_;
  std::unique_ptr<testing::TestStore> database_;  // PostgreSQL only
  std::unique_ptr<EngineWorld> world_;
  std::unique_ptr<SearchPlans> plans_;
  std::unique_ptr<SearchIndex> index_;
  std::unique_ptr<SearchFollower> follower_;
  std::unique_ptr<Followers> followers_;
};

INSTANTIATE_TEST_SUITE_P(Indexes, SearchFollowerTest,
                         ::testing::Values(StoreKind::kSqlite, StoreKind::kPostgres),
                         [](const auto& of) { return NameOf(of.param); });

TEST_P(SearchFollowerTest, FollowsRowsAndWhatTheyAreFoundBy) {
  const std::string orders = Asset("orders"), other = Asset("invoices");
  Drain();
  EXPECT_THAT(Find("orders"), ElementsAre(orders));
  const std::string tag = world_->Create("tags", {{"name", "gdpr"}, {"category", "PII"}});
  world_->Create("asset_tags", {{"asset_id", orders}, {"tag_id", tag}});
  Drain();
  EXPECT_THAT(Find("gdpr"), ElementsAre(orders));
  // Who is found by a tag's name is found by its new one.
  world_->Do(Command::Op::kUpdate, "tags", tag, {{"name", "privacy"}});
  Drain();
  EXPECT_THAT(Find("gdpr"), IsEmpty());
  EXPECT_THAT(Find("privacy"), ElementsAre(orders));
  world_->Do(Command::Op::kDelete, "assets", orders, {});
  Drain();
  EXPECT_THAT(Find("privacy"), IsEmpty());
  EXPECT_THAT(Find("invoices", world_->other), IsEmpty());
  ExpectAsRebuilt();
}

TEST_P(SearchFollowerTest, ComesOutAsARebuildDoes) {
  std::mt19937 random(5);
  std::vector<std::string> assets, tags;
  for (int i = 0; i < 5; ++i) {
    tags.push_back(world_->Create("tags", {{"name", "tag" + std::to_string(i)}}));
  }
  for (int i = 0; i < 200; ++i) {
    const auto any = [&](const std::vector<std::string>& of) { return of[random() % of.size()]; };
    switch (assets.empty() ? 0 : random() % 5) {
      case 0:
        assets.push_back(Asset("name" + std::to_string(i)));
        break;
      case 1:
        Try(Command::Op::kUpdate, "assets", any(assets),
            {{"description", "word" + std::to_string(random() % 20)}});
        break;
      case 2:
        Try(Command::Op::kCreate, "asset_tags", "",
            {{"asset_id", any(assets)}, {"tag_id", any(tags)}});
        break;
      case 3:
        Try(Command::Op::kDelete, "assets", any(assets), {});
        break;
      case 4:
        Try(Command::Op::kUpdate, "tags", any(tags), {{"name", "renamed" + std::to_string(i)}});
        break;
    }
    if (random() % 10 == 0) Drain();
  }
  ExpectAsRebuilt();
}

TEST_P(SearchFollowerTest, GoesOnWhereItStoodAndRebuildsWhatIsNotItsOwn) {
  const std::string orders = Asset("orders");
  Drain();
  EXPECT_EQ(Rebuilds(), 1);
  Open();
  const std::string invoices = Asset("invoices");
  Drain();
  EXPECT_EQ(Rebuilds(), 0);
  EXPECT_THAT(Find("invoices"), ElementsAre(invoices));
  // The file of a store that went another way: the same position, another row.
  const auto place = *index_->Place();
  ASSERT_TRUE(place.has_value());
  ASSERT_TRUE(index_->Apply({}, {place->position, "another row"}));
  Open();
  Drain();
  EXPECT_EQ(Rebuilds(), 1);
  EXPECT_THAT(Find("orders"), ElementsAre(orders));
}

TEST_P(SearchFollowerTest, FindsTheFewOfManyMatchesThatPassAFilter) {
  constexpr int kRows = 2600;
  for (int i = 0; i < kRows; ++i) {
    world_->Create("assets", {{"type", "TABLE"},
                              {"name", "orders " + std::to_string(i)},
                              {"qualified_name", "q." + std::to_string(i)},
                              {"metadata", {{"tier", i % 1300 == 1299 ? 1 : 2}}}});
  }
  Drain();
  SearchService service(world_->engine(), *plans_, *index_,
                        [](std::chrono::milliseconds) { return Result<void>(); });
  const auto search = [&](const std::string& filter) {
    SearchParams params;
    params.text = "orders";
    params.entities = {"assets"};
    params.filter = filter;
    params.page_size = 5;
    params.facets = {"type"};
    const auto answer = service.Search(world_->CallerOf(world_->tenant), params);
    EXPECT_TRUE(answer.has_value()) << (answer ? "" : answer.error().message);
    return answer ? ParseJson(*answer)->as_object() : json::object();
  };
  const json::object few = search("metadata.tier = 1");
  EXPECT_EQ(few.at("items").as_array().size(), 2u);
  EXPECT_EQ(few.at("total"), 2);
  EXPECT_EQ(few.at("total_is_exact"), true);
  EXPECT_EQ(few.at("facets_are_exact"), true);
  EXPECT_EQ(few.at("facets").at("type").at(0).at("count"), 2);
  const json::object none = search("metadata.tier = 3");
  EXPECT_EQ(none.at("total"), 0);
  EXPECT_EQ(none.at("total_is_exact"), true);
  // Where enough pass, not all are looked at, and the answer says so.
  const json::object many = search("metadata.tier = 2");
  EXPECT_EQ(many.at("items").as_array().size(), 5u);
  EXPECT_GT(many.at("total").as_int64(), 500);
  EXPECT_EQ(many.at("total_is_exact"), false);
}

TEST_P(SearchFollowerTest, SaysSoWhileThereIsNoIndex) {
  SearchService service(
      world_->engine(), *plans_, *index_,
      [&](std::chrono::milliseconds patience) { return followers_->WaitFor("search", patience); });
  SearchParams params;
  params.text = "orders";
  const auto refused = service.Search(world_->CallerOf(world_->tenant), params);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  Asset("orders");
  params.consistent = true;
  const auto found = service.Search(world_->CallerOf(world_->tenant), params);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_THAT(*found, HasSubstr("\"match\":\"exact\""));
}

// Two nodes, one index: the second only notes how far the first has come, and goes on where that
// one left off.
TEST_P(SearchFollowerTest, OneNodeKeepsASharedIndex) {
  if (!database_) GTEST_SKIP() << "an embedded index is of one node";
  const std::string orders = Asset("orders");
  Drain();
  const auto index = *PostgresIndex::Open(world_->store(), *plans_, "two");
  SearchFollower follower(world_->store(), world_->engine().model(), *plans_, *index);
  Followers other(FollowersDeps{world_->engine(), world_->random()}, FollowersOptions{});
  other.Add(follower);
  const std::string invoices = Asset("invoices");
  Seal();
  ASSERT_TRUE(other.Drain());
  EXPECT_EQ(other.Status("search")->rows_total, 0);
  EXPECT_EQ(other.Status("search")->rebuilds_total, 0);
  EXPECT_THAT(Find("invoices"), IsEmpty());
  Drain();
  ASSERT_TRUE(other.Drain());
  EXPECT_EQ(other.Status("search")->position, followers_->Status("search")->position);
  EXPECT_THAT(Find("invoices"), ElementsAre(invoices));

  index_->Leave();
  const std::string payments = Asset("payments");
  Seal();
  ASSERT_TRUE(other.Drain());
  EXPECT_EQ(other.Status("search")->rebuilds_total, 0);
  EXPECT_THAT(Find("payments"), ElementsAre(payments));
  // A rebuild is made by the node that was asked.
  ASSERT_TRUE(followers_->Rebuild("search"));
  Drain();
  EXPECT_EQ(Rebuilds(), 2);
  EXPECT_THAT(Find("orders"), ElementsAre(orders));
  Asset("orders again");
  Seal();
  for (int step = 0; step < 3; ++step) static_cast<void>(other.Drain());
  EXPECT_EQ(Find("orders").size(), 2u);
}

}  // namespace
}  // namespace tenon::search

#include "events/followers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "events/testing.h"

namespace tenon {
namespace {

using ::testing::ElementsAre;
using testing::EngineWorld;
using ::testing::HasSubstr;

json::object Tag(const std::string& name) { return {{"name", name}}; }

// Collects what it is given; fails when told to.
class Collector : public Follower {
 public:
  Collector(Keeps keeps, Start start) {
    traits_ = {.name = "collector",
               .description = "for tests",
               .keeps = keeps,
               .start = start,
               .types = {"TAG"}};
  }
  const FollowerTraits& traits() const override { return traits_; }
  Result<std::optional<std::int64_t>> Saved() override { return own; }
  Result<void> Rebuild(RebuildRun& run) override {
    ++rebuilds;
    names.clear();
    own = run.position;
    if (!run.progress(1, 2)) return Fail(Code::kUnavailable, "stopping");
    return {};
  }
  Result<bool> Prepare(const LogRows& rows) override {
    prepared += rows.size();
    return concerned;
  }
  Result<void> Apply(const FollowerPage& page) override {
    for (const LogEntry& entry : page.rows) {
      const Record row = RecordOfState(*model->FindEntity("Tag"), entry.after_state);
      const std::string name =
          row.at(*model->FindEntity("Tag")->FindField("name")).As<std::string>();
      if (name == bad) return Fail(Code::kUnavailable, "cannot take " + name);
      names.push_back(name);
      if (writes && page.writer != nullptr) {
        Command command;
        command.entity = model->FindTable("tags");
        command.body = Tag("copy of " + name);
        TRY(page.writer->Run(ServiceCaller(entry.tenant, traits_.name), command));
      }
    }
    if (traits_.keeps == Keeps::kOwn) own = page.position;
    return {};
  }

  const model::Model* model = nullptr;
  FollowerTraits traits_;
  std::vector<std::string> names;
  std::optional<std::int64_t> own;
  std::string bad;
  bool writes = false;
  bool concerned = true;
  std::size_t prepared = 0;
  int rebuilds = 0;
};

class FollowersTest : public ::testing::Test {
 protected:
  // A runner such as a newly started process has.
  std::unique_ptr<Followers> Run(Collector& collector) {
    collector.model = &world_.model();
    FollowersOptions options;
    options.save_every = std::chrono::milliseconds(0);
    auto followers =
        std::make_unique<Followers>(FollowersDeps{world_.engine(), world_.random()}, options);
    followers->Add(collector);
    return followers;
  }
  std::int64_t Tags() { return testing::IntOf(world_.store(), "SELECT count(*) FROM tags"); }
  std::int64_t Position() {
    return testing::IntOf(world_.store(), "SELECT coalesce(max(seq), -1) FROM follower_positions");
  }

  EngineWorld world_;
};

TEST_F(FollowersTest, AppliesRowsOfItsTypesInOrderAndOnce) {
  world_.Create("tags", Tag("a"));
  world_.Create("assets", {{"type", "TABLE"}, {"name", "t"}, {"qualified_name", "t"}});
  world_.Create("tags", Tag("b"), world_.other);
  Collector collector(Keeps::kOutside, Start::kBeginning);
  auto followers = Run(collector);
  ASSERT_TRUE(followers->Drain());
  EXPECT_THAT(collector.names, ElementsAre("a", "b"));
  EXPECT_EQ(Position(), world_.log().Last());

  // A new process goes on where the last one stopped.
  world_.Create("tags", Tag("c"));
  Collector again(Keeps::kOutside, Start::kBeginning);
  ASSERT_TRUE(Run(again)->Drain());
  EXPECT_THAT(again.names, ElementsAre("c"));
}

TEST_F(FollowersTest, BeginsAtTheEndWhenAskedTo) {
  world_.Create("tags", Tag("before"));
  Collector collector(Keeps::kOutside, Start::kEnd);
  auto followers = Run(collector);
  ASSERT_TRUE(followers->Drain());
  world_.Create("tags", Tag("after"));
  // The beginning was kept: a crash here loses nothing.
  Collector again(Keeps::kOutside, Start::kEnd);
  ASSERT_TRUE(Run(again)->Drain());
  EXPECT_THAT(again.names, ElementsAre("after"));
}

TEST_F(FollowersTest, WritesItsEffectAndItsPositionInOneTransaction) {
  world_.Create("tags", Tag("a"));
  world_.Create("tags", Tag("b"));
  Collector collector(Keeps::kInStore, Start::kBeginning);
  collector.writes = true;
  auto followers = Run(collector);
  ASSERT_TRUE(followers->Drain());
  EXPECT_EQ(Tags(), 4);  // and no copy of a copy: what it wrote itself is skipped
  EXPECT_THAT(collector.names, ElementsAre("a", "b"));

  // A row that cannot be applied undoes what its page wrote, and the position with it.
  world_.Create("tags", Tag("c"));
  world_.Create("tags", Tag("d"));
  collector.bad = "d";
  EXPECT_FALSE(followers->Drain());
  EXPECT_EQ(Tags(), 6);
  const std::int64_t stood = Position();
  // The next page holds one row: what comes before the bad one is done.
  EXPECT_FALSE(followers->Drain());
  EXPECT_EQ(Tags(), 7);
  EXPECT_GT(Position(), stood);
  const FollowerStatus failing = *followers->Status("collector");
  EXPECT_EQ(failing.state, "failing");
  EXPECT_EQ(failing.failures_total, 2);
  EXPECT_EQ(failing.last_error, "cannot take d");
  EXPECT_GT(failing.lag_rows, 0);

  collector.bad.clear();
  ASSERT_TRUE(followers->Drain());
  EXPECT_EQ(Tags(), 8);
  EXPECT_EQ(followers->Status("collector")->state, "following");
  EXPECT_EQ(followers->Status("collector")->lag_rows, 0);
}

TEST_F(FollowersTest, APageThatDoesNotConcernItCostsNoTransaction) {
  world_.Create("tags", Tag("a"));
  Collector collector(Keeps::kInStore, Start::kBeginning);
  collector.concerned = false;
  auto followers = Run(collector);
  ASSERT_TRUE(followers->Drain());
  EXPECT_EQ(collector.prepared, 1u);
  EXPECT_TRUE(collector.names.empty());
  EXPECT_EQ(Position(), world_.log().Last());
  // The next page that does concern it goes on from there, and holds the new row alone.
  collector.concerned = true;
  world_.Create("tags", Tag("b"));
  ASSERT_TRUE(followers->Drain());
  EXPECT_THAT(collector.names, ElementsAre("b"));
}

TEST_F(FollowersTest, TwoNodesDoNotApplyARowTwice) {
  world_.Create("tags", Tag("a"));
  Collector first(Keeps::kInStore, Start::kBeginning), second(Keeps::kInStore, Start::kBeginning);
  first.writes = second.writes = true;
  auto one = Run(first);
  auto two = Run(second);
  ASSERT_TRUE(one->Drain());
  ASSERT_TRUE(two->Drain());
  world_.Create("tags", Tag("b"));
  ASSERT_TRUE(one->Drain());
  // The second believes an older position; it finds out, and looks again.
  EXPECT_FALSE(two->Drain());
  EXPECT_NE(two->Status("collector").value().state, "failing") << "nothing is wrong";
  ASSERT_TRUE(two->Drain());
  EXPECT_EQ(Tags(), 4);
}

TEST_F(FollowersTest, IsBuiltAnewFromTheTables) {
  world_.Create("tags", Tag("a"));
  Collector collector(Keeps::kInStore, Start::kRebuild);
  auto followers = Run(collector);
  ASSERT_TRUE(followers->Drain());
  EXPECT_EQ(collector.rebuilds, 1);
  EXPECT_TRUE(collector.names.empty());  // the tables had them
  world_.Create("tags", Tag("b"));
  ASSERT_TRUE(followers->Drain());
  EXPECT_THAT(collector.names, ElementsAre("b"));

  ASSERT_TRUE(followers->Rebuild("collector"));
  EXPECT_EQ(followers->Status("collector")->state, "rebuilding");
  ASSERT_TRUE(followers->Drain());
  EXPECT_EQ(collector.rebuilds, 2);
  EXPECT_EQ(followers->Status("collector")->rebuilds_total, 2);

  // One that died in the middle has no position and begins anew.
  ASSERT_TRUE(world_.store().Write({}, [](Transaction& t) -> Result<void> {
    TRY(t.Execute("DELETE FROM follower_positions", {}));
    return {};
  }));
  Collector next(Keeps::kInStore, Start::kRebuild);
  ASSERT_TRUE(Run(next)->Drain());
  EXPECT_EQ(next.rebuilds, 1);

  const auto unknown = followers->Rebuild("colector");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("did you mean collector?"));
}

TEST_F(FollowersTest, AFileOfItsOwnKeepsItsPosition) {
  world_.Create("tags", Tag("a"));
  Collector collector(Keeps::kOwn, Start::kRebuild);
  ASSERT_TRUE(Run(collector)->Drain());
  EXPECT_EQ(collector.rebuilds, 1);
  world_.Create("tags", Tag("b"));
  ASSERT_TRUE(Run(collector)->Drain());  // as a new process with the same file
  EXPECT_EQ(collector.rebuilds, 1);
  EXPECT_THAT(collector.names, ElementsAre("b"));
  EXPECT_EQ(Position(), -1);

  // A backup was put back: the log ends before what the file has.
  collector.own = world_.log().Last() + 10;
  ASSERT_TRUE(Run(collector)->Drain());
  EXPECT_EQ(collector.rebuilds, 2);
}

TEST_F(FollowersTest, PagesAreBoundedInBytes) {
  const std::string big(100000, 'x');
  for (int i = 0; i < 5; ++i) {
    world_.Create("tags", {{"name", "t" + std::to_string(i)}, {"description", big}});
  }
  Collector collector(Keeps::kOwn, Start::kBeginning);
  collector.model = &world_.model();
  FollowersOptions options;
  options.page_bytes = 150000;
  Followers followers({world_.engine(), world_.random()}, options);
  followers.Add(collector);
  std::size_t steps = 0;
  while (collector.names.size() < 5 && steps < 50) {
    const std::size_t before = collector.names.size();
    ASSERT_TRUE(followers.Step("collector"));
    EXPECT_LE(collector.names.size() - before, 2u);
    ++steps;
  }
  EXPECT_EQ(collector.names.size(), 5u);
}

// They read the log together; what one of them does is nothing to the others.
TEST_F(FollowersTest, OneThatFailsLagsOrIsBuiltAnewDoesNotDisturbTheOthers) {
  Collector steady(Keeps::kOutside, Start::kBeginning), poor(Keeps::kInStore, Start::kBeginning),
      fresh(Keeps::kOwn, Start::kRebuild);
  poor.traits_.name = "poor";
  fresh.traits_.name = "fresh";
  poor.writes = true;
  poor.model = fresh.model = &world_.model();
  auto followers = Run(steady);
  followers->Add(poor);
  followers->Add(fresh);
  ASSERT_TRUE(followers->Drain());
  poor.bad = "c";
  for (const char* name : {"a", "b", "c", "d"}) world_.Create("tags", Tag(name));
  const auto drain = [&](const char* name) {
    for (;;) {
      const auto more = followers->Step(name);
      if (!more) return false;
      if (!*more) return true;
    }
  };
  ASSERT_TRUE(drain("collector"));
  EXPECT_THAT(steady.names, ElementsAre("a", "b", "c", "d"));
  while (poor.names.size() < 10 && followers->Status("poor")->failures_total < 4) drain("poor");
  EXPECT_EQ(Tags(), 6);  // copies of a and b, once
  ASSERT_TRUE(drain("collector"));
  ASSERT_TRUE(drain("fresh"));
  EXPECT_THAT(fresh.names, ElementsAre("a", "b", "c", "d", "copy of a", "copy of b"));
  EXPECT_EQ(steady.names, fresh.names);

  ASSERT_TRUE(followers->Rebuild("fresh"));
  world_.Create("tags", Tag("e"));
  ASSERT_TRUE(drain("fresh"));
  EXPECT_EQ(fresh.rebuilds, 2);
  world_.Create("tags", Tag("f"));
  ASSERT_TRUE(drain("fresh"));
  EXPECT_THAT(fresh.names, ElementsAre("f"));
  poor.bad.clear();
  ASSERT_TRUE(followers->Drain());
  EXPECT_EQ(Tags(), 12);  // six and a copy of each, and of no copy
  std::vector<std::string> last(steady.names.end() - 6, steady.names.end());
  EXPECT_THAT(last, ElementsAre("e", "f", "copy of c", "copy of d", "copy of e", "copy of f"));
}

TEST_F(FollowersTest, RunsByItselfAndCanBeWaitedFor) {
  Collector collector(Keeps::kOutside, Start::kBeginning);
  auto followers = Run(collector);
  followers->Start();
  world_.Create("tags", Tag("a"));
  world_.Create("tags", Tag("b"));
  ASSERT_TRUE(followers->WaitFor("collector", std::chrono::seconds(30)));
  followers->Stop();
  EXPECT_THAT(collector.names, ElementsAre("a", "b"));
  EXPECT_EQ(followers->Status("collector")->state, "stopped");
  EXPECT_EQ(Position(), world_.log().Last());
  std::string metrics;
  followers->AppendMetrics(metrics);
  EXPECT_THAT(metrics, HasSubstr("tenon_follower_rows_total{follower=\"collector\"} 2\n"));
  EXPECT_THAT(metrics, HasSubstr("tenon_follower_lag_rows{follower=\"collector\"} 0\n"));
}

TEST_F(FollowersTest, WaitingForOneThatFailsSaysWhy) {
  Collector collector(Keeps::kOutside, Start::kBeginning);
  collector.bad = "a";
  auto followers = Run(collector);
  followers->Start();
  world_.Create("tags", Tag("a"));
  const auto waited = followers->WaitFor("collector", std::chrono::seconds(30));
  followers->Stop();
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, Code::kUnavailable);
  EXPECT_THAT(waited.error().message, HasSubstr("cannot take a"));
}

}  // namespace
}  // namespace tenon

// The engine over both stores: what a command writes, what it answers, what two at once do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>

#include "base/json.h"
#include "engine/engine.h"
#include "log/outbox_log.h"
#include "log/testing.h"

namespace tenon::testing {
namespace {

const Uuid kSystemTenant = *Uuid::Parse("00000000-0000-7000-8000-000000000001");
const Uuid kTenant = *Uuid::Parse("00000000-0000-7000-8000-00000000000a");

EngineOptions OptionsOfTests() {
  EngineOptions options;
  options.system_tenant = kSystemTenant;
  return options;
}

// One process: its own connections, log and engine.
struct TestNode {
  TestNode(Store& node_store, const std::shared_ptr<const model::Model>& model, Clock& clock)
      : store(node_store), ids(clock, random) {
    auto opened = OpenLog(store, ids, random);
    EXPECT_TRUE(opened) << opened.error().message;
    log = *std::move(opened);
    engine = std::make_unique<Engine>(EngineDeps{model, store, *log, clock, ids, nullptr},
                                      OptionsOfTests());
  }
  ~TestNode() {
    engine->Stop();
    log->Stop();
  }

  Store& store;
  SecureRandom random;
  IdSource ids;
  std::unique_ptr<Log> log;
  std::unique_ptr<Engine> engine;
};

Caller CallerIn(const Uuid& tenant, Role role) {
  Caller caller;
  caller.tenant = tenant;
  caller.tenant_slug = "acme";
  caller.user_tenant = kSystemTenant;  // so that the tenant's service user acts
  // The system tenant's first rows are written before there is a user.
  if (tenant != kSystemTenant) caller.user = *Uuid::Parse("00000000-0000-7000-8000-0000000000ff");
  caller.roles = static_cast<std::uint8_t>(role);
  caller.user_agent = "test";
  caller.address = "192.0.2.7";
  return caller;
}

class EngineStore : public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    if (GetParam() == StoreKind::kPostgres) {
      const auto server = PostgresServer::Shared();
      if (!server) GTEST_SKIP() << server.error().message;
    }
    auto made = TestStore::Make(GetParam());
    ASSERT_TRUE(made) << made.error().message;
    world_ = *std::move(made);
    node_ = std::make_unique<TestNode>(world_->store(), world_->model(), clock_);
    Created("tenants", {{"id", kSystemTenant.ToString()}, {"name", "System"}, {"slug", "system"}},
            CallerIn(kSystemTenant, Role::kSystem));
    Created("tenants", {{"id", kTenant.ToString()}, {"name", "Acme"}, {"slug", "acme"}},
            CallerIn(kTenant, Role::kSystem));
  }
  void TearDown() override { node_.reset(); }

  Command Create(const std::string& table, json::object body) {
    Command command;
    command.entity = world_->model()->FindTable(table);
    command.body = std::move(body);
    return command;
  }
  Command Change(Command::Op op, const std::string& table, const std::string& id,
                 json::object body = {}, const std::string& event = "") {
    Command command = Create(table, std::move(body));
    command.op = op;
    command.id = id;
    command.event = event;
    return command;
  }
  Result<Outcome> Run(Command command, const std::string& key = "",
                      const Caller& caller = CallerIn(kTenant, Role::kAdmin)) {
    return RunOn(*node_->engine, std::move(command), key, caller);
  }
  Result<Outcome> RunOn(Engine& engine, Command command, const std::string& key,
                        const Caller& caller) {
    auto promise = std::make_shared<std::promise<Result<Outcome>>>();
    auto future = promise->get_future();
    Idempotent replay;
    if (!key.empty()) replay = {key, "POST /x", "hash"};
    engine.Apply(caller, std::move(command), std::move(replay),
                 [promise](auto outcome) { promise->set_value(std::move(outcome)); });
    return future.get();
  }
  // The new row's key.
  std::string Created(const std::string& table, json::object body,
                      const Caller& caller = CallerIn(kTenant, Role::kAdmin)) {
    const auto outcome = Run(Create(table, std::move(body)), "", caller);
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome ? outcome->key : "";
  }
  std::string Asset(const std::string& name) {
    return Created("assets", {{"type", "TABLE"}, {"name", name}, {"qualified_name", name}});
  }
  std::vector<LogEntry> LogRows() {
    const auto settled =
        node_->log->Settle({.tenant = {}, .across_tenants = true}, std::chrono::seconds(20));
    EXPECT_TRUE(settled) << settled.error().message;
    std::vector<LogEntry> rows;
    const auto read = world_->store().Read({.tenant = {}, .across_tenants = true},
                                           [&](Reader& reader) -> Result<void> {
                                             ReadLog query;
                                             query.limit = 100000;
                                             rows = TRY(Log::Read(reader, query));
                                             return {};
                                           });
    EXPECT_TRUE(read) << read.error().message;
    return rows;
  }
  std::int64_t CountOf(const std::string& sql) {
    std::int64_t count = -1;
    const auto read =
        world_->store().Read({.tenant = {}, .across_tenants = true}, [&](Reader& reader) {
          return reader.Query(sql, {}, [&](const Row& row) -> Result<bool> {
            count = row.Int(0);
            return false;
          });
        });
    EXPECT_TRUE(read) << read.error().message;
    return count;
  }
  void ExpectWhole() {
    const auto fault = node_->log->Verify(std::nullopt, {}, {});
    ASSERT_TRUE(fault) << fault.error().message;
    EXPECT_FALSE(fault->has_value()) << (*fault)->what << " at " << (*fault)->seq;
  }

  SystemClock clock_;
  std::unique_ptr<TestStore> world_;
  std::unique_ptr<TestNode> node_;
};

TEST_P(EngineStore, AWrittenRowIsReadBackFromTheLogSealed) {
  const auto made = Run(
      Create("assets", {{"type", "TABLE"},
                        {"name", "orders"},
                        {"qualified_name", "shop.orders"},
                        {"metadata", json::object{{"b", 5.45e2}, {"a", json::array{1, 2.50}}}}}));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->status, 201);
  const auto rows = LogRows();
  ASSERT_FALSE(rows.empty());
  const LogEntry& last = rows.back();
  EXPECT_EQ(last.id, made->audit_id);
  EXPECT_EQ(last.entity_type, "ASSET");
  EXPECT_EQ(last.seq, static_cast<std::int64_t>(rows.size()));
  EXPECT_EQ(last.ip_address, "192.0.2.7");
  EXPECT_NE(last.after_state.find(R"("metadata":{"a":[1,2.5],"b":545})"), std::string::npos)
      << last.after_state;
  ExpectWhole();
  const auto got = node_->engine->Get(CallerIn(kTenant, Role::kReader),
                                      *world_->model()->FindTable("assets"), made->key, {});
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body, made->body);
}

// Runs `count` calls at once, each on a thread of its own, and collects what they answer.
template <typename Call>
std::vector<Result<Outcome>> AtOnce(int count, Call call) {
  std::vector<std::future<Result<Outcome>>> answers;
  for (int i = 0; i < count; ++i) {
    answers.push_back(std::async(std::launch::async, [call, i] { return call(i); }));
  }
  std::vector<Result<Outcome>> all;
  for (auto& answer : answers) all.push_back(answer.get());
  return all;
}

constexpr int kRacers = 12;

TEST_P(EngineStore, OfRacingCreatesOfAUniqueNameOneIsMade) {
  const auto all = AtOnce(kRacers, [&](int) { return Run(Create("tags", {{"name", "hot"}})); });
  int made = 0;
  for (const auto& one : all) {
    if (one) {
      ++made;
      continue;
    }
    EXPECT_EQ(one.error().code, Code::kConflict) << one.error().message;
    std::string paths;
    for (const FieldError& field : one.error().fields) paths += field.path + " " + field.code + ";";
    EXPECT_EQ(paths, "category unique;name unique;");
  }
  EXPECT_EQ(made, 1);
  ExpectWhole();
}

TEST_P(EngineStore, OfRacingChangesOfOneVersionOneIsMade) {
  const auto asset =
      Run(Create("assets", {{"type", "TABLE"}, {"name", "a"}, {"qualified_name", "a"}}));
  ASSERT_TRUE(asset) << asset.error().message;
  const auto all = AtOnce(kRacers, [&](int i) {
    Command command =
        Change(Command::Op::kUpdate, "assets", asset->key, {{"name", fmt::format("n{}", i)}});
    command.if_match = asset->etag;
    return Run(std::move(command));
  });
  int made = 0;
  for (const auto& one : all) {
    made += one ? 1 : 0;
    if (one) continue;
    EXPECT_EQ(one.error().code, Code::kPreconditionFailed) << one.error().message;
  }
  EXPECT_EQ(made, 1);
}

TEST_P(EngineStore, RacingRequestsWithOneKeyAreOne) {
  const auto all =
      AtOnce(kRacers, [&](int) { return Run(Create("tags", {{"name", "once"}}), "the-key"); });
  std::string key;
  int fresh = 0;
  for (const auto& one : all) {
    ASSERT_TRUE(one) << one.error().message;
    if (key.empty()) key = one->key;
    EXPECT_EQ(one->key, key);
    fresh += one->replayed ? 0 : 1;
  }
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(CountOf("SELECT count(*) FROM tags"), 1);
}

TEST_P(EngineStore, AChildAndItsParentsEndDoNotMeet) {
  for (int round = 0; round < 6; ++round) {
    const std::string asset = Asset(fmt::format("parent{}", round));
    const std::string tag = Created("tags", {{"name", fmt::format("t{}", round)}});
    const auto all = AtOnce(2, [&](int i) {
      if (i == 0) return Run(Change(Command::Op::kDelete, "tags", tag));
      return Run(Create("asset_tags", {{"asset_id", asset}, {"tag_id", tag}}));
    });
    EXPECT_TRUE(all[0]) << all[0].error().message;  // the link goes with the tag, or never was
    if (!all[1]) {
      EXPECT_TRUE(all[1].error().code == Code::kConflict ||
                  all[1].error().code == Code::kInvalidField)
          << all[1].error().message;
    }
  }
  EXPECT_EQ(
      CountOf("SELECT count(*) FROM asset_tags l WHERE NOT EXISTS (SELECT 1 FROM tags t WHERE "
              "t.id = l.tag_id)"),
      0);
  ExpectWhole();
}

TEST_P(EngineStore, WritersOfOneRowAllGetTheirTurn) {
  const std::string asset = Asset("hot");
  const auto all = AtOnce(kRacers, [&](int i) {
    return Run(Change(Command::Op::kUpdate, "assets", asset, {{"name", fmt::format("n{}", i)}}));
  });
  for (const auto& one : all) EXPECT_TRUE(one) << one.error().message;
  // Each change began where the one before it ended.
  std::string state;
  int changes = 0;
  for (const LogEntry& row : LogRows()) {
    if (row.entity_type != "ASSET") continue;
    if (row.action == "UPDATE") {
      EXPECT_EQ(row.before_state, state);
      ++changes;
    }
    state = row.after_state;
  }
  EXPECT_EQ(changes, kRacers);
}

// Also of different rows: no writer fails because others write at the same time.
TEST_P(EngineStore, ManyWritersOfManyRowsNeitherFailNorLoseAnything) {
  constexpr int kEach = 20;
  const auto all = AtOnce(8, [&](int w) -> Result<Outcome> {
    Outcome last;
    for (int i = 0; i < kEach; ++i) {
      last = TRY(Run(Create("tags", {{"name", fmt::format("w{} {}", w, i)}})));
    }
    return last;
  });
  for (const auto& one : all) EXPECT_TRUE(one) << one.error().message;
  EXPECT_EQ(CountOf("SELECT count(*) FROM tags"), 8 * kEach);
  int logged = 0;
  for (const LogEntry& row : LogRows()) logged += row.entity_type == "TAG" ? 1 : 0;
  EXPECT_EQ(logged, 8 * kEach);
  ExpectWhole();
}

TEST_P(EngineStore, ItemsOfABatchHappenInItsOrder) {
  std::vector<Command> commands;
  const std::string id = "01a1fd55-7a80-7643-bf0b-4de74f0400aa";
  commands.push_back(Create("tags", {{"id", id}, {"name", "first"}}));
  for (int i = 0; i < 30; ++i) {
    commands.push_back(Change(Command::Op::kUpdate, "tags", id, {{"name", fmt::format("n{}", i)}}));
  }
  std::promise<Result<std::vector<Result<Outcome>>>> done;
  node_->engine->ApplyBatch(CallerIn(kTenant, Role::kAdmin), commands, false, {},
                            [&](auto results) { done.set_value(std::move(results)); });
  const auto results = done.get_future().get();
  ASSERT_TRUE(results) << results.error().message;
  for (const auto& one : *results) EXPECT_TRUE(one) << one.error().message;
  const auto got = node_->engine->Get(CallerIn(kTenant, Role::kReader),
                                      *world_->model()->FindTable("tags"), id, {});
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_NE(got->body.find("\"n29\""), std::string::npos) << got->body;
}

// What was foretold for an item before its batch began must not outlive what the items before it
// wrote.
TEST_P(EngineStore, ItemsOfABatchSeeWhatThoseBeforeThemWrote) {
  const auto upsert = [&](const std::string& qualified, const std::string& name) {
    Command command =
        Create("assets", {{"type", "TABLE"}, {"name", name}, {"qualified_name", qualified}});
    command.upsert = true;
    return command;
  };
  for (const bool atomic : {false, true}) {
    const std::string at = atomic ? "atomic." : "each.";
    const std::string id =
        atomic ? "01a1fd55-7a80-7643-bf0b-4de74f0400b1" : "01a1fd55-7a80-7643-bf0b-4de74f0400b2";
    std::vector<Command> commands;
    commands.push_back(upsert(at + "x", "one"));
    commands.push_back(upsert(at + "x", "two"));
    commands.push_back(upsert(at + "x", "two"));
    commands.push_back(Create(
        "assets", {{"id", id}, {"type", "TABLE"}, {"name", "y"}, {"qualified_name", at + "y"}}));
    commands.push_back(Change(Command::Op::kUpdate, "assets", id, {{"qualified_name", at + "z"}}));
    commands.push_back(upsert(at + "y", "another y"));
    commands.push_back(upsert(at + "z", "was y"));
    commands.push_back(Change(Command::Op::kDelete, "assets", id));
    commands.push_back(upsert(at + "z", "a new z"));
    std::promise<Result<std::vector<Result<Outcome>>>> done;
    node_->engine->ApplyBatch(CallerIn(kTenant, Role::kAdmin), commands, atomic, {},
                              [&](auto results) { done.set_value(std::move(results)); });
    const auto results = done.get_future().get();
    ASSERT_TRUE(results) << results.error().message;
    std::string statuses;
    for (const auto& one : *results) {
      ASSERT_TRUE(one) << one.error().message;
      statuses += fmt::format("{}{} ", one->status, one->unchanged ? "=" : "");
    }
    EXPECT_EQ(statuses, "201 200 200= 201 200 201 200 204 201 ") << at;
    EXPECT_EQ((*results)[6]->key, id) << at;
  }
  EXPECT_EQ(CountOf("SELECT count(*) FROM assets WHERE deleted_at IS NULL"), 6);
  ExpectWhole();
}

TEST_P(EngineStore, AQuotaHoldsInsideABatch) {
  const auto tenant = Run(Change(Command::Op::kUpdate, "tenants", kTenant.ToString(),
                                 {{"config", json::object{{"quotas", {{"tags", 3}}}}}}),
                          "", CallerIn(kTenant, Role::kSystem));
  ASSERT_TRUE(tenant) << tenant.error().message;
  std::vector<Command> commands;
  for (int i = 0; i < 5; ++i) commands.push_back(Create("tags", {{"name", fmt::format("q{}", i)}}));
  std::promise<Result<std::vector<Result<Outcome>>>> done;
  node_->engine->ApplyBatch(CallerIn(kTenant, Role::kAdmin), commands, false, {},
                            [&](auto results) { done.set_value(std::move(results)); });
  const auto results = done.get_future().get();
  ASSERT_TRUE(results) << results.error().message;
  int made = 0;
  for (const auto& one : *results) {
    made += one ? 1 : 0;
    if (one) continue;
    EXPECT_EQ(one.error().code, Code::kTooManyRequests) << one.error().message;
  }
  EXPECT_EQ(made, 3);
  EXPECT_EQ(CountOf("SELECT count(*) FROM tags"), 3);
}

// What a command reads without need makes others run again: none may read a whole table.
TEST_P(EngineStore, CreatesSideBySideDoNotRunAgain) {
  if (GetParam() == StoreKind::kSqlite) GTEST_SKIP() << "SQLite has one writer";
  Created("tags", {{"name", "warm"}});
  const std::int64_t before = world_->store().Stats().retries;
  constexpr int kEach = 25;
  const auto all = AtOnce(8, [&](int w) -> Result<Outcome> {
    Outcome last;
    for (int i = 0; i < kEach; ++i) {
      last = TRY(Run(Create("tags", {{"name", fmt::format("w{} {}", w, i)}})));
    }
    return last;
  });
  for (const auto& one : all) EXPECT_TRUE(one) << one.error().message;
  // PostgreSQL may mistake neighbours on a page of an index for a conflict, now and then.
  EXPECT_LT(world_->store().Stats().retries - before, 8 * kEach / 4);
}

// DESIGN: "queued and flushed in at most three round trips a command".
TEST_P(EngineStore, ACommandTakesAtMostThreeRoundTrips) {
  if (GetParam() == StoreKind::kSqlite) GTEST_SKIP() << "SQLite is not across a network";
  // A node of its own that does not seal, so that nothing but commands is counted.
  auto opened = world_->OpenAnother();
  ASSERT_TRUE(opened) << opened.error().message;
  PostgresStore& store = **opened;
  SecureRandom random;
  IdSource ids(clock_, random);
  OutboxLog log(store, ids, random, {.seal = false});
  ASSERT_TRUE(log.Open());
  Engine engine({world_->model(), store, log, clock_, ids, nullptr}, OptionsOfTests());
  const auto run = [&](const char* what, Command command, const std::string& key = "") {
    const std::int64_t before = store.Stats().write_round_trips;
    const auto outcome = RunOn(engine, std::move(command), key, CallerIn(kTenant, Role::kAdmin));
    EXPECT_TRUE(outcome) << what << ": " << outcome.error().message;
    const std::int64_t took = store.Stats().write_round_trips - before;
    EXPECT_LE(took, 3) << what;
    return outcome ? *outcome : Outcome{};
  };
  const json::object asset = {{"type", "TABLE"}, {"name", "a"}, {"qualified_name", "a"}};
  const Outcome made = run("the tenant's first create", Create("assets", asset));
  json::object more = asset;
  more["qualified_name"] = "b";
  const Outcome other = run("create", Create("assets", more), "key-1");
  const Outcome again = run("create, repeated", Create("assets", more), "key-1");
  EXPECT_TRUE(again.replayed);
  Command change = Change(Command::Op::kUpdate, "assets", made.key, {{"name", "changed"}});
  change.if_match = made.etag;
  run("update", std::move(change), "key-2");
  const Outcome tag = run("create of a tag", Create("tags", {{"name", "t"}}));
  run("create with two references",
      Create("asset_tags", {{"asset_id", made.key}, {"tag_id", tag.key}}));
  Command upsert = Create("assets", more);
  upsert.upsert = true;
  run("upsert of the same", std::move(upsert));
  const Outcome workflow = run(
      "create with a lifecycle",
      Create("workflow_executions", {{"workflow_type", "etl"},
                                     {"namespace", "acme"},
                                     {"correlation_id", "01a1fd55-7a80-7643-bf0b-4de74f0400ab"}}));
  run("event", Change(Command::Op::kEvent, "workflow_executions", workflow.key, {}, "start"));
  run("delete", Change(Command::Op::kDelete, "assets", other.key));

  // The items of a batch take a round trip together.
  for (const bool atomic : {false, true}) {
    std::vector<Command> items;
    for (int i = 0; i < 100; ++i) {
      const std::string name = fmt::format("item{}", i);
      items.push_back(
          Create("assets", {{"type", "TABLE"}, {"name", name}, {"qualified_name", name}}));
      items.back().upsert = true;
    }
    // Nothing is taken before all wait.
    std::promise<void> gate;
    WriteJob first;
    first.scope.tenant = kTenant;
    first.lane = Lane::kBulk;
    first.work = [opened = gate.get_future().share()](Transaction&) -> Result<void> {
      opened.wait();
      return {};
    };
    first.done = [](const Result<void>&) {};
    store.Submit(std::move(first));
    const std::int64_t before = store.Stats().write_round_trips;
    std::promise<Result<std::vector<Result<Outcome>>>> done;
    engine.ApplyBatch(CallerIn(kTenant, Role::kAdmin), items, atomic, {},
                      [&](auto results) { done.set_value(std::move(results)); },
                      {.lane = Lane::kBulk});
    gate.set_value();
    const auto results = done.get_future().get();
    ASSERT_TRUE(results) << results.error().message;
    for (const auto& one : *results) EXPECT_EQ(one->unchanged, atomic);
    // In portions that double, where each is a job of its own; smaller ones on a slow machine,
    // since a portion ends after some milliseconds. Alone each item takes two or three.
    EXPECT_LE(store.Stats().write_round_trips - before, atomic ? 3 : 60);
  }
  engine.Stop();
  log.Stop();
  store.Close();
}

// Runs tasks when the test says so.
class Later final : public Executor {
 public:
  void Post(Task task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    came_.notify_all();
  }
  Task Next() {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return !tasks_.empty(); });
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Task> tasks_;
};

TEST_P(EngineStore, WritesFinishWhereTheirCallerWantsThemTo) {
  const auto later = std::make_shared<Later>();
  Command create = Create("assets", {{"type", "TABLE"}, {"name", "a"}, {"qualified_name", "a"}});
  for (const bool taken : {false, true}) {
    auto held = std::make_shared<std::optional<Result<Outcome>>>();
    node_->engine->Apply(CallerIn(kTenant, Role::kAdmin), create, {},
                         [held](Result<Outcome> outcome) { *held = std::move(outcome); },
                         {.finish_on = later});
    {
      // Committed, or refused by the unique name, and nobody told yet.
      Executor::Task task = later->Next();
      EXPECT_FALSE(held->has_value());
      EXPECT_EQ(CountOf("SELECT count(*) FROM assets"), 1);
      task();
    }
    ASSERT_TRUE(held->has_value());
    EXPECT_EQ((*held)->has_value(), !taken);
    if (taken) {
      EXPECT_EQ((*held)->error().code, Code::kConflict);
    }
    // All that the command held went with the task.
    EXPECT_EQ(held.use_count(), 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, EngineStore,
                         ::testing::Values(StoreKind::kSqlite, StoreKind::kPostgres),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace tenon::testing

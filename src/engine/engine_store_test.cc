// The engine over both stores: what a command writes, what it answers, what two at once do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>

#include "base/json.h"
#include "engine/engine.h"
#include "log/testing.h"

namespace tenon::testing {
namespace {

const Uuid kSystemTenant = *Uuid::Parse("00000000-0000-7000-8000-000000000001");
const Uuid kTenant = *Uuid::Parse("00000000-0000-7000-8000-00000000000a");

// One process: its own connections, log and engine.
struct TestNode {
  TestNode(Store& node_store, const std::shared_ptr<const model::Model>& model, Clock& clock)
      : store(node_store), ids(clock, random) {
    auto opened = OpenLog(store, ids, random);
    EXPECT_TRUE(opened) << opened.error().message;
    log = *std::move(opened);
    EngineOptions options;
    options.system_tenant = kSystemTenant;
    engine = std::make_unique<Engine>(EngineDeps{model, store, *log, clock, ids, nullptr}, options);
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
    return RunOn(*node_, std::move(command), key, caller);
  }
  Result<Outcome> RunOn(TestNode& node, Command command, const std::string& key,
                        const Caller& caller) {
    auto promise = std::make_shared<std::promise<Result<Outcome>>>();
    auto future = promise->get_future();
    Idempotent replay;
    if (!key.empty()) replay = {key, "POST /x", "hash"};
    node.engine->Apply(caller, std::move(command), std::move(replay),
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

INSTANTIATE_TEST_SUITE_P(Stores, EngineStore,
                         ::testing::Values(StoreKind::kSqlite, StoreKind::kPostgres),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace tenon::testing

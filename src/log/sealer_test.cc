// Numbering the log of PostgreSQL: whatever overlaps, no reader skips a row, gets one twice or
// waits for somebody else's transaction.
#include "log/sealer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <atomic>
#include <future>
#include <map>
#include <thread>

#include "log/outbox_log.h"
#include "log/testing.h"

namespace tenon::testing {
namespace {

using std::chrono::seconds;

const Uuid kTenant = *Uuid::Parse("00000000-0000-7000-8000-00000000000a");
const Uuid kOther = *Uuid::Parse("00000000-0000-7000-8000-00000000000b");
const Scope kEverywhere{.tenant = {}, .across_tenants = true};

// A session of somebody else's, with a transaction that has an id and stays open.
class OpenTransaction {
 public:
  explicit OpenTransaction(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    Run("BEGIN ISOLATION LEVEL SERIALIZABLE");
    Run("SELECT pg_current_xact_id()");
  }
  ~OpenTransaction() { PQfinish(connection_); }
  void Run(const char* sql) {
    PGresult* result = PQexec(connection_, sql);
    EXPECT_LT(PQresultStatus(result), PGRES_BAD_RESPONSE) << PQerrorMessage(connection_);
    PQclear(result);
  }

 private:
  PGconn* connection_;
};

// A process: connections, ids and a log of its own.
struct LogNode {
  LogNode(std::unique_ptr<PostgresStore> opened, Clock& clock, OutboxLogOptions options)
      : store(std::move(opened)), ids(clock, random), log(*store, ids, random, options) {
    const auto started = log.Open();
    EXPECT_TRUE(started) << started.error().message;
  }
  ~LogNode() {
    log.Stop();
    store->Close();
  }
  std::unique_ptr<PostgresStore> store;
  SecureRandom random;
  IdSource ids;
  OutboxLog log;
};

class SealerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto server = PostgresServer::Shared();
    if (!server) GTEST_SKIP() << server.error().message;
    auto made = TestStore::Make(StoreKind::kPostgres);
    ASSERT_TRUE(made) << made.error().message;
    world_ = *std::move(made);
    const auto tenants = world_->database().Run(fmt::format(
        "INSERT INTO tenants (id, name, slug) VALUES ('{}', 'A', 'a'), ('{}', 'B', 'b')",
        kTenant.ToString(), kOther.ToString()));
    ASSERT_TRUE(tenants) << tenants.error().message;
  }

  std::unique_ptr<LogNode> Node(bool seals) {
    auto store = world_->OpenAnother();
    EXPECT_TRUE(store) << store.error().message;
    OutboxLogOptions options;
    options.seal = seals;
    options.lease_ttl = std::chrono::milliseconds(1000);
    return std::make_unique<LogNode>(*std::move(store), clock_, options);
  }
  Sealer MakeSealer(const std::string& holder) {
    return Sealer(world_->store(), {.name = "sealer", .holder = holder, .ttl = seconds(60)});
  }

  LogEntry Entry(const std::string& action, const Uuid& tenant) {
    LogEntry entry;
    entry.tenant = tenant;
    entry.entity_type = "TAG";
    entry.entity_id = tenant;
    entry.action = action;
    entry.after_state = R"({"a":[1.5],"bb":1})";
    entry.timestamp = clock_.Now();
    return entry;
  }
  // `before_commit` runs inside the transaction, after the row was sent.
  void Append(LogNode& node, const std::string& action, const Uuid& tenant = kTenant,
              const std::function<void()>& before_commit = {}) {
    const auto done = node.store->Write(
        {.tenant = tenant},
        [&](Transaction& transaction) -> Result<void> {
          LogEntry entry = Entry(action, tenant);
          TRY(node.log.Append(transaction, entry));
          if (!before_commit) return {};
          // What was queued reaches the server with the next question.
          TRY(transaction.Query("SELECT 1", {}, [](const Row&) -> Result<bool> { return true; }));
          before_commit();
          return {};
        },
        Lane::kInteractive, false);
    EXPECT_TRUE(done) << done.error().message;
  }
  std::vector<LogEntry> Read(std::int64_t after = 0) {
    std::vector<LogEntry> rows;
    const auto read = world_->store().Read(kEverywhere, [&](Reader& reader) -> Result<void> {
      ReadLog query;
      query.after = after;
      query.limit = 100000;
      rows = TRY(Log::Read(reader, query));
      return {};
    });
    EXPECT_TRUE(read) << read.error().message;
    return rows;
  }
  std::string Actions(std::int64_t after = 0) {
    std::string text;
    for (const LogEntry& row : Read(after)) text += fmt::format("{}:{} ", row.seq, row.action);
    return text;
  }
  Sealer::Round Seal(Sealer& sealer) {
    const auto round = sealer.Run();
    EXPECT_TRUE(round) << round.error().message;
    return round.value_or(Sealer::Round{});
  }
  void ExpectWhole(Log& log) {
    const auto fault = log.Verify(std::nullopt, {}, {});
    ASSERT_TRUE(fault) << fault.error().message;
    EXPECT_FALSE(fault->has_value()) << (*fault)->what << " at " << (*fault)->seq;
  }

  SystemClock clock_;
  std::unique_ptr<TestStore> world_;
};

TEST_F(SealerTest, ALateCommitComesLaterAndHoldsNobodyUp) {
  const auto node = Node(false);
  Sealer sealer = MakeSealer("one");
  std::promise<void> sent, go_on;
  std::thread slow([&] {
    Append(*node, "SLOW", kTenant, [&] {
      sent.set_value();
      go_on.get_future().wait();
    });
  });
  sent.get_future().wait();
  Append(*node, "QUICK");
  EXPECT_EQ(Seal(sealer).sealed, 1);
  EXPECT_EQ(Actions(), "1:QUICK ");
  go_on.set_value();
  slow.join();
  EXPECT_EQ(Seal(sealer).last, 2);
  EXPECT_EQ(Actions(1), "2:SLOW ");
  ExpectWhole(node->log);
}

TEST_F(SealerTest, OpenTransactionsOfTheClusterHoldNothingUp) {
  const auto node = Node(true);
  PostgresServer& server = world_->database().server();
  OpenTransaction elsewhere(server.Url("postgres"));
  OpenTransaction here(world_->database().url());
  here.Run("SELECT count(*) FROM audits");
  for (int i = 0; i < 5; ++i) {
    Append(*node, fmt::format("ROW{}", i));
    const auto settled = node->log.Settle({.tenant = kTenant}, seconds(20));
    ASSERT_TRUE(settled) << settled.error().message;
    EXPECT_EQ(settled->seq, i + 1);
  }
  EXPECT_EQ(Actions(), "1:ROW0 2:ROW1 3:ROW2 4:ROW3 5:ROW4 ");
}

TEST_F(SealerTest, SettleWaitsForRowsThatWereAnsweredAndNoOthers) {
  const auto node = Node(false);
  const auto nothing = node->log.Settle({.tenant = kTenant}, seconds(20));
  ASSERT_TRUE(nothing) << nothing.error().message;
  Append(*node, "MINE");
  const auto unsealed = node->log.Settle({.tenant = kTenant}, std::chrono::milliseconds(30));
  ASSERT_FALSE(unsealed);
  EXPECT_EQ(unsealed.error().code, Code::kDeadline);
  // Another tenant does not wait for it.
  EXPECT_TRUE(node->log.Settle({.tenant = kOther}, seconds(20)));
  Sealer sealer = MakeSealer("one");
  EXPECT_EQ(Seal(sealer).sealed, 1);
  const auto sealed = node->log.Settle({.tenant = kTenant}, seconds(20));
  ASSERT_TRUE(sealed) << sealed.error().message;
  EXPECT_EQ(sealed->seq, 1);
}

TEST_F(SealerTest, OneThatLostItsLeaseSealsNothing) {
  const auto node = Node(false);
  Sealer first = MakeSealer("first");
  Sealer second = MakeSealer("second");
  Append(*node, "A");
  EXPECT_EQ(Seal(first).sealed, 1);
  Append(*node, "B");
  EXPECT_FALSE(Seal(second).held);
  // The first stands still for longer than its lease; it does not know.
  ASSERT_TRUE(world_->database().Run("UPDATE leases SET expires_at = now() - interval '1 s'"));
  EXPECT_EQ(Seal(second).sealed, 1);
  Append(*node, "C");
  EXPECT_FALSE(Seal(first).held);
  EXPECT_EQ(Seal(second).sealed, 1);
  EXPECT_EQ(Actions(), "1:A 2:B 3:C ");
  ExpectWhole(node->log);
}

// Several nodes write and compete for the lease, and leave; readers follow from their positions.
TEST_F(SealerTest, ReadersOfAStormSkipAndRepeatNothing) {
  constexpr int kNodes = 3;
  constexpr int kWritersEach = 3;
  constexpr int kRowsEach = 40;
  std::vector<std::unique_ptr<LogNode>> nodes;
  for (int i = 0; i < kNodes; ++i) nodes.push_back(Node(true));
  const auto reading = Node(false);
  std::atomic<bool> done{false};
  std::vector<LogEntry> seen;
  std::thread reader([&] {
    std::int64_t after = 0;
    for (bool last_look = false; !last_look;) {
      last_look = done;
      for (LogEntry& row : Read(after)) {
        EXPECT_EQ(row.seq, after + 1);
        after = row.seq;
        seen.push_back(std::move(row));
      }
    }
  });
  std::vector<std::thread> writers;
  for (int w = 0; w < kNodes * kWritersEach; ++w) {
    writers.emplace_back([&, w] {
      LogNode& node = *nodes[static_cast<std::size_t>(w % kNodes)];
      for (int i = 0; i < kRowsEach; ++i) {
        // Some hold their transaction open while others go past.
        const auto linger = [&] {
          if ((i + w) % 7 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(3));
        };
        Append(node, fmt::format("{} {}", w, i), w % 2 == 0 ? kTenant : kOther, linger);
      }
    });
  }
  // The node that seals leaves in the middle, as one that is shut down does.
  nodes[0]->log.Stop();
  for (std::thread& writer : writers) writer.join();
  const auto settled = reading->log.Settle(kEverywhere, seconds(60));
  EXPECT_TRUE(settled) << settled.error().message;
  done = true;
  reader.join();
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(kNodes * kWritersEach * kRowsEach));
  std::map<int, int> next;  // each writer's rows are in its own order
  for (const LogEntry& row : seen) {
    const std::size_t space = row.action.find(' ');
    const int writer = std::stoi(row.action.substr(0, space));
    EXPECT_EQ(std::stoi(row.action.substr(space + 1)), next[writer]++) << row.action;
  }
  ExpectWhole(reading->log);
}

// A request may read the chain and add to the outbox, and that is all.
TEST_F(SealerTest, TheApplicationCannotTouchTheChain) {
  const auto node = Node(false);
  Append(*node, "A");
  Sealer sealer = MakeSealer("one");
  EXPECT_EQ(Seal(sealer).sealed, 1);
  for (const char* sql :
       {"UPDATE audit_seals SET seal = ''", "DELETE FROM audit_seals", "DELETE FROM audit_heads",
        "UPDATE audit_heads SET seq = 0", "DELETE FROM audit_pending", "DELETE FROM audits",
        "UPDATE audits SET action = 'X'",
        "INSERT INTO audit_heads (tenant_id, seq, seal) VALUES (gen_random_uuid(), 1, '')"}) {
    const auto done =
        world_->store().Write({.tenant = kTenant}, [&](Transaction& transaction) -> Result<void> {
          TRY(transaction.Execute(sql, {}));
          return {};
        });
    ASSERT_FALSE(done) << sql;
    EXPECT_NE(done.error().message.find("permission denied"), std::string::npos)
        << sql << ": " << done.error().message;
  }
}

}  // namespace
}  // namespace tenon::testing

// On a real PostgreSQL: how many round trips reads take together, and what each gets.
#include "engine/group_reads.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <future>

#include "base/random.h"
#include "engine/load.h"
#include "log/testing.h"

namespace tenon::testing {
namespace {

const Uuid kOne = *Uuid::Parse("00000000-0000-7000-8000-00000000000a");
const Uuid kOther = *Uuid::Parse("00000000-0000-7000-8000-00000000000b");

class GroupReadsTest : public ::testing::Test {
 protected:
  using Answer = Result<std::optional<Record>>;

  void SetUp() override {
    auto made = TestStore::Make(StoreKind::kPostgres);
    if (!made && made.error().code == Code::kUnavailable) GTEST_SKIP() << made.error().message;
    ASSERT_TRUE(made) << made.error().message;
    world_ = *std::move(made);
    PostgresOptions options = world_->options();
    options.readers_max = 1;  // so that a test can keep reads waiting
    auto opened = PostgresStore::Open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
    plans_ = std::make_unique<Plans>(*world_->model(), Dialect::kPostgres);
    for (const auto& [tenant, slug] : {std::pair(kOne, "one"), std::pair(kOther, "other")}) {
      Insert("tenants", {{"id", tenant.ToString()}, {"name", slug}, {"slug", slug}});
    }
  }
  void TearDown() override {
    if (store_) store_->Close();
  }

  void Insert(const std::string& table, const std::map<std::string, std::string>& row) {
    std::string names, values;
    for (const auto& [name, value] : row) {
      names += (names.empty() ? "" : ", ") + name;
      values += (values.empty() ? "'" : ", '") + value + "'";
    }
    const auto done =
        world_->database().Run("INSERT INTO " + table + " (" + names + ") VALUES (" + values + ")");
    ASSERT_TRUE(done) << done.error().message;
  }
  Value Tag(const Uuid& tenant, const std::string& name) {
    const Uuid id = ids_.V7();
    Insert("tags", {{"id", id.ToString()}, {"tenant_id", tenant.ToString()}, {"name", name}});
    return Value(id);
  }
  const EntityPlan& PlanOf(const std::string& table) {
    return plans_->Of(*world_->model()->FindTable(table));
  }

  std::future<Answer> Find(GroupReads& reads, const std::string& table, const Uuid& tenant,
                           Value key) {
    auto promise = std::make_shared<std::promise<Answer>>();
    auto future = promise->get_future();
    reads.Find(PlanOf(table), tenant, std::move(key),
               [promise](Answer answer) { promise->set_value(std::move(answer)); });
    return future;
  }
  std::string NameIn(std::future<Answer>& future) {
    const Answer answer = future.get();
    if (!answer) return "error: " + answer.error().message;
    if (!*answer) return "none";
    const model::Entity& entity = *(*answer)->entity;
    return (*answer)->at(*entity.FindField("name")).As<std::string>();
  }

  // Runs `work` while the store's one connection for reads is lent out.
  void WhileBusy(const std::function<void()>& work) {
    const auto held = store_->Read({.tenant = kOne}, [&](Reader& reader) -> Result<void> {
      TRY(reader.Query("SELECT 1", {}, [](const Row&) -> Result<bool> { return true; }));
      work();
      return {};
    });
    ASSERT_TRUE(held) << held.error().message;
  }
  std::int64_t RoundTrips() { return store_->Stats().read_round_trips; }

  SystemClock clock_;
  SecureRandom random_;
  IdSource ids_{clock_, random_};
  std::unique_ptr<TestStore> world_;
  std::unique_ptr<PostgresStore> store_;
  std::unique_ptr<Plans> plans_;
};

TEST_F(GroupReadsTest, WhatWaitsGoesOutAsOneStatement) {
  std::vector<Value> keys;
  for (int i = 0; i < 30; ++i) keys.push_back(Tag(kOne, fmt::format("t{}", i)));
  // One statement at a time: the first waits for the connection, the others for the first.
  GroupReads reads(*store_, {.threads = 1, .rows_max = 20});
  std::vector<std::future<Answer>> found;
  WhileBusy([&] {
    for (const Value& key : keys) found.push_back(Find(reads, "tags", kOne, key));
  });
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(NameIn(found[i]), fmt::format("t{}", i));
  reads.Stop();
  // The busy one; then one (or some, when the thread was quick) and 20 and the rest.
  EXPECT_GE(RoundTrips(), 3);
  EXPECT_LE(RoundTrips(), 4);

  // One alone is one round trip, and needs nobody else.
  const std::int64_t before = RoundTrips();
  GroupReads again(*store_);
  auto alone = Find(again, "tags", kOne, keys[7]);
  EXPECT_EQ(NameIn(alone), "t7");
  again.Stop();
  EXPECT_EQ(RoundTrips() - before, 1);
}

TEST_F(GroupReadsTest, EachGetsItsOwnRowAndNoOneElses) {
  const Value mine = Tag(kOne, "mine"), theirs = Tag(kOther, "theirs");
  const Uuid gone = ids_.V7();
  Insert("assets", {{"id", gone.ToString()},
                    {"tenant_id", kOne.ToString()},
                    {"type", "TABLE"},
                    {"name", "gone"},
                    {"qualified_name", "gone"},
                    {"deleted_at", "2026-11-21"}});
  const Uuid user = ids_.V7();
  Insert("users", {{"id", user.ToString()},
                   {"tenant_id", kOne.ToString()},
                   {"email", "a@example.com"},
                   {"name", "Ann"}});
  GroupReads reads(*store_, {.threads = 2});
  std::vector<std::future<Answer>> found;
  WhileBusy([&] {
    found.push_back(Find(reads, "tags", kOne, mine));
    found.push_back(Find(reads, "tags", kOther, theirs));
    found.push_back(Find(reads, "users", kOne, Value(user)));
    found.push_back(Find(reads, "tags", kOne, theirs));            // another tenant's
    found.push_back(Find(reads, "tags", kOther, mine));            // and the other way round
    found.push_back(Find(reads, "tags", kOne, Value(ids_.V7())));  // nobody's
    found.push_back(Find(reads, "tags", kOne, mine));              // a second time
    found.push_back(Find(reads, "users", kOne, mine));             // of another table
    found.push_back(Find(reads, "assets", kOne, Value(gone)));
  });
  std::string names;
  for (auto& one : found) names += NameIn(one) + " ";
  EXPECT_EQ(names, "mine theirs Ann none none none mine none gone ");
}

// The statement alone must not be what keeps tenants apart.
TEST_F(GroupReadsTest, RowLevelSecurityHoldsWhateverTheStatementSays) {
  const Value theirs = Tag(kOther, "theirs");
  EntityPlan careless = PlanOf("tags");
  for (std::string* sql : {&careless.load, &careless.load_each}) {
    const std::string tenant = " AND \"tenant_id\" = $2";
    const std::size_t at = sql->find(tenant);
    ASSERT_NE(at, std::string::npos);
    sql->replace(at, tenant.size(), " AND $2::uuid IS NOT NULL");
  }
  GroupReads reads(*store_, {.threads = 1});
  std::array<std::promise<Answer>, 4> answers;
  const auto find = [&](std::promise<Answer>& promise) {
    reads.Find(careless, kOne, theirs,
               [&](Answer answer) { promise.set_value(std::move(answer)); });
  };
  find(answers[0]);  // alone
  EXPECT_FALSE(answers[0].get_future().get().value().has_value());
  WhileBusy([&] {
    for (std::size_t i = 1; i < answers.size(); ++i) find(answers[i]);
  });
  for (std::size_t i = 1; i < answers.size(); ++i) {
    EXPECT_FALSE(answers[i].get_future().get().value().has_value());
  }
}

TEST_F(GroupReadsTest, AnErrorOfTheStoreGoesToAll) {
  const Value key = Tag(kOne, "t");
  GroupReads reads(*store_, {.threads = 1, .deadline = std::chrono::milliseconds(100)});
  std::vector<std::future<Answer>> found;
  WhileBusy([&] {
    for (int i = 0; i < 3; ++i) found.push_back(Find(reads, "tags", kOne, key));
    // The connection comes back only when the time of all has passed.
    for (auto& one : found) {
      const Answer answer = one.get();
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().code, Code::kDeadline);
    }
  });
  auto next = Find(reads, "tags", kOne, key);
  EXPECT_EQ(NameIn(next), "t");
}

TEST_F(GroupReadsTest, AConnectionThatBreaksCostsNobodyAnAnswer) {
  std::vector<std::future<Answer>> found;
  const Value key = Tag(kOne, "t");
  GroupReads reads(*store_, {.threads = 1});
  auto first = Find(reads, "tags", kOne, key);
  EXPECT_EQ(NameIn(first), "t");
  WhileBusy([&] {
    for (int i = 0; i < 5; ++i) found.push_back(Find(reads, "tags", kOne, key));
    EXPECT_TRUE(world_->database().Run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tenon' "
        "AND pid <> pg_backend_pid() AND datname = current_database()"));
  });
  for (auto& one : found) EXPECT_EQ(NameIn(one), "t");
}

// What one may not ask is not the others' failure.
TEST_F(GroupReadsTest, AKeyThatCannotBeAskedFailsAlone) {
  const Value key = Tag(kOne, "t");
  GroupReads reads(*store_, {.threads = 1});
  std::vector<std::future<Answer>> found;
  WhileBusy([&] {
    found.push_back(Find(reads, "tags", kOne, key));
    found.push_back(Find(reads, "tags", kOne, key));
    found.push_back(Find(reads, "tags", kOne, Value("no uuid")));
    found.push_back(Find(reads, "tags", kOne, Value(std::string("a\0b", 3))));
    found.push_back(Find(reads, "tags", kOne, key));
  });
  EXPECT_EQ(NameIn(found[0]), "t");
  EXPECT_EQ(NameIn(found[1]), "t");
  EXPECT_EQ(NameIn(found[2]).substr(0, 6), "error:");
  EXPECT_EQ(NameIn(found[3]).substr(0, 6), "error:");
  EXPECT_EQ(NameIn(found[4]), "t");
}

TEST_F(GroupReadsTest, IsBoundedAndStops) {
  const Value key = Tag(kOne, "t");
  std::vector<std::future<Answer>> found;
  WhileBusy([&] {
    GroupReads reads(*store_, {.threads = 1,
                               .beside = 1,
                               .rows_max = 1,
                               .waiting_max = 2,
                               .deadline = std::chrono::milliseconds(200)});
    for (int i = 0; i < 6; ++i) found.push_back(Find(reads, "tags", kOne, key));
  });  // stopped here, while the first is under way or waits for its connection
  int refused = 0, answered = 0;
  for (auto& one : found) {
    const Answer answer = one.get();
    ++answered;
    refused += !answer && answer.error().code == Code::kUnavailable ? 1 : 0;
  }
  EXPECT_EQ(answered, 6);
  EXPECT_GE(refused, 5);
}

// Keys of every kind, with what arrays have to quote; and a table of which the statistics say that
// it is empty.
TEST_F(GroupReadsTest, LooksUpManyOneByOne) {
  std::vector<Value> names;
  for (const std::string name : {"a,b", "\"q\"", "\\", "{}", "NULL", "", "plain"}) {
    if (!name.empty()) Tag(kOne, name);
    names.emplace_back(name);
  }
  Tag(kOther, "plain");
  Tag(kOne, "not asked");
  std::vector<std::string> found;
  const EntityPlan& tags = PlanOf("tags");
  const model::Field& field = *tags.entity->FindField("name");
  const auto read = store_->Read({.tenant = kOne}, [&](Reader& reader) -> Result<void> {
    for (const Record& row : TRY(LoadMany(reader, tags, field, names, kOne))) {
      found.push_back(row.at(field).As<std::string>());
    }
    // However many it looks for.
    EXPECT_EQ(TRY(LoadMany(reader, tags, field, std::span(names).first(0), kOne)).size(), 0u);
    return {};
  });
  ASSERT_TRUE(read) << read.error().message;
  std::ranges::sort(found);
  EXPECT_EQ(found, (std::vector<std::string>{"\"q\"", "NULL", "\\", "a,b", "plain", "{}"}));

  EXPECT_TRUE(world_->database().Run(
      "CREATE FUNCTION plan_of(text) RETURNS text LANGUAGE plpgsql AS $f$ DECLARE line "
      "text; whole text := ''; BEGIN FOR line IN EXECUTE 'EXPLAIN ' || $1 LOOP whole := whole || "
      "line; END LOOP; RETURN whole; END $f$"));
  std::string sql = tags.load_each;
  sql.replace(sql.find("$1"), 2, "''{}''");
  sql.replace(sql.find("$2"), 2, "''" + kOne.ToString() + "''");
  auto explained = world_->database().Ask("SELECT plan_of('" + sql + "')");
  ASSERT_TRUE(explained) << explained.error().message;
  EXPECT_NE(explained->find("Index Scan"), std::string::npos) << *explained;
  EXPECT_EQ(explained->find("Seq Scan on tags"), std::string::npos) << *explained;
}

}  // namespace
}  // namespace tenon::testing

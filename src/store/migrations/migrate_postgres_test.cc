// What migrations do on PostgreSQL alone: beside writers, beside other migrators, in two halves.
// That every change is made, and taken back, is in migrate_test.cc.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "model/check.h"
#include "model/source.h"
#include "store/migrations/derive.h"
#include "store/migrations/migrate.h"
#include "store/migrations/postgres_migrate.h"
#include "store/migrations/postgres_support.h"
#include "store/postgres/test_owner.h"
#include "store/testing.h"

namespace tenon {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IntOf;
using ::testing::IsEmpty;
using testing::QueryText;

constexpr const char* kBase = R"(model shop

enum Colour { RED GREEN }

entity Thing in things {
  id uuid key
  name text(100)
  colour Colour = RED
  size int(0..100) = 1
  notes text?
  updated_at time auto updated

  index idx_things_name (name)
}
)";

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

std::shared_ptr<const model::Model> Parse(const std::string& text) {
  model::Sources sources;
  sources.Add("test.tenon", text);
  auto checked = model::Check(sources);
  if (checked) return *checked;
  ADD_FAILURE() << model::Render(sources, checked.error().front());
  return nullptr;
}

class MigratePostgresTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = testing::OwnedDatabase::Make();
    if (!made) GTEST_SKIP() << made.error().message;
    database_ = std::move(*made);
    store_ = Open();
    ASSERT_NE(store_, nullptr);
    To(kBase);
    Sql("INSERT INTO things (tenant_id, name) SELECT gen_random_uuid(), 'n' || i FROM "
        "generate_series(1, 100) i");
  }
  void TearDown() override {
    if (store_ != nullptr) store_->Close();
  }
  std::unique_ptr<PostgresStore> Open() {
    PostgresOptions options = database_->OwnerOptions();
    options.schema_lock_timeout = milliseconds(100);
    return testing::OpenPostgres(std::move(options));
  }

  [[nodiscard]] MigrateOptions Options(MigrationPhase phase = MigrationPhase::kWhole) const {
    MigrateOptions options;
    options.roles = database_->roles();
    options.phase = phase;
    return options;
  }
  Result<MigrationPlan> Try(const std::string& text, const MigrateOptions& options) {
    return Migrate(*store_, *Parse(text), clock_, options);
  }
  MigrationPlan To(const std::string& text, MigrationPhase phase = MigrationPhase::kWhole) {
    Result<MigrationPlan> done = Try(text, Options(phase));
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    return done ? *done : MigrationPlan{};
  }
  Result<void> TrySql(const std::string& sql) {
    return store_->Write({}, [&](Transaction& t) -> Result<void> {
      TRY(t.Execute(sql, {}));
      return {};
    });
  }
  void Sql(const std::string& sql) {
    const Result<void> done = TrySql(sql);
    EXPECT_TRUE(done) << done.error().message;
  }
  // Somebody at psql.
  std::unique_ptr<PgConnection> Session() {
    auto opened = PgConnection::Open({.url = database_->url(), .role = {}});
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return std::move(*opened);
  }
  static void Do(PgConnection& session, const std::string& sql) {
    const auto failure = session.Script(sql);
    EXPECT_FALSE(failure) << failure->error.message;
  }
  // Until some session waits in a statement that begins so.
  void AwaitWaiting(const std::string& beginning) {
    const std::string sql = fmt::format(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "wait_event_type = 'Lock' AND query LIKE '{}%'",
        beginning);
    for (int i = 0; i < 3000 && IntOf(*store_, sql) == 0; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_NE(IntOf(*store_, sql), 0) << "nobody waits in " << beginning;
  }
  std::int64_t ValidIndexes(const std::string& name) {
    return IntOf(*store_, fmt::format("SELECT count(*) FROM pg_index WHERE indisvalid AND "
                                      "indexrelid = to_regclass('{}')",
                                      name));
  }

  ManualClock clock_{*ParseTime("2026-11-21T09:00:00Z")};
  std::unique_ptr<testing::OwnedDatabase> database_;
  std::unique_ptr<PostgresStore> store_;
};

const std::string kWithIndex =
    Replaced(kBase, "index idx_things_name (name)",
             "index idx_things_name (name)\n  index idx_things_size (size)");

TEST_F(MigratePostgresTest, WritersGoOnWhileAnIndexIsBuilt) {
  const auto session = Session();
  Do(*session, "BEGIN; INSERT INTO things (tenant_id, name) VALUES (gen_random_uuid(), 'late')");
  std::thread migrator([&]() { To(kWithIndex); });
  // It waits for the transaction that is open; others do not wait for it.
  AwaitWaiting("CREATE INDEX CONCURRENTLY");
  Sql("INSERT INTO things (tenant_id, name) VALUES (gen_random_uuid(), 'meanwhile')");
  Sql("UPDATE things SET size = 2 WHERE name = 'n1'");
  EXPECT_EQ(ValidIndexes("idx_things_size"), 0);
  Do(*session, "COMMIT");
  migrator.join();
  EXPECT_EQ(ValidIndexes("idx_things_size"), 1);
}

TEST_F(MigratePostgresTest, AnIndexThatWasHalfBuiltIsBuiltAnew) {
  ASSERT_TRUE(database_->database().Run(
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_things_name'::regclass"));
  EXPECT_EQ(ValidIndexes("idx_things_name"), 0);
  EXPECT_THAT(To(kBase).migrations, IsEmpty());
  EXPECT_EQ(ValidIndexes("idx_things_name"), 1);
  Sql("DROP INDEX idx_things_name");
  To(kBase);
  EXPECT_EQ(ValidIndexes("idx_things_name"), 1) << "one that somebody dropped is there again";
}

TEST_F(MigratePostgresTest, AnIndexServesUntilItsSuccessorIsThere) {
  const auto session = Session();
  Do(*session, "BEGIN; UPDATE things SET size = 3 WHERE name = 'n1'");
  std::thread migrator([&]() {
    To(Replaced(kBase, "index idx_things_name (name)", "index idx_things_name (name, size)"));
  });
  AwaitWaiting("CREATE INDEX CONCURRENTLY");
  EXPECT_EQ(ValidIndexes("old_idx_things_name"), 1);
  Do(*session, "COMMIT");
  migrator.join();
  EXPECT_EQ(ValidIndexes("idx_things_name"), 1);
  EXPECT_EQ(ValidIndexes("old_idx_things_name"), 0);
  EXPECT_THAT(QueryText(*store_, "SELECT pg_get_indexdef('idx_things_name'::regclass)"),
              HasSubstr("(name, size)"));
}

TEST_F(MigratePostgresTest, ALockThatIsNotToBeHadIsTriedAgain) {
  const auto session = Session();
  Do(*session, "BEGIN; SELECT count(*) FROM things");
  std::thread migrator(
      [&]() { To(Replaced(kBase, "notes text?", "notes text?\n  weight float?")); });
  AwaitWaiting("ALTER TABLE");
  Do(*session, "COMMIT");
  migrator.join();
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM schema_migrations"), 2);
}

TEST_F(MigratePostgresTest, OfTwoMigratorsOneDoesTheWork) {
  const auto other = Open();
  const auto model = Parse(kWithIndex);
  std::size_t applied[2] = {};
  {
    std::jthread first([&]() {
      const auto done = Migrate(*store_, *model, clock_, Options());
      EXPECT_TRUE(done) << done.error().message;
      applied[0] = done->migrations.size();
    });
    std::jthread second([&]() {
      const auto done = Migrate(*other, *model, clock_, Options());
      EXPECT_TRUE(done) << done.error().message;
      applied[1] = done->migrations.size();
    });
  }
  EXPECT_EQ(applied[0] + applied[1], 1u);
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM schema_migrations"), 2);
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM schema_migrator"), 0);
  other->Close();
}

TEST_F(MigratePostgresTest, OfTwoMigratorsOfAnEmptyDatabaseOneDoesTheWork) {
  auto made = testing::OwnedDatabase::Make();
  ASSERT_TRUE(made);
  PostgresOptions options = (*made)->OwnerOptions();
  const auto model = Parse(kBase);
  MigrateOptions migrate;
  migrate.roles = (*made)->roles();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&]() {
        const auto store = testing::OpenPostgres(options);
        const auto done = Migrate(*store, *model, clock_, migrate);
        EXPECT_TRUE(done) << done.error().message;
        store->Close();
      });
    }
  }
  EXPECT_EQ((*made)->database().Ask("SELECT count(*) FROM schema_migrations").value_or("?"), "1");
}

TEST_F(MigratePostgresTest, AMigratorSaysForWhomItWaitsAndOutlivesTheDead) {
  // Another that is at work.
  const auto other = Open();
  auto lock = other->TryLock("migrator");
  ASSERT_TRUE(lock) << lock.error().message;
  ASSERT_NE(*lock, nullptr);
  Sql("INSERT INTO schema_migrator VALUES ('migrator', 'some host')");
  MigrateOptions options = Options();
  options.lock_wait = milliseconds(0);
  const auto refused = Try(kWithIndex, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("another migration is at work (some host, since"));
  // And that ends without a word.
  lock->reset();
  options.lock_wait = std::chrono::minutes(1);
  EXPECT_TRUE(Try(kWithIndex, options));
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM schema_migrator"), 0);
  other->Close();
}

// Nodes of several versions -----------------------------------------------------------------------

TEST_F(MigratePostgresTest, AnOlderServerDoesNotTakeTheSchemaBack) {
  To(kWithIndex);
  MigrateOptions server = Options();
  server.older_allowed = false;
  const auto refused = Try(kBase, server);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("the database is at shop.0002"));
  EXPECT_THAT(refused.error().message, HasSubstr("tenon rollback"));
  EXPECT_EQ(ValidIndexes("idx_things_size"), 1);
  EXPECT_TRUE(Try(kWithIndex, server));
}

TEST_F(MigratePostgresTest, NewerFunctionsStay) {
  const std::string version = "SELECT tenon_functions_version()";
  const auto set = [&](int number) {
    Sql(
        fmt::format("CREATE OR REPLACE FUNCTION tenon_functions_version() RETURNS integer "
                    "IMMUTABLE PARALLEL SAFE LANGUAGE sql RETURN {}",
                    number));
  };
  EXPECT_EQ(IntOf(*store_, version), kPostgresFunctionsVersion);
  set(kPostgresFunctionsVersion + 7);
  To(kBase);
  EXPECT_EQ(IntOf(*store_, version), kPostgresFunctionsVersion + 7);
  set(0);
  Sql("DROP FUNCTION tenon_uuid7 CASCADE");
  To(kBase);
  EXPECT_EQ(IntOf(*store_, version), kPostgresFunctionsVersion);
  EXPECT_EQ(IntOf(*store_, "SELECT length(tenon_uuid7()::text)"), 36);
}

const std::string kNext =
    Replaced(Replaced(Replaced(kBase, "notes text?", "remarks text? was notes\n  rank int = 7"),
                      "RED GREEN", "RED GREEN BLUE"),
             "size int(0..100)", "size int(1..50)");

// The statements that a node of each version sends.
TEST_F(MigratePostgresTest, BothVersionsWorkBetweenExpandAndContract) {
  Sql("UPDATE things SET notes = 'old' WHERE name = 'n1'");
  const MigrationPlan first = To(kNext, MigrationPhase::kExpand);
  EXPECT_THAT(first.not_rolling, IsEmpty());
  EXPECT_THAT(first.contracts, ElementsAre("shop"));
  MigrateOptions server = Options();
  server.older_allowed = false;
  EXPECT_THAT(Try(kBase, server)->migrations, IsEmpty()) << "the version before may start";
  EXPECT_EQ(CompareSchema(*store_, *Parse(kBase))->age, SchemaAge::kServes);

  EXPECT_EQ(QueryText(*store_, "SELECT remarks FROM things WHERE name = 'n1'"), "old");
  Sql("INSERT INTO things (tenant_id, name, notes, size) VALUES (gen_random_uuid(), 'x', 'a', 1)");
  Sql("INSERT INTO things (tenant_id, name, remarks, size, colour) VALUES (gen_random_uuid(), 'y', "
      "'b', 1, 'BLUE')");
  EXPECT_EQ(QueryText(*store_, "SELECT remarks FROM things WHERE name = 'x'"), "a");
  EXPECT_EQ(QueryText(*store_, "SELECT notes FROM things WHERE name = 'y'"), "b");
  Sql("UPDATE things SET notes = 'c' WHERE name = 'y'");
  Sql("UPDATE things SET remarks = 'd' WHERE name = 'x'");
  EXPECT_EQ(QueryText(*store_, "SELECT remarks FROM things WHERE name = 'y'"), "c");
  EXPECT_EQ(QueryText(*store_, "SELECT notes FROM things WHERE name = 'x'"), "d");
  Sql("UPDATE things SET size = 100 WHERE name = 'n1'");

  const auto refused = Try(kNext, Options());
  ASSERT_FALSE(refused) << "a row of the old version does not fit the new";
  EXPECT_THAT(refused.error().message, HasSubstr("rows that are there do not fit"));
  Sql("UPDATE things SET size = 5 WHERE name = 'n1'");
  EXPECT_THAT(To(kNext).contracts, IsEmpty());
  EXPECT_FALSE(TrySql("UPDATE things SET notes = 'e'"));
  EXPECT_FALSE(TrySql("UPDATE things SET size = 60 WHERE name = 'n1'"));
  EXPECT_EQ(QueryText(*store_, "SELECT remarks FROM things WHERE name = 'y'"), "c");
  EXPECT_EQ(CompareSchema(*store_, *Parse(kBase))->age, SchemaAge::kNewer);
}

TEST_F(MigratePostgresTest, ARenamedColumnTakesWhatEitherVersionWrites) {
  const std::string next =
      Replaced(Replaced(Replaced(Replaced(Replaced(kBase, "RED GREEN", "RED GREEN BLUE"),
                                          "name text(100)", "title text(200) was name"),
                                 "(name)", "(title)"),
                        "colour Colour = RED", "tint Colour = RED was colour"),
               "size int(0..100) = 1", "width int(0..1000) = 1 was size");
  EXPECT_THAT(To(next, MigrationPhase::kExpand).not_rolling, IsEmpty());
  Sql("INSERT INTO things (tenant_id, title, tint, width) VALUES (gen_random_uuid(), "
      "repeat('x', 150), 'BLUE', 900)");
  EXPECT_EQ(IntOf(*store_,
                  "SELECT count(*) FROM things WHERE size = 900 AND colour = 'BLUE' AND "
                  "name = title"),
            1);
  Sql("UPDATE things SET notes = 'a node of the version before' WHERE size = 900");
  To(next);
  EXPECT_EQ(IntOf(*store_, "SELECT width FROM things WHERE tint = 'BLUE'"), 900);
  EXPECT_FALSE(TrySql("UPDATE things SET width = 1001 WHERE tint = 'BLUE'"));
  ASSERT_TRUE(Rollback(*store_, {}));
  EXPECT_EQ(IntOf(*store_, "SELECT size FROM things WHERE colour = 'BLUE'"), 900);
}

TEST_F(MigratePostgresTest, ContractAndExpandAreTakenBackOneByOne) {
  Sql("UPDATE things SET notes = 'old' WHERE name = 'n1'");
  To(kNext, MigrationPhase::kExpand);
  To(kNext);
  EXPECT_EQ(AppliedMigrations(*store_)->size(), 3u);
  const auto contract = Rollback(*store_, {});
  ASSERT_TRUE(contract) << contract.error().message;
  EXPECT_EQ(CompareSchema(*store_, *Parse(kBase))->age, SchemaAge::kServes);
  EXPECT_EQ(QueryText(*store_, "SELECT notes FROM things WHERE name = 'n1'"), "old");
  Sql("UPDATE things SET notes = 'e' WHERE name = 'n1'");
  EXPECT_EQ(QueryText(*store_, "SELECT remarks FROM things WHERE name = 'n1'"), "e");
  const auto expand = Rollback(*store_, {});
  ASSERT_TRUE(expand) << expand.error().message;
  EXPECT_FALSE(TrySql("UPDATE things SET remarks = 'f'"));
  EXPECT_EQ(QueryText(*store_, "SELECT notes FROM things WHERE name = 'n1'"), "e");
  EXPECT_EQ(CompareSchema(*store_, *Parse(kBase))->age, SchemaAge::kSame);
}

TEST_F(MigratePostgresTest, ADropWaitsForTheContract) {
  const std::string without = Replaced(kBase, "  notes text?\n", "");
  To(without, MigrationPhase::kExpand);
  MigrateOptions options = Options(MigrationPhase::kExpand);
  options.drops = {"things.notes"};
  const auto refused = Try(without, options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("drop with --contract"));
  options.phase = MigrationPhase::kWhole;
  EXPECT_TRUE(Try(without, options)->LosesData());
}

// The clock's part: months of rows, each a partition ----------------------------------------------

TEST_F(MigratePostgresTest, PartitionsComeAheadByTheSystemAndGrantsMend) {
  const std::string text = std::string(kBase) + R"(
entity Ping in pings {
  id uuid key
  name text
  partition by month
}
)";
  To(text);
  const std::string parts = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'pings'::regclass";
  EXPECT_EQ(IntOf(*store_, parts), 5) << "this month, three more and the default";
  Sql("DO $$ BEGIN EXECUTE 'DROP TABLE pings_' || to_char(date_trunc('month', now() AT TIME ZONE "
      "'UTC') + interval '3 months', '\"y\"YYYY\"m\"MM'); END $$");
  PostgresOptions node = database_->NodeOptions();
  const auto serving = testing::OpenPostgres(node);
  const PhysicalSchema schema = DeriveSchema(*Parse(text), Dialect::kPostgres);
  EXPECT_EQ(MakePartitions(*serving, schema).value_or(-1), 1);
  EXPECT_EQ(MakePartitions(*serving, schema).value_or(-1), 0);
  EXPECT_EQ(IntOf(*store_, parts), 5);
  serving->Close();

  Sql(fmt::format("REVOKE ALL ON things FROM {}", database_->roles().application));
  To(text);
  const auto again = testing::OpenPostgres(node);
  EXPECT_EQ(IntOf(*again, "SELECT count(*) FROM things"), 0) << "of no tenant, none; but allowed";
  again->Close();
}

}  // namespace
}  // namespace tenon

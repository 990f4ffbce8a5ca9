// What the shared index does besides what every index does: several nodes, tenants seen by plain
// SQL, rights, old indexes.
#include "search/postgres/postgres_index.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search/index_testing.h"
#include "store/postgres/test_owner.h"

namespace tenon::search {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MakeThing;
using testing::TenantId;

class PostgresIndexTest : public testing::IndexFixture, public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Start(testing::StoreKind::kPostgres)) GTEST_SKIP() << "PostgreSQL is not installed";
  }
  // What the application's role sees of a query in psql, with the tenant set or not.
  Result<std::string> AskAsApplication(const std::string& tenant, const std::string& sql) {
    return world_->database().Ask(fmt::format("SET ROLE {}; SET tenon.tenant = '{}'; {}",
                                              world_->options().role, tenant, sql));
  }
  std::string Rows(const std::string& table) {
    return world_->database().Ask("SELECT count(*) FROM tenon_search." + table).value_or("?");
  }
};

TEST_F(PostgresIndexTest, KeepsTenantsApartInPlainSql) {
  Put({"mine", "wintermute", "a.a", "", "gdpr"}, 1);
  Put({"theirs", "neuromancer", "b.b", "", "pci"}, 2);
  const std::string one = TenantId(1).ToString();
  for (const char* table : {"parts", "docs", "texts", "names", "terms", "grams", "facet_values"}) {
    const std::string rows = "SELECT count(*) FROM tenon_search." + std::string(table);
    EXPECT_EQ(AskAsApplication("", rows).value_or("?"), "0") << table;
    const std::string mine = AskAsApplication(one, rows).value_or("?");
    EXPECT_NE(mine, "0") << table;
    EXPECT_NE(mine, Rows(table)) << table;
    EXPECT_EQ(AskAsApplication(one, rows + " WHERE tenant <> '" + one + "'").value_or("?"), "0")
        << table;
    const auto written =
        AskAsApplication(one, fmt::format("DELETE FROM tenon_search.{} RETURNING 1", table));
    ASSERT_FALSE(written.has_value()) << table;
    EXPECT_THAT(written.error().message, HasSubstr("permission denied"));
  }
  // The functions that run with the owner's rights give no other tenant's rows either, whatever
  // lexeme is asked for.
  const std::string theirs =
      *world_->database().Ask("SELECT part FROM tenon_search.docs WHERE key = 'theirs'");
  const std::string lexeme = fmt::format("$q$'{}.neuromancer'$q$::tsquery", theirs);
  const std::string two = TenantId(2).ToString();
  for (const std::string& call :
       {fmt::format("found({}, 10)", lexeme),
        fmt::format("found_walking({}, 10, 0, 9000000000000000000, 1000)", lexeme),
        fmt::format("tallied({}, 10) WHERE value = 0", lexeme),
        fmt::format("tallied_walking({}, 10, 0, 9000000000000000000, 1000) WHERE value = 0",
                    lexeme)}) {
    const std::string rows = "SELECT count(*) FROM tenon_search." + call;
    EXPECT_EQ(AskAsApplication(two, rows).value_or("?"), "1") << call;
    EXPECT_EQ(AskAsApplication(one, rows).value_or("?"), "0") << call;
    EXPECT_EQ(AskAsApplication("", rows).value_or("?"), "0") << call;
  }
  const std::string counted = fmt::format("SELECT tenon_search.counted({}, 10)", lexeme);
  EXPECT_EQ(AskAsApplication(two, counted).value_or("?"), "1");
  EXPECT_EQ(AskAsApplication(one, counted).value_or("?"), "0");
}

TEST_F(PostgresIndexTest, IsKeptByOneNodeAndAskedByAll) {
  const auto two = Open(plans_, "two");
  ASSERT_TRUE(index_->Elsewhere().has_value());
  EXPECT_FALSE(index_->Elsewhere()->has_value());
  Apply({MakeThing(plans_, TenantId(1), {"a", "orders", "a.a"})}, 7);
  const auto elsewhere = two->Elsewhere();
  ASSERT_TRUE(elsewhere.has_value()) << elsewhere.error().message;
  EXPECT_EQ(*elsewhere, 7);
  EXPECT_EQ(two->Query(Asked("orders"))->candidates.at(0).key, "a");
  // Who believes to keep it and does not, changes nothing.
  ASSERT_TRUE(two->Place()->has_value());
  Apply({MakeThing(plans_, TenantId(1), {"b", "orders", "b.b"})}, 8);
  const auto late = two->Apply(
      std::vector<Change>{MakeThing(plans_, TenantId(1), {"c", "orders", "c.c"})}, {9, ""});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Code::kConflict);
  EXPECT_THAT(Find("orders"), ::testing::UnorderedElementsAre("a", "b"));
  // The one that leaves hands it on, and the other goes on where it stood.
  index_->Leave();
  EXPECT_FALSE(two->Elsewhere()->has_value());
  EXPECT_EQ(two->Place().value()->position, 8);
  EXPECT_EQ(index_->Elsewhere().value(), 8);
}

TEST_F(PostgresIndexTest, ServesTheOldOneWhileItIsBuiltAndSweepsItAfterwards) {
  Put({"a", "orders", "a.a", "", "gdpr"});
  const auto built = index_->Rebuild({9, ""}, [&](const SearchIndex::Add& add) -> Result<void> {
    TRY(add(std::vector<Change>{MakeThing(plans_, TenantId(1), {"b", "orders", "b.b"})}));
    EXPECT_THAT(Find("orders"), ElementsAre("a"));
    return {};
  });
  ASSERT_TRUE(built.has_value()) << built.error().message;
  EXPECT_THAT(Find("orders"), ElementsAre("b"));
  EXPECT_EQ(index_->Stats().documents, 1);
  EXPECT_EQ(Rows("docs"), "2");
  // A little at each step.
  for (int step = 0; step < 10; ++step) ASSERT_TRUE(index_->Elsewhere().has_value());
  for (const char* table : {"docs", "texts", "parts", "indexes"}) EXPECT_EQ(Rows(table), "1");
  for (const char* table : {"facet_values"}) EXPECT_NE(Rows(table), "0");
  EXPECT_THAT(Find("orders"), ElementsAre("b"));
}

TEST_F(PostgresIndexTest, OtherModelsHaveAnotherIndex) {
  Put({"a", "orders", "a.a", "secret plan"});
  std::string text = testing::kModel;
  text.replace(text.find("description text? search"), 24, "description text?       ");
  const auto model = testing::CheckedModel(text);
  const SearchPlans plans = *SearchPlans::Of(*model);
  const auto other = Open(plans, "other");
  // A node of the version before and one of the next, side by side: both keep theirs.
  EXPECT_FALSE(other->Elsewhere()->has_value());
  EXPECT_FALSE(index_->Elsewhere()->has_value());
  EXPECT_FALSE(other->Place().value().has_value());
  IndexQuery query = Asked("orders");
  query.entities = {plans.FindTable("things")};
  EXPECT_EQ(other->Query(query).error().code, Code::kUnavailable);
  ASSERT_TRUE(other->Rebuild({3, ""}, [](const SearchIndex::Add&) { return Result<void>(); }));
  EXPECT_TRUE(other->Query(query)->candidates.empty());
  EXPECT_THAT(Find("orders"), ElementsAre("a"));
  for (int step = 0; step < 5; ++step) ASSERT_TRUE(other->Elsewhere().has_value());
  EXPECT_THAT(Find("orders"), ElementsAre("a"));
  // Until nobody has kept the old one for days.
  ASSERT_TRUE(world_->database().Run(
      "UPDATE tenon_search.indexes SET touched_at = touched_at - interval '2 days' WHERE position "
      "<> 3"));
  ASSERT_TRUE(other->Rebuild({4, ""}, [](const SearchIndex::Add&) { return Result<void>(); }));
  for (int step = 0; step < 10; ++step) ASSERT_TRUE(other->Elsewhere().has_value());
  EXPECT_FALSE(index_->Place().value().has_value());
  EXPECT_EQ(Rows("docs"), "0");
}

TEST_F(PostgresIndexTest, UsesItsIndexesWithoutAnyLeakproofOperator) {
  ASSERT_TRUE(world_->database().Run(
      "ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) NOT LEAKPROOF"));
  std::vector<testing::Thing> things;
  for (int i = 0; i < 3000; ++i) {
    things.push_back({"k" + std::to_string(i), "common " + std::to_string(i), std::to_string(i)});
  }
  Fill(things);
  ASSERT_TRUE(world_->database().Run("ANALYZE tenon_search.docs"));
  EXPECT_THAT(Find("2999"), ElementsAre("k2999"));
  // Blocks that a search for one row reads in the table: not all of them.
  const std::string part = *world_->database().Ask("SELECT max(part) FROM tenon_search.docs");
  const auto scans = [&] {
    return *world_->database().Ask(
        "SELECT pg_stat_force_next_flush()::text || seq_scan FROM pg_stat_user_tables WHERE "
        "schemaname = 'tenon_search' AND relname = 'docs'");
  };
  const std::string before = scans();
  const auto found = AskAsApplication(
      TenantId(1).ToString(),
      fmt::format("SELECT key FROM tenon_search.found($q$'{}.2999'$q$, 10)", part));
  EXPECT_EQ(found.value_or("?"), "k2999");
  EXPECT_EQ(scans(), before);
}

// A login that is no superuser and may not make a schema, until a DBA lets it.
TEST(SearchSchema, SaysWhatADbaHasToGrant) {
  const auto owned = tenon::testing::OwnedDatabase::Make();
  if (!owned) GTEST_SKIP() << owned.error().message;
  const auto& database = (*owned)->database();
  const std::string owner = (*owned)->owner();
  ASSERT_TRUE(database.Run(fmt::format(
      "ALTER DATABASE {0} OWNER TO postgres; GRANT CONNECT ON DATABASE {0} TO {1}; GRANT CREATE ON "
      "SCHEMA public TO {1}; CREATE ROLE {2}; CREATE ROLE {3}; GRANT {2}, {3} TO {1}",
      database.name(), owner, (*owned)->roles().application, (*owned)->roles().system)));
  auto store = PostgresStore::Open((*owned)->OwnerOptions());
  ASSERT_TRUE(store.has_value()) << store.error().message;
  const auto refused = PrepareSearchSchema(**store, (*owned)->roles());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kForbidden);
  EXPECT_THAT(refused.error().message, HasSubstr("CREATE SCHEMA \"tenon_search\" AUTHORIZATION"));
  ASSERT_TRUE(database.Run("CREATE SCHEMA tenon_search AUTHORIZATION " + owner));
  for (int again = 0; again < 2; ++again) {
    const auto made = PrepareSearchSchema(**store, (*owned)->roles());
    ASSERT_TRUE(made.has_value()) << made.error().message;
  }
  // An older version of the tables makes room for this one.
  ASSERT_TRUE(
      database.Run("UPDATE tenon_search.version SET number = 0; INSERT INTO "
                   "tenon_search.indexes (digest, ready) VALUES ('old', true)"));
  const auto made = PrepareSearchSchema(**store, (*owned)->roles());
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(*database.Ask("SELECT count(*) FROM tenon_search.indexes"), "0");
  (*store)->Close();
}

}  // namespace
}  // namespace tenon::search

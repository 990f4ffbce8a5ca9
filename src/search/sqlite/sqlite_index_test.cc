#include "search/sqlite/sqlite_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "search/testing.h"
#include "store/testing.h"

namespace tenon::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MakeThing;
using testing::Removed;
using testing::TenantId;
using testing::Thing;
using ::testing::UnorderedElementsAre;

class SqliteIndexTest : public ::testing::Test {
 protected:
  SqliteIndexTest()
      : model_(testing::CheckedModel(testing::kModel)), plans_(*SearchPlans::Of(*model_)) {
    Reopen();
    Fill({});
  }

  void Reopen() {
    index_.reset();
    index_ = std::make_unique<SqliteIndex>(folder_.path(), plans_);
  }

  void Fill(const std::vector<Thing>& things, std::int64_t position = 1) {
    const auto built =
        index_->Rebuild({position, ""}, [&](const SearchIndex::Add& add) -> Result<void> {
          for (const Thing& thing : things) {
            TRY(add(std::vector<Change>{MakeThing(plans_, TenantId(1), thing)}));
          }
          return {};
        });
    ASSERT_TRUE(built.has_value()) << built.error().message;
  }

  void Apply(const std::vector<Change>& changes, std::int64_t position = 2) {
    const auto done = index_->Apply(changes, {position, ""});
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  void Put(const Thing& thing, std::uint8_t tenant = 1) {
    Apply({MakeThing(plans_, TenantId(tenant), thing)});
  }

  IndexQuery Asked(const std::string& text, std::uint8_t tenant = 1) {
    IndexQuery query;
    query.tenant = TenantId(tenant);
    query.entities = {plans_.FindTable("things")};
    query.text = ParseTextQuery(text);
    return query;
  }

  IndexAnswer Answer(const IndexQuery& query) {
    auto answer = index_->Query(query);
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer ? *answer : IndexAnswer{};
  }

  std::vector<std::string> Find(const std::string& text, std::uint8_t tenant = 1) {
    std::vector<std::string> keys;
    for (const Candidate& candidate : Answer(Asked(text, tenant)).candidates) {
      keys.push_back(candidate.key);
    }
    return keys;
  }

  tenon::testing::TempDir folder_;
  std::shared_ptr<const model::Model> model_;
  SearchPlans plans_;
  std::unique_ptr<SqliteIndex> index_;
};

TEST_F(SqliteIndexTest, RanksExactThenPrefixThenNameThenAllThenSome) {
  Put({"some", "ledger", "x.ledger", "about orders and nothing else"});
  Put({"all", "ledger two", "x.ledger_two", "orders of customers"});
  Put({"label", "new customers orders", "x.new"});
  Put({"prefix", "orders customers archive", "x.archive"});
  Put({"exact", "Orders Customers", "x.exact"});
  EXPECT_THAT(Find("orders customers"), ElementsAre("exact", "prefix", "label", "all", "some"));
}

TEST_F(SqliteIndexTest, IsForItsOwnerAlone) {
  Put({"a", "orders", "a.orders"});
  for (const char* suffix : {"", "-wal"}) {
    const auto mode = std::filesystem::status(index_->path() + suffix).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << suffix;
  }
}

TEST_F(SqliteIndexTest, PrefersNamesToDescriptions) {
  Put({"described", "accounts", "a.accounts", "holds billing"});
  Put({"qualified", "facts", "billing.facts"});
  Put({"named", "the billing", "b.c"});
  EXPECT_THAT(Find("billing"), ElementsAre("qualified", "named", "described"));
}

TEST_F(SqliteIndexTest, FindsWhatIsMisspelt) {
  Put({"a", "openssl", "pkg.openssl"});
  Put({"b", "postgresql", "pkg.postgresql"});
  EXPECT_THAT(Find("opnessl"), ElementsAre("a"));
  EXPECT_THAT(Find("posgtresqll"), ElementsAre("b"));
  const IndexAnswer answer = Answer(Asked("opnessl"));
  ASSERT_EQ(answer.corrected.size(), 1u);
  EXPECT_THAT(answer.corrected[0].second, ElementsAre("openssl"));
  EXPECT_EQ(answer.candidates[0].match, Match::kNear);
}

TEST_F(SqliteIndexTest, FindsBeginningsPartsAndInsides) {
  Put({"a", "libssl3", "pkg.libssl3"});
  Put({"b", "userOrders", "app.UserOrders"});
  EXPECT_THAT(Find("libs"), ElementsAre("a"));
  EXPECT_THAT(Find("libssl"), ElementsAre("a"));
  EXPECT_THAT(Find("bssl"), ElementsAre("a"));
  EXPECT_THAT(Find("orders"), ElementsAre("b"));
  EXPECT_THAT(Find("userorders"), ElementsAre("b"));
}

TEST_F(SqliteIndexTest, KnowsPhrasesAndExclusions) {
  Put({"a", "user orders", "a.a"});
  Put({"b", "orders of a user", "b.b"});
  EXPECT_THAT(Find("\"user orders\""), ElementsAre("a"));
  EXPECT_THAT(Find("orders -of"), ElementsAre("a"));
}

TEST_F(SqliteIndexTest, FindsOtherScripts) {
  Put({"a", "東京都", "a.a"});
  Put({"b", "Crème Brûlée", "b.b"});
  Put({"c", "🙂🙂", "c.c"});
  EXPECT_THAT(Find("京都"), ElementsAre("a"));
  EXPECT_THAT(Find("東京都"), ElementsAre("a"));
  EXPECT_THAT(Find("京"), ElementsAre("a"));
  EXPECT_THAT(Find("creme brulee"), ElementsAre("b"));
  EXPECT_THAT(Find("🙂🙂"), ElementsAre("c"));
}

TEST_F(SqliteIndexTest, KeepsTenantsApart) {
  Put({"mine", "orders", "a.a"}, 1);
  Put({"theirs", "orders", "a.a"}, 2);
  EXPECT_THAT(Find("orders", 1), ElementsAre("mine"));
  EXPECT_THAT(Find("orders", 2), ElementsAre("theirs"));
  EXPECT_THAT(Find("orders", 3), IsEmpty());
  // Words that only another tenant has correct nothing here.
  Put({"secret", "manhattan", "x.x"}, 2);
  EXPECT_THAT(Answer(Asked("manhatan", 1)).corrected, IsEmpty());
}

TEST_F(SqliteIndexTest, ScoresTellNothingOfOtherTenants) {
  Put({"mine", "orders", "a.a"}, 1);
  const double before = Answer(Asked("orders", 1)).candidates.at(0).score;
  for (int i = 0; i < 50; ++i) Put({"t" + std::to_string(i), "orders", "a.a"}, 2);
  EXPECT_EQ(Answer(Asked("orders", 1)).candidates.at(0).score, before);
}

TEST_F(SqliteIndexTest, ReplacesAndRemoves) {
  Put({"a", "orders", "a.a"});
  Put({"a", "invoices", "a.a"});
  EXPECT_THAT(Find("orders"), IsEmpty());
  EXPECT_THAT(Find("invoices"), ElementsAre("a"));
  Apply({Removed(plans_, TenantId(1), "a")});
  EXPECT_THAT(Find("invoices"), IsEmpty());
  Apply({Removed(plans_, TenantId(1), "never was")});
  EXPECT_EQ(index_->Stats().documents, 0);
}

TEST_F(SqliteIndexTest, CountsFacetsAndFiltersByThem) {
  Put({"a", "orders one", "a.a", "", "gdpr", "TABLE"});
  Put({"b", "orders two", "b.b", "", "gdpr", "VIEW"});
  Put({"c", "orders three", "c.c", "", "", "VIEW"});
  Put({"d", "other", "d.d", "", "", "VIEW"});
  IndexQuery query = Asked("orders");
  query.facets = {"kind", "labels.name"};
  IndexAnswer answer = Answer(query);
  ASSERT_EQ(answer.facets.size(), 2u);
  ASSERT_EQ(answer.facets[0].second.size(), 2u);
  EXPECT_EQ(answer.facets[0].second[0].value, "VIEW");
  EXPECT_EQ(answer.facets[0].second[0].count, 2);
  EXPECT_EQ(answer.facets[1].second[0].count, 2);
  query.facet_terms = {{"kind", {"VIEW"}}};
  answer = Answer(query);
  EXPECT_EQ(answer.total, 2);
  query.facet_terms = {{"kind", {"NO SUCH"}}};
  EXPECT_EQ(Answer(query).total, 0);
  query.text = {};
  query.facet_terms = {{"kind", {"TABLE", "VIEW"}}};
  EXPECT_EQ(Answer(query).total, 4);
}

TEST_F(SqliteIndexTest, ListsAllWithoutWords) {
  Put({"a", "one", "a.a"});
  Put({"b", "two", "b.b"});
  EXPECT_THAT(Find(""), ElementsAre("a", "b"));
}

TEST_F(SqliteIndexTest, TakesHostileTexts) {
  const std::string names[] = {"'; DROP TABLE words; --",
                               "\" OR \"1\"=\"1",
                               "NEAR(a b, 10)",
                               "a AND NOT b",
                               "{x}: ^y*",
                               std::string(100000, 'n'),
                               std::string("nul is refused elsewhere"),
                               "\xEF\xBB\xBF bom",
                               "\u202Ertl",
                               "a\nb\tc"};
  int number = 0;
  for (const std::string& name : names) {
    const std::string key = "k" + std::to_string(number++);
    Put({key, name, key});
    const auto found = Find(name.substr(0, 4000));
    EXPECT_THAT(found, ::testing::Contains(key)) << name.substr(0, 40);
  }
  for (int i = 0; i < number; ++i) Apply({Removed(plans_, TenantId(1), "k" + std::to_string(i))});
  EXPECT_EQ(index_->Stats().documents, 0);
}

TEST_F(SqliteIndexTest, SameHoweverItCameToBe) {
  // By following: changes, removals, names that come and go.
  for (int i = 0; i < 60; ++i) {
    Put({"k" + std::to_string(i % 20), "name " + std::to_string(i), "q." + std::to_string(i % 20),
         i % 3 == 0 ? "descriptive words" : "", i % 2 == 0 ? "gdpr" : ""});
    if (i % 7 == 0) Apply({Removed(plans_, TenantId(1), "k" + std::to_string(i % 20))});
  }
  const auto followed = index_->Dump();
  ASSERT_TRUE(followed.has_value()) << followed.error().message;
  // By building what is left.
  std::vector<Thing> left;
  for (int i = 40; i < 60; ++i) {
    if (i % 7 == 0) continue;
    left.push_back({"k" + std::to_string(i % 20), "name " + std::to_string(i),
                    "q." + std::to_string(i % 20), i % 3 == 0 ? "descriptive words" : "",
                    i % 2 == 0 ? "gdpr" : ""});
  }
  Fill(left);
  const auto rebuilt = index_->Dump();
  ASSERT_TRUE(rebuilt.has_value());
  EXPECT_EQ(*followed, *rebuilt);
}

TEST_F(SqliteIndexTest, KeepsItsPositionWithItsDocuments) {
  Apply({MakeThing(plans_, TenantId(1), {"a", "orders", "a.a"})}, 7);
  Reopen();
  EXPECT_EQ(index_->Place().value()->position, 7);
  EXPECT_THAT(Find("orders"), ElementsAre("a"));
}

TEST_F(SqliteIndexTest, AFailedTransactionLeavesNothing) {
  Apply({MakeThing(plans_, TenantId(1), {"a", "orders", "a.a"})}, 7);
  // The page fails in its middle, as a crash between documents and position would have it.
  const auto failed = index_->Rebuild({9, ""}, [&](const SearchIndex::Add& add) -> Result<void> {
    TRY(add(std::vector<Change>{MakeThing(plans_, TenantId(1), {"b", "invoices", "b.b"})}));
    return Fail(Code::kUnavailable, "the disk is full");
  });
  EXPECT_FALSE(failed.has_value());
  EXPECT_EQ(index_->Place().value()->position, 7);
  EXPECT_THAT(Find("orders"), ElementsAre("a"));
  EXPECT_THAT(Find("invoices"), IsEmpty());
}

TEST_F(SqliteIndexTest, IsBuiltAnewWhenDamagedMissingOrOfAnotherModel) {
  Put({"a", "orders", "a.a"});
  const std::string path = index_->path();
  index_.reset();
  {
    std::ofstream out(path, std::ios::binary | std::ios::in | std::ios::out);
    out << "this is no database, whatever its name says; it must be noticed";
  }
  Reopen();
  EXPECT_FALSE(index_->Place().value().has_value());
  EXPECT_EQ(index_->Query(Asked("orders")).error().code, Code::kUnavailable);
  Fill({{"a", "orders", "a.a"}});
  EXPECT_THAT(Find("orders"), ElementsAre("a"));

  index_.reset();
  std::filesystem::remove(path);
  Reopen();
  EXPECT_FALSE(index_->Place().value().has_value());

  Fill({{"a", "orders", "a.a"}});
  index_.reset();
  std::string text = testing::kModel;
  text.replace(text.find("description text? search"), 24, "description text?       ");
  const auto other = testing::CheckedModel(text);
  const SearchPlans plans = *SearchPlans::Of(*other);
  SqliteIndex index(folder_.path(), plans);
  EXPECT_FALSE(index.Place().value().has_value());
}

TEST_F(SqliteIndexTest, ErasesATenantFromTheFile) {
  Put({"a", "wintermute", "a.a", "", "neuromancer"}, 1);
  Put({"b", "orders", "b.b"}, 2);
  const auto erased = index_->EraseTenant(TenantId(1));
  ASSERT_TRUE(erased.has_value()) << erased.error().message;
  EXPECT_THAT(Find("wintermute", 1), IsEmpty());
  EXPECT_THAT(Find("orders", 2), ElementsAre("b"));
  const std::string path = index_->path();
  index_.reset();
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(bytes.find("wintermute"), std::string::npos);
  EXPECT_EQ(bytes.find("neuromancer"), std::string::npos);
  EXPECT_NE(bytes.find("orders"), std::string::npos);
}

TEST_F(SqliteIndexTest, CapsWhatAFrequentWordCosts) {
  std::vector<Thing> things;
  for (int i = 0; i < 1500; ++i) {
    things.push_back({"k" + std::to_string(i), "common " + std::to_string(i), std::to_string(i)});
  }
  Fill(things);
  const IndexAnswer answer = Answer(Asked("common"));
  EXPECT_TRUE(answer.capped);
  EXPECT_EQ(answer.total, 1500);
  EXPECT_LE(answer.candidates.size(), 1200u);
}

}  // namespace
}  // namespace tenon::search

// What every search index does, however it keeps its documents.
#include "search/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "search/index_testing.h"

namespace tenon::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MakeThing;
using testing::Removed;
using testing::StoreKind;
using testing::TenantId;
using testing::Thing;
using ::testing::UnorderedElementsAre;

class IndexTest : public testing::IndexFixture, public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    if (!Start(GetParam())) GTEST_SKIP() << "PostgreSQL is not installed";
  }
};

INSTANTIATE_TEST_SUITE_P(Indexes, IndexTest,
                         ::testing::Values(StoreKind::kSqlite, StoreKind::kPostgres),
                         [](const auto& of) { return NameOf(of.param); });

TEST_P(IndexTest, RanksExactThenPrefixThenNameThenAllThenSome) {
  Put({"some", "ledger", "x.ledger", "about orders and nothing else"});
  Put({"all", "ledger two", "x.ledger_two", "orders of customers"});
  Put({"label", "new customers orders", "x.new"});
  Put({"prefix", "orders customers archive", "x.archive"});
  Put({"exact", "Orders Customers", "x.exact"});
  EXPECT_THAT(Find("orders customers"), ElementsAre("exact", "prefix", "label", "all", "some"));
}

TEST_P(IndexTest, PrefersNamesToDescriptions) {
  Put({"described", "accounts", "a.accounts", "holds billing"});
  Put({"qualified", "facts", "billing.facts"});
  Put({"named", "the billing", "b.c"});
  EXPECT_THAT(Find("billing"), ElementsAre("qualified", "named", "described"));
}

TEST_P(IndexTest, FindsWhatIsMisspelt) {
  Put({"a", "openssl", "pkg.openssl"});
  Put({"b", "postgresql", "pkg.postgresql"});
  EXPECT_THAT(Find("opnessl"), ElementsAre("a"));
  EXPECT_THAT(Find("posgtresqll"), ElementsAre("b"));
  const IndexAnswer answer = Answer(Asked("opnessl"));
  ASSERT_EQ(answer.corrected.size(), 1u);
  EXPECT_THAT(answer.corrected[0].second, ElementsAre("openssl"));
  EXPECT_EQ(answer.candidates[0].match, Match::kNear);
}

TEST_P(IndexTest, FindsBeginningsPartsAndInsides) {
  Put({"a", "libssl3", "pkg.libssl3"});
  Put({"b", "userOrders", "app.UserOrders"});
  EXPECT_THAT(Find("libs"), ElementsAre("a"));
  EXPECT_THAT(Find("libssl"), ElementsAre("a"));
  EXPECT_THAT(Find("bssl"), ElementsAre("a"));
  EXPECT_THAT(Find("orders"), ElementsAre("b"));
  EXPECT_THAT(Find("userorders"), ElementsAre("b"));
}

TEST_P(IndexTest, KnowsPhrasesAndExclusions) {
  Put({"a", "user orders", "a.a"});
  Put({"b", "orders of a user", "b.b"});
  EXPECT_THAT(Find("\"user orders\""), ElementsAre("a"));
  EXPECT_THAT(Find("orders -of"), ElementsAre("a"));
}

TEST_P(IndexTest, FindsOtherScripts) {
  Put({"a", "東京都", "a.a"});
  Put({"b", "Crème Brûlée", "b.b"});
  Put({"c", "🙂🙂", "c.c"});
  EXPECT_THAT(Find("京都"), ElementsAre("a"));
  EXPECT_THAT(Find("東京都"), ElementsAre("a"));
  EXPECT_THAT(Find("京"), ElementsAre("a"));
  EXPECT_THAT(Find("creme brulee"), ElementsAre("b"));
  EXPECT_THAT(Find("🙂🙂"), ElementsAre("c"));
}

TEST_P(IndexTest, KeepsTenantsApart) {
  Put({"mine", "orders", "a.a"}, 1);
  Put({"theirs", "orders", "a.a"}, 2);
  EXPECT_THAT(Find("orders", 1), ElementsAre("mine"));
  EXPECT_THAT(Find("orders", 2), ElementsAre("theirs"));
  EXPECT_THAT(Find("orders", 3), IsEmpty());
  // Words that only another tenant has correct nothing here.
  Put({"secret", "manhattan", "x.x"}, 2);
  EXPECT_THAT(Answer(Asked("manhatan", 1)).corrected, IsEmpty());
}

TEST_P(IndexTest, ScoresTellNothingOfOtherTenants) {
  Put({"mine", "orders", "a.a"}, 1);
  const double before = Answer(Asked("orders", 1)).candidates.at(0).score;
  for (int i = 0; i < 50; ++i) Put({"t" + std::to_string(i), "orders", "a.a"}, 2);
  EXPECT_EQ(Answer(Asked("orders", 1)).candidates.at(0).score, before);
}

// As the walk through every word finds them (fuzzy_test.cc), also where no trigram is left whole.
TEST_P(IndexTest, FindsEveryWordThatIsAsNear) {
  const std::vector<std::string> words = {"warehouse",  "warhouse",  "warehosue", "wxrehouse",
                                          "wharehouse", "wabehquse", "awreohuse", "house"};
  for (const std::string& word : words) Put({word, word, "q." + word});
  const auto corrected = [&](const std::string& text) {
    const IndexAnswer answer = Answer(Asked(text));
    return answer.corrected.empty() ? std::vector<std::string>{} : answer.corrected[0].second;
  };
  EXPECT_THAT(corrected("warehousee"), UnorderedElementsAre("warehouse"));
  EXPECT_THAT(corrected("warehquse"),
              UnorderedElementsAre("warehouse", "wabehquse"));  // one edit; others are two
  EXPECT_THAT(corrected("awrehosue"), UnorderedElementsAre("warehosue"));
  EXPECT_THAT(corrected("awxeouhse"), UnorderedElementsAre("awreohuse"));  // two edits
  Put({"abcd", "abcd", "q.abcd"});
  Put({"acbd", "acbd", "q.acbd"});
  Put({"бесы", "бесы", "q.besy"});
  EXPECT_THAT(corrected("abdc"), UnorderedElementsAre("abcd"));
  EXPECT_THAT(corrected("acbf"), UnorderedElementsAre("acbd"));
  EXPECT_THAT(corrected("беси"), UnorderedElementsAre("бесы"));
}

TEST_P(IndexTest, GivesUpCountingWhatCostsTooMuch) {
  std::vector<Thing> things;
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    things.push_back({n, "row" + n, "q." + n, i % 4 == 0 ? "red blue" : "red"});
  }
  Fill(things);
  IndexQuery query = Asked("red blue");
  query.candidates_max = 12;
  IndexAnswer answer = Answer(query);
  EXPECT_EQ(answer.total, 25);
  EXPECT_FALSE(answer.at_least);
  query.postings_max = 50;
  answer = Answer(query);
  EXPECT_TRUE(answer.at_least);
  EXPECT_GE(answer.total, 12);
  EXPECT_LT(answer.total, 25);
}

TEST_P(IndexTest, ReplacesAndRemoves) {
  Put({"a", "orders", "a.a"});
  Put({"a", "invoices", "a.a"});
  EXPECT_THAT(Find("orders"), IsEmpty());
  EXPECT_THAT(Find("invoices"), ElementsAre("a"));
  Apply({Removed(plans_, TenantId(1), "a")});
  EXPECT_THAT(Find("invoices"), IsEmpty());
  Apply({Removed(plans_, TenantId(1), "never was")});
  EXPECT_EQ(index_->Stats().documents, 0);
}

TEST_P(IndexTest, CountsFacetsAndFiltersByThem) {
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

TEST_P(IndexTest, ListsAllWithoutWords) {
  Put({"a", "one", "a.a"});
  Put({"b", "two", "b.b"});
  EXPECT_THAT(Find(""), ElementsAre("a", "b"));
}

TEST_P(IndexTest, TakesHostileTexts) {
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

TEST_P(IndexTest, SameHoweverItCameToBe) {
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

TEST_P(IndexTest, KeepsItsPositionWithItsDocuments) {
  Apply({MakeThing(plans_, TenantId(1), {"a", "orders", "a.a"})}, 7);
  Reopen();
  EXPECT_EQ(index_->Place().value()->position, 7);
  EXPECT_THAT(Find("orders"), ElementsAre("a"));
}

TEST_P(IndexTest, AFailedTransactionLeavesNothing) {
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

TEST_P(IndexTest, CapsWhatAFrequentWordCosts) {
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

TEST_P(IndexTest, LooksAmongGivenRowsOnly) {
  Put({"a", "orders one", "a.a", "", "gdpr", "TABLE"});
  Put({"b", "orders two", "b.b", "", "", "VIEW"});
  Put({"c", "invoices", "c.c", "", "", "VIEW"});
  const Among among{{plans_.FindTable("things"), {"b", "c", "\"nobody\\"}}};
  IndexQuery query = Asked("orders");
  query.among = &among;
  EXPECT_EQ(Keys(query), std::vector<std::string>{"b"});
  query.text = {};
  query.facet_terms = {{"kind", {"VIEW"}}};
  EXPECT_THAT(Keys(query), UnorderedElementsAre("b", "c"));
  query.text = ParseTextQuery("orders -two");
  EXPECT_THAT(Keys(query), IsEmpty());
}

TEST_P(IndexTest, GivesTextsAndFacetsOfCandidates) {
  Put({"a", "orders \"one\"", "a.a", "with\nlines", "gdpr", "TABLE"});
  Put({"b", "orders two", "b.b", "", "gdpr", "VIEW"});
  const IndexAnswer answer = Answer(Asked("orders"));
  ASSERT_EQ(answer.candidates.size(), 2u);
  const auto texts = index_->Texts(TenantId(1), answer.candidates);
  ASSERT_TRUE(texts.has_value()) << texts.error().message;
  const std::size_t a = answer.candidates[0].key == "a" ? 0 : 1;
  EXPECT_THAT((*texts)[a], ::testing::IsSupersetOf({"orders \"one\"", "a.a", "with\nlines"}));
  const auto facets = index_->Facets(TenantId(1), answer.candidates,
                                     std::vector<std::string>{"kind", "labels.name"});
  ASSERT_TRUE(facets.has_value()) << facets.error().message;
  ASSERT_EQ((*facets)[0].second.size(), 2u);
  ASSERT_EQ((*facets)[1].second.size(), 1u);
  EXPECT_EQ((*facets)[1].second[0].value, "gdpr");
  EXPECT_EQ((*facets)[1].second[0].count, 2);
}

TEST_P(IndexTest, FindsFrequentWordsTogetherAndBesideRareOnes) {
  std::vector<Thing> things;
  for (int i = 0; i < 3000; ++i) {
    things.push_back({"k" + std::to_string(i), std::string(i % 2 == 0 ? "even" : "odd") + " number",
                      std::to_string(i),
                      i % 3 == 0      ? "threefold"
                      : i % 1000 == 1 ? "seldom"
                                      : "",
                      "", i < 2 ? "VIEW" : "TABLE"});
  }
  Fill(things);
  IndexQuery query = Asked("even threefold");
  query.candidates_max = 100;
  IndexAnswer answer = Answer(query);
  EXPECT_EQ(answer.total, 500);
  EXPECT_TRUE(answer.capped);
  for (const Candidate& candidate : answer.candidates) {
    EXPECT_EQ(std::stoi(candidate.key.substr(1)) % 6, 0) << candidate.key;
  }
  answer = Answer(Asked("number seldom"));
  EXPECT_EQ(std::ranges::count(answer.candidates, Match::kAll, &Candidate::match), 2);
  // Words that each are frequent, and never together.
  query = Asked("even odd");
  query.candidates_max = 100;
  answer = Answer(query);
  for (const Candidate& candidate : answer.candidates) EXPECT_EQ(candidate.match, Match::kSome);
  query = Asked("number");
  query.facet_terms = {{"kind", {"VIEW"}}};
  query.facets = {"kind"};
  answer = Answer(query);
  EXPECT_EQ(answer.total, 2);
  ASSERT_EQ(answer.facets.at(0).second.size(), 1u);
  EXPECT_EQ(answer.facets[0].second[0].count, 2);
}

TEST_P(IndexTest, ErasesATenantAndNoOther) {
  Put({"a", "wintermute", "a.a", "", "neuromancer"}, 1);
  Put({"b", "orders", "b.b", "", "gdpr"}, 2);
  const auto erased = index_->EraseTenant(TenantId(1));
  ASSERT_TRUE(erased.has_value()) << erased.error().message;
  EXPECT_THAT(Find("wintermute", 1), IsEmpty());
  EXPECT_THAT(Find("orders", 2), ElementsAre("b"));
  const auto left = index_->Dump();
  ASSERT_TRUE(left.has_value()) << left.error().message;
  EXPECT_EQ(left->find("wintermute"), std::string::npos);
  EXPECT_EQ(left->find("neuromancer"), std::string::npos);
  Put({"a", "wintermute", "a.a"}, 1);
  EXPECT_THAT(Find("wintermute", 1), ElementsAre("a"));
}

}  // namespace
}  // namespace tenon::search

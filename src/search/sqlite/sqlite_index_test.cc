#include "search/sqlite/sqlite_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "search/index_testing.h"

namespace tenon::search {
namespace {

using ::testing::ElementsAre;
using testing::TenantId;

class SqliteIndexTest : public testing::IndexFixture, public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Start(testing::StoreKind::kSqlite)); }
  [[nodiscard]] std::string Path() const { return folder_.path() + "/search.db"; }
};

TEST_F(SqliteIndexTest, IsForItsOwnerAlone) {
  Put({"a", "orders", "a.orders"});
  for (const char* suffix : {"", "-wal"}) {
    const auto mode = std::filesystem::status(Path() + suffix).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << suffix;
  }
}

TEST_F(SqliteIndexTest, LeavesOneFileBehind) {
  for (const bool written : {false, true}) {
    Fill({{"a", "orders", "a.orders"}});
    if (written) Put({"b", "shipments", "b.shipments"});
    EXPECT_THAT(Find("orders"), ElementsAre("a"));
    index_.reset();
    EXPECT_TRUE(std::filesystem::exists(Path()));
    for (const char* suffix : {"-wal", "-shm", ".new"}) {
      EXPECT_FALSE(std::filesystem::exists(Path() + suffix)) << suffix << written;
    }
    Reopen();
  }
}

TEST_F(SqliteIndexTest, IsBuiltAnewWhenDamagedMissingOrOfAnotherModel) {
  Put({"a", "orders", "a.a"});
  const std::string path = Path();
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

TEST_F(SqliteIndexTest, GivesUpCountingWhatCostsTooMuch) {
  std::vector<testing::Thing> things;
  for (int i = 0; i < 400; ++i) {
    const std::string n = std::to_string(i);
    things.push_back({n, "row" + n, "q." + n,
                      i % 4 == 0   ? "red blue"
                      : i % 2 == 0 ? "red"
                                   : "blue"});
  }
  Fill(things);
  IndexQuery query = Asked("red blue");
  query.candidates_max = 10;
  IndexAnswer answer = Answer(query);
  EXPECT_EQ(answer.total, 100);
  EXPECT_FALSE(answer.at_least);
  // 300 rows have one word, 200 the other: a fifth of that is looked through.
  query.postings_max = 100;
  answer = Answer(query);
  EXPECT_TRUE(answer.at_least);
  EXPECT_GE(answer.total, 10);
  EXPECT_LE(answer.total, 30);
  EXPECT_EQ(answer.candidates.size(), 10u);
  // Facets are counted on the same way.
  query.facets = {"kind"};
  const IndexAnswer with = Answer(query);
  EXPECT_EQ(with.total, answer.total);
  EXPECT_TRUE(with.at_least);
  EXPECT_TRUE(with.facets_sampled);
  query.postings_max = 100000;
  const IndexAnswer whole = Answer(query);
  EXPECT_EQ(whole.total, 100);
  EXPECT_FALSE(whole.facets_sampled);
  ASSERT_EQ(whole.facets.size(), 1u);
  ASSERT_EQ(whole.facets[0].second.size(), 1u);
  EXPECT_EQ(whole.facets[0].second[0].count, 100);
  query.postings_max = 100;
  // A single word's rows are known without counting.
  query.text = ParseTextQuery("red");
  answer = Answer(query);
  EXPECT_EQ(answer.total, 200);
  EXPECT_FALSE(answer.at_least);
}

TEST_F(SqliteIndexTest, FindsAMisspeltWordBehindAnyLetter) {
  Put({"a", "warehouse", "a.a"});
  for (const char* text : {"xarehouse", "wrehouse", "awrehouse", "warehousse", "warehuose"}) {
    EXPECT_THAT(Find(text), ElementsAre("a")) << text;
  }
  // What holds it is found before what is spelt alike.
  EXPECT_THAT(Find("rehous"), ElementsAre("a"));
  EXPECT_THAT(Find("qqqqqqqq"), ElementsAre());
}

TEST_F(SqliteIndexTest, ErasesATenantFromTheFile) {
  Put({"a", "wintermute", "a.a", "", "neuromancer"}, 1);
  Put({"b", "orders", "b.b"}, 2);
  const auto erased = index_->EraseTenant(TenantId(1));
  ASSERT_TRUE(erased.has_value()) << erased.error().message;
  const std::string path = Path();
  index_.reset();
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(bytes.find("wintermute"), std::string::npos);
  EXPECT_EQ(bytes.find("neuromancer"), std::string::npos);
  EXPECT_NE(bytes.find("orders"), std::string::npos);
}

}  // namespace
}  // namespace tenon::search

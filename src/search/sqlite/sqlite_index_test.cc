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

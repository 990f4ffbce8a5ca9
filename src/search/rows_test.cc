// How rows of hits are read from a PostgreSQL that has never analysed its tables.
#include "search/rows.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/testing.h"

namespace tenon::search {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr const char* kTenant = "00000000-0000-7000-8000-00000000000a";
constexpr const char* kOther = "00000000-0000-7000-8000-00000000000b";

class RowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = tenon::testing::TestStore::Make(tenon::testing::StoreKind::kPostgres);
    if (!made && made.error().code == Code::kUnavailable) GTEST_SKIP() << made.error().message;
    ASSERT_TRUE(made) << made.error().message;
    world_ = *std::move(made);
    PostgresOptions options = world_->options();
    options.readers_max = 1;  // plans belong to a connection
    auto opened = PostgresStore::Open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }

  void TearDown() override {
    if (store_) store_->Close();
  }

  using Rows = std::unordered_map<std::string, std::string>;

  Rows Ask(const WantedRows& wanted, const std::vector<std::string>& keys) {
    Rows rows;
    const auto read = store_->Read({.tenant = tenant_}, [&](Reader& reader) -> Result<void> {
      rows = TRY(ReadRows(reader, tenant_, wanted, keys, Time{}));
      // So that the next connection sees what this one has read.
      return reader.Query("SELECT pg_stat_force_next_flush()", {},
                          [](const Row&) -> Result<bool> { return true; });
    });
    EXPECT_TRUE(read) << read.error().message;
    return rows;
  }
  std::int64_t RowsRead(const std::string& table) {
    return std::stoll(*world_->database().Ask(
        "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables "
        "WHERE relname = '" +
        table + "'"));
  }

  const Uuid tenant_ = *Uuid::Parse(kTenant);
  std::unique_ptr<tenon::testing::TestStore> world_;
  std::unique_ptr<PostgresStore> store_;
};

TEST_F(RowsTest, ReadsByTheKeyAlsoWhenTheTableWasEmptyAWhileAgo) {
  WantedRows wanted;
  wanted.entity = world_->model()->FindTable("tags");
  wanted.fields = {wanted.entity->FindField("name")};
  const auto key = [](int n) { return fmt::format("00000000-0000-7000-8000-{:012}", n); };
  // PostgreSQL keeps a plan from the sixth time on.
  for (int i = 0; i < 8; ++i) EXPECT_THAT(Ask(wanted, {key(1), key(2)}), IsEmpty());
  ASSERT_TRUE(world_->database().Run(fmt::format(
      "INSERT INTO tenants (id, name, slug) VALUES ('{0}', 'a', 'a'), ('{1}', 'b', 'b'); INSERT "
      "INTO tags (id, tenant_id, name) SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, "
      "'0'))::uuid, CASE WHEN n = 3 THEN '{1}' ELSE '{0}' END::uuid, 'n' || n FROM "
      "generate_series(1, 3000) AS n",
      kTenant, kOther)));
  const std::int64_t before = RowsRead("tags");
  EXPECT_THAT(Ask(wanted, {key(1), key(3), key(2000), key(9999), "no key"}),
              UnorderedElementsAre(Pair(key(1), R"({"name":"n1"})"),
                                   Pair(key(2000), R"({"name":"n2000"})")));
  EXPECT_LT(RowsRead("tags") - before, 100);
}

TEST_F(RowsTest, ReadsByKeysOfSeveralFields) {
  WantedRows wanted;
  wanted.entity = world_->model()->FindTable("asset_tags");
  const std::string asset = "00000000-0000-7000-8000-000000000001",
                    tag = "00000000-0000-7000-8000-000000000002";
  ASSERT_TRUE(world_->database().Run(fmt::format(
      "INSERT INTO tenants (id, name, slug) VALUES ('{0}', 'a', 'a'); INSERT INTO tags (id, "
      "tenant_id, name) VALUES ('{2}', '{0}', 'x'); INSERT INTO assets (id, tenant_id, type, name, "
      "qualified_name) VALUES ('{1}', '{0}', 'TABLE', 'a', 'a'); INSERT INTO asset_tags "
      "(tenant_id, "
      "asset_id, tag_id) VALUES ('{0}', '{1}', '{2}')",
      kTenant, asset, tag)));
  EXPECT_THAT(Ask(wanted, {tag + "~" + asset, asset + "~" + tag}),
              UnorderedElementsAre(Pair(asset + "~" + tag, "{}")));
}

}  // namespace
}  // namespace tenon::search

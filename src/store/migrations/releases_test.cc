// From the models of every release (tests/releases/NAME/*.tenon) to those of today and back, with
// rows, on both stores. A release adds a folder with its models; folders are never changed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "model/check.h"
#include "model/source.h"
#include "store/migrations/migrate.h"
#include "store/postgres/test_owner.h"
#include "store/testing.h"

namespace tenon {
namespace {

using testing::IntOf;
using ::testing::IsEmpty;

const std::filesystem::path kRoot = TENON_SOURCE_DIR;

std::shared_ptr<const model::Model> ModelsOf(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".tenon") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  model::Sources sources;
  for (const auto& file : files) {
    std::ifstream in(file);
    sources.Add(file.filename().string(), std::string(std::istreambuf_iterator<char>(in), {}));
  }
  auto checked = model::Check(sources);
  if (checked) return *std::move(checked);
  ADD_FAILURE() << model::Render(sources, checked.error().front());
  return nullptr;
}

std::vector<std::string> Releases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "tests/releases")) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

using Parameter = std::tuple<std::string, Dialect>;

class ReleasesTest : public ::testing::TestWithParam<Parameter> {
 protected:
  void SetUp() override {
    if (std::get<1>(GetParam()) == Dialect::kSqlite) {
      store_ = testing::OpenSqlite(folder_.path());
      return;
    }
    auto made = testing::OwnedDatabase::Make();
    if (!made) GTEST_SKIP() << made.error().message;
    database_ = std::move(*made);
    options_.roles = database_->roles();
    store_ = testing::OpenPostgres(database_->OwnerOptions());
  }
  void TearDown() override {
    if (store_ != nullptr) store_->Close();
  }
  MigrationPlan To(const model::Model& model) {
    clock_.Advance(std::chrono::seconds(1));
    const auto done = Migrate(*store_, model, clock_, options_);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    return done ? *done : MigrationPlan{};
  }
  void Sql(const std::string& sql) {
    const Result<void> done = store_->Write({}, [&](Transaction& t) -> Result<void> {
      TRY(t.Execute(sql, {}));
      return {};
    });
    EXPECT_TRUE(done) << done.error().message;
  }
  void ExpectRows() {
    for (const char* table : {"tenants", "assets", "graph_nodes", "workflow_executions"}) {
      EXPECT_EQ(IntOf(*store_, fmt::format("SELECT count(*) FROM {}", table)), 1) << table;
    }
    EXPECT_EQ(testing::QueryText(*store_, "SELECT name FROM assets"), "orders");
  }

  testing::TempDir folder_;
  ManualClock clock_{*ParseTime("2026-11-21T09:00:00Z")};
  std::unique_ptr<testing::OwnedDatabase> database_;
  MigrateOptions options_;
  std::unique_ptr<Store> store_;
};

TEST_P(ReleasesTest, ToTodayAndBack) {
  const auto then = ModelsOf(kRoot / "tests/releases" / std::get<0>(GetParam()));
  const auto today = ModelsOf(kRoot / "models");
  ASSERT_NE(then, nullptr);
  ASSERT_NE(today, nullptr);
  To(*then);
  const std::size_t versions = AppliedMigrations(*store_)->size();
  const std::string tenant = "00000000-0000-4000-8000-000000000001";
  const auto id = [](int n) { return fmt::format("'00000000-0000-4000-8000-0000000000{:02}'", n); };
  Sql(fmt::format("INSERT INTO tenants (id, name, slug) VALUES ('{}', 'A', 'a')", tenant));
  Sql(fmt::format(
      "INSERT INTO assets (id, tenant_id, type, name, qualified_name) VALUES ({}, '{}', "
      "'TABLE', 'orders', 'shop.orders')",
      id(2), tenant));
  Sql(fmt::format("INSERT INTO graph_nodes (id, org_id, type) VALUES ({}, '{}', 'SERVICE')", id(3),
                  tenant));
  Sql(
      fmt::format("INSERT INTO workflow_executions (id, tenant_id, correlation_id, workflow_type, "
                  "namespace) VALUES ({}, '{}', {}, 'build', 'a')",
                  id(4), tenant, id(5)));
  ExpectRows();
  To(*today);
  ExpectRows();
  EXPECT_THAT(To(*today).migrations, IsEmpty());
  const std::size_t applied = AppliedMigrations(*store_)->size();
  EXPECT_GT(applied, versions) << "nothing has changed since: a new release needs no folder yet";
  const auto back =
      Rollback(*store_, {.count = static_cast<int>(applied - versions), .to_version = {}});
  ASSERT_TRUE(back) << back.error().message;
  ExpectRows();
  EXPECT_THAT(To(*then).migrations, IsEmpty()) << "it is as it was";
  To(*today);
  ExpectRows();
}

INSTANTIATE_TEST_SUITE_P(All, ReleasesTest,
                         ::testing::Combine(::testing::ValuesIn(Releases()),
                                            ::testing::Values(Dialect::kSqlite,
                                                              Dialect::kPostgres)),
                         [](const ::testing::TestParamInfo<Parameter>& parameter) {
                           return std::get<0>(parameter.param) +
                                  (std::get<1>(parameter.param) == Dialect::kSqlite ? "Sqlite"
                                                                                    : "Postgres");
                         });

}  // namespace
}  // namespace tenon

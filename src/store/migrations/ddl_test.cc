// The SQL of every shipped model, held by goldens: UPDATE_GOLDEN=1 writes them anew.
#include "store/migrations/ddl.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "model/testing.h"
#include "store/migrations/derive.h"
#include "store/migrations/history.h"
#include "store/migrations/migrate.h"
#include "store/testing.h"

namespace tenon {
namespace {

const std::string kRoot = TENON_SOURCE_DIR;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = kRoot + "/tests/sql/" + name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(kRoot + "/tests/sql");
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::istringstream actual(text);
  std::istringstream golden(Contents(path));
  std::string line;
  std::string expected;
  for (int number = 1; std::getline(golden, expected); ++number) {
    line.clear();
    std::getline(actual, line);
    ASSERT_EQ(line, expected) << path << ":" << number << "; UPDATE_GOLDEN=1 writes it anew";
  }
  EXPECT_FALSE(std::getline(actual, line))
      << path << " ends before this line: " << line << "; UPDATE_GOLDEN=1 writes it anew";
}

TEST(Ddl, OfEveryModelIsAsItsGolden) {
  const auto shipped = model::testing::Shipped();
  ASSERT_TRUE(shipped) << shipped.error().message;
  const auto& model = *shipped;
  const PhysicalSchema sqlite = DeriveSchema(*model, Dialect::kSqlite);
  const PhysicalSchema postgres = DeriveSchema(*model, Dialect::kPostgres);
  for (const std::string& name : sqlite.models) {
    ExpectGolden(name + ".sqlite.sql", Ddl(sqlite, name));
    ExpectGolden(name + ".postgres.sql", Ddl(postgres, name));
  }
}

TEST(Ddl, OfSchemaMigrationsIsWhatTheModelDeclares) {
  const auto shipped = model::testing::Shipped();
  ASSERT_TRUE(shipped) << shipped.error().message;
  const auto& model = *shipped;
  const model::Entity* entity = model->FindTable(kMigrationsTable);
  ASSERT_NE(entity, nullptr);
  for (const Dialect dialect : {Dialect::kSqlite, Dialect::kPostgres}) {
    EXPECT_EQ(MigrationsTableSql(dialect), CreateTableSql(DeriveTable(*entity, dialect), dialect));
  }
}

TEST(Ddl, OfEveryModelIsAcceptedAndTakenBack) {
  const auto shipped = model::testing::Shipped();
  ASSERT_TRUE(shipped) << shipped.error().message;
  const auto& model = *shipped;
  const testing::TempDir dir;
  auto store = testing::OpenSqlite(dir.path());
  SystemClock clock;
  const auto done = Migrate(*store, *model, clock);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->migrations.size(), 5u);
  EXPECT_TRUE(store->CheckIntegrity()->empty());
  EXPECT_EQ(testing::IntOf(*store,
                           "SELECT count(*) FROM sqlite_schema WHERE type = 'table' "
                           "AND sql NOT LIKE '%STRICT' AND name NOT LIKE 'sqlite%'"),
            0);

  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(Migrate(*store, *model, clock)->migrations.empty());
  const auto took = std::chrono::steady_clock::now() - start;
  RecordProperty(
      "nothing_to_do_us",
      static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));

  const auto back = Rollback(*store, {.count = 5, .to_version = ""});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(testing::IntOf(*store,
                           "SELECT count(*) FROM sqlite_schema WHERE type = 'table' "
                           "AND name NOT LIKE 'sqlite%'"),
            1);
}

}  // namespace
}  // namespace tenon

// The SQL of every shipped model on a real PostgreSQL, and what its roles can do there.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/hash.h"
#include "model/testing.h"
#include "store/migrations/ddl.h"
#include "store/migrations/derive.h"
#include "store/migrations/history.h"
#include "store/migrations/postgres_support.h"
#include "store/migrations/roles.h"
#include "store/postgres/test_server.h"

namespace tenon {
namespace {

constexpr const char* kOne = "00000000-0000-0000-0000-00000000000a";
constexpr const char* kOther = "00000000-0000-0000-0000-00000000000b";

// A database keeps the functions of the newest binary that migrated it, by their number.
TEST(PostgresFunctions, GetAnotherNumberWithEveryChange) {
  const std::string path = std::string(TENON_SOURCE_DIR) + "/tests/sql/functions.postgres.txt";
  const std::string present =
      fmt::format("{} {}", kPostgresFunctionsVersion, ToHex(Sha256(PostgresSupportSql())));
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << present << "\n";
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(present, line) << "raise kPostgresFunctionsVersion, then UPDATE_GOLDEN=1 writes "
                           << path;
}

// The block of SQL in docs/postgresql.md that holds the word: what a DBA copies from there.
std::string StatementOfDocument(const std::string& word) {
  std::ifstream file(std::string(TENON_SOURCE_DIR) + "/docs/postgresql.md");
  std::string block;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("```")) {
      if (inside) block += line + "\n";
      continue;
    }
    inside = line == "```sql";
    if (!inside && block.find(word) != std::string::npos) return block;
    block.clear();
  }
  return "";
}

class PostgresSchemaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto server = testing::PostgresServer::Shared();
    if (!server) GTEST_SKIP() << server.error().message;
    auto made = testing::TestDatabase::Make(*server);
    ASSERT_TRUE(made) << made.error().message;
    database_ = std::move(*made);
    // Roles are the server's: other programs may make theirs at the same time.
    roles_.application = database_->name() + "_app";
    roles_.system = database_->name() + "_system";
    const auto shipped = model::testing::Shipped();
    ASSERT_TRUE(shipped) << shipped.error().message;
    const auto& model = *shipped;
    schema_ = DeriveSchema(*model, Dialect::kPostgres);
    Sql(PostgresSupportSql());
    Sql(RolesSql(roles_));
    Sql(MigrationsTableSql(Dialect::kPostgres));
    Sql(Ddl(schema_));
    Sql(GrantsSql(schema_, roles_));
  }
  void TearDown() override {
    if (database_ == nullptr) return;
    for (const std::string& role : {roles_.application, roles_.system}) {
      Sql(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
    }
  }

  void Sql(const std::string& sql) {
    const Result<void> done = database_->Run(sql);
    ASSERT_TRUE(done) << done.error().message;
  }
  // As the application's role with the tenant set, or unset when it is empty.
  std::string As(const std::string& tenant) const {
    return fmt::format("SET LOCAL ROLE {}; SET LOCAL tenon.tenant = '{}'; ", roles_.application,
                       tenant);
  }
  std::string Ask(const std::string& sql) {
    const Result<std::string> answer = database_->Ask(sql);
    return answer ? *answer : "error: " + answer.error().message;
  }

  PostgresRoles roles_;
  PhysicalSchema schema_;
  std::unique_ptr<testing::TestDatabase> database_;
};

TEST_F(PostgresSchemaTest, EveryTenantTableForcesItsPolicy) {
  int tables = 0;
  for (const PhysicalTable& table : schema_.tables) {
    if (table.tenant.empty()) continue;
    ++tables;
    EXPECT_EQ(Ask(fmt::format("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE "
                              "oid = '{}'::regclass",
                              table.name)),
              "t")
        << table.name;
    for (const char* tenant : {"", kOther}) {
      EXPECT_EQ(Ask(As(tenant) + "SELECT count(*) FROM " + QuoteName(table.name)), "0")
          << table.name;
    }
  }
  EXPECT_GT(tables, 30);
}

TEST_F(PostgresSchemaTest, TheApplicationSeesAndChangesItsOwnRowsOnly) {
  Sql(
      fmt::format("INSERT INTO tenants (id, name, slug) VALUES ('{0}', 'A', 'a'), ('{1}', 'B', "
                  "'b'); INSERT INTO tags (tenant_id, name) VALUES ('{0}', 'x'), ('{1}', 'y')",
                  kOne, kOther));
  EXPECT_EQ(Ask(As("") + "SELECT count(*) FROM tags"), "0");
  EXPECT_EQ(Ask(As(kOne) + "SELECT string_agg(name, ',') FROM tags"), "x");
  // While there is an own row to give away.
  EXPECT_FALSE(database_->Run(As(kOne) + fmt::format("UPDATE tags SET tenant_id = '{}'", kOther)));
  EXPECT_EQ(Ask(As(kOne) + "WITH gone AS (DELETE FROM tags RETURNING 1) SELECT count(*) FROM gone"),
            "1");
  const auto stolen = database_->Run(
      As(kOne) + fmt::format("INSERT INTO tags (tenant_id, name) VALUES ('{}', 'z')", kOther));
  EXPECT_FALSE(stolen);
  EXPECT_FALSE(database_->Run(As(kOne) + "DELETE FROM audits")) << "the log is added to only";
  EXPECT_FALSE(database_->Run(As(kOne) + "SELECT 1 FROM notification_events_default"));
  EXPECT_EQ(Ask(fmt::format("SET LOCAL ROLE {}; SELECT count(*) FROM tags", roles_.system)), "1");
}

TEST_F(PostgresSchemaTest, PartitionsAreMadeAheadAndTakeWhatWentToTheDefault) {
  EXPECT_EQ(Ask("SELECT tenon_make_partitions('notification_events', 3)"), "0") << "made already";
  Sql(
      fmt::format("INSERT INTO tenants (id, name, slug) VALUES ('{0}', 'A', 'a'); "
                  "INSERT INTO notification_events (id, tenant_id, type) SELECT "
                  "tenon_month_start(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '4 "
                  "months'), '{0}', 'digest'",
                  kOne));
  EXPECT_EQ(Ask("SELECT count(*) FROM notification_events_default"), "1");
  EXPECT_EQ(Ask(fmt::format("SET LOCAL ROLE {}; SELECT "
                            "tenon_make_partitions('notification_events', 4)",
                            roles_.system)),
            "1");
  EXPECT_EQ(Ask("SELECT count(*) FROM notification_events_default"), "0");
  EXPECT_EQ(Ask("SELECT count(*) FROM notification_events"), "1");
}

TEST_F(PostgresSchemaTest, OldMonthsAreDroppedAsAWhole) {
  const std::string insert =
      "INSERT INTO notification_events (id, tenant_id, type) SELECT "
      "tenon_month_start(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '{} months'), "
      "'{}', 'digest'";
  Sql(fmt::format("INSERT INTO tenants (id, name, slug) VALUES ('{}', 'A', 'a')", kOne));
  Sql("DO $$ DECLARE m timestamp := date_trunc('month', now() AT TIME ZONE 'UTC') - interval '3 "
      "months'; BEGIN EXECUTE format('CREATE TABLE %I PARTITION OF notification_events FOR VALUES "
      "FROM (%L) TO (%L)', 'notification_events' || to_char(m, '\"_y\"YYYY\"m\"MM'), "
      "tenon_month_start(m), tenon_month_start(m + interval '1 month')); END $$");
  for (const int months : {0, 1, 3, 5}) Sql(fmt::format(fmt::runtime(insert), months, kOne));
  EXPECT_FALSE(database_->Run(As(kOne) + "SELECT tenon_drop_partitions('notification_events', 2)"));
  EXPECT_EQ(Ask("SELECT tenon_drop_partitions('notification_events', 2)"), "1");
  EXPECT_EQ(Ask("SELECT count(*) FROM notification_events"), "2") << "of this month and the last";
  EXPECT_EQ(Ask("SELECT tenon_drop_partitions('notification_events', 2)"), "0");
  EXPECT_FALSE(database_->Run("SELECT tenon_drop_partitions('assets', 2)"));
}

TEST_F(PostgresSchemaTest, TextSortsByCodePointWhateverTheDatabaseSays) {
  Sql(
      fmt::format("INSERT INTO tenants (id, name, slug) VALUES ('{0}', 'A', 'a'); INSERT INTO tags "
                  "(tenant_id, name) VALUES ('{0}', 'a'), ('{0}', 'B')",
                  kOne));
  EXPECT_EQ(Ask("SELECT string_agg(name, '' ORDER BY name) FROM tags"), "Ba");
}

// Without LEAKPROOF the policy's condition would have to be tried first, on every row.
TEST_F(PostgresSchemaTest, RowSecurityDoesNotCostTheGinIndex) {
  Sql(StatementOfDocument("LEAKPROOF"));
  EXPECT_EQ(Ask(LeakySql()), "");
  Sql(fmt::format(
      "INSERT INTO tenants (id, name, slug) VALUES ('{0}', 'A', 'a'); INSERT INTO "
      "workflow_executions (tenant_id, correlation_id, workflow_type, namespace, metadata) SELECT "
      "'{0}', gen_random_uuid(), 'w', 'a', jsonb_build_object('k', i) FROM generate_series(1, "
      "20000) i",
      kOne));
  Sql("ANALYZE workflow_executions");
  const std::string plan =
      Ask(As(kOne) +
          "EXPLAIN (COSTS OFF, FORMAT JSON) SELECT id FROM workflow_executions WHERE metadata @> "
          "'{\"k\": 77}'");
  EXPECT_NE(plan.find("idx_workflow_exec_metadata_gin"), std::string::npos) << plan;
}

}  // namespace
}  // namespace tenon

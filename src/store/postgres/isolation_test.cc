// Somebody with the application's role and plain SQL: what they see and change of another tenant,
// in every table, is nothing; and that this costs no declared index.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "model/testing.h"
#include "store/migrations/derive.h"
#include "store/migrations/migrate.h"
#include "store/migrations/postgres_support.h"
#include "store/migrations/sql_text.h"
#include "store/postgres/test_owner.h"
#include "store/postgres/test_rows.h"
#include "store/testing.h"

namespace tenon {
namespace {

constexpr const char* kOwn = "00000000-0000-4000-8000-00000000000a";
constexpr const char* kOther = "00000000-0000-4000-8000-00000000000b";

// One answer in text: the first column of the first row, or "error STATE" with the message.
struct Answer {
  std::string text;
  std::string message;
  [[nodiscard]] bool Refused() const { return text == "error 42501"; }
};

class IsolationTest : public ::testing::Test {
 protected:
  void Prepare(int rows_of_tenant) {
    auto made = testing::OwnedDatabase::Make();
    if (!made) GTEST_SKIP() << made.error().message;
    database_ = std::move(*made);
    const auto shipped = model::testing::Shipped();
    ASSERT_TRUE(shipped) << shipped.error().message;
    const auto& model = *shipped;
    const auto store = testing::OpenPostgres(database_->OwnerOptions());
    ASSERT_NE(store, nullptr);
    MigrateOptions options;
    options.roles = database_->roles();
    ManualClock clock(*ParseTime("2026-11-21T09:00:00Z"));
    const auto migrated = Migrate(*store, *model, clock, options);
    ASSERT_TRUE(migrated) << migrated.error().message;
    store->Close();
    schema_ = DeriveSchema(*model, Dialect::kPostgres);
    std::string fill = testing::LoosenSql();
    for (const PhysicalTable& table : schema_.tables) {
      fill += testing::FillSql(table, kOwn, rows_of_tenant);
      if (!table.tenant.empty()) fill += testing::FillSql(table, kOther, rows_of_tenant);
    }
    const auto filled = database_->database().Run(fill);
    ASSERT_TRUE(filled) << filled.error().message;
    Connect();
  }
  void TearDown() override {
    PQfinish(connection_);
    if (database_ != nullptr) {
      static_cast<void>(database_->server().Run("postgres", "DROP ROLE IF EXISTS " + login_));
    }
  }
  // As a login that is a member of the application's role and of nothing else.
  void Connect() {
    login_ = database_->database().name() + "_login";
    const auto made = database_->database().Run(fmt::format(
        "CREATE ROLE {} LOGIN; GRANT {} TO {}", login_, database_->roles().application, login_));
    ASSERT_TRUE(made) << made.error().message;
    connection_ = PQconnectdb(database_->database().url(login_).c_str());
    ASSERT_EQ(PQstatus(connection_), CONNECTION_OK) << PQerrorMessage(connection_);
  }
  // With the tenant set, or unset when it is empty; nothing of it stays.
  Answer As(const std::string& tenant, const std::string& sql) {
    const std::string begin =
        tenant.empty() ? "BEGIN" : fmt::format("BEGIN; SET LOCAL tenon.tenant = '{}'", tenant);
    PQclear(PQexec(connection_, begin.c_str()));
    PGresult* result = PQexec(connection_, sql.c_str());
    Answer answer;
    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
      for (int i = 0; i < PQntuples(result); ++i) {
        answer.text += (i > 0 ? "\n" : "") + std::string(PQgetvalue(result, i, 0));
      }
    } else if (PQresultStatus(result) != PGRES_COMMAND_OK) {
      const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
      answer.text = fmt::format("error {}", state == nullptr ? "" : state);
      answer.message = PQresultErrorMessage(result);
    }
    PQclear(result);
    PQclear(PQexec(connection_, "ROLLBACK"));
    return answer;
  }
  // How many rows a changing statement changes.
  Answer Changed(const std::string& tenant, const std::string& sql) {
    return As(tenant, fmt::format("WITH x AS ({} RETURNING 1) SELECT count(*) FROM x", sql));
  }
  std::string Ask(const std::string& sql) {
    const auto answer = database_->database().Ask(sql);
    return answer ? *answer : "error: " + answer.error().message;
  }
  static std::string Values(const PhysicalTable& table) {
    std::string insert = testing::FillSql(table, kOther, 2);
    return insert.substr(0, insert.rfind(';'));
  }

  std::unique_ptr<testing::OwnedDatabase> database_;
  PhysicalSchema schema_;
  std::string login_;
  PGconn* connection_ = nullptr;
};

TEST_F(IsolationTest, AnotherTenantsRowsAreNobodys) {
  Prepare(1);
  if (connection_ == nullptr) return;
  int tables = 0;
  for (const PhysicalTable& table : schema_.tables) {
    SCOPED_TRACE(table.name);
    const std::string name = QuoteName(table.name);
    if (table.tenant.empty()) {
      EXPECT_TRUE(Changed(kOwn, "DELETE FROM " + name).Refused()) << "the engine's own";
      continue;
    }
    ++tables;
    const std::string tenant = QuoteName(table.tenant);
    const std::string others = fmt::format(" WHERE {} = '{}'", tenant, kOther);
    EXPECT_EQ(Ask("SELECT count(*) FROM " + name), "2");
    const std::string before =
        Ask("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM " + name + " t" + others);
    for (const char* present : {"", kOwn}) {
      SCOPED_TRACE(*present == '\0' ? "no tenant" : "own tenant");
      EXPECT_EQ(As(present, "SELECT count(*) FROM " + name).text, *present == '\0' ? "0" : "1");
      EXPECT_EQ(As(present, "SELECT count(*) FROM " + name + others).text, "0");
      const std::string set = fmt::format("UPDATE {0} SET {1} = {1}", name, tenant);
      for (const std::string& change : {set + others, "DELETE FROM " + name + others}) {
        const Answer answer = Changed(present, change);
        EXPECT_TRUE(answer.text == "0" || answer.Refused()) << change << ": " << answer.text;
      }
      EXPECT_TRUE(As(present, Values(table)).Refused()) << As(present, Values(table)).message;
      EXPECT_TRUE(As(present, Values(table) + " ON CONFLICT DO NOTHING").Refused());
      EXPECT_TRUE(As(present, "TRUNCATE " + name).Refused());
      EXPECT_TRUE(
          As(present, fmt::format("ALTER TABLE {} DISABLE ROW LEVEL SECURITY", name)).Refused());
    }
    // An own row given away.
    const Answer given =
        Changed(kOwn, fmt::format("UPDATE {} SET {} = '{}'", name, tenant, kOther));
    EXPECT_TRUE(given.Refused()) << given.text;
    EXPECT_EQ(
        Ask("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM " + name + " t" + others),
        before);
    EXPECT_EQ(Ask("SELECT count(*) FROM " + name), "2");
  }
  EXPECT_GT(tables, 35);
}

TEST_F(IsolationTest, ThereIsNoWayRound) {
  Prepare(1);
  if (connection_ == nullptr) return;
  EXPECT_TRUE(As(kOwn, "SELECT 1 FROM notification_events_default").Refused());
  EXPECT_TRUE(As(kOwn, "SELECT tenon_make_partitions('notification_events', 1)").Refused());
  EXPECT_TRUE(As(kOwn, "SET ROLE " + database_->roles().system).Refused());
  EXPECT_TRUE(As(kOwn, "SET ROLE " + database_->owner()).Refused());
  EXPECT_TRUE(As(kOwn, "CREATE TABLE t (x int)").Refused());
  EXPECT_EQ(As("nobody", "SELECT count(*) FROM assets").text, "error 22P02");
  EXPECT_EQ(As(kOwn, "SET LOCAL row_security = off; SELECT count(*) FROM assets").text,
            "error 42501");
  // A function that tells what it is shown is asked after the policy.
  EXPECT_EQ(
      As(kOwn,
         "CREATE FUNCTION pg_temp.tell(id uuid) RETURNS boolean COST 0.0001 LANGUAGE plpgsql "
         "AS $$ BEGIN RAISE EXCEPTION 'told %', id; END $$; SELECT count(*) FROM assets WHERE "
         "tenant_id = '00000000-0000-4000-8000-00000000000b' AND pg_temp.tell(tenant_id)")
          .text,
      "0");
}

// Plans ------------------------------------------------------------------------------------------

std::map<std::string, std::string> Golden(const std::string& path) {
  std::map<std::string, std::string> out;
  std::ifstream file(path);
  std::string name;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    if (line.starts_with("  ")) {
      out[name] += line + "\n";
    } else {
      name = line;
      out[name];
    }
  }
  return out;
}

class PlanTest : public IsolationTest {
 protected:
  // A query by every column of the index, for what a row of the middle has there.
  std::string QueryBy(const PhysicalTable& table, const PhysicalIndex& index) {
    std::string conditions;
    for (const std::string& expression : testing::ExpressionsOf(index)) {
      // The policy says which tenant.
      if (expression == QuoteName(table.tenant)) continue;
      const std::string value = Ask(
          fmt::format("SELECT quote_nullable(({})::text) FROM {} WHERE {} = '{}' OFFSET 77 LIMIT 1",
                      expression, QuoteName(table.name), QuoteName(table.tenant), kOwn));
      if (value == "NULL" || value.empty()) continue;
      conditions += fmt::format(" AND {} {} {}", expression,
                                index.method.find("gin") == std::string::npos ? "=" : "@>", value);
    }
    if (!index.where_sql.empty()) conditions += " AND (" + index.where_sql + ")";
    return fmt::format("SELECT count(*) FROM {} WHERE true{}", QuoteName(table.name), conditions);
  }
};

TEST_F(PlanTest, RowLevelSecurityCostsNoDeclaredIndex) {
  Prepare(3000);
  if (connection_ == nullptr) return;
  ASSERT_TRUE(database_->database().Run(LeakproofSql() + "ANALYZE"));
  const bool same_planner = Ask("SHOW server_version_num").starts_with("15");
  const std::string path = std::string(TENON_SOURCE_DIR) + "/tests/sql/plans.postgres.txt";
  const auto golden = Golden(path);
  std::string actual;
  int indexes = 0;
  for (const PhysicalTable& table : schema_.tables) {
    if (table.tenant.empty()) continue;
    // One row a tenant, or parts by month: another kind of plan.
    const bool single = table.primary_key == std::vector<std::string>{table.tenant};
    for (const PhysicalIndex& index : table.indexes) {
      const std::string sql = QueryBy(table, index);
      const std::string plan = As(kOwn, "EXPLAIN (COSTS OFF) " + sql).text;
      std::string text;
      std::istringstream lines(plan);
      for (std::string line; std::getline(lines, line);) {
        // The names of parts are those of the months.
        if (!table.partition.empty() && line.find("_y20") != std::string::npos) continue;
        text += "  " + line + "\n";
      }
      actual += index.name + "\n" + text;
      ++indexes;
      if (!single && table.partition.empty()) {
        EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << index.name << "\n"
                                                            << sql << "\n"
                                                            << plan;
        EXPECT_NE(plan.find("Index Cond"), std::string::npos) << index.name << "\n" << plan;
      }
      const auto known = golden.find(index.name);
      if (same_planner && known != golden.end() && std::getenv("UPDATE_GOLDEN") == nullptr) {
        EXPECT_EQ(text, known->second) << index.name << ": UPDATE_GOLDEN=1 writes it anew";
      }
    }
  }
  EXPECT_GT(indexes, 100);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << actual;
}

}  // namespace
}  // namespace tenon

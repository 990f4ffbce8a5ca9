// Every SQL statement that the seeds print runs unchanged on PostgreSQL and tells of loaded data
// what Tenon's views tell. The statements stand in tests/seeds/statements.sql, word for word.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "support/node_world.h"
#include "support/sample.h"

namespace tenon::testing {
namespace {

const std::filesystem::path kRoot = TENON_SOURCE_DIR;

// Title -> statement, in the order of the file.
std::vector<std::pair<std::string, std::string>> Statements() {
  std::ifstream file(kRoot / "tests/seeds/statements.sql");
  std::vector<std::pair<std::string, std::string>> out;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("-- ")) {
      out.emplace_back(line.substr(3), "");
    } else if (!out.empty()) {
      out.back().second += line + "\n";
    }
  }
  out.erase(out.begin());  // what the file says of itself
  for (auto& [title, sql] : out) {
    while (sql.ends_with('\n')) sql.pop_back();
  }
  return out;
}

using Texts = std::vector<std::string>;
using Rows = std::vector<Texts>;

// Numbers and JSON as one text, however they are written.
std::string Normal(const std::string& text) {
  const auto parsed = ParseJson(text);
  if (!parsed) return text;
  if (parsed->is_double() || parsed->is_int64() || parsed->is_uint64()) {
    return fmt::format("{:.6g}", parsed->to_number<double>());
  }
  return CanonicalJson(*parsed);
}

class SeedSqlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto server = PostgresServer::Shared(); !server) {
      GTEST_SKIP() << server.error().message;
    }
    ::setenv("TENON_TEST_STORE", "postgres", 1);
    auto world = NodeWorld::Create("");
    ASSERT_TRUE(world) << world.error().message;
    world_ = std::move(*world);
    // The statements ask the database for the time.
    world_->clock().Advance(SystemClock().Now() - world_->clock().Now());
    Load();
    for (const auto& [title, sql] : Statements()) statements_[title] = sql;
    connection_ = PQconnectdb(world_->postgres()->database().url().c_str());
    ASSERT_EQ(PQstatus(connection_), CONNECTION_OK);
  }
  void TearDown() override { PQfinish(connection_); }

  json::object Post(const std::string& path, json::object body, int expected = 201) {
    const http::Response response = world_->Call(
        "system",
        MakeRequest("POST", "/v1/" + path, json::serialize(body), {{"tenant", "default"}}));
    EXPECT_EQ(response.status, expected) << path << " " << response.body;
    const auto parsed = ParseJson(BodyOf(response));
    return parsed && parsed->is_object() ? parsed->as_object() : json::object();
  }
  static std::string Id(const json::object& row, const char* field = "id") {
    const json::value* id = row.if_contains(field);
    return id != nullptr && id->is_string() ? std::string(id->as_string()) : "";
  }

  void Load() {
    for (int i = 0; i < 6; ++i) {
      const std::string correlation = fmt::format("0c7a2f1e-5a90-4f6a-9f0b-{:012x}", i);
      const json::object run = Post("workflow_executions", {{"correlation_id", correlation},
                                                            {"workflow_type", "build"},
                                                            {"metadata", {{"number", i}}}});
      const std::string id = Id(run);
      for (int step = 3; step > 0; --step) {
        Post("workflow_steps", {{"workflow_id", id},
                                {"step_name", fmt::format("step {}", step)},
                                {"step_order", step}});
      }
      Post("workflow_executions/" + id + ":start", {}, 200);
      world_->clock().Advance(std::chrono::milliseconds(250));
      if (i % 3 == 1) Post("workflow_executions/" + id + ":complete", {}, 200);
      if (i % 3 == 2) {
        Post("workflow_executions/" + id + ":fail", {{"error_message", "no \"disk\""}}, 200);
      }
      run_ = id;
      correlation_ = correlation;
      const json::object bridge = Post("bridge_states", {});
      Post("bridge_states/" + Id(bridge, "bridge_id") + ":aggregate",
           {{"total_workflows_processed", i}, {"total_items_aggregated", 3 * i}}, 200);
      Post("node_registrations",
           {{"node_type", i % 2 == 0 ? "reducer" : "bridge"}, {"node_version", "1.4.0"}});
      const json::object asset = Post("assets", {{"type", "TABLE"},
                                                 {"name", fmt::format("Orders {}", i)},
                                                 {"qualified_name", fmt::format("shop.o{}", i)}});
      if (!asset_.empty()) {
        Post("relationships",
             {{"source_asset_id", Id(asset)}, {"target_asset_id", asset_}, {"type", "DEPENDS_ON"}});
      }
      if (i == 4) {
        const json::object tag = Post("tags", {{"name", "gdpr"}});
        Post("asset_tags", {{"asset_id", Id(asset)}, {"tag_id", Id(tag)}});
      }
      if (asset_.empty() || i == 3) asset_ = Id(asset);
      tenant_ = Id(asset, "tenant_id");
    }
  }

  // As the application's role in the tenant; or, when `as_owner`, as the owner of the tables.
  Rows Run(const std::string& title, const Texts& parameters, const Texts& columns,
           bool as_owner = false) {
    const auto statement = statements_.find(title);
    EXPECT_NE(statement, statements_.end()) << title;
    if (statement == statements_.end()) return {};
    ran_.insert(title);
    if (!as_owner) {
      PQclear(PQexec(connection_, fmt::format("SET ROLE {}; SET tenon.tenant = '{}'",
                                              world_->postgres()->options().role, tenant_)
                                      .c_str()));
    }
    std::vector<const char*> values;
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    PGresult* result =
        PQexecParams(connection_, statement->second.c_str(), static_cast<int>(values.size()),
                     nullptr, values.data(), nullptr, nullptr, 0);
    const ExecStatusType status = PQresultStatus(result);
    EXPECT_TRUE(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        << title << ": " << PQresultErrorMessage(result);
    Rows rows;
    for (int i = 0; i < PQntuples(result); ++i) {
      Texts row;
      for (const std::string& column : columns) {
        const int number = PQfnumber(result, column.c_str());
        EXPECT_GE(number, 0) << title << ": " << column;
        if (number < 0) continue;
        row.push_back(PQgetisnull(result, i, number) != 0 ? "null"
                                                          : Normal(PQgetvalue(result, i, number)));
      }
      rows.push_back(std::move(row));
    }
    PQclear(result);
    PQclear(PQexec(connection_, "RESET ROLE; RESET tenon.tenant"));
    return rows;
  }
  Rows View(const std::string& path, std::vector<std::pair<std::string, std::string>> query,
            const Texts& columns) {
    query.emplace_back("tenant", "default");
    const http::Response response =
        world_->Call("system", MakeRequest("GET", "/v1/" + path, "", std::move(query)));
    EXPECT_EQ(response.status, 200) << path << " " << response.body;
    const auto parsed = ParseJson(BodyOf(response));
    Rows rows;
    if (!parsed || !parsed->is_object()) return rows;
    const json::value* items = parsed->as_object().if_contains("items");
    const json::array all = items != nullptr ? items->as_array() : json::array{*parsed};
    for (const json::value& item : all) {
      Texts row;
      for (const std::string& column : columns) {
        const json::value& cell = item.as_object().at(column);
        row.push_back(cell.is_string() ? Normal(std::string(cell.as_string()))
                                       : Normal(json::serialize(cell)));
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }
  static Rows Sorted(Rows rows) {
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  std::unique_ptr<NodeWorld> world_;
  std::map<std::string, std::string> statements_;
  std::set<std::string> ran_;
  std::string run_, correlation_, asset_, tenant_;
  PGconn* connection_ = nullptr;
};

TEST_F(SeedSqlTest, EveryStatementTellsWhatTheViewsTell) {
  const std::string wb = "workflow-bridge.md: ";
  const std::string ms = "metastore.md: ";
  const auto same = [&](const std::string& title, const Texts& parameters, const std::string& view,
                        std::vector<std::pair<std::string, std::string>> query,
                        const Texts& columns, std::size_t rows) {
    SCOPED_TRACE(title);
    const Rows there = Run(title, parameters, columns);
    EXPECT_EQ(there.size(), rows);
    EXPECT_EQ(Sorted(there), Sorted(View(view, std::move(query), columns)));
  };
  same(wb + "Common Query 1: Get Workflow Status with Steps", {correlation_},
       "views/workflow_status", {{"run", correlation_}},
       {"correlation_id", "workflow_type", "current_state", "execution_time_ms", "steps"}, 1);
  same(wb + "Common Query 2: Get Recent Failed Workflows by Namespace", {"default"},
       "views/recent_failed_workflows", {{"ns", "default"}},
       {"correlation_id", "workflow_type", "error_message", "step_count"}, 2);
  same(wb + "Common Query 3: Get FSM Transition History", {run_, "WORKFLOW_EXECUTION"},
       "views/fsm_history", {{"row", run_}, {"kind", "WORKFLOW_EXECUTION"}},
       {"entity_id", "from_state", "to_state", "transition_event"}, 2);
  same(wb + "Common Query 4: Get Bridge Aggregation Statistics", {"default"},
       "views/bridge_statistics", {{"ns", "default"}},
       {"namespace", "total_workflows", "total_items", "bridge_count"}, 1);
  same(wb + "Common Query 5: Get Healthy Nodes by Type", {"reducer"}, "views/healthy_nodes",
       {{"kind", "reducer"}}, {"node_id", "node_version", "capabilities", "endpoints"}, 3);
  same(wb + "Always filter by namespace", {"default", correlation_},
       "views/workflow_by_correlation", {{"ns", "default"}, {"run", correlation_}},
       {"id", "current_state", "metadata"}, 1);
  same(wb + "Aggregate by namespace", {}, "views/workflows_by_namespace", {},
       {"namespace", "workflow_count"}, 1);
  same(wb + "Cross-namespace summary (admin only)", {}, "views/namespace_summary", {},
       {"namespace", "total_workflows", "avg_execution_time", "bridge_count"}, 1);
  same(wb + "Overall system health metrics", {}, "views/system_health", {},
       {"metric", "total", "completed", "failed", "in_progress"}, 2);
  same(ms + "Get asset", {asset_, tenant_}, "assets/" + asset_, {},
       {"id", "name", "qualified_name", "version"}, 1);
  same(ms + "Get outgoing relationships", {asset_, tenant_}, "views/asset_lineage_out",
       {{"root", asset_}}, {"id", "type", "target_name"}, 1);
  same(ms + "Get incoming relationships", {asset_, tenant_}, "views/asset_lineage_in",
       {{"root", asset_}}, {"id", "type", "source_name"}, 2);
  same(ms + "Search Assets", {tenant_, "%orders%", "%orders%", "50", "0"}, "views/asset_search",
       {{"term", "%orders%"}}, {"id", "name", "qualified_name"}, 6);
  same(ms + "Get Audit Trail", {tenant_, "ASSET", asset_, "100"}, "views/audit_trail",
       {{"kind", "ASSET"}, {"row", asset_}}, {"id", "action", "entity_id", "after_state"}, 1);

  // A DBA's. PostgreSQL calls two of the columns otherwise; ours come before its own by the path.
  PQclear(PQexec(connection_, "SET search_path = public, pg_catalog"));
  EXPECT_FALSE(Run(wb + "Check index usage after deployment", {},
                   {"schemaname", "tablename", "indexname", "times_used"}, true)
                   .empty());
  EXPECT_FALSE(Run(wb + "Identify tables doing sequential scans", {},
                   {"tablename", "seq_scan", "avg_seq_read"}, true)
                   .empty());
  PQclear(PQexec(connection_, "RESET search_path"));
  const std::string indexes = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'";
  const auto before = world_->postgres()->database().Ask(indexes);
  Run(wb + "Create GIN indexes for JSONB columns if needed", {}, {}, true);
  Run(wb + "JSONB Performance", {}, {}, true);
  EXPECT_EQ(world_->postgres()->database().Ask(indexes).value_or("?"), before.value_or("!"));
  Run(wb + "Optional: Migration version tracking", {}, {}, true);
  Run(wb + "Record migrations as they're applied", {}, {}, true);
  EXPECT_TRUE(world_->Restart()) << "rows of somebody else's are in nobody's way";
  for (const auto& [title, sql] : statements_) EXPECT_TRUE(ran_.contains(title)) << title;
}

TEST(SeedStatements, StandInTheSeedsWordForWord) {
  const std::filesystem::path seeds = kRoot / "../shared/seeds";
  if (!std::filesystem::exists(seeds)) GTEST_SKIP() << "../shared/seeds is not here";
  for (const auto& [title, sql] : Statements()) {
    std::ifstream file(seeds / title.substr(0, title.find(':')));
    std::string text(std::istreambuf_iterator<char>(file), {});
    std::string printed = sql;
    // metastore.md writes ? for every parameter.
    if (title.starts_with("metastore")) {
      std::string plain;
      for (std::size_t i = 0; i < printed.size(); ++i) {
        if (printed[i] == '$') {
          plain += '?';
          ++i;
        } else {
          plain += printed[i];
        }
      }
      printed = plain;
    }
    EXPECT_NE(text.find(printed), std::string::npos) << title;
  }
}

}  // namespace
}  // namespace tenon::testing

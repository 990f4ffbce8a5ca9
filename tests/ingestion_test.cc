// Imports that run in the server, on each store: dbt and a PostgreSQL database, again and changed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <fstream>

#include "store/postgres/test_server.h"
#include "support/node_world.h"

namespace tenon::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;

class IngestionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto world = NodeWorld::Create("");
    ASSERT_TRUE(world) << world.error().message;
    world_ = *std::move(world);
    world_->work.import_roots = {folder_.path()};
    world_->work.net_allow = {"127.0.0.1"};
    ASSERT_TRUE(world_->Restart());
  }
  http::Response Call(std::string method, std::string path, json::value body = nullptr,
                      std::vector<std::pair<std::string, std::string>> query = {}) {
    return world_->Call("admin",
                        MakeRequest(std::move(method), std::move(path),
                                    body.is_null() ? "" : json::serialize(body), std::move(query)));
  }
  static json::object Object(const http::Response& answer) {
    const auto value = ParseJson(answer.shared_body ? *answer.shared_body : answer.body);
    return value && value->is_object() ? value->as_object() : json::object();
  }
  std::string Post(const std::string& path, json::object body, std::string_view key = "id") {
    const auto made = Call("POST", path, body);
    EXPECT_EQ(made.status, 201) << made.body;
    const json::object row = Object(made);
    return row.contains(key) ? std::string(row.at(key).as_string()) : "";
  }
  // The job's row when it has ended.
  json::object Import(const std::string& source, json::object options) {
    const std::string id =
        Post("/v1/migration_jobs", {{"source", source}, {"options", std::move(options)}}, "job_id");
    const auto run = Call("POST", "/v1/migration_jobs/" + id + ":run", json::object());
    EXPECT_EQ(run.status, 201) << run.body;
    EXPECT_TRUE(world_->Work());
    return Object(Call("GET", "/v1/migration_jobs/" + id));
  }
  json::object Succeed(const std::string& source, json::object options) {
    json::object job = Import(source, std::move(options));
    EXPECT_EQ(job.at("status"), "succeeded") << json::serialize(job);
    return job;
  }
  json::array Rows(const std::string& table, const std::string& filter = "") {
    std::vector<std::pair<std::string, std::string>> query{{"page_size", "1000"}};
    if (!filter.empty()) query.emplace_back("filter", filter);
    const auto answer = Call("GET", "/v1/" + table, nullptr, std::move(query));
    EXPECT_EQ(answer.status, 200) << answer.body;
    const json::object page = Object(answer);
    return page.contains("items") ? page.at("items").as_array() : json::array();
  }
  std::vector<std::string> Names(const std::string& table, const std::string& filter = "") {
    std::vector<std::string> names;
    for (const json::value& row : Rows(table, filter)) {
      names.emplace_back(row.at("name").as_string());
    }
    return names;
  }
  void WriteManifest(const json::object& orders) {
    json::object node{{"resource_type", "model"},
                      {"name", "orders"},
                      {"package_name", "shop"},
                      {"columns", json::object{{"id", json::object{{"name", "id"}}}}}};
    for (const auto& member : orders) node[member.key()] = member.value();
    const json::value manifest{
        {"metadata",
         {{"dbt_schema_version", "https://schemas.getdbt.com/dbt/manifest/v12.json"},
          {"project_name", "shop"}}},
        {"nodes", json::object{{"model.shop.orders", std::move(node)}}}};
    std::ofstream(folder_.path() + "/manifest.json") << json::serialize(manifest);
  }
  json::object Orders() { return Rows("assets", "name = \"orders\"").at(0).as_object(); }

  TemporaryDirectory folder_;
  std::unique_ptr<NodeWorld> world_;
};

TEST_F(IngestionTest, WhatIsGoneFromAManifestIsGoneFromItsAsset) {
  const json::object options{{"target", folder_.path()}};
  const std::string user =
      Post("/v1/users", {{"email", "sales@example.com"}, {"name", "Sales"}, {"roles", {"reader"}}});
  WriteManifest({{"tags", {"daily", "pii"}},
                 {"config",
                  {{"materialized", "table"},
                   {"meta", {{"tier", 1}, {"contact", {{"chat", "#sales"}, {"pager", "p1"}}}}}}},
                 {"meta",
                  {{"tier", 1},
                   {"contact", {{"chat", "#sales"}, {"pager", "p1"}}},
                   {"owner", "sales@example.com"}}}});
  Succeed("dbt", options);
  const std::string id(Orders().at("id").as_string());
  EXPECT_EQ(Rows("asset_tags").size(), 2u);
  EXPECT_EQ(Orders().at("metadata").at("owner").at("email"), "sales@example.com");
  const json::array owners = Rows("user_assets");
  ASSERT_EQ(owners.size(), 1u);
  EXPECT_EQ(owners[0].at("user_id"), json::value(user));
  EXPECT_EQ(owners[0].at("type"), "OWNS");

  // What people add of their own stays.
  const std::string by_hand = Post("/v1/tags", {{"name", "mine"}});
  Post("/v1/asset_tags", {{"asset_id", id}, {"tag_id", by_hand}}, "none");
  ASSERT_EQ(
      Call("PATCH", "/v1/assets/" + id, json::object{{"metadata", json::object{{"note", "kept"}}}})
          .status,
      200);
  const json::object again = Succeed("dbt", options);
  EXPECT_EQ(again.at("metrics").at("rows_written"), 0) << json::serialize(again);

  WriteManifest({{"tags", {"daily"}},
                 {"config", {{"materialized", "table"}}},
                 {"meta", {{"contact", {{"chat", "#sales"}}}}}});
  Succeed("dbt", options);
  const json::object metadata = Orders().at("metadata").as_object();
  EXPECT_EQ(metadata.at("meta"), (json::value{{"contact", {{"chat", "#sales"}}}}))
      << json::serialize(metadata);
  EXPECT_FALSE(metadata.contains("owner"));
  EXPECT_EQ(metadata.at("note"), "kept");
  EXPECT_EQ(metadata.at("origin"), "dbt:shop");
  std::vector<std::string> tags;
  for (const json::value& row : Rows("asset_tags")) {
    const auto tag = Object(Call("GET", "/v1/tags/" + std::string(row.at("tag_id").as_string())));
    tags.emplace_back(tag.at("name").as_string());
  }
  EXPECT_THAT(tags, UnorderedElementsAre("daily", "mine"));
  EXPECT_EQ(Succeed("dbt", options).at("metrics").at("rows_written"), 0);
}

TEST_F(IngestionTest, APostgresDatabaseIsReadAgainAndChanged) {
  const auto server = PostgresServer::Shared();
  if (!server) GTEST_SKIP() << server.error().message;
  const auto database = TestDatabase::Make(*server);
  ASSERT_TRUE(database) << database.error().message;
  TestDatabase& shop = **database;
  const auto run = [&](const std::string& sql) {
    const auto done = shop.Run(sql);
    ASSERT_TRUE(done) << done.error().message;
  };
  run("CREATE SCHEMA sales;"
      "CREATE TABLE sales.customers (id bigint PRIMARY KEY, email text NOT NULL);"
      "CREATE TABLE sales.orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES "
      "sales.customers, total numeric(10,2) DEFAULT 0);"
      "COMMENT ON TABLE sales.orders IS 'What was bought';"
      "CREATE VIEW sales.totals AS SELECT customer_id, sum(total) AS spent FROM sales.orders GROUP "
      "BY 1");
  const json::object options{{"url", (*server)->TcpUrl(shop.name())}, {"schema", {"sales"}}};
  const json::object first = Succeed("postgres", options);
  EXPECT_EQ(first.at("metrics").at("rows_failed"), 0);
  EXPECT_THAT(Names("assets", "type = \"TABLE\""), UnorderedElementsAre("customers", "orders"));
  EXPECT_THAT(Names("assets", "type = \"VIEW\""), ElementsAre("totals"));
  EXPECT_EQ(Rows("assets", "name = \"orders\"").at(0).at("description"), "What was bought");
  EXPECT_THAT(Names("schemas", "asset.name = \"orders\""),
              UnorderedElementsAre("id", "customer_id", "total"));
  EXPECT_EQ(Rows("schemas", "asset.name = \"customers\" and name = \"email\"").at(0).at("nullable"),
            false);
  std::vector<std::string> relations;
  for (const json::value& row : Rows("relationships", "type in (\"REFERENCES\", \"DEPENDS_ON\")")) {
    const auto name = [&](std::string_view end) {
      return std::string(Object(Call("GET", "/v1/assets/" + std::string(row.at(end).as_string())))
                             .at("name")
                             .as_string());
    };
    relations.push_back(fmt::format("{} {} {}", name("source_asset_id"),
                                    std::string_view(row.at("type").as_string()),
                                    name("target_asset_id")));
  }
  EXPECT_THAT(relations,
              UnorderedElementsAre("orders REFERENCES customers", "totals DEPENDS_ON orders"));

  EXPECT_EQ(Succeed("postgres", options).at("metrics").at("rows_written"), 0);

  // What cannot pass by itself fails the task at once.
  const auto fails = [&](json::object wrong, std::string_view text) {
    const json::object job = Import("postgres", std::move(wrong));
    EXPECT_EQ(job.at("status"), "failed");
    EXPECT_NE(std::string_view(job.at("error_message").as_string()).find(text),
              std::string_view::npos)
        << json::serialize(job);
  };
  fails({{"url", (*server)->TcpUrl(shop.name())}, {"schema", {"sale"}}},
        "has no schema sale; did you mean sales?");
  fails({{"url", (*server)->TcpUrl(shop.name() + "2")}}, "does not exist");
  EXPECT_EQ(Rows("background_tasks", "status = FAILED and run_after is null").size(), 2u);

  run("DROP VIEW sales.totals; ALTER TABLE sales.orders DROP COLUMN total; CREATE TABLE "
      "sales.returns (id int)");
  json::object whole = options;
  whole.erase("schema");
  Succeed("postgres", whole);
  EXPECT_THAT(Names("assets", "type = \"TABLE\""),
              IsSupersetOf({"customers", "orders", "returns"}));
  EXPECT_THAT(Names("assets", "name = \"totals\""), ElementsAre());
  EXPECT_THAT(Names("schemas", "asset.name = \"orders\""),
              UnorderedElementsAre("id", "customer_id"));
}

TEST_F(IngestionTest, APostgresThatRefusesOrMayNotBeReachedFailsTheJob) {
  const json::object away = Import("postgres", {{"url", "postgresql://nobody@127.0.0.1:1/none"}});
  EXPECT_EQ(away.at("status"), "failed");
  const json::object forbidden = Import("postgres", {{"url", "postgresql://nobody@10.1.2.3/none"}});
  EXPECT_EQ(forbidden.at("status"), "failed");
  EXPECT_NE(std::string_view(forbidden.at("error_message").as_string()).find("private"),
            std::string_view::npos);
}

}  // namespace
}  // namespace tenon::testing

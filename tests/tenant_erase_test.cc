// A tenant erased whole: nothing of it is left in any table but a log that still verifies.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "support/node_world.h"

namespace tenon::testing {
namespace {

class TenantErase : public ::testing::Test {
 protected:
  void SetUp() override {
    auto world = NodeWorld::Create("");
    ASSERT_TRUE(world) << world.error().message;
    world_ = *std::move(world);
  }
  http::Response Call(std::string method, std::string path, std::string body = "",
                      const std::string& tenant = "acme") {
    return world_->Call("system", MakeRequest(std::move(method), std::move(path), std::move(body),
                                              {{"tenant", tenant}}));
  }
  json::value Read(const http::Response& response) {
    auto value = ParseJson(response.body);
    return value ? *std::move(value) : json::value();
  }

  std::unique_ptr<NodeWorld> world_;
};

TEST_F(TenantErase, LeavesNothingButAChainThatVerifies) {
  const auto made = Call("POST", "/v1/tenants", R"({"name":"Acme","slug":"acme"})", "system");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id(Read(made).at("id").as_string());
  const std::string asset(
      Read(Call("POST", "/v1/assets",
                R"({"type":"TABLE","name":"treasure","qualified_name":"treasure"})"))
          .at("id")
          .as_string());
  const auto user = Call("POST", "/v1/users",
                         R"({"email":"ada@treasure.example","name":"Ada","roles":["reader"]})");
  ASSERT_EQ(user.status, 201) << user.body;
  const std::string user_id(Read(user).at("id").as_string());
  EXPECT_EQ(
      Call("POST", "/v1/user_assets",
           fmt::format(R"({{"user_id":"{}","asset_id":"{}","type":"FOLLOWS"}})", user_id, asset))
          .status,
      201);
  EXPECT_EQ(Call("POST", "/api/v1/lineage",
                 R"({"eventType":"FAIL","eventTime":"2026-11-21T08:00:00Z","producer":"p",
                     "run":{"runId":"0193480a-0000-7000-8000-000000000001"},
                     "job":{"namespace":"n","name":"treasure-hunt"},
                     "inputs":[{"namespace":"n","name":"treasure-map"}]})")
                .status,
            201);

  const std::string erase = "/v1/tenants/" + id + ":erase";
  EXPECT_EQ(Call("POST", erase, "", "system").status, 409);
  EXPECT_EQ(Call("POST", "/v1/tenants/" + id + ":close").status, 200);
  EXPECT_EQ(world_->Call("admin", MakeRequest("POST", erase)).status, 403);
  const auto erased = Call("POST", erase, R"({"reason":"ticket 7"})", "system");
  ASSERT_EQ(erased.status, 200) << erased.body;
  EXPECT_GT(Read(erased).at("rows").as_int64(), 5);
  EXPECT_GT(Read(erased).at("log_rows").as_int64(), 10);

  const model::Model& model = world_->node().engine().model();
  const auto scope = Scope{.tenant = {}, .across_tenants = true};
  ASSERT_TRUE(world_->node().store().Read(scope, [&](Reader& reader) -> Result<void> {
    for (const auto& entity : model.entities) {
      const bool kept = entity->table == "audits" || entity->table == "users" ||
                        entity->table == "tenants" || entity->table.starts_with("audit_");
      const model::Field* tenant =
          entity->tenant != nullptr ? entity->tenant : entity->FindField("tenant_id");
      if (kept || tenant == nullptr) continue;
      const Value key(*Uuid::Parse(id));
      TRY(reader.Query("SELECT count(*) FROM " + entity->table + " WHERE " + tenant->name + " = $1",
                       std::span(&key, 1), [&](const Row& row) -> Result<bool> {
                         EXPECT_EQ(row.Int(0), 0) << entity->table;
                         return true;
                       }));
    }
    for (const char* text : {"treasure", "ada@", "Acme"}) {
      for (const char* where :
           {"SELECT count(*) FROM audits WHERE before_state LIKE $1 OR after_state LIKE $1 OR "
            "metadata LIKE $1",
            "SELECT count(*) FROM users WHERE email LIKE $1 OR name LIKE $1",
            "SELECT count(*) FROM tenants WHERE name LIKE $1 OR slug LIKE $1"}) {
        if (reader.dialect() != Dialect::kSqlite) continue;
        const Value pattern(fmt::format("%{}%", text));
        TRY(reader.Query(where, std::span(&pattern, 1), [&](const Row& row) -> Result<bool> {
          EXPECT_EQ(row.Int(0), 0) << text << ": " << where;
          return true;
        }));
      }
    }
    return {};
  }));
  const auto verified = Call("POST", "/v1/audit:verify", "", "*");
  EXPECT_EQ(Read(verified).at("whole"), json::value(true)) << verified.body;
  // Again, as after a cut.
  EXPECT_EQ(Call("POST", erase, "", "system").status, 200);
}

}  // namespace
}  // namespace tenon::testing

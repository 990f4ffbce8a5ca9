// Who may do what: keys, tenants, roles, tokens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "api/testing.h"
#include "auth/jwt_testing.h"

namespace tenon {
namespace {

using testing::Answer;
using ::testing::HasSubstr;
using testing::TestServer;
using Headers = std::vector<std::pair<std::string, std::string>>;

Headers Bearer(const std::string& key) { return {{"Authorization", "Bearer " + key}}; }

TEST(Access, NeedsAKey) {
  TestServer server;
  const Answer none = server.Call("GET", "/v1/assets", "", {{"Authorization", ""}});
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.headers.Get("WWW-Authenticate"), "Bearer realm=\"tenon\"");
  EXPECT_EQ(server.Call("GET", "/v1/assets", "", Bearer("nonsense")).status, 401);
  std::string wrong = server.admin_key;
  wrong.back() = wrong.back() == 'a' ? 'b' : 'a';
  EXPECT_EQ(server.Call("GET", "/v1/assets", "", Bearer(wrong)).status, 401);
  EXPECT_EQ(server.Call("GET", "/v1/assets", "", {{"X-Api-Key", server.admin_key}}).status, 200);
  EXPECT_EQ(server.Call("GET", "/v1/assets", "", {{"Authorization", "bearer " + server.admin_key}})
                .status,
            200);
}

TEST(Access, LimitsFailedAttemptsOfAnAddress) {
  testing::ServerSetup setup;
  setup.auth.failures = {.per_second = 0.001, .burst = 5, .keys_max = 100};
  TestServer server(setup);
  EXPECT_EQ(server.Call("GET", "/v1/whoami").status, 200);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(server.Call("GET", "/v1/whoami", "", Bearer("bad" + std::to_string(i))).status, 401);
  }
  const Answer over = server.Call("GET", "/v1/whoami", "", Bearer("bad"));
  EXPECT_EQ(over.status, 429);
  EXPECT_FALSE(over.headers.Get("Retry-After").empty());
  // Who is known already is not shut out by a neighbour's failures.
  EXPECT_EQ(server.Call("GET", "/v1/whoami").status, 200);
}

TEST(Access, KeepsTheFirstKeyInAFileOfItsOwner) {
  TestServer server;
  struct stat info{};
  const std::string path = server.folder() + "/admin.key";
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  std::ifstream in(path);
  std::string key;
  std::getline(in, key);
  EXPECT_EQ(key, server.admin_key);
}

TEST(Access, MakesRevokesAndRotatesKeys) {
  TestServer server;
  const Answer made = server.Call("POST", "/v1/api_keys", R"({"name":"ci","roles":["writer"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string key = made.Text("key");
  const std::string id = made.Text("id");
  ASSERT_FALSE(key.empty());
  EXPECT_EQ(made.body.find("key_hash"), std::string::npos);
  EXPECT_EQ(key.substr(4, 8), made.Text("prefix"));
  EXPECT_EQ(server.Call("GET", "/v1/whoami", "", Bearer(key)).status, 200);
  const Answer shown = server.Call("GET", "/v1/api_keys/" + id);
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(shown.body.find(key), std::string::npos);
  EXPECT_EQ(shown.body.find("key_hash"), std::string::npos);

  const Answer rotated = server.Call("POST", "/v1/api_keys/" + id + ":rotate");
  ASSERT_EQ(rotated.status, 201) << rotated.body;
  const std::string next = rotated.Text("key");
  EXPECT_EQ(server.Call("GET", "/v1/whoami", "", Bearer(key)).status, 401);
  EXPECT_EQ(server.Call("GET", "/v1/whoami", "", Bearer(next)).status, 200);

  const std::string next_id = rotated.Text("id");
  const Answer overlapping =
      server.Call("POST", "/v1/api_keys/" + next_id + ":rotate", R"({"overlap":"1h"})");
  ASSERT_EQ(overlapping.status, 201) << overlapping.body;
  EXPECT_EQ(server.Call("GET", "/v1/whoami", "", Bearer(next)).status, 200);
  EXPECT_EQ(server.Call("POST", "/v1/api_keys/" + next_id + ":revoke").status, 200);
  EXPECT_EQ(server.Call("GET", "/v1/whoami", "", Bearer(next)).status, 401);
}

TEST(Access, NeverShowsAKeyTwice) {
  TestServer server;
  const std::string body = R"({"name":"ci"})";
  const Answer first = server.Call("POST", "/v1/api_keys", body, {{"Idempotency-Key", "a"}});
  const Answer again = server.Call("POST", "/v1/api_keys", body, {{"Idempotency-Key", "a"}});
  ASSERT_EQ(first.status, 201) << first.body;
  ASSERT_EQ(again.status, 201) << again.body;
  EXPECT_FALSE(first.Text("key").empty());
  EXPECT_EQ(again.Text("id"), first.Text("id"));
  EXPECT_EQ(again.body.find("tnn_"), std::string::npos);
  EXPECT_EQ(server.Call("GET", "/v1/changes").body.find(first.Text("key")), std::string::npos);
}

TEST(Access, GrantsOnlyWhatTheCallerHas) {
  TestServer server;
  const std::string admin = server.KeyFor("", "boss@example.com", "admin");
  const std::string writer = server.KeyFor("", "w@example.com", "writer");
  EXPECT_EQ(server.Call("POST", "/v1/api_keys", R"({"name":"x","roles":["system"]})", Bearer(admin))
                .status,
            403);
  EXPECT_EQ(server.Call("POST", "/v1/api_keys", R"({"name":"x"})", Bearer(writer)).status, 403);
  const Answer user =
      server.Call("POST", "/v1/users", R"({"email":"e@example.com","name":"e","roles":["system"]})",
                  Bearer(admin));
  EXPECT_EQ(user.status, 403) << user.body;
  // The first administrator's key and row belong to somebody stronger.
  const std::string first = AdminUserId().ToString();
  EXPECT_EQ(server.Call("PATCH", "/v1/users/" + first, R"({"name":"x"})", Bearer(admin)).status,
            403);
  EXPECT_EQ(server.Call("DELETE", "/v1/users/" + first, "", Bearer(admin)).status, 403);
  const Answer keys = server.Call("GET", "/v1/api_keys?filter=name = \"admin\"", "", Bearer(admin));
  ASSERT_EQ(keys.status, 200) << keys.body;
  const std::string first_key(keys.Json().at("items").at(0).at("id").as_string());
  EXPECT_EQ(server.Call("POST", "/v1/api_keys/" + first_key + ":rotate", "", Bearer(admin)).status,
            403);
  EXPECT_EQ(server.Call("POST", "/v1/api_keys/" + first_key + ":revoke", "", Bearer(admin)).status,
            403);
  // Nor by way of a batch that names earlier rows.
  const Answer sly = server.Call(
      "POST", "/v1/batch",
      R"({"commands":[{"op":"create","entity":"assets","body":{"type":"T","name":"n","qualified_name":"q","metadata":["system"]}},)"
      R"({"op":"create","entity":"users","body":{"email":"s@example.com","name":"s","roles":"$0.metadata"}}]})",
      Bearer(admin));
  EXPECT_EQ(sly.status, 403) << sly.body;
  EXPECT_EQ(server
                .Call("POST", "/v1/batch",
                      R"({"commands":[{"op":"create","entity":"api_keys","body":{"name":"x"}}]})",
                      Bearer(server.admin_key))
                .status,
            403);
}

TEST(Access, HoldsRolesApart) {
  TestServer server;
  const std::string reader = server.KeyFor("", "r@example.com", "reader");
  const std::string body = R"({"type":"T","name":"n","qualified_name":"q"})";
  EXPECT_EQ(server.Call("GET", "/v1/assets", "", Bearer(reader)).status, 200);
  EXPECT_EQ(server.Call("POST", "/v1/assets", body, Bearer(reader)).status, 403);
  EXPECT_EQ(server.Call("POST", "/v1/audit:verify", "", Bearer(reader)).status, 403);
  EXPECT_EQ(server.Call("GET", "/v1/leases", "", Bearer(reader)).status, 403);
}

TEST(Access, KeepsTenantsApart) {
  TestServer server;
  const Answer acme = server.Call("POST", "/v1/tenants", R"({"name":"Acme","slug":"acme"})");
  ASSERT_EQ(acme.status, 201) << acme.body;
  const std::string key = server.KeyFor("acme", "a@acme.example", "admin");
  const Answer mine =
      server.Call("POST", "/v1/assets", R"({"type":"T","name":"n","qualified_name":"q"})");
  ASSERT_EQ(mine.status, 201) << mine.body;
  const std::string row = "/v1/assets/" + mine.Text("id");
  EXPECT_EQ(server.Call("GET", row).status, 200);
  EXPECT_EQ(server.Call("GET", row, "", Bearer(key)).status, 404);
  EXPECT_EQ(server.Call("PATCH", row, R"({"name":"x"})", Bearer(key)).status, 404);
  EXPECT_EQ(server.Call("DELETE", row, "", Bearer(key)).status, 404);
  EXPECT_EQ(server.Call("GET", row + "/history", "", Bearer(key)).status, 404);
  const Answer changes = server.Call("GET", "/v1/changes?entity=assets", "", Bearer(key));
  EXPECT_EQ(changes.Json().at("items").as_array().size(), 0u);
  EXPECT_EQ(server.Call("GET", "/v1/assets?tenant=default", "", Bearer(key)).status, 404);
  EXPECT_EQ(server.Call("GET", "/v1/assets?tenant=nobody", "", Bearer(key)).status, 404);
  EXPECT_EQ(server.Call("GET", "/v1/assets?tenant=acme", "", Bearer(key)).status, 200);
  // A position of one tenant means nothing to another.
  const std::string token = server.Call("GET", "/v1/changes").Text("next_position");
  EXPECT_EQ(server.Call("GET", "/v1/changes?after=" + token).status, 200);
  EXPECT_EQ(server.Call("GET", "/v1/changes?after=" + token, "", Bearer(key)).status, 400);
  // The system's caller reads across, and that is written down.
  EXPECT_EQ(server.Call("GET", "/v1/assets?tenant=*").status, 200);
  EXPECT_EQ(server.Call("POST", "/v1/assets?tenant=*", "{}").status, 400);
  const Answer audits = server.Call("GET", "/v1/audits?filter=action = \"READ\"");
  ASSERT_EQ(audits.status, 200) << audits.body;
  EXPECT_GE(audits.Json().at("items").as_array().size(), 1u);

  EXPECT_EQ(server.Call("POST", "/v1/tenants/" + acme.Text("id") + ":suspend?tenant=acme").status,
            200);
  EXPECT_EQ(server.Call("GET", "/v1/assets", "", Bearer(key)).status, 403);
}

TEST(Access, TakesTokens) {
  const testing::Pkey ec = testing::MakeEc();
  testing::ServerSetup setup;
  setup.auth.jwt.issuer = "https://id.example";
  setup.auth.jwt.audience = "tenon";
  setup.auth.jwt.jwks = "{\"keys\":[" + testing::EcJwk(ec.get(), "e1") + "]}";
  setup.auth.jwt.group_roles = {{"engineers", "writer"}, {"gods", "system"}};
  setup.auth.jwt.create_users = true;
  TestServer server(setup);
  const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  const auto token = [&](const std::string& tenant, const std::string& groups) {
    return testing::EcToken(ec.get(), R"({"alg":"ES256","kid":"e1"})",
                            R"({"iss":"https://id.example","aud":"tenon","sub":"u1","email":)"
                            R"("ada@example.com","tenant":")" +
                                tenant + R"(","groups":)" + groups + R"(,"exp":)" +
                                std::to_string(now + 300) + "}");
  };
  const Answer me =
      server.Call("GET", "/v1/whoami", "", Bearer(token("default", R"(["engineers"])")));
  ASSERT_EQ(me.status, 200) << me.body;
  EXPECT_THAT(me.body, HasSubstr("writer"));
  const Answer user = server.Call("GET", "/v1/users/" + me.Text("user_id"));
  EXPECT_EQ(user.Text("email"), "ada@example.com");
  // A group cannot make a system caller outside of the system's own tenant.
  const Answer god = server.Call("GET", "/v1/whoami", "", Bearer(token("default", R"(["gods"])")));
  EXPECT_EQ(god.status, 200) << god.body;
  EXPECT_EQ(god.body.find("system"), std::string::npos);
  EXPECT_EQ(server.Call("GET", "/v1/whoami", "", Bearer(token("nowhere", "[]"))).status, 401);
  EXPECT_EQ(server.Call("GET", "/v1/tenants?count=true").Json().at("total").as_int64(), 1);
}

}  // namespace
}  // namespace tenon

// The HTTP surface over the real engine and store.
#include "api/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing.h"

namespace tenon {
namespace {

using testing::Answer;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::TestServer;

constexpr const char* kAsset = R"({"type":"TABLE","name":"orders","qualified_name":"db.orders"})";

TEST(Api, CreatesReadsChangesAndDeletes) {
  TestServer server;
  const Answer made = server.Call("POST", "/v1/assets", kAsset);
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id = made.Text("id");
  EXPECT_EQ(made.headers.Get("Location"), "/v1/assets/" + id);
  EXPECT_FALSE(made.headers.Get("ETag").empty());
  EXPECT_EQ(made.headers.Get("X-Content-Type-Options"), "nosniff");

  for (int i = 0; i < 2; ++i) {  // from the store, then from the cache
    const Answer got = server.Call("GET", "/v1/assets/" + id);
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.Json(), made.Json());
    EXPECT_EQ(got.headers.Get("ETag"), made.headers.Get("ETag"));
  }
  const std::string etag(made.headers.Get("ETag"));
  EXPECT_EQ(server.Call("GET", "/v1/assets/" + id, "", {{"If-None-Match", etag}}).status, 304);

  const Answer changed =
      server.Call("PATCH", "/v1/assets/" + id, R"({"description":"all of them"})",
                  {{"Content-Type", "application/merge-patch+json"}, {"If-Match", etag}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.Text("description"), "all of them");
  EXPECT_EQ(
      server.Call("PATCH", "/v1/assets/" + id, R"({"name":"x"})", {{"If-Match", etag}}).status,
      412);
  EXPECT_EQ(
      server.Call("PATCH", "/v1/assets/" + id, "name=x", {{"Content-Type", "text/plain"}}).status,
      415);

  EXPECT_EQ(server.Call("DELETE", "/v1/assets/" + id).status, 204);
  EXPECT_EQ(server.Call("GET", "/v1/assets/" + id).status, 404);
  EXPECT_EQ(server.Call("GET", "/v1/assets/" + id + "?deleted=true").status, 200);
  const Answer restored = server.Call("POST", "/v1/assets/" + id + ":restore");
  EXPECT_EQ(restored.status, 200) << restored.body;
  EXPECT_EQ(server.Call("GET", "/v1/assets/" + id).status, 200);

  const Answer history = server.Call("GET", "/v1/assets/" + id + "/history");
  ASSERT_EQ(history.status, 200) << history.body;
  EXPECT_EQ(history.Json().at("items").as_array().size(), 4u);
}

TEST(Api, AnswersBadInputWithProblems) {
  TestServer server;
  const struct {
    const char* method;
    const char* target;
    const char* body;
    int status;
    const char* says;
  } cases[] = {
      {"POST", "/v1/assets", "{", 400, "line"},
      {"POST", "/v1/assets", R"({"name":"a","name":"b"})", 400, "name"},
      {"POST", "/v1/assets", "[]", 400, "object"},
      {"POST", "/v1/assets", "{}", 422, "required"},
      {"POST", "/v1/assets", R"({"nam":"a"})", 422, "nam"},
      {"GET", "/v1/assets?filter=nam=1", "", 400, "did you mean name"},
      {"GET", "/v1/assets?page_sise=1", "", 400, "page_size"},
      {"GET", "/v1/assets?page_size=0", "", 400, "1 to 1000"},
      {"GET", "/v1/assets?page_size=1001", "", 400, "page_size"},
      {"GET", "/v1/assets?count=maybe", "", 400, "true or false"},
      {"GET", "/v1/assets?page_token=abc", "", 400, "page"},
      {"GET", "/v1/assets?page_size=1&page_size=2", "", 400, "twice"},
      {"GET", "/v1/asset", "", 404, "assets"},
      {"GET", "/v1/asets", "", 404, "did you mean /v1/assets"},
      {"GET", "/livz", "", 404, "/livez"},
      {"PUT", "/v1/assets", "", 405, "GET, HEAD"},
      {"GET", "/v1/assets/not-an-id", "", 404, "assets"},
      {"GET", "/v1/assets/00000000-0000-7000-8000-000000000000", "", 404, "assets"},
      {"POST", "/v1/deployments/00000000-0000-7000-8000-000000000000:xxx", "", 404, "event"},
      {"GET", "/v1/assets/00000000-0000-7000-8000-000000000000?as_of=yesterday", "", 400, "as_of"},
      {"GET", "/v1/views/nothing", "", 404, "view"},
      {"GET", "/v1/changes?after=xyz", "", 400, "position"},
      {"GET", "/v1/changes?entity=asets", "", 400, "assets"},
      {"GET", "/v1/changes?filter=name='x'", "", 400, "one entity"},
      {"POST", "/v1/batch", R"({"commands":[{"op":"creat","entity":"assets"}]})", 422, "op"},
      {"POST", "/v1/batch", R"({"commands":[{"op":"create","entity":"asets"}]})", 422, "assets"},
      {"POST", "/v1/batch", R"({"command":[]})", 422, "commands"},
      {"POST", "/v1/assets:batch", R"({"items":[1]})", 422, "items[0]"},
  };
  for (const auto& row : cases) {
    const Answer answer = server.Call(row.method, row.target, row.body);
    EXPECT_EQ(answer.status, row.status) << row.method << " " << row.target << answer.body;
    EXPECT_EQ(answer.headers.Get("Content-Type"), "application/problem+json");
    EXPECT_THAT(answer.body, HasSubstr(row.says)) << row.target;
    EXPECT_EQ(answer.Json().at("status").as_int64(), row.status);
  }
  EXPECT_EQ(server.Call("PUT", "/v1/assets").headers.Get("Allow"), "GET, HEAD, POST");
}

TEST(Api, ReplaysByIdempotencyKey) {
  TestServer server;
  const Answer first = server.Call("POST", "/v1/assets", kAsset, {{"Idempotency-Key", "k1"}});
  const Answer again = server.Call("POST", "/v1/assets", kAsset, {{"Idempotency-Key", "k1"}});
  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(again.Text("id"), first.Text("id"));
  EXPECT_EQ(again.headers.Get("Idempotent-Replayed"), "true");
  EXPECT_EQ(server
                .Call("POST", "/v1/assets", R"({"type":"T","name":"b","qualified_name":"b"})",
                      {{"Idempotency-Key", "k1"}})
                .status,
            422);
  EXPECT_EQ(server.Call("POST", "/v1/assets", kAsset, {{"Idempotency-Key", std::string(300, 'x')}})
                .status,
            400);
}

TEST(Api, ListsInPages) {
  TestServer server;
  std::string items;
  for (int i = 0; i < 25; ++i) {
    items += (i == 0 ? "" : ",") + std::string(R"({"type":"TABLE","name":"t)") + std::to_string(i) +
             R"(","qualified_name":"q)" + std::to_string(i) + "\"}";
  }
  const Answer batch = server.Call("POST", "/v1/assets:batch", R"({"items":[)" + items + "]}");
  ASSERT_EQ(batch.status, 200) << batch.body;
  EXPECT_EQ(batch.Json().at("items").as_array().size(), 25u);
  std::size_t seen = 0;
  std::string token;
  do {
    const Answer page = server.Call("GET", "/v1/assets?page_size=10&count=true&order_by=name desc" +
                                               (token.empty() ? "" : "&page_token=" + token));
    ASSERT_EQ(page.status, 200) << page.body;
    EXPECT_EQ(page.Json().at("total").as_int64(), 25);
    seen += page.Json().at("items").as_array().size();
    token = page.Text("next_page_token");
  } while (!token.empty());
  EXPECT_EQ(seen, 25u);
  const Answer some = server.Call("GET", "/v1/assets?filter=name = \"t7\"&fields=name");
  ASSERT_EQ(some.status, 200) << some.body;
  EXPECT_THAT(some.body, HasSubstr(R"({"name":"t7"})"));
}

TEST(Api, BatchesAreAtomicUnlessAsked) {
  TestServer server;
  const std::string good = R"({"type":"T","name":"a","qualified_name":"a"})";
  const std::string bad = R"({"type":"T"})";
  const Answer whole =
      server.Call("POST", "/v1/assets:batch", R"({"items":[)" + good + "," + bad + "]}");
  EXPECT_EQ(whole.status, 422) << whole.body;
  EXPECT_EQ(whole.Json().at("index").as_int64(), 1);
  EXPECT_EQ(server.Call("GET", "/v1/assets?count=true").Json().at("total").as_int64(), 0);
  const Answer each = server.Call("POST", "/v1/assets:batch",
                                  R"({"atomic":false,"items":[)" + good + "," + bad + "]}");
  ASSERT_EQ(each.status, 200) << each.body;
  EXPECT_EQ(each.Json().at("items").at(1).at("status").as_int64(), 422);
  const Answer keys =
      server.Call("POST", "/v1/assets:batch",
                  R"({"atomic":false,"upsert":true,"answer":"keys","items":[)" + good + "]}");
  ASSERT_EQ(keys.status, 200) << keys.body;
  EXPECT_THAT(keys.body, HasSubstr("\"result\":"));

  const Answer mixed = server.Call(
      "POST", "/v1/batch",
      R"({"commands":[{"op":"create","entity":"assets","body":{"type":"T","name":"x","qualified_name":"x"}},)"
      R"({"op":"create","entity":"tags","body":{"name":"pii"}},)"
      R"({"op":"create","entity":"AssetTag","body":{"asset_id":"$0.id","tag_id":"$1.id"}},)"
      R"({"op":"delete","entity":"assets","id":"$0.id"}]})");
  ASSERT_EQ(mixed.status, 200) << mixed.body;
  EXPECT_EQ(mixed.Json().at("items").as_array().size(), 4u);
}

TEST(Api, ServesItself) {
  TestServer server;
  const auto nobody = std::vector<std::pair<std::string, std::string>>{{"Authorization", ""}};
  EXPECT_EQ(server.Call("GET", "/livez", "", nobody).status, 200);
  EXPECT_EQ(server.Call("GET", "/readyz", "", nobody).status, 200);
  EXPECT_THAT(server.Call("GET", "/", "", nobody).body, HasSubstr("/openapi.json"));
  const Answer metrics = server.Call("GET", "/metrics", "", nobody);
  EXPECT_EQ(metrics.status, 200);
  EXPECT_THAT(metrics.body, HasSubstr("tenon_http_requests_total{route=\"GET /livez\""));
  EXPECT_THAT(metrics.body, HasSubstr("tenon_log_position"));
  const Answer me = server.Call("GET", "/v1/whoami");
  EXPECT_EQ(me.Text("tenant"), "default");
  EXPECT_THAT(me.body, HasSubstr("system"));
  EXPECT_EQ(server.Call("GET", "/v1/models").status, 200);
  EXPECT_EQ(server.Call("GET", "/v1/views").status, 200);
  const Answer verify = server.Call("POST", "/v1/audit:verify");
  ASSERT_EQ(verify.status, 200) << verify.body;
  EXPECT_TRUE(verify.Json().at("whole").as_bool());
  const Answer checkpoint = server.Call("GET", "/v1/audit/checkpoint");
  ASSERT_EQ(checkpoint.status, 200) << checkpoint.body;
  const Answer again =
      server.Call("POST", "/v1/audit:verify", R"({"checkpoint":)" + checkpoint.body + "}");
  EXPECT_EQ(again.status, 200) << again.body;
}

TEST(Api, AReadThatWaitsForTheDatabaseHoldsNobody) {
  if (testing::StoreOfRun() != testing::StoreKind::kPostgres) {
    GTEST_SKIP() << "reads of SQLite wait for nobody; TENON_TEST_STORE=postgres";
  }
  TestServer server;
  const std::string row =
      "/v1/tags/" + server.Call("POST", "/v1/tags", R"({"name":"a"})").Text("id");
  std::promise<void> held, enough;
  const auto locked = std::async(std::launch::async, [&, until = enough.get_future().share()] {
    return server.store().Write(
        {.tenant = {}, .across_tenants = true}, [&](Transaction& transaction) -> Result<void> {
          TRY(transaction.Execute("LOCK TABLE tags IN ACCESS EXCLUSIVE MODE", {}));
          held.set_value();
          until.wait();
          return {};
        });
  });
  held.get_future().wait();
  std::vector<std::future<Answer>> reads;
  for (const char* query : {"?fields=name", "?expand=tenant", "?deleted=true"}) {
    reads.push_back(server.Start("GET", row + query));  // returns, as an I/O thread has to
  }
  EXPECT_EQ(server.Call("GET", "/livez").status, 200);
  enough.set_value();
  for (auto& read : reads) EXPECT_EQ(read.get().status, 200);
}

TEST(Api, FollowsTraces) {
  TestServer server;
  const std::string parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const Answer traced = server.Call("GET", "/livez", "", {{"traceparent", parent}});
  const std::string echoed(traced.headers.Get("traceparent"));
  EXPECT_EQ(echoed.substr(0, 36), parent.substr(0, 36));
  EXPECT_NE(echoed, parent);
  const Answer fresh = server.Call("GET", "/livez", "", {{"traceparent", "00-zz"}});
  EXPECT_EQ(fresh.headers.Get("traceparent").size(), 55u);
}

TEST(Api, LimitsRequestsOfAKey) {
  testing::ServerSetup setup;
  setup.api.rate = {.per_second = 0.001, .burst = 3, .keys_max = 100};
  TestServer server(setup);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(server.Call("GET", "/v1/whoami").status, 200);
  const Answer over = server.Call("GET", "/v1/whoami");
  EXPECT_EQ(over.status, 429);
  EXPECT_FALSE(over.headers.Get("Retry-After").empty());
}

TEST(Api, CorsIsOffUnlessConfigured) {
  TestServer off;
  const std::vector<std::pair<std::string, std::string>> preflight = {
      {"Origin", "https://a.example"}, {"Access-Control-Request-Method", "GET"}};
  EXPECT_FALSE(
      off.Call("OPTIONS", "/v1/assets", "", preflight).headers.Has("Access-Control-Allow-Origin"));
  testing::ServerSetup setup;
  setup.api.cors_origins = {"https://a.example"};
  TestServer on(setup);
  const Answer asked = on.Call("OPTIONS", "/v1/assets", "", preflight);
  EXPECT_EQ(asked.status, 204);
  EXPECT_EQ(asked.headers.Get("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_FALSE(on.Call("GET", "/livez", "", {{"Origin", "https://b.example"}})
                   .headers.Has("Access-Control-Allow-Origin"));
}

}  // namespace
}  // namespace tenon

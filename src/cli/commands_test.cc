// Commands as a user runs them, against a table of answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include <filesystem>
#include <fstream>

#include "cli/catalog.h"
#include "cli/test_support.h"

namespace tenon::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kId[] = "0190a3c4-7b1e-7c3a-9d55-2f1c7f0e4a11";

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() { ServeModels(run.server); }
  // The last request that was not about models.
  const SentRequest& Last() { return run.server.requests.back(); }
  CliRun run;
};

TEST_F(CommandsTest, ListPrintsATable) {
  run.server.On(
      "GET /v1/assets?page_size=50", 200,
      R"({"items":[{"id":"1","type":"TABLE","name":"orders","qualified_name":"shop.orders",
                   "metadata":{},"seen_at":"2026-11-21T08:50:00.123456Z","cost":"0.50","version":3}]})");
  const RunResult result = run({"list", "asset"});
  EXPECT_EQ(result.out,
            "id  name    type   qualified_name  cost  seen_at              created_at\n"
            "1   orders  TABLE  shop.orders     0.50  2026-11-21 08:50:00  -\n");
  EXPECT_EQ(result.code, 0);
}

TEST_F(CommandsTest, ListFollowsPages) {
  run.server.On(
      "GET /v1/assets?filter=type%20%3D%20%22A%22&order_by=name&fields=name&page_size=1000", 200,
      R"({"items":[{"name":"a"}],"next_page_token":"t1"})");
  run.server.On(
      "GET /v1/assets?filter=type%20%3D%20%22A%22&order_by=name&fields=name&page_size=1000"
      "&page_token=t1",
      200, R"({"items":[{"name":"b"}]})");
  const RunResult result = run({"list", "assets", "--filter", "type = \"A\"", "--order-by", "name",
                                "--fields", "name", "--all"});
  EXPECT_EQ(result.out, "name\na\nb\n");
}

TEST_F(CommandsTest, ListInEveryFormat) {
  run.server.On("GET /v1/runs?page_size=50", 200, R"({"items":[{"id":"1","result":{"a":[1]}}]})");
  EXPECT_EQ(run({"list", "runs", "-o", "ndjson"}).out, "{\"id\":\"1\",\"result\":{\"a\":[1]}}\n");
  EXPECT_EQ(
      run({"list", "runs", "-o", "json"}).out,
      "[\n  {\n    \"id\": \"1\",\n    \"result\": {\n      \"a\": [\n        1\n      ]\n    }\n"
      "  }\n]\n");
  EXPECT_EQ(run({"list", "runs", "-o", "yaml"}).out, "---\nid: \"1\"\nresult:\n  a:\n    - 1\n");
  run.server.On("GET /v1/runs?page_size=50", 200, R"({"items":[]})");
  EXPECT_EQ(run({"list", "runs", "-o", "json"}).out, "[]\n");
  EXPECT_EQ(run({"list", "runs"}).err, "no rows\n");
}

TEST_F(CommandsTest, CountsOnly) {
  run.server.On("GET /v1/assets?page_size=1&count=true", 200, R"({"items":[{}],"total":12345})");
  EXPECT_EQ(run({"list", "assets", "--count"}).out, "12345\n");
}

TEST_F(CommandsTest, EntitiesGoByManyNames) {
  run.server.On("GET /v1/asset_tags?page_size=50", 200, R"({"items":[]})");
  for (const char* name : {"AssetTag", "asset_tags", "asset-tag", "ASSETTAG", "asset_tag"}) {
    EXPECT_EQ(run({"list", name}).code, 0) << name;
  }
  const RunResult wrong = run({"list", "asets"});
  EXPECT_EQ(wrong.code, 6);
  EXPECT_EQ(wrong.err, "error: there is no entity 'asets'; did you mean assets?\n");
}

TEST_F(CommandsTest, CreateSendsTypedFieldsAndAKey) {
  run.server.On("POST /v1/assets", 201, std::string(R"({"id":")") + kId + R"(","name":"7"})");
  const RunResult result =
      run({"create", "assets", "name=7", "metadata.size=3", "description=null"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, std::string(kId) + "\n");
  EXPECT_EQ(result.err, "Asset created\n");
  EXPECT_EQ(Last().body, R"({"name":"7","metadata":{"size":3},"description":null})");
  EXPECT_EQ(Last().headers.Get("Idempotency-Key").size(), 36u);
}

TEST_F(CommandsTest, CreateReadsStandardInput) {
  run.server.On("POST /v1/assets", 201, R"({"id":"1"})");
  run.environment.in_terminal = false;
  run.in.str("name: from yaml\nversion: 3\n");
  EXPECT_EQ(run({"create", "assets"}).code, 0);
  EXPECT_EQ(Last().body, R"({"name":"from yaml","version":3})");
}

TEST_F(CommandsTest, UpdateSendsAMergePatch) {
  run.server.On("PATCH /v1/assets/1", 200, R"({"id":"1"})");
  EXPECT_EQ(run({"update", "assets", "1", "metadata.owner:=null", "--if-match", "3"}).code, 0);
  EXPECT_EQ(Last().body, R"({"metadata":{"owner":null}})");
  EXPECT_EQ(Last().headers.Get("Content-Type"), "application/merge-patch+json");
  EXPECT_EQ(Last().headers.Get("If-Match"), "\"3\"");
  EXPECT_EQ(run({"update", "assets", "1"}).code, 2);
}

TEST_F(CommandsTest, DoTakesAnEvent) {
  run.server.On("POST /v1/runs/1:finish", 200, R"({"id":"1","state":"DONE"})");
  const RunResult result = run({"do", "run", "1", "finish", R"(result={"rows":5})"});
  EXPECT_EQ(result.err, "Run finish done: state is DONE\n");
  EXPECT_EQ(Last().body, R"({"result":{"rows":5}})");
  const RunResult wrong = run({"do", "run", "1", "finsh"});
  EXPECT_EQ(wrong.err, "error: Run has no event 'finsh'; did you mean finish?\n");
  run.server.On("POST /v1/assets/1:restore", 200, R"({"id":"1"})");
  EXPECT_EQ(run({"do", "assets", "1", "restore"}).code, 0);
}

TEST_F(CommandsTest, DeleteSaysHowToGetItBack) {
  run.server.On("DELETE /v1/assets/1", 204, "");
  EXPECT_EQ(run({"delete", "assets", "1"}).err,
            "Asset 1 deleted; back with: tenon do assets 1 restore\n");
}

TEST_F(CommandsTest, ErrorsNameEveryField) {
  run.server.On("POST /v1/assets", 422,
                R"({"status":422,"code":"invalid-field","title":"Fields are wrong",
                   "detail":"2 fields are wrong","errors":[
                   {"path":"name","code":"required","message":"is required"},
                   {"path":"metadata.a","code":"type","message":"must be text"}]})");
  const RunResult result = run({"create", "assets", "type=X"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "error: 2 fields are wrong\n  name: is required\n  metadata.a: must be text\n");
}

TEST_F(CommandsTest, EveryProblemHasItsExitCode) {
  const std::pair<const char*, int> kProblems[] = {
      {"unauthenticated", 4},     {"forbidden", 5},         {"not-found", 6},    {"conflict", 7},
      {"precondition-failed", 8}, {"too-many-requests", 9}, {"unavailable", 10}, {"deadline", 11},
      {"outcome-unknown", 12},    {"internal", 70}};
  for (const auto& [name, code] : kProblems) {
    run.server.On("DELETE /v1/assets/1", 503,
                  std::string(R"({"status":503,"code":")") + name + R"(","detail":"no"})");
    EXPECT_EQ(run({"delete", "assets", "1"}).code, code) << name;
  }
}

class ApplyTest : public CommandsTest {
 protected:
  void Stored(const std::string& row) {
    run.server.On("GET /v1/assets?filter=qualified_name%20%3D%20%22shop.orders%22&page_size=1", 200,
                  "{\"items\":[" + row + "]}");
    run.server.On(std::string("GET /v1/assets/") + kId, 200, row);
  }
  RunResult Apply(const std::string& text, std::vector<std::string> more = {}) {
    run.in.clear();
    run.in.str(text);
    std::vector<std::string> words = {"apply", "-f", "-"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  const std::string row_ = std::string(R"({"id":")") + kId +
                           R"(","tenant_id":"t","type":"TABLE","name":"orders","version":1,)"
                           R"("qualified_name":"shop.orders","cost":"0.50","token":"[sealed]",)"
                           R"("metadata":{"a":1,"b":2},"seen_at":"2026-11-21T08:50:00.000000Z"})";
};

TEST_F(ApplyTest, CreatesWhatIsNotThere) {
  run.server.On("GET /v1/assets?filter=qualified_name%20%3D%20%22shop.orders%22&page_size=1", 200,
                R"({"items":[]})");
  run.server.On("POST /v1/assets", 201, row_);
  const RunResult result =
      Apply("entity: Asset\nqualified_name: shop.orders\nname: orders\ncreated_at: x\n");
  EXPECT_EQ(result.out, "Asset shop.orders created\n") << result.err;
  EXPECT_EQ(Last().body, R"({"qualified_name":"shop.orders","name":"orders"})");
}

TEST_F(ApplyTest, LeavesAloneWhatIsSo) {
  Stored(row_);
  const RunResult result = Apply(
      "entity: assets\nfields: {qualified_name: shop.orders, metadata: {a: 1}, cost: 0.5,"
      " seen_at: '2026-11-21T09:50:00+01:00', token: secret, description: null}\n");
  EXPECT_EQ(result.out, "Asset shop.orders unchanged\n") << result.err;
  EXPECT_EQ(Last().method, "GET");
}

TEST_F(ApplyTest, PatchesWhatDiffers) {
  Stored(row_);
  run.server.On(std::string("PATCH /v1/assets/") + kId, 200, row_);
  const RunResult result =
      Apply("entity: Asset\nqualified_name: shop.orders\nname: Orders\nmetadata: {a: 2}\n");
  EXPECT_EQ(result.out, "Asset shop.orders updated\n") << result.err;
  EXPECT_EQ(Last().body, R"({"name":"Orders","metadata":{"a":2}})");
  EXPECT_EQ(Last().headers.Get("If-Match"), "\"1\"");
  EXPECT_EQ(Apply("entity: Asset\nqualified_name: shop.orders\nname: Other\n", {"--dry-run"}).out,
            "Asset shop.orders updated\n");
  EXPECT_EQ(Last().method, "GET");
}

TEST_F(ApplyTest, GoesOnAfterAWrongDocument) {
  Stored(row_);
  const RunResult result =
      Apply("entity: Asset\nname: nameless\n---\nentity: Asset\nqualified_name: shop.orders\n");
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "Asset shop.orders unchanged\n");
  EXPECT_EQ(result.err,
            "error: standard input, document 1: Asset needs id or qualified_name, so that applying "
            "it twice means the same row\n");
}

TEST_F(ApplyTest, DiffShowsFieldsAndExitsOne) {
  Stored(row_);
  run.in.str("entity: Asset\nqualified_name: shop.orders\nname: Orders\nmetadata: {a: 1}\n");
  const RunResult result = run({"diff", "-f", "-"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out,
            "--- Asset shop.orders (stored)\n+++ Asset shop.orders (standard input)\n"
            "@@ -1,4 +1,4 @@\n qualified_name: shop.orders\n-name: orders\n+name: Orders\n"
            " metadata:\n   a: 1\n");
  run.in.clear();
  run.in.str("entity: Asset\nqualified_name: shop.orders\n");
  EXPECT_EQ(run({"diff", "-f", "-"}).code, 0);
}

// Takes batches as the server does, and keeps what came.
class ImportTest : public CommandsTest {
 protected:
  ImportTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("tenon-import-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    run.server.On("POST /v1/migration_jobs", 201, R"({"job_id":"J1"})");
    for (const char* event : {"start", "progress", "succeed", "fail", "resume"}) {
      run.server.On(std::string("POST /v1/migration_jobs/J1:") + event, 200, "{}");
    }
    run.server.On("POST /v1/assets:batch", [this](const SentRequest& request) {
      const json::value body = *ParseJson(request.body);
      std::string items;
      for (const json::value& row : body.at("items").as_array()) {
        rows_.push_back(json::serialize(row));
        const bool bad = row.as_object().contains("name") && row.at("name") == "bad";
        items += items.empty() ? "" : ",";
        items += bad ? R"({"status":422,"code":"invalid-field","title":"t","detail":"not good",)"
                       R"("errors":[{"path":"name","code":"check","message":"is bad"}]})"
                     : R"({"key":"k","result":"created"})";
      }
      http::ClientResponse response;
      response.status = 200;
      response.body = "{\"items\":[" + items + "]}";
      return response;
    });
  }
  ~ImportTest() override { std::filesystem::remove_all(folder_); }
  std::string File(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  std::string Content(const std::string& name) {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> Jobs() {
    std::vector<std::string> events;
    for (const SentRequest& request : run.server.requests) {
      const std::size_t colon = request.target.rfind(':');
      if (request.target.starts_with("/v1/migration_jobs/") && colon != std::string::npos) {
        events.push_back(request.target.substr(colon + 1));
      }
    }
    return events;
  }
  std::filesystem::path folder_;
  std::vector<std::string> rows_;
};

TEST_F(ImportTest, CsvMapsAndTypesColumns) {
  const std::string file = File("a.csv",
                                "table,qualified_name,owner,extra\r\norders,shop.orders,ops,1\r\n"
                                "\"a \"\"b\"\"\",x,,2\r\n");
  const RunResult result = run({"import", "csv", file, "--entity", "assets", "--map", "table=name",
                                "--map", "owner=metadata.owner", "-q"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("job J1: 2 written, 0 unchanged, 0 failed"));
  EXPECT_THAT(
      rows_,
      ElementsAre(R"({"name":"orders","qualified_name":"shop.orders","metadata":{"owner":"ops"}})",
                  R"({"name":"a \"b\"","qualified_name":"x"})"));
  EXPECT_EQ(Jobs().front(), "start");
  EXPECT_EQ(Jobs().back(), "succeed");
}

TEST_F(ImportTest, RejectsAreKeptWithTheirReason) {
  const std::string file = File("a.ndjson",
                                "{\"name\":\"bad\",\"qualified_name\":\"1\"}\n{oops\n[1]\n\n"
                                "{\"name\":\"good\",\"qualified_name\":\"2\"}\n");
  const RunResult result = run({"import", "ndjson", file, "--entity", "assets", "--rejects",
                                (folder_ / "rejects").string()});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.out, StartsWith("job J1: 1 written, 0 unchanged, 3 failed"));
  const std::string rejects = Content("rejects");
  EXPECT_THAT(rejects, HasSubstr(R"({"line":2,"offset":36,"reason":"line 1, column 2)"));
  EXPECT_THAT(rejects, HasSubstr(R"("reason":"is not an object","text":"[1]")"));
  EXPECT_THAT(
      rejects,
      HasSubstr(
          R"({"line":1,"offset":0,"reason":"not good","errors":[{"path":"name","code":"check",)"));
  EXPECT_EQ(Jobs().back(), "succeed");
}

TEST_F(ImportTest, RowsWithoutAKeyGetOneFromTheirContent) {
  const std::string file = File("a.ndjson", "{\"name\":\"x\"}\n");
  run({"import", "ndjson", file, "--entity", "assets", "-q"});
  run({"import", "ndjson", file, "--entity", "assets", "-q"});
  ASSERT_EQ(rows_.size(), 2u);
  EXPECT_THAT(rows_[0], HasSubstr("\"id\":\""));
  EXPECT_EQ(rows_[0], rows_[1]);
}

TEST_F(ImportTest, LinesMayNameTheirEntity) {
  const std::string file = File(
      "all.ndjson",
      R"({"entity":"Asset","fields":{"id":"1","name":"x","token":"[sealed]","created_at":"t"}})"
      "\n");
  const RunResult result = run({"import", "ndjson", file, "-q"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(rows_, ElementsAre(R"({"id":"1","name":"x"})"));
}

TEST_F(ImportTest, ResumesWhereItStopped) {
  const std::string file =
      File("a.ndjson", "{\"qualified_name\":\"1\"}\n{\"qualified_name\":\"2\"}\n");
  run.server.On("GET /v1/migration_jobs/J1", 200,
                R"({"job_id":"J1","source":"ndjson","status":"failed","options":{"file":")" + file +
                    R"(","entity":"assets"},"checkpoint":{"offset":23,"line":2}})");
  const RunResult result = run({"import", "ndjson", "--resume", "J1", "-q"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(rows_, ElementsAre(R"({"qualified_name":"2"})"));
  EXPECT_THAT(Jobs(), ElementsAre("resume", "progress", "succeed"));
  const RunResult other = run({"import", "csv", "--resume", "J1"});
  EXPECT_EQ(other.code, 7);
  EXPECT_EQ(other.err, "error: job J1 is an import of ndjson, not of csv\n");
}

TEST_F(ImportTest, AServerThatRefusesEndsTheJob) {
  run.server.On("POST /v1/assets:batch", 403,
                R"({"status":403,"code":"forbidden","detail":"needs the role writer"})");
  const std::string file = File("a.ndjson", "{\"qualified_name\":\"1\"}\n");
  const RunResult result = run({"import", "ndjson", file, "--entity", "assets", "-q"});
  EXPECT_EQ(result.code, 5);
  EXPECT_EQ(Jobs().back(), "fail");
}

TEST_F(ImportTest, ARowThatMetABusyServerIsSentAgain) {
  int calls = 0;
  const auto whole = [&](const SentRequest& request) {
    ++calls;
    http::ClientResponse response;
    response.status = 200;
    const std::size_t rows = ParseJson(request.body)->at("items").as_array().size();
    response.body = R"({"items":[)";
    for (std::size_t i = 0; i < rows; ++i) {
      // The first time only the first of the rows is taken.
      response.body += i > 0 && calls == 1
                           ? R"(,{"status":503,"code":"unavailable","title":"t","detail":"full"})"
                           : std::string(i > 0 ? "," : "") + R"({"key":"k","result":"created"})";
    }
    response.body += "]}";
    return response;
  };
  run.server.On("POST /v1/assets:batch", whole);
  const std::string file =
      File("a.ndjson", "{\"qualified_name\":\"1\"}\n{\"qualified_name\":\"2\"}\n");
  const RunResult result = run({"import", "ndjson", file, "--entity", "assets", "-q"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("job J1: 2 written, 0 unchanged, 0 failed"));
  EXPECT_EQ(calls, 2);
}

TEST_F(ImportTest, AWrongCommandLineLeavesNoJob) {
  const std::string file = File("a.csv", "a\n1\n");
  EXPECT_EQ(run({"import", "csv", file}).code, 2);
  EXPECT_EQ(run({"import", "csv", file, "--entity", "nope"}).code, 6);
  EXPECT_EQ(run({"import", "csv", file, "--entity", "assets", "--map", "a=nope"}).code, 2);
  EXPECT_EQ(run({"import", "csv", file + "x", "--entity", "assets"}).code, 6);
  const RunResult rejects = run({"import", "csv", file, "--entity", "assets", "--map", "a=name",
                                 "--rejects", (folder_ / "no/such").string()});
  EXPECT_EQ(rejects.code, 2);
  EXPECT_THAT(rejects.err, HasSubstr("No such file or directory"));
  EXPECT_TRUE(Jobs().empty());
}

TEST_F(ImportTest, AColumnMayGoToTwoFields) {
  const std::string file = File("a.csv", "t\nx\n");
  run({"import", "csv", file, "--entity", "assets", "--map", "t=name", "--map",
       "t=qualified_name"});
  EXPECT_THAT(rows_, ElementsAre(R"({"name":"x","qualified_name":"x"})"));
}

TEST_F(ImportTest, ADryRunSendsNothing) {
  const std::string file = File("a.ndjson", "{\"qualified_name\":\"1\"}\n{x\n");
  const RunResult result = run({"import", "ndjson", file, "--entity", "assets", "--dry-run"});
  EXPECT_THAT(result.err, HasSubstr("1 rows would be sent, 1 cannot be read"));
  EXPECT_TRUE(rows_.empty());
  EXPECT_TRUE(Jobs().empty());
}

TEST_F(ImportTest, ExportComesBack) {
  run.server.On(
      "GET /v1/exports/assets", 200,
      "{\"id\":\"1\",\"name\":\"a,b\",\"metadata\":{\"x\":1}}\n{\"id\":\"2\",\"name\":null}\n");
  EXPECT_EQ(
      run({"export", "assets"}).out,
      "{\"id\":\"1\",\"name\":\"a,b\",\"metadata\":{\"x\":1}}\n{\"id\":\"2\",\"name\":null}\n");
  const std::string csv = (folder_ / "out.csv").string();
  EXPECT_EQ(run({"export", "assets", "--format", "csv", "-o", csv}).err, "2 rows in " + csv + "\n");
  EXPECT_THAT(Content("out.csv"), HasSubstr("\r\n1,,,\"a,b\",,,\"{\"\"x\"\":1}\",,,,,,\r\n"));
}

TEST_F(CommandsTest, WatchPrintsALineAChange) {
  run.server.On(
      "GET /v1/changes?entity=assets&after=now", 200,
      "id: p1\ndata: {\"data\":{\"time\":\"2026-11-21T08:50:00.000000Z\",\"entity\":\"Asset\","
      "\"key\":\"1\",\"action\":\"UPDATE\",\"before\":{\"name\":\"a\",\"type\":\"T\"},"
      "\"after\":{\"name\":\"b\",\"type\":\"T\"}}}\n\n");
  const RunResult result = run({"watch", "asset", "--limit", "1"});
  EXPECT_EQ(result.out, "2026-11-21 08:50:00  Asset 1  UPDATE  name=b\n");
  EXPECT_EQ(Last().headers.Get("Accept"), "text/event-stream");
}

TEST_F(CommandsTest, KeysShowTheKeyAlone) {
  run.server.On("POST /v1/api_keys", 201,
                std::string(R"({"id":")") + kId + R"(","key":"tnn_abc_def","roles":["writer"]})");
  const RunResult result = run({"keys", "create", "ci", "--roles", "writer", "--expires", "1d"});
  EXPECT_EQ(result.out, "tnn_abc_def\n");
  EXPECT_EQ(Last().body,
            R"({"name":"ci","roles":["writer"],"expires_at":"2023-11-15T22:13:20.000000Z"})");
}

TEST_F(CommandsTest, AuditVerifyExitsOneOnAFault) {
  run.server.On("POST /v1/audit:verify", 200, R"({"whole":true,"fault":null,"rows":1200})");
  EXPECT_EQ(run({"audit", "verify"}).out, "whole: 1,200 rows of the audit log verified\n");
  run.server.On("POST /v1/audit:verify", 200,
                R"({"whole":false,"fault":{"audit_id":"x","what":"row 5 was altered"}})");
  const RunResult broken = run({"audit", "verify"});
  EXPECT_EQ(broken.code, 1);
  EXPECT_EQ(broken.out, "broken: row 5 was altered (audit row x)\n");
}

TEST_F(CommandsTest, ContextsAreKeptPrivately) {
  const auto folder = std::filesystem::temp_directory_path() / "tenon-context-test";
  std::filesystem::create_directories(folder / "tenon");
  run.variables["XDG_CONFIG_HOME"] = folder.string();
  std::ofstream(folder / "tenon/contexts.toml")
      << "current = \"a\"\n[contexts.a]\nurl = \"http://a\"\nkey = \"tnn_aaaaaaaa_x\"\n"
         "[contexts.b]\nurl = \"http://b\"\ntenant = \"acme\"\n";
  EXPECT_EQ(run({"context", "use", "b"}, false).err, "using b: http://b\n");
  EXPECT_EQ(run({"context", "list"}, false).out,
            "current  name  url       tenant  key\n"
            "         a     http://a          tnn_aaaaaaaa...\n"
            "*        b     http://b  acme    ...\n");
  EXPECT_EQ(std::filesystem::status(folder / "tenon/contexts.toml").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(run({"context", "current", "-o", "ndjson"}, false).out,
            R"({"context":"b","url":"http://b","tenant":"acme","key_from":""})"
            "\n");
  EXPECT_EQ(run({"context", "remove", "c"}, false).code, 6);
  std::filesystem::remove_all(folder);
}

TEST_F(CommandsTest, AServerThatIsNotThere) {
  const RunResult result = run({"list", "assets", "--url", "http://127.0.0.1:1"}, false);
  EXPECT_EQ(result.code, 10);
  EXPECT_THAT(result.err, StartsWith("error: "));
}

}  // namespace
}  // namespace tenon::cli

// The OpenLineage inlet over a whole node: events in any order, repeated, one by one or in batches
// come to the same rows; real captured events are taken.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "services/ingest/input.h"
#include "services/openlineage/names.h"
#include "support/node_world.h"

namespace tenon::testing {
namespace {

class OpenLineage : public ::testing::Test {
 protected:
  void SetUp() override {
    auto world = NodeWorld::Create("");
    ASSERT_TRUE(world) << world.error().message;
    world_ = *std::move(world);
  }

  http::Response Send(const std::string& tenant, std::string method, std::string path,
                      std::string body = "",
                      std::vector<std::pair<std::string, std::string>> query = {}) {
    query.emplace_back("tenant", tenant);
    return world_->Call("system", MakeRequest(std::move(method), std::move(path), std::move(body),
                                              std::move(query)));
  }

  std::string NewTenant() {
    const std::string slug = fmt::format("lineage-{}", ++tenants_);
    const auto made = Send("default", "POST", "/v1/tenants",
                           fmt::format(R"({{"name":"{0}","slug":"{0}"}})", slug));
    EXPECT_EQ(made.status, 201) << made.body;
    return slug;
  }

  json::array Rows(const std::string& tenant, const std::string& table) {
    json::array rows;
    std::string token;
    do {
      const auto answer =
          Send(tenant, "GET", "/v1/" + table, "", {{"page_size", "1000"}, {"page_token", token}});
      EXPECT_EQ(answer.status, 200) << answer.body;
      const auto page = ParseJson(answer.body);
      if (!page) break;
      for (const json::value& row : page->at("items").as_array()) rows.push_back(row);
      const json::value* next = page->as_object().if_contains("next_page_token");
      token = next != nullptr && next->is_string() ? std::string(next->as_string()) : "";
    } while (!token.empty());
    return rows;
  }

  // All that events may change, by names instead of ids, sorted.
  std::string Picture(const std::string& tenant) {
    std::map<std::string, std::string> names;
    std::set<std::string> lines;
    const auto pick = [](const json::value& row, std::vector<std::string_view> fields) {
      json::object picked;
      for (const std::string_view field : fields) picked[field] = row.at(field);
      return picked;
    };
    for (const json::value& row : Rows(tenant, "assets")) {
      names[std::string(row.at("id").as_string())] = row.at("qualified_name").as_string();
      lines.insert("asset " + CanonicalJson(pick(row, {"type", "name", "qualified_name",
                                                       "description", "metadata"})));
    }
    for (const json::value& row : Rows(tenant, "relationships")) {
      json::object edge = pick(row, {"type", "metadata"});
      edge["from"] = names[std::string(row.at("source_asset_id").as_string())];
      edge["to"] = names[std::string(row.at("target_asset_id").as_string())];
      lines.insert("edge " + CanonicalJson(edge));
    }
    std::map<std::string, std::string> tags;
    for (const json::value& row : Rows(tenant, "tags")) {
      tags[std::string(row.at("id").as_string())] = row.at("name").as_string();
    }
    for (const json::value& row : Rows(tenant, "asset_tags")) {
      lines.insert(fmt::format("tag {} {}", names[std::string(row.at("asset_id").as_string())],
                               tags[std::string(row.at("tag_id").as_string())]));
    }
    for (const json::value& row : Rows(tenant, "schemas")) {
      json::object column = pick(row, {"name", "type", "order", "metadata"});
      column["asset"] = names[std::string(row.at("asset_id").as_string())];
      lines.insert("column " + CanonicalJson(column));
    }
    for (const json::value& row : Rows(tenant, "workflow_executions")) {
      lines.insert("run " +
                   CanonicalJson(pick(
                       row, {"correlation_id", "workflow_type", "current_state", "started_at",
                             "completed_at", "execution_time_ms", "error_message", "metadata"})));
    }
    std::string picture;
    for (const std::string& line : lines) picture += line + "\n";
    return picture;
  }

  // "job dataset" of all relationships of a kind.
  std::set<std::string> Edges(const std::string& tenant, std::string_view kind) {
    std::map<std::string, std::string> names;
    for (const json::value& row : Rows(tenant, "assets")) {
      names[std::string(row.at("id").as_string())] = row.at("name").as_string();
    }
    std::set<std::string> edges;
    for (const json::value& row : Rows(tenant, "relationships")) {
      if (row.at("type").as_string() != kind) continue;
      edges.insert(names[std::string(row.at("source_asset_id").as_string())] + " " +
                   names[std::string(row.at("target_asset_id").as_string())]);
    }
    return edges;
  }

  std::unique_ptr<NodeWorld> world_;
  int tenants_ = 0;
};

std::string RunEvent(std::string_view type, std::string_view time, int run, std::string_view rest,
                     std::string_view run_facets = "{}") {
  return fmt::format(
      R"({{"eventType":"{}","eventTime":"2026-11-21T{}","producer":"https://example.com/{}",)"
      R"("run":{{"runId":"0193480a-0000-7000-8000-00000000000{}","facets":{}}},{}}})",
      type, time, run, run, run_facets, rest);
}

std::string Dataset(std::string_view name, std::string_view facets = "{}",
                    std::string_view more = "") {
  return fmt::format(R"({{"namespace":"postgres://db:5432","name":"{}","facets":{}{}}})", name,
                     facets, more);
}

constexpr std::string_view kJob = R"("job":{"namespace":"nightly","name":"orders","facets":{}})";
constexpr std::string_view kTwoColumns =
    R"({"schema":{"fields":[{"name":"id","type":"int"},{"name":"total","type":"numeric"}]}})";

// Facets that compete, ties, a retry, a deleted facet, column lineage that changes its inputs.
std::vector<std::string> Events() {
  const auto lineage = [](std::string_view from, std::string_view column) {
    return fmt::format(R"({{"columnLineage":{{"fields":{{"total":{{"inputFields":[{{)"
                       R"("namespace":"postgres://db:5432","name":"{}","field":"{}",)"
                       R"("transformations":[{{"type":"DIRECT","subtype":"IDENTITY"}}]}}]}}}}}}}})",
                       from, column);
  };
  const std::string job(kJob);
  const std::string raw = "\"inputs\":[" + Dataset("raw") + "]";
  return {
      RunEvent("START", "08:00:00Z", 1, job + "," + raw),
      RunEvent("RUNNING", "08:00:30.5Z", 1, job, R"({"progress":{"percent":50}})"),
      RunEvent("COMPLETE", "08:01:00Z", 1,
               job + ",\"outputs\":[" + Dataset("mart", kTwoColumns, R"(,"outputFacets":{
                   "outputStatistics":{"rowCount":7}})") +
                   "]"),
      RunEvent("OTHER", "08:02:00Z", 1, job, R"({"progress":{"percent":100}})"),
      // A retry of a run that failed, and one that nobody saw begin.
      RunEvent("START", "09:00:00Z", 2, job),
      RunEvent("FAIL", "09:00:10Z", 2, job, R"({"errorMessage":{"message":"out of disk"}})"),
      RunEvent("START", "09:05:00Z", 2, job),
      RunEvent("COMPLETE", "09:06:00Z", 2, job),
      RunEvent("ABORT", "10:00:00Z", 3,
               job + ",\"outputs\":[" + Dataset("mart", lineage("raw", "amount")) + "]",
               R"({"parent":{"job":{"namespace":"nightly","name":"all"},"run":{"runId":"p"}}})"),
      // The same instant: decided by what is said.
      RunEvent("START", "11:00:00Z", 4, job),
      RunEvent("COMPLETE", "11:00:00Z", 4, job),
      RunEvent("OTHER", "11:30:00Z", 5,
               job + ",\"outputs\":[" + Dataset("mart", lineage("other", "sum")) + "]"),
      // Runs that read and write other things than those before, one said in pieces, one that says
      // nothing of datasets, one that never ends.
      RunEvent("START", "12:00:00Z", 6, job + ",\"inputs\":[" + Dataset("second") + "]"),
      RunEvent("COMPLETE", "12:10:00Z", 6,
               job + ",\"outputs\":[" + Dataset("mart") + "," + Dataset("report") + "]"),
      RunEvent("START", "12:05:00Z", 7, job + "," + raw),
      RunEvent("START", "13:00:00Z", 8,
               job + ",\"inputs\":[" + Dataset("third") + "," + Dataset("second") + "]"),
      RunEvent("COMPLETE", "13:10:00Z", 8, job + ",\"outputs\":[" + Dataset("mart") + "]"),
      RunEvent("COMPLETE", "13:20:00Z", 9, job),
      RunEvent("RUNNING", "13:05:00Z", 7, job + ",\"inputs\":[" + Dataset("fourth") + "]"),
      RunEvent("RUNNING", "13:15:00Z", 7, job + ",\"inputs\":[" + Dataset("fifth") + "]"),
      R"({"eventTime":"2026-11-21T06:00:00","producer":"p","job":{"namespace":"nightly",
          "name":"orders"},"inputs":[)" +
          Dataset("planned") + "]}",
      R"({"eventTime":"2026-11-21T06:00:00","producer":"p","job":{"namespace":"nightly",
          "name":"plan"},"inputs":[)" +
          Dataset("planned") + R"(],"outputs":[)" + Dataset("drawn") + "]}",
      R"({"eventTime":"2026-11-21T06:30:00","producer":"p","job":{"namespace":"nightly",
          "name":"plan","facets":{"tags":{"tags":[{"key":"a","value":"true"},
          {"key":"b","value":"2"}]}}},"inputs":[)" +
          Dataset("raw") + "]}",
      R"({"eventTime":"2026-11-21T06:20:00","producer":"p","job":{"namespace":"nightly",
          "name":"plan","facets":{"tags":{"tags":[{"key":"c","value":"true"}]}}}})",
      R"({"eventTime":"2026-11-21T08:30:00","producer":"p","dataset":)" +
          Dataset("mart", R"({"schema":{"fields":[{"name":"id","type":"bigint"}]},
                              "documentation":{"description":"Orders"},
                              "datasetType":{"datasetType":"VIEW"}})") +
          "}",
      R"({"eventTime":"2026-11-21T08:30:00","producer":"p","dataset":)" +
          Dataset("mart", R"({"documentation":{"description":"Orders, really"}})") + "}",
      R"({"eventTime":"2026-11-21T08:40:00","producer":"p","dataset":)" +
          Dataset("mart", R"({"datasetType":{"_deleted":true},"ownership":{"owners":[]}})") + "}",
      R"({"eventTime":"2026-11-21T07:00:00","producer":"p","job":{"namespace":"nightly",
          "name":"orders","facets":{"sql":{"query":"SELECT 1","gone":null}}}})",
  };
}

TEST_F(OpenLineage, AnyOrderComesToTheSameRows) {
  const std::vector<std::string> events = Events();
  std::string expected;
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::string> order = events;
    if (seed > 0) std::shuffle(order.begin(), order.end(), random);
    // Some come again, somewhere later.
    for (std::size_t i = 0; seed > 1 && i < 5; ++i) {
      const std::size_t which = random() % order.size();
      const std::string again = order[which];
      order.insert(
          order.begin() + static_cast<std::ptrdiff_t>(which + random() % (order.size() - which)),
          again);
    }
    const std::string tenant = NewTenant();
    for (std::size_t from = 0; from < order.size();) {
      const std::size_t count = seed % 3 == 0 ? 1 : 1 + random() % 6;
      const std::size_t to = std::min(order.size(), from + count);
      if (to - from == 1) {
        const auto answer = Send(tenant, "POST", "/api/v1/lineage", order[from]);
        ASSERT_EQ(answer.status, 201) << answer.body << order[from];
      } else {
        std::string batch;
        for (std::size_t i = from; i < to; ++i) batch += (batch.empty() ? "" : ",") + order[i];
        const auto answer = Send(tenant, "POST", "/api/v1/lineage/batch", "[" + batch + "]");
        ASSERT_EQ(answer.status, 200) << answer.body;
      }
      from = to;
    }
    const std::string picture = Picture(tenant);
    if (seed == 0) {
      expected = picture;
      EXPECT_NE(expected.find("\"description\":\"Orders"), std::string::npos) << expected;
      EXPECT_EQ(Edges(tenant, "USES"), (std::set<std::string>{"orders second", "orders third",
                                                              "orders fifth", "plan raw"}));
      EXPECT_EQ(Edges(tenant, "PRODUCES"), std::set<std::string>{"orders mart"});
      EXPECT_NE(expected.find("tag job:nightly/plan b:2"), std::string::npos) << expected;
      EXPECT_EQ(expected.find("tag job:nightly/plan c"), std::string::npos) << expected;
    }
    ASSERT_EQ(picture, expected) << "seed " << seed;
  }
}

TEST_F(OpenLineage, RepeatedEventsWriteNoLogRow) {
  const std::string tenant = NewTenant();
  for (const std::string& event : Events()) Send(tenant, "POST", "/api/v1/lineage", event);
  ASSERT_TRUE(world_->NewLogRows());
  for (const std::string& event : Events()) {
    EXPECT_EQ(Send(tenant, "POST", "/api/v1/lineage", event).status, 201);
  }
  const auto rows = world_->NewLogRows();
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->empty()) << json::serialize(*rows);
}

TEST_F(OpenLineage, TakesTenThousandColumnsAndRefusesMore) {
  const std::string tenant = NewTenant();
  const auto event = [](std::size_t count, std::string_view time) {
    std::string fields;
    for (std::size_t i = 0; i < count; ++i) {
      fields += fmt::format(R"({}{{"name":"c{}","type":"int"}})", i == 0 ? "" : ",", i);
    }
    return fmt::format(R"({{"eventTime":"{}","producer":"p","dataset":)", time) +
           Dataset("wide", R"({"schema":{"fields":[)" + fields + "]}}") + "}";
  };
  EXPECT_EQ(Send(tenant, "POST", "/api/v1/lineage", event(10000, "2026-11-21T08:00:00")).status,
            201);
  EXPECT_EQ(Rows(tenant, "schemas").size(), 10000u);
  const auto refused = Send(tenant, "POST", "/api/v1/lineage", event(10001, "2026-11-21T09:00:00"));
  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_NE(refused.body.find("dataset.facets.schema.fields"), std::string::npos) << refused.body;
  // A schema that shrinks takes its columns with it.
  EXPECT_EQ(Send(tenant, "POST", "/api/v1/lineage", event(2, "2026-11-21T10:00:00")).status, 201);
  EXPECT_EQ(Rows(tenant, "schemas").size(), 2u);
}

TEST_F(OpenLineage, OneBadEventOfABatchLeavesTheOthers) {
  const std::string tenant = NewTenant();
  const auto answer = Send(
      tenant, "POST", "/api/v1/lineage/batch",
      R"([{"eventTime":"2026-11-21T08:00:00","producer":"p","job":{"namespace":"n","name":"a"}},
          {"eventTime":"never","producer":"p","job":{"namespace":"n","name":"b"}}, 7,
          {"eventTime":"2026-11-21T08:00:00","producer":"p","job":{"namespace":"n","name":"c"}}])");
  EXPECT_EQ(answer.status, 207) << answer.body;
  const auto body = ParseJson(answer.body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->at("status").as_string(), "partial_success");
  EXPECT_EQ(body->at("summary").at("successful").to_number<int>(), 2);
  EXPECT_EQ(body->at("failed_events").at(0).at("index").to_number<int>(), 1);
  EXPECT_EQ(body->at("failed_events").at(1).at("index").to_number<int>(), 2);
  EXPECT_EQ(Rows(tenant, "assets").size(), 2u);
}

TEST_F(OpenLineage, AQuotaRefusesTheEventAndNotItsNeighbours) {
  const std::string tenant = NewTenant();
  const auto listed = Send(tenant, "GET", "/v1/tenants");
  const std::string id(ParseJson(listed.body)->at("items").at(0).at("id").as_string());
  ASSERT_EQ(
      Send(tenant, "PATCH", "/v1/tenants/" + id, R"({"config":{"quotas":{"assets":2}}})").status,
      200);
  const auto answer = Send(
      tenant, "POST", "/api/v1/lineage/batch",
      R"([{"eventTime":"2026-11-21T08:00:00","producer":"p","job":{"namespace":"n","name":"a"}},
          {"eventTime":"2026-11-21T08:00:00","producer":"p","job":{"namespace":"n","name":"b"},
           "inputs":[{"namespace":"n","name":"x"},{"namespace":"n","name":"y"}]},
          {"eventTime":"2026-11-21T08:00:00","producer":"p","job":{"namespace":"n","name":"c"}}])");
  EXPECT_EQ(answer.status, 207) << answer.body;
  const auto body = ParseJson(answer.body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->at("failed_events").as_array().size(), 1u) << answer.body;
  EXPECT_EQ(body->at("failed_events").at(0).at("index").to_number<int>(), 1);
  EXPECT_EQ(body->at("failed_events").at(0).at("retriable").as_bool(), true);
}

// Every event of the folders that are events, gzip undone; templates are left out.
std::vector<std::pair<std::string, json::value>> CapturedEvents() {
  std::vector<std::pair<std::string, json::value>> events;
  const std::filesystem::path root =
      std::filesystem::path(TENON_SOURCE_DIR) / "../shared/data/openlineage";
  for (const char* folder : {"captured-spark", "client", "marquez"}) {
    if (!std::filesystem::exists(root / folder)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
      const std::string path = entry.path().string();
      const std::string name = entry.path().filename().string();
      if (name.find("template") != std::string::npos || name.starts_with("facets__") ||
          name.starts_with("mappers__")) {
        continue;
      }
      auto input = ingest::OpenFile(path);
      if (!input) continue;
      std::string text;
      std::array<char, 65536> piece{};
      for (auto read = (*input)->Read(piece); read && *read > 0; read = (*input)->Read(piece)) {
        text.append(piece.data(), *read);
      }
      auto document = ParseJson(text);
      if (!document) continue;
      if (document->is_array()) {
        for (const json::value& event : document->as_array()) events.emplace_back(name, event);
      } else {
        events.emplace_back(name, *std::move(document));
      }
    }
  }
  return events;
}

TEST_F(OpenLineage, TakesCapturedEvents) {
  const auto events = CapturedEvents();
  if (events.empty()) GTEST_SKIP() << "../shared/data/openlineage is not here";
  const std::string tenant = NewTenant();
  for (const auto& [name, event] : events) {
    const auto answer = Send(tenant, "POST", "/api/v1/lineage", json::serialize(event));
    EXPECT_EQ(answer.status, 201) << name << ": " << answer.body;
  }
  std::set<std::string> runs;
  std::set<std::string> datasets;
  for (const auto& [name, event] : events) {
    if (event.as_object().contains("run")) {
      runs.insert(std::string(event.at("run").at("runId").as_string()));
    }
    for (const char* side : {"inputs", "outputs"}) {
      const json::value* list = event.as_object().if_contains(side);
      if (list == nullptr || !list->is_array()) continue;
      for (const json::value& dataset : list->as_array()) {
        datasets.insert(
            openlineage::CanonicalSpace(std::string(dataset.at("namespace").as_string())) + "/" +
            std::string(dataset.at("name").as_string()));
      }
    }
  }
  EXPECT_EQ(Rows(tenant, "workflow_executions").size(), runs.size());
  std::set<std::string> stored;
  for (const json::value& row : Rows(tenant, "assets")) {
    const json::object& known = row.at("metadata").at("openlineage").as_object();
    stored.insert(std::string(known.at("namespace").as_string()) + "/" +
                  std::string(known.at("name").as_string()));
  }
  for (const std::string& dataset : datasets) EXPECT_TRUE(stored.contains(dataset)) << dataset;
}

}  // namespace
}  // namespace tenon::testing

#include "services/openlineage/event.h"

#include <gtest/gtest.h>

#include "services/openlineage/names.h"

namespace tenon::openlineage {
namespace {

Result<Event> DecodeText(std::string_view text) {
  auto document = ParseJson(text);
  if (!document) return Fail(document.error());
  return Decode(*document);
}

std::vector<std::string> PathsOf(const Error& error) {
  std::vector<std::string> paths;
  for (const FieldError& field : error.fields) paths.push_back(field.path);
  return paths;
}

constexpr std::string_view kRun = R"({"eventType": "START", "eventTime": "2026-11-21T08:50:00Z",
  "producer": "https://example.com/etl",
  "run": {"runId": "0193480a-0000-7000-8000-000000000001"},
  "job": {"namespace": "nightly", "name": "orders"}})";

TEST(OpenLineageTime, ReadsWhatClientsSend) {
  const auto same = ParseTime("2026-11-21T08:50:00.123456Z");
  for (const std::string_view text :
       {"2026-11-21T08:50:00.123456789Z", "2026-11-21T08:50:00.123456",
        "2026-11-21T09:50:00.123456+01:00", "2026-11-21T09:50:00.123456+0100",
        "2026-11-21T09:50:00.123456+01", "2026-11-21T09:50:00.123456+01:00[Europe/Berlin]",
        "2026-11-21 08:50:00.123456"}) {
    EXPECT_EQ(ParseEventTime(text), same) << text;
  }
  EXPECT_EQ(ParseEventTime("2026-11-21T08:50Z"), ParseTime("2026-11-21T08:50:00Z"));
  EXPECT_EQ(ParseEventTime("2026-11-21T08:50"), ParseTime("2026-11-21T08:50:00Z"));
  for (const std::string_view text : {"", "yesterday", "2026-11-21", "2026-13-01T00:00:00Z",
                                      "2026-11-21T25:00:00Z", "T", "2026-11-21T08:50:00Zx"}) {
    EXPECT_FALSE(ParseEventTime(text)) << text;
  }
}

TEST(OpenLineageEvent, NamesAllThatIsMissing) {
  const auto empty = DecodeText("{}");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, Code::kInvalidArgument);
  EXPECT_EQ(PathsOf(empty.error()),
            (std::vector<std::string>{"eventTime", "producer", "run", "job", "dataset"}));

  const auto partial = DecodeText(
      R"({"eventTime": "soon", "eventType": "BEGIN", "producer": 7, "run": {}, "job": {"name": ""},
          "inputs": [{"namespace": "a"}, 3], "outputs": {}})");
  ASSERT_FALSE(partial);
  EXPECT_EQ(
      PathsOf(partial.error()),
      (std::vector<std::string>{"eventTime", "producer", "eventType", "run.runId", "job.namespace",
                                "job.name", "inputs[0].name", "inputs[1]", "outputs"}));
  // The schema says which kind it should have been.
  const auto said = DecodeText(
      R"({"eventTime": "2026-11-21T08:50:00Z", "producer": "p",
          "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"})");
  ASSERT_FALSE(said);
  EXPECT_EQ(PathsOf(said.error()), (std::vector<std::string>{"run", "job"}));
}

TEST(OpenLineageEvent, TellsTheThreeKindsApart) {
  const auto run = DecodeText(kRun);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_TRUE(run->run && run->job && !run->dataset);
  EXPECT_EQ(run->state, RunState::kStart);
  const auto job = DecodeText(R"({"eventTime": "2026-11-21T08:50:00", "producer": "p",
                                  "job": {"namespace": "n", "name": "j"}})");
  ASSERT_TRUE(job);
  EXPECT_TRUE(!job->run && job->job);
  const auto dataset = DecodeText(R"({"eventTime": "2026-11-21T08:50:00", "producer": "p",
                                      "dataset": {"namespace": "n", "name": "d"}})");
  ASSERT_TRUE(dataset);
  EXPECT_TRUE(dataset->dataset && !dataset->job);
}

TEST(OpenLineageEvent, GivesARunWithoutAUuidAlwaysTheSameOne) {
  std::string text(kRun);
  text.replace(text.find("0193480a"), 36, "scheduled__2026-11-21");
  const auto one = DecodeText(text), two = DecodeText(text);
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->run->id, two->run->id);
  EXPECT_FALSE(one->run->id.IsNil());
  EXPECT_EQ(one->run->text_id, "scheduled__2026-11-21");
}

TEST(OpenLineageEvent, BoundsColumnsAndFacets) {
  const auto with_columns = [](std::size_t count) {
    std::string fields;
    for (std::size_t i = 0; i < count; ++i) {
      fields += (i == 0 ? "" : ",") + ("{\"name\":\"c" + std::to_string(i) + "\"}");
    }
    return DecodeText(R"({"eventTime":"2026-11-21T08:50:00Z","producer":"p","dataset":{
        "namespace":"n","name":"d","facets":{"schema":{"fields":[)" +
                      fields + "]}}}}");
  };
  EXPECT_TRUE(with_columns(kColumnsMax));
  const auto many = with_columns(kColumnsMax + 1);
  ASSERT_FALSE(many);
  EXPECT_EQ(PathsOf(many.error()), std::vector<std::string>{"dataset.facets.schema.fields"});

  const auto large = DecodeText(R"({"eventTime":"2026-11-21T08:50:00Z","producer":"p","dataset":{
      "namespace":"n","name":"d","facets":{"plan":{"text":")" +
                                std::string(kFacetBytesMax, 'x') + "\"}}}}");
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Code::kTooLarge);

  const auto name = DecodeText(R"({"eventTime":"2026-11-21T08:50:00Z","producer":"p","dataset":{
      "namespace":"n","name":")" +
                               std::string(100000, 'x') + "\"}}");
  ASSERT_FALSE(name);
  EXPECT_EQ(PathsOf(name.error()), std::vector<std::string>{"dataset.name"});
}

TEST(OpenLineageColumns, FlattensAndKeepsEachNameOnce) {
  const auto schema = ParseJson(R"({"fields": [
      {"name": "id", "type": "int"}, {"name": "address", "type": "struct", "fields": [
        {"name": "city", "type": "text"}]}, {"name": "id", "type": "bigint"}, {"type": "lost"}, 5]})");
  const std::vector<Column> columns = ColumnsOf(schema->as_object());
  ASSERT_EQ(columns.size(), 3u);
  EXPECT_EQ(columns[0].name, "id");
  EXPECT_EQ(columns[0].type, "bigint");
  EXPECT_EQ(columns[2].name, "address.city");
}

TEST(OpenLineageColumns, ReadsLineageOfBothAges) {
  const auto facet = ParseJson(R"({"fields": {
      "total": {"inputFields": [
        {"namespace": "db", "name": "orders", "field": "amount",
         "transformations": [{"type": "DIRECT", "subtype": "AGGREGATION"},
                             {"type": "INDIRECT", "subtype": "FILTER"}]}]},
      "name": {"inputFields": [{"namespace": "db", "name": "people", "field": "name"}],
               "transformationType": "MASKED"}},
      "dataset": [{"namespace": "db", "name": "people", "field": "country",
                   "transformations": [{"type": "INDIRECT", "subtype": "FILTER"}]}]})");
  const std::vector<Feeds> feeds = FeedsOf(facet->as_object());
  ASSERT_EQ(feeds.size(), 2u);
  EXPECT_EQ(feeds[0].input.name, "orders");
  EXPECT_EQ(feeds[0].columns, (std::vector<ColumnFeed>{{"amount", "total", "DIRECT", "AGGREGATION"},
                                                       {"amount", "total", "INDIRECT", "FILTER"}}));
  EXPECT_EQ(feeds[1].columns, (std::vector<ColumnFeed>{{"country", "*", "INDIRECT", "FILTER"},
                                                       {"name", "name", "DIRECT", "MASKED"}}));
}

TEST(OpenLineageColumns, ReadsTheLineageFacet) {
  const auto facet = ParseJson(R"({"entries": [
      {"type": "JOB", "inputs": [{"namespace": "db", "name": "orders", "type": "DATASET"}]},
      {"type": "DATASET", "namespace": "db", "name": "mart",
       "inputs": [{"type": "JOB"}],
       "fields": {"id": {"inputs": [{"namespace": "db", "name": "orders", "type": "DATASET"}]}}},
      {"type": "DATASET", "name": "nameless"}, 7]})");
  const Job job{{"nightly", "load"}, {}};
  const std::vector<Link> links = LinksOf(facet->as_object(), nullptr, &job);
  const LinkEnd orders{{"db", "orders"}, false}, mart{{"db", "mart"}, false}, load{job.name, true};
  EXPECT_EQ(links, (std::vector<Link>{{orders, mart}, {orders, load}, {load, mart}}));
}

TEST(OpenLineageNames, ShortensWithoutMixingUp) {
  EXPECT_EQ(Shortened("short", 255), "short");
  const std::string long_one = std::string(300, 'a') + "1", other = std::string(300, 'a') + "2";
  EXPECT_EQ(Shortened(long_one, 255).size(), 255u);
  EXPECT_NE(Shortened(long_one, 255), Shortened(other, 255));
  std::string wide;
  for (int i = 0; i < 300; ++i) wide += "\xf0\x9f\x90\x98";
  EXPECT_EQ(Shortened(wide, 100).substr(0, 8), "\xf0\x9f\x90\x98\xf0\x9f\x90\x98");
}

TEST(OpenLineageNames, PatchesFromOneDocumentToAnother) {
  const auto from = ParseJson(R"({"a": 1, "b": {"c": 2, "d": [1]}, "e": 3})");
  const auto to = ParseJson(R"({"a": 1, "b": {"c": 4, "f": {"g": true}}, "h": []})");
  json::value patched = *from;
  MergePatch(patched, json::value(PatchBetween(from->as_object(), to->as_object())));
  EXPECT_EQ(CanonicalJson(patched), CanonicalJson(*to));
}

TEST(Event, NamesOfOneServerHaveOneForm) {
  for (const char* same : {"postgres://db.example.com:5432", "postgres://db.example.com",
                           "postgresql://DB.example.com", "postgres://db.example.com/"}) {
    EXPECT_EQ(CanonicalSpace(same), "postgres://db.example.com:5432") << same;
    EXPECT_EQ(QualifiedName({same, "shop.public.orders"}, false),
              "postgres://db.example.com:5432/shop.public.orders");
    // A job's namespace is nobody's address.
    EXPECT_EQ(QualifiedName({same, "load"}, true), std::string("job:") + same + "/load");
  }
  EXPECT_EQ(CanonicalSpace("postgres://[::1]"), "postgres://[::1]:5432");
  EXPECT_EQ(CanonicalSpace("postgres://[::1]:5433"), "postgres://[::1]:5433");
  for (const char* kept : {"postgres://a:1,b:2", "postgres://u@db", "postgres://db/shop",
                           "postgres://", "bigquery", "s3://Bucket", "mysql://DB"}) {
    EXPECT_EQ(CanonicalSpace(kept), kept);
  }
}

TEST(Event, FarAheadIsRefusedAndNamed) {
  const auto document = ParseJson(R"({"eventTime":"2026-11-23T00:00:01Z","producer":"p",
      "job":{"namespace":"n","name":"j"}})");
  ASSERT_TRUE(document);
  EXPECT_TRUE(Decode(*document, *ParseTime("2026-11-23T00:00:01Z")));
  const auto refused = Decode(*document, *ParseTime("2026-11-23T00:00:00Z"));
  ASSERT_FALSE(refused.has_value());
  ASSERT_EQ(refused.error().fields.size(), 1u);
  EXPECT_EQ(refused.error().fields[0].path, "eventTime");
  EXPECT_EQ(refused.error().fields[0].code, "range");
}

}  // namespace
}  // namespace tenon::openlineage

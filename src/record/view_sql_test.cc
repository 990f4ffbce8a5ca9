#include "record/view_sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "record/decode.h"
#include "record/test_tables.h"

namespace tenon {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kModel = R"(model views "For tests"
entity Run in runs {
  id     uuid key
  name   text
  cost   decimal(10,2)?
  state  enum(OPEN, DONE)
  at     time
  config json?
  many tags -> Tag through RunTag
}
entity Step in steps {
  id      uuid key
  run_id  uuid -> Run as steps
  place   int
  label   text?
  done    bool?
  took    duration?
  price   decimal(6,2)?
  extra   json?
  gone_at time?
  soft delete by gone_at
}
entity Tag in tags { id uuid key
  word text
}
entity RunTag in run_tags { id uuid key
  run_id uuid -> Run
  tag_id uuid -> Tag
}
view run_steps(run uuid) of Run {
  where  id = run
  select name, steps { place, label, done, took, price, extra } order place desc, list(tags.word) as words
}
view summary(least int = 0, wanted text? = null) of Run {
  where  wanted is null or name = wanted
  group  state
  select state, count() as runs, sum(cost) as cost, count(where cost > 2) as dear, min(at) as first
  order  runs desc
}
view busiest(rows int = 2) of Run {
  select name, count(steps) as steps, sum(steps.took) as took, any(steps.done = true) as some
  order  steps desc
  limit  rows
}
view joined of Run {
  join   Step as s on s.run_id = id and s.place > 1
  group  name
  select name, count(distinct s.id) as later, max(s.took) as longest
  order  name
}
view both {
  of Run { select "runs" as what, count() as n, sum(cost) as worth }
  of Step { select "steps" as what, count() as n, sum(price) as worth }
}
)";

Uuid Id(int n) {
  Uuid id;
  id.bytes[15] = static_cast<std::uint8_t>(n);
  return id;
}

class ViewTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = ModelOf(kModel);
    ASSERT_NE(model_, nullptr);
    tables_ = std::make_unique<TestTables>(*model_);
    Add("Run", 1, R"({"name":"a","cost":"1.50","state":"OPEN","at":"2026-01-01T00:00:00Z"})");
    Add("Run", 2, R"({"name":"b","cost":"2.75","state":"OPEN","at":"2026-01-02T00:00:00Z"})");
    Add("Run", 3, R"({"name":"c","state":"DONE","at":"2026-01-03T00:00:00Z"})");
    Add("Run", 9, R"({"name":"other","cost":"100.00","state":"OPEN","at":"2025-01-01T00:00:00Z"})",
        8);
    Add("Step", 1, R"({"run_id":1,"place":1,"label":"x \"y\"","done":true,"took":"PT5S",
                       "price":"0.50","extra":{"k":[1,null]}})");
    Add("Step", 2, R"({"run_id":1,"place":2,"done":false,"took":"PT1M"})");
    Add("Step", 3, R"({"run_id":2,"place":2,"price":"7.25"})");
    Add("Step", 4, R"({"run_id":1,"place":3,"gone_at":"2026-01-01T00:00:00Z"})");
    Add("Step", 5, R"({"run_id":1,"place":9})", 8);
    Add("Tag", 1, R"({"word":"red"})");
    Add("Tag", 2, R"({"word":"blue"})");
    Add("RunTag", 1, R"({"run_id":1,"tag_id":1})");
    Add("RunTag", 2, R"({"run_id":1,"tag_id":2})");
  }

  void Add(std::string_view entity_name, int id, std::string_view body, int tenant = 7) {
    const model::Entity& entity = *model_->FindEntity(entity_name);
    json::object fields = ParseJson(body)->as_object();
    fields["id"] = Id(id).ToString();
    fields["tenant_id"] = Id(tenant).ToString();
    for (const char* reference : {"run_id", "tag_id"}) {
      if (json::value* at = fields.if_contains(reference)) {
        *at = Id(static_cast<int>(at->as_int64())).ToString();
      }
    }
    DecodeOptions options;
    options.allow_automatic = true;
    auto decoded = DecodeCreate(entity, fields, options);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
    tables_->Insert(decoded->record);
  }

  // Rows as JSON text, one a line.
  std::string Read(std::string_view name, ViewArguments arguments, bool across = false) {
    const model::View& view = *model_->FindView(name);
    if (!across) arguments.tenant = Id(7);
    SqlBuilder sql(Dialect::kSqlite);
    const auto done = AppendView(view, arguments, sql);
    if (!done) return "error: " + done.error().message;
    const auto types = ViewColumnTypes(view);
    const auto rows = tables_->Query(sql.text(), sql.parameters(), types);
    if (!rows) return "error: " + rows.error().message + "\n" + sql.text();
    std::string out;
    for (const auto& row : *rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0) out += ' ';
        out += Describe(row[i]);
      }
      out += '\n';
    }
    return out;
  }

  std::shared_ptr<const model::Model> model_;
  std::unique_ptr<TestTables> tables_;
};

TEST_F(ViewTest, NestsRelatedRowsInOrder) {
  EXPECT_EQ(Read("run_steps", {.parameters = {{"run", Id(1)}}, .tenant = {}}),
            "\"a\" "
            R"([{"done":false,"extra":null,"label":null,"place":2,"price":null,"took":"PT1M"},)"
            R"({"done":true,"extra":{"k":[1,null]},"label":"x \"y\"","place":1,"price":"0.50",)"
            R"("took":"PT5S"}] ["blue","red"])"
            "\n");
}

TEST_F(ViewTest, KeepsTenantsApart) {
  EXPECT_EQ(Read("run_steps", {.parameters = {{"run", Id(9)}}, .tenant = {}}), "");
  EXPECT_EQ(Read("run_steps", {.parameters = {{"run", Id(9)}}, .tenant = {}}, true),
            "\"other\" [] []\n");
}

TEST_F(ViewTest, GroupsAndCountsWithConditions) {
  EXPECT_EQ(Read("summary", {}),
            "\"OPEN\" 2 4.25 1 2026-01-01T00:00:00.000000Z\n"
            "\"DONE\" 1 null 0 2026-01-03T00:00:00.000000Z\n");
  EXPECT_EQ(Read("summary", {.parameters = {{"wanted", Value("b")}}, .tenant = {}}),
            "\"OPEN\" 1 2.75 1 2026-01-02T00:00:00.000000Z\n");
}

TEST_F(ViewTest, AggregatesOverRelationsAndLimits) {
  EXPECT_EQ(Read("busiest", {}), "\"a\" 2 PT1M5S true\n\"b\" 1 null false\n");
  EXPECT_EQ(Read("busiest", {.parameters = {{"rows", Value(1)}}, .tenant = {}}),
            "\"a\" 2 PT1M5S true\n");
  EXPECT_THAT(Read("busiest", {.parameters = {{"rows", Value(0)}}, .tenant = {}}),
              HasSubstr("must be from 1 to 100000"));
}

TEST_F(ViewTest, JoinsAreLeftJoins) {
  EXPECT_EQ(Read("joined", {}), "\"a\" 1 PT1M\n\"b\" 1 null\n\"c\" 0 null\n");
}

TEST_F(ViewTest, UnitesBodies) {
  EXPECT_EQ(Read("both", {}), "\"runs\" 3 4.25\n\"steps\" 3 7.75\n");
}

TEST_F(ViewTest, RefusesUnknownAndMissingParameters) {
  EXPECT_THAT(Read("run_steps", {}), HasSubstr("'run' is required"));
  EXPECT_THAT(Read("joined", {.parameters = {{"x", Value(1)}}, .tenant = {}}),
              HasSubstr("no parameter 'x'"));
}

TEST(ShippedViews, EveryViewIsOneStatementThatSqliteTakes) {
  model::Sources sources;
  const std::filesystem::path folder = std::filesystem::path(TENON_SOURCE_DIR) / "models";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no folder " << folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path());
    sources.Add(entry.path().filename(),
                std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()));
  }
  const auto model = model::Check(sources);
  ASSERT_TRUE(model.has_value());
  TestTables tables(**model);
  int views = 0;
  for (const auto& view : (*model)->views) {
    ViewArguments arguments;
    arguments.tenant = Id(7);
    for (const model::ViewParameter& parameter : view->parameters) {
      if (!parameter.optional) arguments.parameters.emplace_back(parameter.name, Value());
    }
    for (const Dialect dialect : {Dialect::kSqlite, Dialect::kPostgres}) {
      SqlBuilder sql(dialect);
      const auto done = AppendView(*view, arguments, sql);
      ASSERT_TRUE(done.has_value()) << view->name << ": " << done.error().message;
      if (dialect == Dialect::kSqlite) {
        const auto rows = tables.Query(sql.text(), sql.parameters(), ViewColumnTypes(*view));
        ASSERT_TRUE(rows.has_value()) << view->name << ": " << rows.error().message << "\n"
                                      << sql.text();
      }
    }
    ++views;
  }
  EXPECT_GT(views, 30);
}

}  // namespace
}  // namespace tenon

#include "record/eval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/decode.h"
#include "record/test_tables.h"

namespace tenon {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kModel = R"(model eval "For tests"
entity Thing in things {
  id      uuid key
  n       int
  m       int?
  name    text
  note    text?
  at      time
  ends    time?
  tags    [text]
  canvas  json
  state   enum(OPEN, SHUT)
  parent_id uuid? -> Thing as children
}
)";

class EvalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = ModelOf(kModel);
    ASSERT_NE(model_, nullptr);
    thing_ = model_->FindEntity("Thing");
    now_ = Row(1, R"({"n":7,"name":"Ada","at":"2026-01-01T00:07:13Z","tags":["b","a"],
        "canvas":{"nodes":[{"id":"x"},{"id":"y"}],"edges":[{"source":"x","target":"y"}]},
        "state":"SHUT"})");
    old_ = Row(1, R"({"n":7,"name":"Ada","at":"2026-01-01T00:07:13Z","tags":[],"canvas":{},
        "state":"OPEN"})");
    first_ = Row(2, R"({"n":1,"name":"kid","at":"2026-01-01T00:00:00Z","tags":[],"canvas":{},
        "state":"OPEN","m":5})");
    second_ = Row(3, R"({"n":2,"name":"kid2","at":"2026-01-01T00:00:00Z","tags":[],"canvas":{},
        "state":"SHUT"})");
  }

  Record Row(int id, std::string_view body) {
    json::object fields = ParseJson(body)->as_object();
    Uuid key;
    key.bytes[15] = static_cast<std::uint8_t>(id);
    fields["id"] = key.ToString();
    auto decoded = DecodeCreate(*thing_, fields, {});
    EXPECT_TRUE(decoded.has_value()) << decoded.error().message;
    return decoded->record;
  }

  Result<Value> Try(std::string_view text, bool strict = false) {
    const auto expression =
        model::CheckExpression(*model_, *thing_, text, model::ExpressionUse::kInMemory);
    if (!expression) return std::unexpected(expression.error());
    EvalContext context;
    context.row = &now_;
    context.old = &old_;
    context.now = *ParseTime("2026-01-01T01:00:00Z");
    context.strict = strict;
    context.follow = [&](const model::Relation& relation, const Record&) {
      std::vector<Record> rows;
      if (relation.IsToMany()) rows = {first_, second_};
      return Result<std::vector<Record>>(std::move(rows));
    };
    return Evaluate(**expression, context);
  }

  std::string Eval(std::string_view text, bool strict = false) {
    const auto value = Try(text, strict);
    return value ? Describe(*value) : "error: " + value.error().message;
  }

  std::shared_ptr<const model::Model> model_;
  const model::Entity* thing_ = nullptr;
  Record now_, old_, first_, second_;
};

TEST_F(EvalTest, LogicHasThreeValues) {
  EXPECT_EQ(Eval("m > 1"), "null");
  EXPECT_EQ(Eval("m > 1 and n = 0"), "false");
  EXPECT_EQ(Eval("m > 1 or n = 7"), "true");
  EXPECT_EQ(Eval("not (m > 1)"), "null");
  EXPECT_EQ(Eval("m = null"), "true");
  EXPECT_EQ(Eval("m != 1"), "true");
  EXPECT_EQ(Eval("m = 1"), "false");
  EXPECT_EQ(Eval("m in (1, 2)"), "false");
  EXPECT_EQ(Eval("m not in (1, 2)"), "true");
}

TEST_F(EvalTest, StateChanges) {
  EXPECT_EQ(Eval("state becomes SHUT"), "true");
  EXPECT_EQ(Eval("state becomes OPEN"), "false");
  EXPECT_EQ(Eval("name becomes \"Ada\""), "false");
  EXPECT_EQ(Eval("old.state = OPEN"), "true");
}

TEST_F(EvalTest, FaultsAreNullOrErrors) {
  EXPECT_EQ(Eval("n / 0 = 1"), "false");
  EXPECT_EQ(Eval("n / 0 > 1"), "null");
  EXPECT_EQ(Eval("n * 9223372036854775807 > 0"), "null");
  EXPECT_EQ(Eval("n / 0 > 1", true), "error: division by zero");
  EXPECT_THAT(Eval("n * 9223372036854775807 > 0", true), HasSubstr("out of range"));
}

TEST_F(EvalTest, RelationsMeanAny) {
  EXPECT_EQ(Eval("children.name = \"kid2\""), "true");
  EXPECT_EQ(Eval("children.n > 5"), "false");
  EXPECT_EQ(Eval("children.m = null"), "true");
  EXPECT_EQ(Eval("any(children.n = 1 and children.state = SHUT)"), "false");
  EXPECT_EQ(Eval("all(children.n < n)"), "true");
  EXPECT_EQ(Eval("count(children) = 2 and sum(children.n) = 3 and max(children.m) = 5"), "true");
  EXPECT_EQ(Eval("parent.name = null"), "true");
}

TEST_F(EvalTest, EngineFunctions) {
  EXPECT_EQ(Eval("matches(name, \"^A.a$\")"), "true");
  EXPECT_EQ(Eval("matches(name, \"d\")"), "true");
  EXPECT_EQ(Eval("matches(name, concat(\"^\", \"A\"))"), "true");
  EXPECT_THAT(Eval("matches(name, concat(\"(\", \"\"))"), HasSubstr("RE2"));
  EXPECT_EQ(Eval("bucket(at, 5m) = \"2026-01-01T00:05:00Z\""), "true");
  EXPECT_EQ(Eval("millis(at - bucket(at, 5m)) = 133000"), "true");
  EXPECT_EQ(Eval("slug(\"Hello, Wörld!\") = \"hello-w-rld\""), "true");
  EXPECT_EQ(Eval("length(sha256(sort(tags), n)) = 64"), "true");
  EXPECT_EQ(Eval("canonical(sort(tags)) = \"[\\\"a\\\",\\\"b\\\"]\""), "true");
  // printf '["a","b"]\n7' | sha256sum
  EXPECT_EQ(Eval("sha256(sort(tags), n) = "
                 "\"a60a8f335dae8cb07c6eeecf07327ad145d12e9b76a0735f3b319288bea4d163\""),
            "true");
  EXPECT_EQ(Eval("uuid5(\"x\") = uuid5(\"x\") and uuid5(\"x\") != uuid5(\"y\")"), "true");
}

TEST_F(EvalTest, Canvases) {
  EXPECT_EQ(Eval("acyclic(canvas) and edges_join_nodes(canvas)"), "true");
  now_ = Row(1, R"({"n":1,"name":"a","at":"2026-01-01T00:00:00Z","tags":[],"state":"OPEN",
      "canvas":{"nodes":[{"id":"x"},{"id":"y"}],
                "edges":[{"source":"x","target":"y"},{"source":"y","target":"x"}]}})");
  EXPECT_EQ(Eval("acyclic(canvas)"), "false");
  now_ = Row(1, R"({"n":1,"name":"a","at":"2026-01-01T00:00:00Z","tags":[],"state":"OPEN",
      "canvas":{"nodes":[{"id":"x"}],"edges":[{"source":"x","target":"z"}]}})");
  EXPECT_EQ(Eval("edges_join_nodes(canvas)"), "false");
  EXPECT_EQ(Eval("canvas.nodes.0.id = \"x\""), "true");
}

TEST_F(EvalTest, ValuesHaveOneOrder) {
  EXPECT_EQ(CompareValues(Value(), Value(false)), std::strong_ordering::less);
  EXPECT_EQ(CompareValues(Value(1), Value(1.5)), std::strong_ordering::less);
  EXPECT_EQ(CompareValues(Value(std::int64_t{9007199254740993}), Value(9007199254740992.0)),
            std::strong_ordering::greater);
  EXPECT_EQ(CompareValues(Value(Decimal{150, 2}), Value(Decimal{15, 1})),
            std::strong_ordering::equal);
  EXPECT_EQ(CompareValues(Value("Z"), Value("a")), std::strong_ordering::less);
  EXPECT_EQ(CompareValues(Value(), Value()), std::strong_ordering::equal);
}

}  // namespace
}  // namespace tenon

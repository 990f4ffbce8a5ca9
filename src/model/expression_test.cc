// Filters and paths from outside, and what checked expressions look like.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/testing.h"

namespace tenon::model {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kModel = R"(
model test
shape Meta { size int  owner text? }
entity Run in runs {
  id uuid key
  name text(100)
  size int
  price decimal(10, 2)
  ratio float?
  state enum(PENDING, FAILED, "re-run")
  kind enum(name, other)
  flag bool = false
  started_at time
  wait duration?
  tags [text] = []
  meta json Meta = {"size": 1}
  data json = {}
  secret_hash text? hidden
  token secret?
  parent_id uuid? -> Run as children
}
)";

class ExpressionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string errors;
    model_ = testing::MustCheck(std::string(kModel), &errors);
    ASSERT_TRUE(model_) << errors;
    run_ = model_->FindEntity("Run");
  }

  // The filter as it is printed again, or the error's message.
  std::string Filter(std::string_view text) {
    const auto checked = CheckExpression(*model_, *run_, text, ExpressionUse::kFilter);
    return checked ? ToString(**checked) : checked.error().message;
  }

  // A false literal stands in for what does not check, so that a test can go on.
  ExpressionPtr Must(std::string_view text) {
    const auto checked = CheckExpression(*model_, *run_, text, ExpressionUse::kFilter);
    EXPECT_TRUE(checked) << checked.error().message;
    if (checked) return *checked;
    auto none = std::make_shared<Expression>();
    none->args.resize(2, std::make_shared<Expression>());
    return none;
  }

  std::shared_ptr<const Model> model_;
  const Entity* run_ = nullptr;
};

TEST_F(ExpressionTest, PrintsAsItReads) {
  for (const std::string_view text : {"state = FAILED",
                                      "state != \"re-run\"",
                                      "state in (PENDING, FAILED)",
                                      "size + 1 > 5 * 2",
                                      "(size + 1) * 2 > 5",
                                      "name like \"a%\"",
                                      "not name ilike \"a%\"",
                                      "ratio is null",
                                      "ratio is not null",
                                      "started_at > now() - 1h",
                                      "children.size > 5",
                                      "parent.name = \"x\" or size = 1 and flag",
                                      "(size = 1 or size = 2) and flag",
                                      "\"a\" in tags",
                                      "meta.size >= 3",
                                      "data.\"odd key\".0 = \"x\"",
                                      "count(children) > 1",
                                      "any(children.state = FAILED)",
                                      "lower(name) = \"x\"",
                                      "wait = 15m",
                                      "-size < 5",
                                      "size - (1 - 2) = 3",
                                      "coalesce(ratio, 1e0) > 5e-1"}) {
    const std::string once = Filter(text);
    EXPECT_EQ(once, Filter(once)) << text;
    if (text.find("1e0") == text.npos) {
      EXPECT_EQ(once, text);
    }
  }
}

TEST_F(ExpressionTest, SingleQuotesAndNewlines) {
  EXPECT_EQ(Filter("name = 'it''s'").find("expected"), 0u);
  EXPECT_EQ(Filter("name = 'a\\'b'"), "name = \"a'b\"");
  EXPECT_EQ(Filter("state\n=\nFAILED"), "state = FAILED");
}

TEST_F(ExpressionTest, TextBecomesWhatItIsComparedWith) {
  auto e = Must("started_at > \"2026-01-01T00:00:00Z\"");
  EXPECT_EQ(e->args[1]->type.kind, TypeKind::kTime);
  EXPECT_TRUE(e->args[1]->value.Is<Time>());
  e = Must("\"2026-01-01T00:00:00Z\" < started_at");
  EXPECT_TRUE(e->args[0]->value.Is<Time>());
  e = Must("id = '0190a1b2-0000-7000-8000-000000000000'");
  EXPECT_TRUE(e->args[1]->value.Is<Uuid>());
  e = Must("price > 5");
  EXPECT_TRUE(e->args[1]->value.Is<Decimal>());
  e = Must("ratio > 5");
  EXPECT_TRUE(e->args[1]->value.Is<double>());
  e = Must("FAILED = state");
  EXPECT_EQ(e->args[0]->type.kind, TypeKind::kEnum);
  EXPECT_THAT(Filter("started_at > 'yesterday'"), HasSubstr("is not a time"));
  EXPECT_THAT(Filter("id = 'x'"), HasSubstr("is not a UUID"));
}

TEST_F(ExpressionTest, JsonTakesTheTypeOfItsOtherSide) {
  auto e = Must("data.a.b = 5");
  EXPECT_EQ(e->args[0]->type.kind, TypeKind::kInt);
  EXPECT_EQ(e->args[0]->path.json_path, (std::vector<std::string>{"a", "b"}));
  e = Must("5.5 > data.a");
  EXPECT_EQ(e->args[1]->type.kind, TypeKind::kDecimal);
  e = Must("data.at > now()");
  EXPECT_EQ(e->args[0]->type.kind, TypeKind::kTime);
  e = Must("data.done");
  EXPECT_EQ(e->type.kind, TypeKind::kBool);
  e = Must("data.x in ('a', 'b')");
  EXPECT_EQ(e->args[0]->type.kind, TypeKind::kText);
  e = Must("meta.size > 5");  // the shape says so
  EXPECT_EQ(e->args[0]->type.kind, TypeKind::kInt);
  EXPECT_EQ(Filter("data = 5"), "data = 5");  // the whole document
  EXPECT_THAT(Filter("data < 5"), HasSubstr("has no order"));
}

TEST_F(ExpressionTest, AnEnumValueWinsOverAFieldOfItsName) {
  const auto e = Must("kind = name");
  EXPECT_EQ(e->args[1]->op, Op::kLiteral);
}

TEST_F(ExpressionTest, NullComparisons) {
  for (const std::string_view text : {"ratio = null", "ratio is null"}) {
    EXPECT_EQ(Filter(text), "ratio is null");
  }
  EXPECT_EQ(Filter("ratio != null"), "ratio is not null");
}

TEST_F(ExpressionTest, ChainsAreBalanced) {
  std::string text = "size = 0";
  for (int i = 1; i < 100; ++i) text += " or size = " + std::to_string(i);
  const auto e = Must(text);
  ASSERT_TRUE(e);
  int depth = 0;
  for (const Expression* at = e.get(); at->op == Op::kOr; at = at->args[0].get()) ++depth;
  EXPECT_LE(depth, 7);
  EXPECT_EQ(e->args.size(), 2u);
}

TEST_F(ExpressionTest, ErrorsPointAtTheirPlace) {
  const auto wrong =
      CheckExpression(*model_, *run_, "size = 1 and stat = FAILED", ExpressionUse::kFilter);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kInvalidArgument);
  EXPECT_EQ(wrong.error().details.at("offset").as_int64(), 13);
  EXPECT_EQ(wrong.error().message,
            "Run has no field 'stat'\n"
            "  1 | size = 1 and stat = FAILED\n"
            "    |              ^~~~ did you mean state?");
}

TEST_F(ExpressionTest, WhatAFilterMayNot) {
  EXPECT_THAT(Filter("matches(name, 'x')"), HasSubstr("engine's alone"));
  EXPECT_THAT(Filter("secret_hash = 'x'"), HasSubstr("has no field"));
  EXPECT_THAT(Filter("token = 'x'"), HasSubstr("sealed"));
  EXPECT_THAT(Filter("token is null"), HasSubstr("sealed"));
  EXPECT_THAT(Filter("old.size = 5"), HasSubstr("'old' cannot be used"));
  EXPECT_THAT(Filter("size becomes 5"), HasSubstr("'becomes' cannot be used"));
  EXPECT_THAT(Filter("count() > 5"), HasSubstr("no rows to aggregate"));
  EXPECT_THAT(Filter("size"), HasSubstr("expected a condition"));
  EXPECT_THAT(Filter("children"), HasSubstr("is a relation"));
  EXPECT_THAT(Filter("children.size + 1 = 2"), HasSubstr("leads to many rows"));
  EXPECT_THAT(Filter(""), HasSubstr("expected a value"));
  EXPECT_THAT(Filter("size = 1 size"), HasSubstr("expected an operator"));
  EXPECT_THAT(Filter("size = 99999999999999999999"), HasSubstr("64 bits"));
  EXPECT_THAT(Filter("size = 1; drop table runs"), HasSubstr("unexpected ';'"));
  EXPECT_THAT(Filter(std::string_view("size = 1\0", 9)), HasSubstr("NUL"));
  EXPECT_THAT(Filter("name = '\xff'"), HasSubstr("UTF-8"));
}

TEST_F(ExpressionTest, InMemoryAllowsTheEnginesFunctions) {
  EXPECT_TRUE(CheckExpression(*model_, *run_, "matches(name, '^a')", ExpressionUse::kInMemory));
}

TEST_F(ExpressionTest, APatternIsCheckedWhereItIsWritten) {
  const auto wrong = CheckExpression(*model_, *run_, "size = 1 and matches(name, 'a(b')",
                                     ExpressionUse::kInMemory);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message,
            "not a regular expression (RE2 syntax): missing ): a(b\n"
            "  1 | size = 1 and matches(name, 'a(b')\n"
            "    |                            ^~~~~");
}

TEST_F(ExpressionTest, SizeAndDepthAreBounded) {
  EXPECT_THAT(Filter(std::string(9000, ' ') + "size = 1"), HasSubstr("at most 8192 bytes"));
  EXPECT_THAT(Filter(std::string(4000, '(') + "size = 1"), HasSubstr("levels deep"));
  EXPECT_THAT(Filter("size = " + std::string(4000, '-') + "1"), HasSubstr("levels deep"));
  std::string nots;
  for (int i = 0; i < 1000; ++i) nots += "not ";
  EXPECT_THAT(Filter(nots + "flag"), HasSubstr("levels deep"));
  std::string sum = "size";
  for (int i = 0; i < 200; ++i) sum += "+size";
  EXPECT_THAT(Filter(sum + " = 1"), HasSubstr("levels deep"));
  std::string many = "size = 1";
  for (int i = 0; i < 600; ++i) many += " or flag";
  EXPECT_THAT(Filter(many), HasSubstr("too large"));
}

TEST_F(ExpressionTest, Paths) {
  auto path = CheckPath(*model_, *run_, "parent.name");
  ASSERT_TRUE(path);
  EXPECT_EQ((*path)->path.hops.size(), 1u);
  EXPECT_EQ(ToString(**path), "parent.name");
  path = CheckPath(*model_, *run_, "parent_id.name");  // the column's own name leads there too
  ASSERT_TRUE(path);
  EXPECT_EQ(ToString(**path), "parent.name");
  EXPECT_TRUE(CheckPath(*model_, *run_, "meta.owner"));
  EXPECT_FALSE(CheckPath(*model_, *run_, "meta.nothing"));
  EXPECT_FALSE(CheckPath(*model_, *run_, "children.name"));
  EXPECT_FALSE(CheckPath(*model_, *run_, "secret_hash"));
  EXPECT_FALSE(CheckPath(*model_, *run_, "token"));
  EXPECT_FALSE(CheckPath(*model_, *run_, "name + 1"));
  EXPECT_FALSE(CheckPath(*model_, *run_, "name desc"));
}

}  // namespace
}  // namespace tenon::model

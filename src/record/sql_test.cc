#include "record/sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/test_tables.h"

namespace tenon {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kModel = R"(model sql "For tests"
entity Owner in owners { id uuid key
  name text
  city text?
}
entity Asset in assets {
  id       uuid key
  owner_id uuid? -> Owner as assets
  name     text
  note     text?
  size     int
  big      int?
  price    decimal(10,2)
  ttl      duration
  state    enum(ON, OFF)
  flag     bool
  at       time
  meta     json?
  roles    [text]
  place    ip?
  properties json?
  soft delete by properties.tombstone
  many tags -> Tag through AssetTag
  index (state, at)
  index (note)
}
entity Tag in tags { id uuid key
  word text
}
entity AssetTag in asset_tags { id uuid key
  asset_id uuid -> Asset
  tag_id   uuid -> Tag
}
)";

class SqlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = ModelOf(kModel);
    ASSERT_NE(model_, nullptr);
    asset_ = model_->FindEntity("Asset");
  }

  SqlBuilder Compile(std::string_view filter, Dialect dialect) {
    SqlBuilder sql(dialect);
    auto expression =
        model::CheckExpression(*model_, *asset_, filter, model::ExpressionUse::kFilter);
    if (!expression) {
      sql << "refused: " << expression.error().message;
      return sql;
    }
    SqlContext context;
    context.alias = "t";
    context.now = *ParseTime("2026-01-01T01:00:00Z");
    const auto done = AppendExpression(**expression, context, sql);
    if (!done) sql << "error: " << done.error().message;
    return sql;
  }
  std::string Lite(std::string_view filter) { return Compile(filter, Dialect::kSqlite).text(); }
  std::string Post(std::string_view filter) { return Compile(filter, Dialect::kPostgres).text(); }

  std::shared_ptr<const model::Model> model_;
  const model::Entity* asset_ = nullptr;
};

TEST_F(SqlTest, PlainComparisonsStayPlain) {
  EXPECT_EQ(Lite("name = \"x\""), "t.\"name\" = ?1");
  EXPECT_EQ(Post("name = \"x\""), "t.\"name\" = $1");
  EXPECT_EQ(Lite("size < 5"), "t.\"size\" < ?1");
  EXPECT_EQ(Lite("state = ON"), "t.\"state\" = ?1");
  EXPECT_EQ(Lite("state in (ON, OFF)"), "t.\"state\" IN (?1, ?2)");
  EXPECT_EQ(Lite("name != \"x\""), "t.\"name\" <> ?1");
  EXPECT_EQ(Lite("price >= 2.5"), "t.\"price\" >= ?1");
  EXPECT_EQ(Lite("ttl > 5m"), "t.\"ttl\" > ?1");
  EXPECT_EQ(Lite("at > now() - 1h"), "t.\"at\" > ?1");
  EXPECT_EQ(Compile("at > now() - 1h", Dialect::kSqlite).parameters().at(0),
            Value(*ParseTime("2026-01-01T00:00:00Z")));
  EXPECT_EQ(Compile("price >= 2.5", Dialect::kSqlite).parameters().at(0), Value(Decimal{250, 2}));
}

TEST_F(SqlTest, NullsAreSettledByWhatIsKnownOfTheField) {
  EXPECT_EQ(Lite("note = \"x\""), "t.\"note\" IS ?1");
  EXPECT_EQ(Post("note = \"x\""), "(t.\"note\" = $1 AND t.\"note\" IS NOT NULL)");
  EXPECT_EQ(Lite("note != \"x\""), "t.\"note\" IS NOT ?1");
  EXPECT_EQ(Post("note != \"x\""), "t.\"note\" IS DISTINCT FROM $1");
  EXPECT_EQ(Lite("note = null"), "t.\"note\" IS NULL");
  EXPECT_EQ(Lite("note is not null"), "t.\"note\" IS NOT NULL");
  EXPECT_EQ(Lite("big in (1, 2)"), "(t.\"big\" IS NOT NULL AND t.\"big\" IN (?1, ?2))");
}

TEST_F(SqlTest, IndexesServeThePlainForms) {
  TestTables tables(*model_);
  tables.Run("CREATE INDEX i_note ON assets (note)");
  tables.Run("CREATE INDEX i_state ON assets (state, at)");
  tables.Run("CREATE INDEX i_name ON assets (name)");
  const auto plan = [&](std::string_view filter) {
    return tables.Plan("SELECT * FROM assets AS t WHERE " + Lite(filter));
  };
  EXPECT_THAT(plan("note = \"x\""), HasSubstr("i_note"));
  EXPECT_THAT(plan("note in (\"x\", \"y\")"), HasSubstr("i_note"));
  EXPECT_THAT(plan("state = ON and at > now() - 1h"), HasSubstr("i_state (state=? AND at>?)"));
  EXPECT_THAT(plan("name like \"abc%\""), HasSubstr("i_name"));
  EXPECT_THAT(plan("(null is null and name = \"x\")"), HasSubstr("i_name"));
  EXPECT_THAT(plan("lower(name) = \"x\""), Not(HasSubstr("i_name")));
}

TEST_F(SqlTest, JsonIndexesServeFiltersOnTheSamePath) {
  TestTables tables(*model_);
  model::IndexColumn column;
  column.field = asset_->FindField("meta");
  column.json_path = {"owner", "team"};
  SqlBuilder index(Dialect::kSqlite);
  AppendIndexColumn(column, "", index);
  tables.Run("CREATE INDEX i_team ON assets (" + index.text() + ")");
  EXPECT_THAT(tables.Plan("SELECT * FROM assets AS t WHERE " + Lite("meta.owner.team = \"x\"")),
              HasSubstr("i_team"));
}

TEST_F(SqlTest, PathsGoOverRelationsInsideTheTenantAndAmongLiveRows) {
  EXPECT_EQ(Lite("owner.name = \"x\""),
            "(SELECT t1.\"name\" FROM \"owners\" AS t1 WHERE t1.\"id\" = t.\"owner_id\" AND "
            "t1.\"tenant_id\" = t.\"tenant_id\") IS ?1");
  EXPECT_EQ(Lite("tags.word = \"x\""),
            "EXISTS (SELECT 1 FROM \"asset_tags\" AS t2, \"tags\" AS t1 WHERE t2.\"asset_id\" = "
            "t.\"id\" AND t2.\"tenant_id\" = t.\"tenant_id\" AND t1.\"id\" = t2.\"tag_id\" AND "
            "t1.\"tenant_id\" = t2.\"tenant_id\" AND t1.\"word\" = ?1)");
  EXPECT_THAT(Lite("owner.assets.name = \"x\""),
              HasSubstr("json_extract(t2.\"properties\", '$.\"tombstone\"') IS NULL"));
  EXPECT_THAT(Lite("count(tags) > 2"), HasSubstr("(SELECT count(*) FROM"));
}

TEST_F(SqlTest, JsonPathsTakeTheKindOfTheOtherSide) {
  EXPECT_EQ(Lite("meta.a.b = 5"),
            "CASE WHEN json_type(t.\"meta\", '$.\"a\".\"b\"') IN ('integer', 'real') THEN "
            "json_extract(t.\"meta\", '$.\"a\".\"b\"') END IS ?1");
  EXPECT_EQ(Post("meta.a != \"x\""),
            "tenon_json_text((t.\"meta\" #> ARRAY['a'])) IS DISTINCT FROM $1::text");
  // Equality as containment: GIN indexes serve it. Not where a step may be an index of an array.
  EXPECT_EQ(Post("meta.a.b = \"x\""), "(t.\"meta\" IS NOT NULL AND t.\"meta\" @> $1)");
  EXPECT_EQ(Post("meta.a.\"0\" = 1"),
            "tenon_json_number((t.\"meta\" #> ARRAY['a', '0'])) IS NOT DISTINCT FROM $1::bigint");
  // What SQLite's paths cannot spell is never pasted into them.
  EXPECT_THAT(Lite("meta.\"it's\" = 1"), HasSubstr("'$.\"it''s\"'"));
  EXPECT_THAT(Lite("meta.\"a\\\"b\" = 1"), HasSubstr("tenon_json_get(t.\"meta\", '[\"a\\\"b\"]')"));
}

TEST_F(SqlTest, ConstantsFoldAway) {
  EXPECT_EQ(Lite("(1 = 2) or name = \"x\""), "t.\"name\" = ?1");
  EXPECT_EQ(Lite("(1 = 1) or name = \"x\""), "TRUE");
  EXPECT_EQ(Lite("(1 = 2) and name = \"x\""), "FALSE");
}

TEST_F(SqlTest, DecimalsOfOtherScalesCompareByValue) {
  EXPECT_EQ(Lite("price = 0.505"), "tenon_decimal_cmp(t.\"price\", 2, ?1, 3) = 0");
  EXPECT_EQ(Post("price = 0.505"), "t.\"price\" = $1::numeric");
}

TEST_F(SqlTest, QuotesNamesAndText) {
  EXPECT_EQ(QuoteName("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteText("it's"), "'it''s'");
}

TEST_F(SqlTest, OrderPutsNullFirstOnBothStores) {
  const auto path = model::CheckPath(*model_, *asset_, "note");
  ASSERT_TRUE(path.has_value());
  SqlContext context;
  context.alias = "t";
  SqlBuilder lite(Dialect::kSqlite);
  ASSERT_TRUE(AppendOrderTerm(**path, true, context, lite).has_value());
  EXPECT_EQ(lite.text(), "t.\"note\" DESC");
  SqlBuilder post(Dialect::kPostgres);
  ASSERT_TRUE(AppendOrderTerm(**path, false, context, post).has_value());
  EXPECT_EQ(post.text(), "t.\"note\" NULLS FIRST");
}

}  // namespace
}  // namespace tenon

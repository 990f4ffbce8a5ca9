#include "record/column.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace tenon {
namespace {

using model::Type;
using model::TypeKind;

Type Of(TypeKind kind) {
  Type type;
  type.kind = kind;
  return type;
}

ColumnView ViewOf(const ColumnValue& value) {
  ColumnView view;
  view.kind = value.kind;
  view.integer = value.integer;
  view.number = value.number;
  view.text = value.text();
  return view;
}

TEST(Columns, EveryKindComesBackAsItWent) {
  Type money = Of(TypeKind::kDecimal);
  money.precision = 10;
  money.scale = 2;
  const std::vector<std::pair<Value, Type>> values = {
      {Value(true), Of(TypeKind::kBool)},
      {Value(std::numeric_limits<std::int64_t>::min()), Of(TypeKind::kInt)},
      {Value(0.1), Of(TypeKind::kFloat)},
      {Value(Decimal{-1234, 2}), money},
      {Value("a\"b"), Of(TypeKind::kText)},
      {Value(*Uuid::Parse("0190a1b2-0000-7000-8000-000000000000")), Of(TypeKind::kUuid)},
      {Value(*ParseTime("0001-01-01T00:00:00Z")), Of(TypeKind::kTime)},
      {Value(Duration(86'400'000'001)), Of(TypeKind::kDuration)},
      {Value::Json(json::object{{"b", 1}, {"a", json::array{1.5, nullptr}}}), Of(TypeKind::kJson)},
      {Value(), Of(TypeKind::kText)},
  };
  for (const auto& [value, type] : values) {
    for (const Dialect dialect : {Dialect::kSqlite, Dialect::kPostgres}) {
      const ColumnValue column = ToColumn(value, dialect);
      // PostgreSQL prints booleans in its own way.
      if (dialect == Dialect::kPostgres && type.kind == TypeKind::kBool) continue;
      const auto back = FromColumn(ViewOf(column), type, dialect);
      ASSERT_TRUE(back.has_value()) << Describe(value);
      EXPECT_EQ(*back, value) << Describe(value) << " " << Describe(*back);
    }
  }
}

TEST(Columns, PostgresTextForms) {
  const auto read = [](TypeKind kind, std::string_view text) {
    ColumnView view;
    view.kind = ColumnValue::Kind::kText;
    view.text = text;
    const auto value = FromColumn(view, Of(kind), Dialect::kPostgres);
    return value ? Describe(*value) : value.error().message;
  };
  EXPECT_EQ(read(TypeKind::kBool, "t"), "true");
  EXPECT_EQ(read(TypeKind::kInt, "42"), "42");
  EXPECT_EQ(read(TypeKind::kTime, "2026-11-21 08:50:00.5+00"), "2026-11-21T08:50:00.500000Z");
  EXPECT_EQ(read(TypeKind::kTime, "2026-11-21 08:50:00+05:30"), "2026-11-21T03:20:00.000000Z");
  EXPECT_EQ(read(TypeKind::kDuration, "P1DT2H"), "P1DT2H");
  EXPECT_EQ(read(TypeKind::kSecret, "\\x6162"), "\"ab\"");
}

TEST(Columns, DurationsSortAsText) {
  const auto small = DurationToColumn(Duration(999'999));
  const auto large = DurationToColumn(Duration(10'000'000));
  ASSERT_TRUE(small && large);
  EXPECT_EQ(*small, "PT0000000000.999999S");
  EXPECT_LT(*small, *large);
  EXPECT_FALSE(DurationToColumn(Duration(-1)).has_value());
  EXPECT_FALSE(DurationFromColumn("PT1S").has_value());
  EXPECT_EQ(DurationFromColumn(*large), Duration(10'000'000));
}

TEST(Columns, JsonWithoutAValueBetween) {
  const auto append = [](ColumnValue::Kind kind, std::int64_t integer, std::string_view text,
                         const Type& type) {
    ColumnView view;
    view.kind = kind;
    view.integer = integer;
    view.text = text;
    std::string out;
    AppendColumnJson(view, type, Dialect::kSqlite, out);
    return out;
  };
  using Cell = ColumnValue::Kind;
  Type money = Of(TypeKind::kDecimal);
  money.scale = 2;
  EXPECT_EQ(append(Cell::kInt, 150, "", money), "\"1.50\"");
  EXPECT_EQ(append(Cell::kInt, 1, "", Of(TypeKind::kBool)), "true");
  EXPECT_EQ(append(Cell::kInt, 7, "", Of(TypeKind::kInt)), "7");
  EXPECT_EQ(append(Cell::kText, 0, "a\"b", Of(TypeKind::kText)), "\"a\\\"b\"");
  EXPECT_EQ(append(Cell::kText, 0, "{\"a\":1}", Of(TypeKind::kJson)), "{\"a\":1}");
  EXPECT_EQ(append(Cell::kText, 0, "PT0000000090.000000S", Of(TypeKind::kDuration)), "\"PT1M30S\"");
  EXPECT_EQ(append(Cell::kInt, -5'000'000, "", Of(TypeKind::kDuration)), "\"-PT5S\"");
  EXPECT_EQ(append(Cell::kText, 0, "c2VhbGVk", Of(TypeKind::kSecret)), "\"[sealed]\"");
  EXPECT_EQ(append(Cell::kNull, 0, "", Of(TypeKind::kText)), "null");
  EXPECT_EQ(append(Cell::kText, 0, "not a time", Of(TypeKind::kInt)), "null");
}

TEST(Columns, TypesOfBothStores) {
  Type text = Of(TypeKind::kText);
  text.length_max = 100;
  Type money = Of(TypeKind::kDecimal);
  money.precision = 10;
  money.scale = 2;
  EXPECT_EQ(ColumnType(text, Dialect::kSqlite), "TEXT");
  EXPECT_EQ(ColumnType(text, Dialect::kPostgres), "varchar(100)");
  EXPECT_EQ(ColumnType(money, Dialect::kSqlite), "INTEGER");
  EXPECT_EQ(ColumnType(money, Dialect::kPostgres), "numeric(10,2)");
  EXPECT_EQ(ColumnType(Of(TypeKind::kTime), Dialect::kPostgres), "timestamptz");
  EXPECT_EQ(ColumnType(Of(TypeKind::kSecret), Dialect::kPostgres), "bytea");
}

}  // namespace
}  // namespace tenon

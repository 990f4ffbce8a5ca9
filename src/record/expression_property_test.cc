// The property that the design stands on: an expression means the same in SQL and in memory. Random
// well-typed expressions over random rows, thousands of seeds; a failure prints the expression, its
// SQL and the row.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "record/eval.h"
#include "record/sql.h"
#include "record/test_tables.h"

namespace tenon {
namespace {

constexpr std::string_view kModel = R"(model prop "For the property test"

enum Color { RED, GREEN, "odd name" }
shape Inner { deep decimal(8,2)?  word text?  when time?  took duration?  ref uuid? }
shape Doc open { count int?  ratio float?  yes bool?  inner Inner?  items [text]? }

entity Parent in parents {
  id       uuid  key
  name     text?
  size     int?
  rate     decimal(10,3)?
  since    time?
}
entity Item in items {
  id        uuid  key
  parent_id uuid? -> Parent as items
  n         int
  m         int?
  f         float?
  g         float
  d         decimal(12,2)?
  e         decimal(10,4)
  flag      bool?
  on        bool
  name      text
  note      text?
  at        time
  due       time?
  span      duration?
  len       duration
  color     Color?
  u         uuid?
  doc       json?
  shaped    json Doc?
  tags      [text]?
  nums      [int]?
  many marks -> Mark through ItemMark
}
entity Part in parts {
  id         uuid  key
  item_id    uuid  -> Item as parts
  qty        int?
  price      decimal(8,2)?
  label      text?
  weight     float?
  made       time?
  ok         bool?
  took       duration?
  info       json?
  deleted_at time?
  soft delete by deleted_at
}
entity Mark in marks {
  id    uuid  key
  word  text
  rank  int?
}
entity ItemMark in item_marks {
  id       uuid  key
  item_id  uuid  -> Item
  mark_id  uuid  -> Mark
}
)";

const Time kNow = Time(Duration(1'790'000'000'000'000));

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::size_t Below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool OneIn(std::size_t n) { return Below(n) == 0; }
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }
  std::uint64_t Next() { return random_(); }

 private:
  std::mt19937_64 random_;
};

// --- random rows ------------------------------------------------------------------------------

const std::vector<std::string> kTexts = {"",
                                         "a",
                                         "A",
                                         "ab",
                                         "Straße",
                                         "STRASSE",
                                         "ÄÖ",
                                         "äö",
                                         "%",
                                         "a_b",
                                         "a\\b",
                                         "zz\xF0\x9F\x98\x80",
                                         "7",
                                         "true",
                                         "RED",
                                         "\xC4\xB0x",
                                         "2026-01-01T00:00:00Z",
                                         "a%b",
                                         "ab%"};
const std::vector<std::int64_t> kInts = {0,
                                         1,
                                         -1,
                                         2,
                                         3,
                                         7,
                                         -5,
                                         100,
                                         9223372036854775807,
                                         std::numeric_limits<std::int64_t>::min(),
                                         9007199254740993,
                                         4611686018427387904};
const std::vector<double> kFloats = {0,
                                     0.5,
                                     -0.25,
                                     1,
                                     3,
                                     7.75,
                                     -2.5,
                                     1e300,
                                     -1e300,
                                     1e-9,
                                     9007199254740992.0,
                                     9223372036854775808.0};

Uuid UuidOf(std::size_t n) {
  Uuid id;
  id.bytes[15] = static_cast<std::uint8_t>(n);
  id.bytes[0] = static_cast<std::uint8_t>(n * 37);
  return id;
}

json::value RandomJson(Dice& dice, int depth) {
  switch (dice.Below(depth > 0 ? 9 : 7)) {
    case 0:
      return nullptr;
    case 1:
      return dice.OneIn(2);
    case 2:
      return dice.Pick(std::vector<std::int64_t>{0, 1, 2, 7, -5, 100, 123456789});
    case 3:
      return dice.Pick(std::vector<double>{0.5, -0.25, 7.75, 3.0, 1e20, 1e-7});
    case 4:
      return json::string(dice.Pick(kTexts));
    case 5:
      return json::string(UuidOf(dice.Below(4)).ToString());
    case 6:
      return json::string(dice.Pick(std::vector<std::string>{
          "2026-01-01T00:00:00Z", "2026-05-05T05:05:05.5+02:00", "PT5M", "P1D", "0.50", "x"}));
    case 7: {
      json::array out;
      for (std::size_t i = dice.Below(4); i > 0; --i) out.push_back(RandomJson(dice, depth - 1));
      return out;
    }
    default: {
      json::object out;
      for (const char* key : {"a", "b", "odd \"key", "é", "0", ""}) {
        if (dice.OneIn(2)) out[key] = RandomJson(dice, depth - 1);
      }
      return out;
    }
  }
}

json::value RandomShaped(Dice& dice) {
  json::object inner;
  if (dice.OneIn(2)) inner["deep"] = dice.Pick(std::vector<std::string>{"0.50", "12.25", "-3.00"});
  if (dice.OneIn(2)) inner["word"] = dice.Pick(kTexts);
  if (dice.OneIn(2)) inner["when"] = FormatTime(kNow + Duration(static_cast<int>(dice.Below(3))));
  if (dice.OneIn(2)) inner["took"] = FormatDuration(Duration(1'000'000 * (1 + dice.Below(400))));
  if (dice.OneIn(2)) inner["ref"] = UuidOf(dice.Below(4)).ToString();
  json::object out;
  if (dice.OneIn(2)) out["inner"] = std::move(inner);
  if (dice.OneIn(2)) out["count"] = static_cast<std::int64_t>(dice.Below(5));
  if (dice.OneIn(2)) out["ratio"] = dice.Pick(std::vector<double>{0.5, 2.0, -1.25});
  if (dice.OneIn(2)) out["yes"] = dice.OneIn(2);
  if (dice.OneIn(3)) out["items"] = json::array{"a", "B"};
  if (dice.OneIn(3)) out["extra"] = RandomJson(dice, 1);
  return out;
}

Value RandomValue(Dice& dice, const model::Field& field) {
  using model::TypeKind;
  if (field.type.nullable && dice.OneIn(4)) return {};
  const bool part = field.name == "weight";
  switch (field.type.kind) {
    case TypeKind::kUuid:
      return UuidOf(dice.Below(6));
    case TypeKind::kText:
      return dice.Pick(kTexts);
    case TypeKind::kInt:
      return dice.Pick(kInts);
    // Sums of these are exact in any order.
    case TypeKind::kFloat:
      return part ? Value(static_cast<double>(dice.Below(64)) / 4) : Value(dice.Pick(kFloats));
    case TypeKind::kDecimal:
      return Decimal{dice.Pick(std::vector<std::int64_t>{0, 50, -150, 12345, 999999, 5000}),
                     field.type.scale};
    case TypeKind::kBool:
      return dice.OneIn(2);
    case TypeKind::kTime: {
      if (dice.OneIn(12)) return *ParseTime("9999-12-31T23:59:59.999999Z");
      if (dice.OneIn(12)) return *ParseTime("0001-01-01T00:00:00Z");
      return kNow +
             Duration(static_cast<std::int64_t>(dice.Below(7)) * 1'800'000'000 - 3'600'000'000);
    }
    case TypeKind::kDuration:
      return Duration(static_cast<std::int64_t>(dice.Below(5)) * 450'000'001);
    case TypeKind::kEnum:
      return dice.Pick(std::vector<std::string>{"RED", "GREEN", "odd name"});
    case TypeKind::kList: {
      json::array list;
      for (std::size_t i = dice.Below(4); i > 0; --i) {
        if (field.name == "nums") {
          list.push_back(static_cast<std::int64_t>(dice.Below(4)));
        } else {
          list.push_back(json::string(dice.Pick(kTexts)));
        }
      }
      return Value::Json(std::move(list));
    }
    default: {
      if (field.type.shape != nullptr) return Value::Json(RandomShaped(dice));
      json::value document = RandomJson(dice, 3);
      return document.is_null() ? Value() : Value::Json(std::move(document));
    }
  }
}

// --- random expressions -----------------------------------------------------------------------

class Writer {
 public:
  explicit Writer(Dice& dice) : dice_(dice) {}

  std::string Bool(int depth) {
    if (depth <= 0) return Leaf(0);
    switch (dice_.Below(8)) {
      case 0:
        return "(" + Bool(depth - 1) + " and " + Bool(depth - 1) + ")";
      case 1:
        return "(" + Bool(depth - 1) + " or " + Bool(depth - 1) + ")";
      case 2:
        return "not (" + Bool(depth - 1) + ")";
      default:
        return Leaf(depth);
    }
  }

 private:
  using Rule = std::string (Writer::*)(int);

  std::string Leaf(int depth) {
    static constexpr Rule kRules[] = {&Writer::Number, &Writer::Number, &Writer::DecimalNumber,
                                      &Writer::Text,   &Writer::Moment, &Writer::Span,
                                      &Writer::Id};
    switch (dice_.Below(16)) {
      case 0:
        return Any(
            {"flag", "on", "shaped.yes", "doc.a", "any(parts.ok)", "all(parts.ok)", "parts.ok"});
      case 1:
        return Anything() + Any({" is null", " is not null", " = null", " != null"});
      case 2:
        return TextOrPath() + Any({" like ", " ilike ", " not like "}) +
               Any({"\"a%\"", "\"%\"", "\"_\"", "\"a\\\\_b\"", "\"%ß%\"", "\"STR%\"", "\"\"",
                    "\"a\\\\%b\"", "name"});
      case 3:
        return Any({"color", "name", "note", "doc.a", "doc.b.a", "parts.label"}) +
               Any({" in (RED, GREEN)", " in (\"a\", \"A\", \"\")", " not in (\"a\")",
                    " in (note, \"a\")"});
      case 4:
        return Any({"n", "m", "doc.a", "parts.qty", "d", "e", "f", "shaped.count"}) +
               Any({" in (1, 2, 7)", " in (m, 0)", " not in (1, 100)", " in (0.5, 1)"});
      case 5:
        return Any({"\"a\" in tags", "name in tags", "note in tags", "1 in nums", "n in nums",
                    "m in nums", "\"a\" in doc.a", "\"a\" not in doc.b", "\"a\" in shaped.items",
                    "2 in doc.a", "note in doc.a"});
      case 6:
        return "starts_with(" + Text(depth - 1) + ", " + Text(0) + ")";
      case 7:
        return Any({"any(parts.qty > 2 and parts.ok)", "all(parts.qty < n)",
                    "any(marks.word = name)", "all(marks.rank is not null)", "marks.word = note",
                    "marks.rank > m", "parent.items.n = m", "parts.label = note",
                    "parent.name = note", "parts.made < now()", "parts.info.a = 1",
                    "parts.took > 5m", "parts.price >= d"});
      case 8:
        return Any({"color", "color", "note", "doc.a"}) + Any({" = ", " != "}) +
               Any({"RED", "\"odd name\"", "\"GREEN\""});
      default: {
        const Rule rule = kRules[dice_.Below(std::size(kRules))];
        return (this->*rule)(depth) + Any({" = ", " != ", " < ", " <= ", " > ", " >= "}) +
               (this->*rule)(depth - 1);
      }
    }
  }

  std::string Number(int depth) {
    if (depth > 0) {
      switch (dice_.Below(6)) {
        case 0:
          return "(" + Number(depth - 1) + Any({" + ", " - ", " * ", " / "}) + Number(depth - 1) +
                 ")";
        case 1:
          return "-" + Any({"n", "m", "f", "(n + m)"});
        case 2:
          return Any({"abs(", "round("}) + Number(depth - 1) + ")";
        case 3:
          return "coalesce(" + Any({"m", "f", "doc.a", "parent.size"}) + ", " +
                 Any({"n", "m", "3"}) + ")";
        case 4:
          return "length(" + Any({"name", "note", "tags", "doc.a", "nums", "parent.name"}) + ")";
        default:
          break;
      }
    }
    return Any({"n",
                "m",
                "f",
                "g",
                "0",
                "1",
                "2",
                "7",
                "1.5e0",
                "-3",
                "9223372036854775807",
                "doc.a",
                "doc.b.a",
                "doc.a.0",
                "doc.\"odd \\\"key\"",
                "doc.\"é\"",
                "shaped.count",
                "shaped.ratio",
                "parent.size",
                "count(parts)",
                "sum(parts.qty)",
                "max(parts.qty)",
                "min(parts.weight)",
                "avg(parts.weight)",
                "sum(parts.weight)",
                "count(marks)",
                "count(distinct parts.qty)",
                "sum(marks.rank)",
                "max(parts.info.a)"});
  }

  std::string DecimalNumber(int depth) {
    if (depth > 0) {
      switch (dice_.Below(4)) {
        case 0:
          return "(" + DecimalNumber(depth - 1) + Any({" + ", " - ", " * ", " / "}) +
                 Any({"d", "e", "0.5", "2", "n", "parent.rate"}) + ")";
        case 1:
          return Any({"abs(d)", "round(e)", "round(e, 2)", "-d", "coalesce(d, 0.25)",
                      "coalesce(d, 0.255)", "coalesce(d, n)", "coalesce(e, d)", "coalesce(m, d)",
                      "coalesce(parent.rate, f, 1)", "coalesce(shaped.inner.deep, d)"});
        default:
          break;
      }
    }
    return Any({"d", "e", "0.50", "1.5", "50", "0.505", "parent.rate", "shaped.inner.deep",
                "sum(parts.price)", "max(parts.price)", "min(parts.price)", "avg(parts.price)", "n",
                "f", "doc.a"});
  }

  std::string Text(int depth) {
    if (depth > 0) {
      switch (dice_.Below(5)) {
        case 0:
          return Any({"lower(", "upper("}) + Text(depth - 1) + ")";
        case 1:
          return "substr(" + Text(depth - 1) + Any({", 1)", ", 2, 2)", ", 0, 1)", ", n)"});
        case 2:
          return "concat(" +
                 Any({"name", "n", "d", "at", "len", "u", "flag", "f", "doc.a", "m", "tags"}) +
                 ", " + Text(depth - 1) + ")";
        case 3:
          return "coalesce(note, " + Any({"name", "\"x\"", "parent.name"}) + ")";
        default:
          break;
      }
    }
    return TextOrPath();
  }

  std::string TextOrPath() {
    return Any({"name", "note", "parent.name", "doc.a", "doc.b.a", "shaped.inner.word",
                "max(parts.label)", "min(marks.word)", "\"a\"", "\"Straße\"", "\"\"", "doc.\"\"",
                "doc.0"});
  }

  std::string Moment(int depth) {
    if (depth > 0 && dice_.OneIn(2)) {
      return "(" + Moment(depth - 1) + Any({" + ", " - "}) + Any({"1h", "span", "len", "30d"}) +
             ")";
    }
    return Any({"at", "due", "now()", "parent.since", "max(parts.made)", "shaped.inner.when",
                "\"2026-09-21T14:13:20Z\"", "doc.a", "now() - 1h"});
  }

  std::string Span(int depth) {
    if (depth > 0) {
      switch (dice_.Below(4)) {
        case 0:
          return "(" + Any({"due - at", "now() - at", "at - due"}) + ")";
        case 1:
          return "(" + Span(depth - 1) + Any({" + ", " - "}) + Any({"len", "5m", "span"}) + ")";
        case 2:
          return "(" + Span(0) + Any({" * 2", " / 3", " * n", " / m"}) + ")";
        default:
          break;
      }
    }
    return Any({"span", "len", "15m", "900s", "sum(parts.took)", "max(parts.took)",
                "avg(parts.took)", "shaped.inner.took", "450s"});
  }

  std::string Id(int) {
    return Any({"id", "u", "parent_id", "parent.id", "shaped.inner.ref", "doc.a",
                "\"00000000-0000-0000-0000-000000000000\"",
                "\"25000000-0000-0000-0000-000000000001\"", "parts.item_id"});
  }

  std::string Anything() {
    return Any({"m",
                "f",
                "d",
                "flag",
                "note",
                "due",
                "span",
                "color",
                "u",
                "doc",
                "doc.a",
                "doc.b.a",
                "tags",
                "parent_id",
                "parent.name",
                "parts.label",
                "shaped.inner.deep",
                "n",
                "(m + 1)",
                "(n / m)",
                "doc.\"odd \\\"key\"",
                "lower(note)",
                "doc.a.0",
                "sum(parts.qty)"});
  }

  std::string Any(const std::vector<std::string>& from) { return dice_.Pick(from); }

  Dice& dice_;
};

// --- the property -----------------------------------------------------------------------------

class PropertyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = ModelOf(kModel);
    ASSERT_NE(model_, nullptr);
    tables_ = std::make_unique<TestTables>(*model_);
    item_ = model_->FindEntity("Item");
  }

  void Fill(Dice& dice) {
    tables_->Clear();
    for (const auto& entity : model_->entities) {
      const std::size_t rows = entity->name == "Part" || entity->name == "ItemMark" ? 8 : 4;
      for (std::size_t i = 0; i < rows; ++i) {
        Record record(*entity);
        for (const model::Field& field : entity->fields)
          record.at(field) = RandomValue(dice, field);
        record.at(*entity->key.front()) = UuidOf(i);
        record.at(*entity->tenant) = UuidOf(dice.OneIn(5) ? 1 : 0);
        tables_->Insert(record);
      }
    }
  }

  // False when a row disagrees.
  bool Agree(const model::Expression& expression, const std::string& text) {
    SqlBuilder sql(Dialect::kSqlite);
    SqlContext context;
    context.alias = "t";
    context.now = kNow;
    sql << "SELECT ";
    const auto compiled = AppendExpression(expression, context, sql);
    if (!compiled) {
      ADD_FAILURE() << text << ": " << compiled.error().message;
      return false;
    }
    sql << " FROM items AS t ORDER BY t.rowid";
    model::Type boolean;
    boolean.kind = model::TypeKind::kBool;
    const auto rows = tables_->Query(sql.text(), sql.parameters(), {boolean});
    if (!rows) {
      ADD_FAILURE() << text << "\n" << sql.text() << "\n" << rows.error().message;
      return false;
    }
    const auto& records = tables_->Rows(*item_);
    for (std::size_t i = 0; i < records.size(); ++i) {
      EvalContext eval;
      eval.row = &records[i];
      eval.now = kNow;
      eval.follow = [&](const model::Relation& relation, const Record& from) {
        return Result<std::vector<Record>>(tables_->Follow(relation, from));
      };
      const auto value = Evaluate(expression, eval);
      if (value && *value == (*rows)[i][0]) continue;
      std::string row;
      for (const model::Field& field : item_->fields) {
        row += "  " + field.name + " = " + Describe(records[i].at(field)) + "\n";
      }
      ADD_FAILURE() << text << "\n"
                    << sql.text() << "\nSQL: " << Describe((*rows)[i][0])
                    << "\nmemory: " << (value ? Describe(*value) : value.error().message) << "\n"
                    << row;
      return false;
    }
    return true;
  }

  std::shared_ptr<const model::Model> model_;
  std::unique_ptr<TestTables> tables_;
  const model::Entity* item_ = nullptr;
};

TEST_F(PropertyTest, SqlAndMemoryAgree) {
  const char* wanted = std::getenv("TENON_PROPERTY_SEEDS");
  const std::uint64_t seeds = wanted == nullptr ? 20000 : std::strtoull(wanted, nullptr, 10);
  const char* first = std::getenv("TENON_PROPERTY_FIRST");
  const std::uint64_t from = first == nullptr ? 1 : std::strtoull(first, nullptr, 10);
  std::size_t checked = 0;
  std::size_t refused = 0;
  int failures = 0;
  for (std::uint64_t seed = from; seed < from + seeds && failures < 5; ++seed) {
    Dice dice(seed);
    if (seed % 40 == 1 || seed == from) {
      Dice fill(seed - seed % 40);
      Fill(fill);
    }
    const std::string text = Writer(dice).Bool(3);
    const auto expression =
        model::CheckExpression(*model_, *item_, text, model::ExpressionUse::kFilter);
    if (!expression) {
      // Sides of different kinds: the checker's business.
      if (++refused <= 3) RecordProperty("refused", expression.error().message);
      continue;
    }
    ++checked;
    if (!Agree(**expression, "seed " + std::to_string(seed) + ": " + text)) ++failures;
  }
  std::printf("%zu expressions, %zu refused by the checker\n", checked, refused);
  EXPECT_GT(checked, seeds / 3);
}

}  // namespace
}  // namespace tenon

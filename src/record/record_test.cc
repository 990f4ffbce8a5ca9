#include "record/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/encode.h"
#include "record/test_tables.h"

namespace tenon {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kModel = R"(model keys "For tests"
entity One in ones { id uuid key
  name   text
  cost   decimal(6,2)?
  digest text? hidden
  note   text? redact
  at     time?
  meta   json = {}
}
entity Lamp in lamps { id ulid key
}
entity Pair in pairs {
  left  text
  right int
  key (left, right)
}
)";

class RecordTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = ModelOf(kModel);
    ASSERT_NE(model_, nullptr);
  }
  Record Make(std::string_view entity_name,
              std::vector<std::pair<std::string_view, Value>> values) {
    Record record(*model_->FindEntity(entity_name));
    for (auto& [name, value] : values) record.at(*record.entity->FindField(name)) = value;
    return record;
  }
  std::shared_ptr<const model::Model> model_;
};

TEST_F(RecordTest, KeysGoThroughUrls) {
  const Uuid id = *Uuid::Parse("0190a1b2-0000-7000-8000-000000000000");
  const Record one = Make("One", {{"id", Value(id)}});
  EXPECT_EQ(KeyText(one), "0190a1b2-0000-7000-8000-000000000000");
  EXPECT_EQ(EntityId(one), id);
  EXPECT_EQ(ParseKey(*one.entity, "0190A1B2-0000-7000-8000-000000000000")->front(), Value(id));
  EXPECT_EQ(ParseKey(*one.entity, "1").error().code, Code::kNotFound);
}

TEST_F(RecordTest, CompositeKeysComeBackWhateverTheyHold) {
  for (const char* left : {"a", "", "a~b", "~", "!", "!~", "~!!~"}) {
    const Record pair = Make("Pair", {{"left", Value(left)}, {"right", Value(-7)}});
    const auto parsed = ParseKey(*pair.entity, KeyText(pair));
    ASSERT_TRUE(parsed.has_value()) << left;
    EXPECT_EQ(*parsed, (std::vector<Value>{Value(left), Value(-7)})) << left;
  }
  const model::Entity& pair = *model_->FindEntity("Pair");
  EXPECT_FALSE(ParseKey(pair, "a").has_value());
  EXPECT_FALSE(ParseKey(pair, "a~1~2").has_value());
  EXPECT_FALSE(ParseKey(pair, "a~x").has_value());
}

TEST_F(RecordTest, EntityIdsOfOtherKeys) {
  const Record lamp = Make("Lamp", {{"id", Value("01ARZ3NDEKTSV4RRFFQ69G5FAV")}});
  EXPECT_EQ(EntityId(lamp).bytes, Ulid::Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV")->bytes);
  const Record pair = Make("Pair", {{"left", Value("a")}, {"right", Value(1)}});
  const Record other = Make("Pair", {{"left", Value("a")}, {"right", Value(2)}});
  EXPECT_EQ(EntityId(pair), EntityId(pair));
  EXPECT_NE(EntityId(pair), EntityId(other));
}

TEST_F(RecordTest, RecordsAsJson) {
  const Record one =
      Make("One", {{"id", Value(*Uuid::Parse("0190a1b2-0000-7000-8000-000000000000"))},
                   {"name", Value("a\"b")},
                   {"cost", Value(Decimal{150, 2})},
                   {"digest", Value("hash")},
                   {"note", Value("private")},
                   {"at", Value(*ParseTime("2026-01-01T00:00:00Z"))},
                   {"meta", Value::Json(json::object{{"b", 1}, {"a", 2}})}});
  std::string answer;
  AppendRecord(one, EncodeFor::kAnswer, answer);
  EXPECT_THAT(answer, HasSubstr(R"("name":"a\"b","cost":"1.50","note":"private")"));
  EXPECT_THAT(answer, HasSubstr(R"("at":"2026-01-01T00:00:00.000000Z","meta":{"a":2,"b":1})"));
  EXPECT_THAT(answer, Not(HasSubstr("digest")));
  EXPECT_TRUE(ParseJson(answer).has_value());
  std::string log;
  AppendRecord(one, EncodeFor::kLog, log);
  EXPECT_THAT(log, HasSubstr(R"("note":"[redacted]")"));
  EXPECT_THAT(log, Not(HasSubstr("private")));
}

TEST_F(RecordTest, DifferencesNamePaths) {
  const auto before = *ParseJson(R"({"a":1,"b":{"c":2,"d":3},"e":[1]})");
  const auto after = *ParseJson(R"({"a":1,"b":{"c":9,"f":4},"e":[2]})");
  EXPECT_EQ(CanonicalJson(Differences(before, after)),
            R"([{"after":9,"before":2,"path":"b.c"},{"before":3,"path":"b.d"},)"
            R"({"after":4,"path":"b.f"},{"after":[2],"before":[1],"path":"e"}])");
}

}  // namespace
}  // namespace tenon

#include "base/value.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/json.h"

namespace tenon {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

std::string RoundTrip(std::string_view text) {
  const std::optional<Decimal> decimal = Decimal::Parse(text);
  return decimal ? decimal->ToString() : "-";
}

TEST(Decimal, KeepsItsDigits) {
  EXPECT_EQ(RoundTrip("0.50"), "0.50");
  EXPECT_EQ(RoundTrip("-0.05"), "-0.05");
  EXPECT_EQ(RoundTrip("+12"), "12");
  EXPECT_EQ(RoundTrip("007.10"), "7.10");
  EXPECT_EQ(RoundTrip("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(RoundTrip("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(RoundTrip("-9.223372036854775808"), "-9.223372036854775808");
  EXPECT_EQ(RoundTrip("0.000000000000000001"), "0.000000000000000001");
}

TEST(Decimal, RefusesOtherText) {
  for (const char* text :
       {"", "-", ".5", "5.", "1e3", "1 ", " 1", "1.2.3", "0x1", "--1", "1,5", "9223372036854775808",
        "-9223372036854775809", "NaN", "0.0000000000000000001"}) {
    EXPECT_FALSE(Decimal::Parse(text)) << text;
  }
  EXPECT_FALSE(Decimal::Parse(std::string(100'000, '9')));
}

TEST(Decimal, RescalesWithoutLoss) {
  EXPECT_EQ((Decimal{50, 2}.Rescale(1)->units), 5);
  EXPECT_EQ((Decimal{5, 1}.Rescale(4)->units), 5000);
  EXPECT_FALSE((Decimal{55, 2}.Rescale(1)));
  EXPECT_FALSE((Decimal{kMax, 0}.Rescale(1)));
  EXPECT_FALSE((Decimal{1, 0}.Rescale(19)));
  EXPECT_FALSE((Decimal{1, 0}.Rescale(-1)));
}

TEST(Decimal, OrdersByNumber) {
  EXPECT_EQ((Decimal{50, 2}), (Decimal{5, 1}));
  EXPECT_LT((Decimal{49, 2}), (Decimal{5, 1}));
  EXPECT_LT((Decimal{kMin, 0}), (Decimal{kMin, 18}));
  EXPECT_GT((Decimal{kMax, 0}), (Decimal{kMax, 1}));
  EXPECT_LT((Decimal{-1, 18}), (Decimal{0, 0}));
}

TEST(Decimal, ToDoubleRoundsOnce) {
  EXPECT_EQ((Decimal{1, 1}.ToDouble()), 0.1);
  EXPECT_EQ((Decimal{-12345, 3}.ToDouble()), -12.345);
  EXPECT_EQ((Decimal{kMax, 18}.ToDouble()), 9.223372036854775807);
}

TEST(Value, ComparesKindAndContent) {
  EXPECT_EQ(Value(), Value(Null{}));
  EXPECT_EQ(Value("a"), Value(std::string("a")));
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_NE(Value(true), Value(1));
  EXPECT_NE(Value(), Value(""));
  EXPECT_EQ(Value(Decimal{10, 1}), Value(Decimal{1, 0}));
}

TEST(Value, ComparesJsonByCanonicalForm) {
  EXPECT_EQ(Value::Json(*ParseJson(R"({"a":1,"b":[1.0]})")),
            Value::Json(*ParseJson(R"({"b":[1],"a":1})")));
  EXPECT_NE(Value::Json(*ParseJson("[1,2]")), Value::Json(*ParseJson("[2,1]")));
}

TEST(Describe, IsForPeople) {
  EXPECT_EQ(Describe(Value()), "null");
  EXPECT_EQ(Describe(true), "true");
  EXPECT_EQ(Describe(-5), "-5");
  EXPECT_EQ(Describe(0.5), "0.5");
  EXPECT_EQ(Describe("say \"hi\"\n"), R"("say \"hi\"\n")");
  EXPECT_EQ(Describe(Decimal{150, 2}), "1.50");
  EXPECT_EQ(Describe(Time{}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(Describe(Duration(1'000'000)), "PT1S");
  EXPECT_EQ(Describe(Uuid{}), "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(Describe(Value::Json(*ParseJson(R"({"b":1,"a":null})"))), R"({"a":null,"b":1})");
  EXPECT_EQ(Describe(std::string(1000, 'x')).size(), 200u);
}

}  // namespace
}  // namespace tenon

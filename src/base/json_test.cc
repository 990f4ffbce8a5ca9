#include "base/json.h"
#include "base/json_text.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/testing.h"

namespace tenon {
namespace {

std::string Problem(std::string_view text) {
  const Result<json::value> value = ParseJson(text);
  if (value) return "accepted";
  EXPECT_EQ(value.error().code, Code::kInvalidArgument);
  EXPECT_TRUE(value.error().details.contains("line"));
  EXPECT_TRUE(value.error().details.contains("column"));
  EXPECT_TRUE(value.error().details.contains("offset"));
  return value.error().message;
}

std::string Canonical(std::string_view text) {
  const Result<json::value> value = ParseJson(text);
  return value ? CanonicalJson(*value) : value.error().message;
}

std::string Number(double value) {
  std::string out;
  AppendJsonNumber(value, out);
  return out;
}

TEST(ParseJson, ReadsEveryKind) {
  const Result<json::value> value =
      ParseJson(" {\"a\": [null, true, false, -1, 1.5, \"x\\u00e9\\ud83d\\ude00\"], \"b\": {}} ");
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(value->at("a").at(5).as_string(), "x\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_TRUE(value->at("b").as_object().empty());
  EXPECT_TRUE(ParseJson("null")->is_null());
  EXPECT_EQ(*ParseJson("\"\""), json::value(""));
}

TEST(ParseJson, KeepsWholeNumbersExact) {
  EXPECT_EQ(ParseJson("9223372036854775807")->as_int64(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(ParseJson("-9223372036854775808")->as_int64(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(ParseJson("18446744073709551615")->as_uint64(),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(ParseJson("18446744073709551616")->as_double(), 18446744073709551616.0);
  EXPECT_EQ(ParseJson("-9223372036854775809")->as_double(), -9223372036854775808.0);
  EXPECT_TRUE(ParseJson("1.0")->is_double());
  EXPECT_TRUE(ParseJson("1e3")->is_double());
}

TEST(ParseJson, ReadsDoublesToTheLastBit) {
  EXPECT_EQ(ParseJson("0.1")->as_double(), 0.1);
  EXPECT_EQ(ParseJson("-1.7976931348623157e308")->as_double(), -1.7976931348623157e308);
  EXPECT_EQ(ParseJson("5e-324")->as_double(), 5e-324);
  EXPECT_EQ(ParseJson("[123456789012345678901234567890.5]")->at(0).as_double(),
            123456789012345678901234567890.5);
  EXPECT_EQ(ParseJson("1e-400")->as_double(), 0);
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const Result<json::value> read = ParseJson(Number(value));
    ASSERT_TRUE(read) << Number(value);
    ASSERT_EQ(read->to_number<double>(), value) << Number(value);
  }
}

TEST(ParseJson, SaysWhereAndWhat) {
  EXPECT_EQ(Problem(""), "line 1, column 1: the document ends too early");
  EXPECT_EQ(Problem("{\"a\": 1,\n \"b\": ?}"), "line 2, column 7: unexpected '?'");
  EXPECT_EQ(Problem("[1, 2"), "line 1, column 6: the document ends too early");
  EXPECT_EQ(Problem("[1,]"), "line 1, column 4: unexpected ']'");
  EXPECT_EQ(Problem("1 2"), "line 1, column 3: there is more text after the end of the document");
  EXPECT_EQ(Problem("{} x"), "line 1, column 4: there is more text after the end of the document");
  EXPECT_EQ(Problem("\xEF\xBB\xBF{}"), "line 1, column 1: there is a byte order mark in front");
  EXPECT_EQ(Problem("\"\xC3\xA9\xC3\xA9\\q\""),
            "line 1, column 5: there is no such escape in a string");
  EXPECT_EQ(Problem("[\"a\nb\"]"),
            "line 1, column 4: a control character stands here; in a string it must be written as "
            "an escape");
}

TEST(ParseJson, RefusesWhatIsNotJson) {
  for (const char* text : {"{'a':1}",
                           "{a:1}",
                           "[1,]",
                           "{\"a\":1,}",
                           "01",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "-",
                           "NaN",
                           "Infinity",
                           "nul",
                           "True",
                           "// c\n1",
                           "/* c */ 1",
                           "\"abc",
                           "{\"a\"}",
                           "{\"a\" 1}",
                           "[1 2]",
                           "\"\\x41\"",
                           "\"\\u12\"",
                           "]",
                           "{]",
                           "[1}",
                           "\"\t\"",
                           "1e400",
                           "-1e400",
                           "1e99999999999",
                           "\x00",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\ud800\\u0041\"",
                           "\f1",
                           "\xC2\xA0"
                           "1"}) {
    EXPECT_NE(Problem(text), "accepted") << text;
  }
  EXPECT_EQ(Problem(std::string_view("1\0", 2)),
            "line 1, column 2: there is more text after the end of the document");
}

TEST(ParseJson, RefusesInvalidUtf8) {
  EXPECT_EQ(Problem("{\"a\":\n\"x\xFF\"}"), "line 2, column 3: the text is not valid UTF-8");
  EXPECT_EQ(Problem("\"\xED\xA0\x80\""), "line 1, column 2: the text is not valid UTF-8");
}

TEST(ParseJson, RefusesNul) {
  EXPECT_NE(Problem(R"(["ab\u0000c"])").find("NUL"), std::string::npos);
  EXPECT_NE(Problem(R"({"a\u0000": 1})").find("NUL"), std::string::npos);
  EXPECT_NE(Problem(R"("\u0000")").find("NUL"), std::string::npos);
  EXPECT_EQ(Problem(R"("\\u0000")"), "accepted");
}

TEST(ParseJson, RefusesDuplicateKeys) {
  EXPECT_EQ(Problem("{\"a\": 1,\n \"b\": 2, \"a\": 3}"),
            "line 2, column 11: the key \"a\" stands twice in one object");
  EXPECT_NE(Problem(R"({"x": {"k": 1, "k": 1}})").find("\"k\" stands twice"), std::string::npos);
  EXPECT_NE(Problem(R"({"a": 1, "\u0061": 2})").find("\"a\" stands twice"), std::string::npos);
  EXPECT_NE(Problem(R"({"\u0061": 1, "a": 2})").find("\"a\" stands twice"), std::string::npos);
  EXPECT_NE(Problem(R"({"": 1, "": 2})").find("\"\" stands twice"), std::string::npos);
  EXPECT_EQ(Problem(R"({"a": {"a": {"a": 1}}, "b": {"a": 1}})"), "accepted");
  EXPECT_EQ(Problem(R"([{"a": 1}, {"a": 1}])"), "accepted");
}

TEST(ParseJson, DuplicateKeysOfLargeObjectsCostLittle) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += "\"key" + std::to_string(i) + "\":1,";
  // Comparing each key with every other would take minutes here, which nobody would overlook.
  EXPECT_EQ(Problem(text + "\"last\":1}"), "accepted");
  EXPECT_NE(Problem(text + "\"key77\":1}").find("\"key77\" stands twice"), std::string::npos);
}

TEST(ParseJson, BoundsTheDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ParseJson(nested(64)));
  EXPECT_EQ(Problem(nested(65)), "line 1, column 65: nested deeper than 64 levels");
  EXPECT_TRUE(ParseJson(nested(3), {.depth_max = 3}));
  EXPECT_FALSE(ParseJson(nested(4), {.depth_max = 3}));
  EXPECT_FALSE(ParseJson(std::string(1'000'000, '[')));
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  EXPECT_FALSE(ParseJson(objects));
}

TEST(JsonText, KeepsTheOrderAndPrintsNumbersAsTheyAreRead) {
  const auto value =
      ParseJson(R"({"b": 1.5, "a": [0.1, 1e20, 100.0, -0.0, 7], "c": {"z": null, "y": "\u00e9"}})");
  ASSERT_TRUE(value);
  EXPECT_EQ(JsonText(*value),
            R"({"b":1.5,"a":[0.1,100000000000000000000,100,0,7],"c":{"z":null,"y":"é"}})");
}

TEST(CanonicalJson, Rfc8785Section322) {
  EXPECT_EQ(Canonical(R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  })"),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(CanonicalJson, Rfc8785Section323SortsByUtf16) {
  EXPECT_EQ(Canonical(R"({"\u20ac":"Euro Sign","\r":"Carriage Return",
    "\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face",
    "\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"})"),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\",\"\xC3\xB6\":"
            "\"Latin Small Letter O With Diaeresis\",\"\xE2\x82\xAC\":\"Euro Sign\","
            "\"\xF0\x9F\x98\x80\":\"Emoji: Grinning Face\",\"\xEF\xAC\xB3\":"
            "\"Hebrew Letter Dalet With Dagesh\"}");
  EXPECT_EQ(Canonical(R"({"ab":1,"a":2,"":3,"\ue000":4,"\ud7ff":5})"),
            "{\"\":3,\"a\":2,\"ab\":1,\"\xED\x9F\xBF\":5,\"\xEE\x80\x80\":4}");
}

TEST(AppendJsonNumber, Rfc8785AppendixB) {
  struct Row {
    std::uint64_t bits;
    const char* text;
  };
  const std::vector<Row> rows = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const Row& row : rows) EXPECT_EQ(Number(std::bit_cast<double>(row.bits)), row.text);
  EXPECT_EQ(Number(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(Number(std::numeric_limits<double>::infinity()), "null");
}

TEST(CanonicalJson, PrintsIntegersExactly) {
  EXPECT_EQ(Canonical("[9223372036854775807,-9223372036854775808,18446744073709551615,1.0,-0.0]"),
            "[9223372036854775807,-9223372036854775808,18446744073709551615,1,0]");
}

TEST(AppendJsonString, EscapesOnlyWhatItMust) {
  std::string out;
  AppendJsonString(std::string_view("a\0\x1f\x7f\b\t\n\f\r\"\\/\xC3\xA9", 14), out);
  EXPECT_EQ(out, "\"a\\u0000\\u001f\x7f\\b\\t\\n\\f\\r\\\"\\\\/\xC3\xA9\"");
}

TEST(AppendJsonString, NaughtyStringsReadBack) {
  const auto data = testing_data::Json("strings/blns.json");
  if (!data) GTEST_SKIP() << data.error().message;
  for (const json::value& row : data->as_array()) {
    const std::string text = CanonicalJson(row);
    const Result<json::value> read = ParseJson(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, row);
  }
}

TEST(FindPath, FollowsKeys) {
  const json::value root = *ParseJson(R"({"a":{"b":{"c":1}},"x":[1]})");
  const std::vector<std::string> path = {"a", "b", "c"};
  ASSERT_NE(FindPath(root, path), nullptr);
  EXPECT_EQ(*FindPath(root, path), 1);
  EXPECT_EQ(FindPath(root, {}), &root);
  EXPECT_EQ(FindPath(root, std::vector<std::string>{"a", "z"}), nullptr);
  EXPECT_EQ(FindPath(root, std::vector<std::string>{"x", "0"}), nullptr);
}

TEST(MergePatch, Rfc7396AppendixA) {
  const std::vector<std::array<const char*, 3>> rows = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", R"(null)", R"(null)"},
      {R"({"a":"foo"})", R"("bar")", R"("bar")"},
      {R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const auto& [target, patch, expected] : rows) {
    json::value value = *ParseJson(target);
    MergePatch(value, *ParseJson(patch));
    EXPECT_EQ(CanonicalJson(value), expected) << target << " " << patch;
  }
}

}  // namespace
}  // namespace tenon

#include "base/text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/testing.h"

namespace tenon {
namespace {

TEST(InvalidUtf8At, FindsTheFirstBadByte) {
  EXPECT_EQ(InvalidUtf8At(""), std::nullopt);
  EXPECT_EQ(InvalidUtf8At("plain text of more than eight bytes"), std::nullopt);
  EXPECT_EQ(InvalidUtf8At("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF"), std::nullopt);
  EXPECT_EQ(InvalidUtf8At("\xFF"), 0u);
  EXPECT_EQ(InvalidUtf8At("12345678\x80"), 8u);
  EXPECT_EQ(InvalidUtf8At("ab\xC0\xAF"), 2u);        // overlong
  EXPECT_EQ(InvalidUtf8At("\xE0\x9F\xBF"), 0u);      // overlong
  EXPECT_EQ(InvalidUtf8At("\xF0\x8F\xBF\xBF"), 0u);  // overlong
  EXPECT_EQ(InvalidUtf8At("a\xED\xA0\x80"), 1u);     // surrogate
  EXPECT_EQ(InvalidUtf8At("\xF4\x90\x80\x80"), 0u);  // over U+10FFFF
  EXPECT_EQ(InvalidUtf8At("abc\xE2\x82"), 3u);       // cut short
  EXPECT_EQ(InvalidUtf8At("\xE2\x28\xA1"), 0u);
}

TEST(CountCodePoints, Counts) {
  EXPECT_EQ(CountCodePoints(""), 0u);
  EXPECT_EQ(CountCodePoints("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), 4u);
}

TEST(Fold, FoldsByTheSimpleTable) {
  EXPECT_EQ(Fold("HeLLo [World]"), "hello [world]");
  EXPECT_EQ(Fold("\xC3\x89t\xC3\xA9"), "\xC3\xA9t\xC3\xA9");                // Été
  EXPECT_EQ(Fold("\xCE\xA3\xCF\x82\xCF\x83"), "\xCF\x83\xCF\x83\xCF\x83");  // Σ ς σ
  EXPECT_EQ(Fold("\xE1\xBA\x9E\xC3\x9F"), "\xC3\x9F\xC3\x9F");              // ẞ ß: no "ss"
  EXPECT_EQ(Fold("\xC5\xBF"), "s");                                         // long s
  EXPECT_EQ(Fold("\xE2\x84\xAA"), "k");                                     // Kelvin sign
  EXPECT_EQ(Fold("\xC4\xB0"), "\xC4\xB0");                  // İ has no simple folding
  EXPECT_EQ(Fold("\xD0\x94\xD0\x90"), "\xD0\xB4\xD0\xB0");  // ДА
  EXPECT_EQ(Fold("A\xFF"
                 "B"),
            "A\xFF"
            "B");
}

TEST(Fold, TwiceIsOnce) {
  const auto data = testing_data::Json("strings/blns.json");
  if (!data) GTEST_SKIP() << data.error().message;
  for (const json::value& row : data->as_array()) {
    const std::string once = Fold({row.as_string().data(), row.as_string().size()});
    EXPECT_EQ(Fold(once), once);
    EXPECT_EQ(InvalidUtf8At(once), std::nullopt);
  }
}

TEST(Like, Matches) {
  EXPECT_TRUE(Like("", ""));
  EXPECT_TRUE(Like("", "%%"));
  EXPECT_FALSE(Like("", "_"));
  EXPECT_TRUE(Like("abc", "abc"));
  EXPECT_FALSE(Like("abc", "ABC"));
  EXPECT_TRUE(Like("abc", "a%"));
  EXPECT_TRUE(Like("abc", "%c"));
  EXPECT_TRUE(Like("abc", "%b%"));
  EXPECT_TRUE(Like("abc", "a_c"));
  EXPECT_FALSE(Like("abc", "a_"));
  EXPECT_FALSE(Like("abc", "_"));
  EXPECT_TRUE(Like("aXbXc", "%X%c"));
  EXPECT_TRUE(Like("ababac", "%abac"));
  EXPECT_FALSE(Like("abab", "%aba"));
}

TEST(Like, UnderscoreIsOneCodePoint) {
  EXPECT_TRUE(
      Like("a\xE2\x82\xAC"
           "c",
           "a_c"));
  EXPECT_FALSE(
      Like("a\xE2\x82\xAC"
           "c",
           "a__c"));
  EXPECT_TRUE(Like("\xF0\x9F\x98\x80", "_"));
  EXPECT_TRUE(Like("\xF0\x9F\x98\x80x", "%_x"));
}

TEST(Like, Escapes) {
  EXPECT_TRUE(Like("100%", "100\\%"));
  EXPECT_FALSE(Like("1000", "100\\%"));
  EXPECT_TRUE(Like("a_b", "a\\_b"));
  EXPECT_FALSE(Like("axb", "a\\_b"));
  EXPECT_TRUE(Like("a\\b", "a\\\\b"));
  EXPECT_TRUE(Like("abc", "a\\bc"));
  EXPECT_FALSE(Like("abc\\", "abc\\"));  // nothing escaped: matches nothing, as in SQLite
  EXPECT_TRUE(Like("x100%y", "%\\%_"));
}

TEST(Like, IsNotExponential) {
  const std::string text(20'000, 'a');
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "%a";
  pattern += "%b";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(Like(text, pattern));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST(Nearest, FindsWhatWasMeant) {
  const std::vector<std::string_view> names = {"name", "status", "created_at", "updated_at", "id"};
  EXPECT_EQ(Nearest("nmae", names), "name");
  EXPECT_EQ(Nearest("stats", names), "status");
  EXPECT_EQ(Nearest("create_at", names), "created_at");
  EXPECT_EQ(Nearest("updatedat", names), "updated_at");
  EXPECT_EQ(Nearest("ID", names), "id");
  EXPECT_EQ(Nearest("colour", names), "");
  EXPECT_EQ(Nearest("x", names), "");
  EXPECT_EQ(Nearest("", names), "");
  EXPECT_EQ(Nearest(std::string(65, 'a'), names), "");
}

TEST(Nearest, TakesTheNearestThenTheFirst) {
  const std::vector<std::string_view> names = {"deploy", "deploys", "deployx"};
  EXPECT_EQ(Nearest("deplyos", names), "deploys");
  const std::vector<std::string_view> same = {"abcdefx", "abcdefy"};
  EXPECT_EQ(Nearest("abcdefz", same), "abcdefx");
}

TEST(Ellipsis, CutsAtACodePoint) {
  EXPECT_EQ(Ellipsis("short", 5), "short");
  EXPECT_EQ(Ellipsis("longer text", 8), "longe...");
  EXPECT_EQ(Ellipsis("\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", 8), "\xE2\x82\xAC...");
  EXPECT_EQ(Ellipsis("abcdef", 2), "ab");
  EXPECT_EQ(Ellipsis("\xE2\x82\xAC", 2), "");
}

}  // namespace
}  // namespace tenon

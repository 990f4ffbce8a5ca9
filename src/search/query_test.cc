#include "search/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search/tokens.h"

namespace tenon::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Texts(const std::vector<QueryWord>& words) {
  std::vector<std::string> texts;
  for (const QueryWord& word : words) texts.push_back(word.text + (word.prefix ? "*" : ""));
  return texts;
}

TEST(TextQuery, TakesWordsApart) {
  const TextQuery query = ParseTextQuery("  libssl  OpenSSL ");
  EXPECT_THAT(Texts(query.words), ElementsAre("libssl", "openssl*"));
  EXPECT_THAT(query.words[1].parts, ElementsAre("open", "ssl"));
  EXPECT_EQ(query.name, "libssl openssl");
}

TEST(TextQuery, KnowsPhrasesAndExclusions) {
  const TextQuery query = ParseTextQuery("\"user orders\" -test lib* end");
  EXPECT_THAT(query.phrases, ElementsAre(" user orders "));
  EXPECT_THAT(Texts(query.words), ElementsAre("user", "orders", "lib*", "end*"));
  EXPECT_THAT(Texts(query.excluded), ElementsAre("test"));
}

TEST(TextQuery, LooksForAnExclusionThatStandsAlone) {
  const TextQuery query = ParseTextQuery("-dev");
  EXPECT_THAT(Texts(query.words), ElementsAre("dev"));
  EXPECT_THAT(query.excluded, IsEmpty());
}

TEST(TextQuery, HasNoSyntaxErrors) {
  for (const char* text : {"\"", "\"open", "AND OR NOT", "NEAR(a b)", "a:b", "^x", "(", ")", "{a}",
                           "a + b", "*", "-", "--", "-\"", "\"\"", "'", "\\", ";"}) {
    const TextQuery query = ParseTextQuery(text);
    for (const QueryWord& word : query.words) EXPECT_EQ(word.text.find('"'), std::string::npos);
  }
}

TEST(TextQuery, IsBounded) {
  std::string many;
  for (int i = 0; i < 10000; ++i) many += "w" + std::to_string(i) + " ";
  EXPECT_LE(ParseTextQuery(many).words.size(), kQueryWordsMax);
}

TEST(TextQuery, PairsOfOneRunAreOneWord) {
  const TextQuery query = ParseTextQuery("東京都");
  ASSERT_EQ(query.words.size(), 1u);
  EXPECT_TRUE(query.words[0].solid);
  EXPECT_THAT(query.words[0].parts, ElementsAre("東京", "京都"));
}

}  // namespace
}  // namespace tenon::search

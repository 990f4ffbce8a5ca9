#include "search/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Texts(std::string_view text) {
  std::vector<std::string> texts;
  for (const Token& token : Tokenize(text)) texts.push_back(token.text);
  return texts;
}

TEST(Tokens, CutsQualifiedNames) {
  EXPECT_THAT(Texts("db.schema.table"), ElementsAre("db", "schema", "table"));
  EXPECT_THAT(Texts("snake_case-and/path:x"), ElementsAre("snake", "case", "and", "path", "x"));
}

TEST(Tokens, KeepsWordsAndTheirParts) {
  EXPECT_THAT(Texts("userOrders"), ElementsAre("userorders", "user", "orders"));
  EXPECT_THAT(Texts("HTTPServer"), ElementsAre("httpserver", "http", "server"));
  EXPECT_THAT(Texts("libssl3"), ElementsAre("libssl3", "libssl", "3"));
}

TEST(Tokens, KeepsHashesWhole) {
  EXPECT_THAT(Texts("a1b2c3d4e5f6a7b8c9"), ElementsAre("a1b2c3d4e5f6a7b8c9"));
}

TEST(Tokens, FoldsCaseAndDiacritics) {
  EXPECT_THAT(Texts("Crème BRÛLÉE"), ElementsAre("creme", "brulee"));
  EXPECT_THAT(Texts("Straße Øresund Łódź"), ElementsAre("strasse", "oresund", "lodz"));
  // The same letter, composed and in two code points.
  EXPECT_EQ(Texts("caf\xC3\xA9"), Texts("cafe\xCC\x81"));
  EXPECT_THAT(Texts("ＦＵＬＬ"), ElementsAre("full"));
}

TEST(Tokens, PairsScriptsWithoutBlanks) {
  EXPECT_THAT(Texts("東京都"), ElementsAre("東京", "京都"));
  EXPECT_THAT(Texts("中"), ElementsAre("中"));
  EXPECT_THAT(Texts("abc東京"), ElementsAre("abc", "東京"));
}

TEST(Tokens, SaysWhereTheyStand) {
  const auto tokens = Tokenize("ab Élan");
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[1].begin, 3u);
  EXPECT_EQ(tokens[1].end, 8u);
}

TEST(Tokens, PassesOverWhatIsNoWord) {
  EXPECT_THAT(Texts(""), IsEmpty());
  EXPECT_THAT(Texts("'; -- \" * ( ) \x01"), IsEmpty());
  EXPECT_THAT(Texts("a\xFF\xFE"
                    "b"),
              ElementsAre("a", "b"));
}

TEST(Tokens, AreBounded) {
  EXPECT_LE(Tokenize(std::string(100000, 'x')).size(), kFieldTokensMax);
  for (const Token& token : Tokenize(std::string(100000, 'x'))) {
    EXPECT_LE(token.text.size(), kTokenBytesMax);
  }
  std::string many;
  for (int i = 0; i < 100000; ++i) many += "w ";
  EXPECT_EQ(Tokenize(many).size(), kFieldTokensMax);
}

TEST(FoldName, IsForComparison) {
  EXPECT_EQ(FoldName("  Élan   Vital\n"), "elan vital");
  EXPECT_EQ(FoldName("'; DROP TABLE x; --"), "'; drop table x; --");
  EXPECT_LE(FoldName(std::string(100000, 'y')).size(), 256u);
}

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(EditDistance("openssl", "openssl", 2), 0);
  EXPECT_EQ(EditDistance("openssl", "opnessl", 2), 1);  // neighbours changed places
  EXPECT_EQ(EditDistance("openssl", "openss", 2), 1);
  EXPECT_EQ(EditDistance("openssl", "gnutls", 2), 3);  // more than asked for
  EXPECT_EQ(EditDistance("é", "e", 2), 1);
}

}  // namespace
}  // namespace tenon::search

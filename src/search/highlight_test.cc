#include "search/highlight.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/text.h"

namespace tenon::search {
namespace {

TEST(Highlight, MarksWordsAndBeginnings) {
  EXPECT_EQ(Highlight("Orders of users", std::vector<std::string>{"orders", "us*"}),
            "<mark>Orders</mark> of <mark>users</mark>");
  EXPECT_EQ(Highlight("nothing here", std::vector<std::string>{"orders"}), "");
}

TEST(Highlight, MarksAPartOfAWord) {
  EXPECT_EQ(Highlight("userOrders", std::vector<std::string>{"orders"}), "user<mark>Orders</mark>");
  EXPECT_EQ(Highlight("libssl3-dev", std::vector<std::string>{"libssl3"}),
            "<mark>libssl3</mark>-dev");
}

TEST(Highlight, IsSafeHtml) {
  EXPECT_EQ(Highlight("<script>alert('x') & \"y\"</script>", std::vector<std::string>{"alert"}),
            "&lt;script&gt;<mark>alert</mark>(&#39;x&#39;) &amp; &quot;y&quot;&lt;/script&gt;");
}

TEST(Highlight, FindsFoldedWords) {
  EXPECT_EQ(Highlight("Crème brûlée", std::vector<std::string>{"creme"}),
            "<mark>Crème</mark> brûlée");
}

TEST(Highlight, ShowsTheTextAroundTheFirstHit) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "füllwort ";
  text += "needle ";
  for (int i = 0; i < 200; ++i) text += "füllwort ";
  const std::string shown = Highlight(text, std::vector<std::string>{"needle"}, 60);
  EXPECT_NE(shown.find("<mark>needle</mark>"), std::string::npos);
  EXPECT_LT(shown.size(), 120u);
  EXPECT_TRUE(shown.starts_with("…"));
  EXPECT_TRUE(shown.ends_with("…"));
  EXPECT_FALSE(InvalidUtf8At(shown)) << shown;
}

}  // namespace
}  // namespace tenon::search

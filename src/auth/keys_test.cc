#include "auth/keys.h"

#include <gtest/gtest.h>

#include <set>

namespace tenon {
namespace {

TEST(Keys, HaveTheirForm) {
  SeededRandom random(1);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const NewKey key = MakeKey(random);
    EXPECT_TRUE(LooksLikeKey(key.key)) << key.key;
    EXPECT_EQ(PrefixOf(key.key), key.prefix);
    EXPECT_EQ(key.prefix.size(), kKeyPrefixLength);
    EXPECT_EQ(HashKey(key.key), key.hash);
    EXPECT_EQ(key.hash.find(key.key), std::string::npos);
    EXPECT_TRUE(seen.insert(key.key).second);
  }
}

TEST(Keys, OtherTextIsNoKey) {
  SeededRandom random(2);
  const std::string key = MakeKey(random).key;
  EXPECT_FALSE(LooksLikeKey(""));
  EXPECT_FALSE(LooksLikeKey(key.substr(0, key.size() - 1)));
  EXPECT_FALSE(LooksLikeKey("tnx" + key.substr(3)));
  EXPECT_FALSE(LooksLikeKey(key + "-"));
  EXPECT_FALSE(LooksLikeKey(key + std::string(1, '\0')));
  EXPECT_FALSE(LooksLikeKey(key + std::string(200, 'a')));
}

TEST(Keys, Base62IsEven) {
  SeededRandom random(3);
  const std::string text = RandomBase62(random, 62000);
  int counts[256] = {};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  for (const char c : std::string("09AZaz")) {
    EXPECT_NEAR(counts[static_cast<unsigned char>(c)], 1000, 150) << c;
  }
}

}  // namespace
}  // namespace tenon

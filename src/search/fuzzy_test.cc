#include "search/fuzzy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "search/tokens.h"

namespace tenon::search {
namespace {

struct Walked {
  std::vector<std::string> near;
  int looks = 0;
};

Walked Walk(const std::set<std::string>& dictionary, std::string_view word, int distance_max) {
  Walked walked;
  FuzzyWalk walk(word, distance_max);
  while (walk.next()) {
    const auto term = dictionary.lower_bound(*walk.next());
    if (term == dictionary.end()) break;
    ++walked.looks;
    const int distance = walk.Look(*term);
    EXPECT_EQ(distance, EditDistance(word, *term, distance_max)) << word << " and " << *term;
    if (distance <= distance_max) walked.near.push_back(*term);
  }
  return walked;
}

TEST(FuzzyWalk, FindsWhatLookingAtEveryWordFinds) {
  std::mt19937 random(7);
  const std::vector<std::string> letters = {"a", "b", "n", "s", "z", "0", "é", "ß", "京", "😀"};
  const auto word = [&] {
    std::string text;
    for (std::size_t left = 1 + random() % 9; left > 0; --left) {
      text += letters[random() % letters.size()];
    }
    return text;
  };
  std::set<std::string> dictionary;
  while (dictionary.size() < 3000) dictionary.insert(word());
  for (int i = 0; i < 300; ++i) {
    const std::string wanted = i % 3 == 0 ? *std::next(dictionary.begin(), i) : word();
    const int distance_max = 1 + i % 2;
    std::vector<std::string> near;
    for (const std::string& term : dictionary) {
      if (EditDistance(wanted, term, distance_max) <= distance_max) near.push_back(term);
    }
    EXPECT_EQ(Walk(dictionary, wanted, distance_max).near, near) << wanted;
  }
}

TEST(FuzzyWalk, LooksAtFewOfManyWords) {
  std::set<std::string> dictionary;
  for (int i = 0; i < 100000; ++i) dictionary.insert("w" + std::to_string(i) + "ing");
  dictionary.insert("warehouse");
  const Walked walked = Walk(dictionary, "warehuose", 2);
  EXPECT_THAT(walked.near, ::testing::ElementsAre("warehouse"));
  EXPECT_LT(walked.looks, 300);
}

}  // namespace
}  // namespace tenon::search

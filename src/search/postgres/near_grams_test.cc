#include "search/postgres/near_grams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "search/tokens.h"

namespace tenon::search {
namespace {

const std::vector<std::string> kLetters = {"a", "b", "é", "京"};

class Misspeller {
 public:
  std::vector<std::string> Word(std::size_t letters) {
    std::vector<std::string> word;
    while (word.size() < letters) word.push_back(Letter());
    return word;
  }
  void Edit(std::vector<std::string>& word) {
    const auto at = static_cast<std::ptrdiff_t>(random_() % word.size());
    switch (random_() % 4) {
      case 0:
        word.insert(word.begin() + at, Letter());
        break;
      case 1:
        word.erase(word.begin() + at);
        break;
      case 2:
        word[static_cast<std::size_t>(at)] = Letter();
        break;
      default:
        if (at > 0) std::iter_swap(word.begin() + at, word.begin() + at - 1);
    }
  }
  std::int64_t Number(std::uint32_t below) { return random_() % below; }

 private:
  std::string Letter() { return kLetters[random_() % kLetters.size()]; }
  std::mt19937 random_{11};
};

std::string Text(const std::vector<std::string>& letters) {
  std::string text;
  for (const std::string& letter : letters) text += letter;
  return text;
}

TEST(NearGrams, EveryNearWordHasOneOfThem) {
  Misspeller misspeller;
  int near = 0;
  for (int i = 0; i < 60000; ++i) {
    const int distance_max = 1 + i % 2;
    const auto letters =
        misspeller.Word(static_cast<std::size_t>(3 * distance_max + 1 + misspeller.Number(4)));
    auto other = letters;
    for (int edit = 0; edit < distance_max; ++edit) misspeller.Edit(other);
    const std::string word = Text(letters), term = Text(other);
    if (EditDistance(word, term, distance_max) > distance_max) continue;
    ++near;
    // Whatever is rare, the choice must do.
    const NearGrams grams(word, distance_max);
    std::unordered_map<std::int64_t, std::int64_t> words;
    for (const std::int64_t gram : grams.All()) words[gram] = misspeller.Number(100);
    const auto chosen = grams.Choose(words);
    const auto of_term = Trigrams(term);
    EXPECT_TRUE(std::ranges::any_of(
        chosen, [&](std::int64_t gram) { return std::ranges::binary_search(of_term, gram); }))
        << word << " and " << term;
  }
  EXPECT_GT(near, 50000);
}

TEST(NearGrams, ChoosesWhatFewWordsHave) {
  const NearGrams grams("warehouse", 1);
  const auto gram = [](const char* text) { return TrigramOf(text[0], text[1], text[2]); };
  std::unordered_map<std::int64_t, std::int64_t> words;
  for (const std::int64_t one : grams.All()) words[one] = 500;
  words[gram("are")] = 3;
  words[gram("ous")] = 4;
  EXPECT_THAT(grams.Choose(words), ::testing::ElementsAre(gram("are"), gram("ous")));
  // What stands side by side loses both to one swap, of which the word then tells.
  words[gram("ous")] = 500;
  words[gram("hou")] = 4;
  words[gram("arh")] = 5;
  EXPECT_THAT(grams.Choose(words), ::testing::ElementsAre(gram("are"), gram("arh"), gram("hou")));
}

TEST(NearGrams, ShortWordsHaveNone) {
  EXPECT_THAT(NearGrams("abc", 1).Choose({}), ::testing::IsEmpty());
  EXPECT_THAT(NearGrams("abcdef", 2).Choose({}), ::testing::IsEmpty());
  EXPECT_THAT(NearGrams("abcdefg", 2).Choose({}), ::testing::Not(::testing::IsEmpty()));
}

}  // namespace
}  // namespace tenon::search

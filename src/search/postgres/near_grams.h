// Which trigrams to look for, to find all words that are a few edits from a word: an edit spoils
// only what it touches, so of one more trigrams than edits that stand apart in the word, one is
// left. Which of them is free to choose, so the choice are those that the fewest words have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tenon::search {

// Edits are those of EditDistance, trigrams those of Trigrams (tokens.h). Immutable.
class NearGrams {
 public:
  NearGrams(std::string_view word, int distance_max);

  // All there is to choose from, sorted, each once.
  [[nodiscard]] std::vector<std::int64_t> All() const;

  // Each word that is at most distance_max edits away has one of these; fewest words have them.
  // `words`: how many have each of All(), 0 where nothing is said. Empty when the word has fewer
  // than 3 * distance_max + 1 letters: an edit may then spoil every trigram.
  [[nodiscard]] std::vector<std::int64_t> Choose(
      const std::unordered_map<std::int64_t, std::int64_t>& words) const;

 private:
  const std::size_t chosen_;  // of trigrams that stand apart
  // By place. Two letters that changed places, one of this trigram and one of that behind it, spoil
  // both; the word then has `swapped_`.
  std::vector<std::int64_t> grams_, swapped_;
};

}  // namespace tenon::search

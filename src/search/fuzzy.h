// Which words of a sorted dictionary are a few edits from a word, without looking at most of them:
// the dictionary is walked like a tree of beginnings, and where a beginning is already too far from
// the word, all that goes on from it is skipped with one look-up.
//
// Source: K. Schulz, S. Mihov, "Fast string correction with Levenshtein automata" (2002), as
// Lucene's FuzzyTermsEnum walks its terms; the automaton's states are rows of the table of
// distances here, which are short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::search {

// Distances are those of EditDistance (tokens.h). Not thread-safe.
class FuzzyWalk {
 public:
  FuzzyWalk(std::string_view word, int distance_max);

  // Looks at a term; each comes after the one before in the order of bytes. Its distance; more than
  // distance_max is distance_max + 1.
  int Look(std::string_view term);

  // The first text behind the last term that a near one can be equal to or come after, which need
  // not be UTF-8; nullopt: no near one is left.
  [[nodiscard]] const std::optional<std::string>& next() const { return next_; }

 private:
  using Row = std::vector<int>;
  struct Level {
    std::int32_t character = 0;
    std::size_t end = 0;  // its last byte's place in term_, plus one
  };
  // The row of the first `depth` characters of the term followed by one more.
  void MakeRow(std::size_t depth, std::int32_t character, Row& row) const;
  [[nodiscard]] bool IsNear(const Row& row) const;
  void SkipFrom(std::size_t depth, std::int32_t character);

  const std::vector<std::int32_t> word_;
  const int distance_max_;
  std::vector<std::int32_t> letters_;  // of the word, sorted, each once

  std::string term_;
  std::vector<Level> levels_;
  std::vector<Row> rows_;  // one more than levels
  Row row_;
  std::optional<std::string> next_ = std::string();
};

}  // namespace tenon::search

// What a query asks of one tenant's entity in an index: which words there are, and which rows have
// them. Ranking, endings, misspelt words and counts are made of these questions in part_query.h and
// vocabulary.h, once for every index, so that all of them answer alike.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace tenon::search {

// A word of the part.
struct Term {
  std::string text;
  std::int64_t docs = 0;    // rows that have it; 0: none has
  std::int64_t labels = 0;  // that have it in their label, where the index counts them
  int distance = 0;         // from what was looked for
};

// What rows must have, in the index's own query language. See IndexPart::words.
struct Condition {
  std::string text;  // empty: nothing to ask
  // About so many rows have the rarest of the words that must be there, and all of them if words
  // knew nothing of each other: an index may walk the rows instead of collecting all that match.
  std::int64_t rarest = 0;
  double expected = 0;
  // About so many rows each of its words has, added up: what looking through all of it costs.
  // 0: not known.
  std::int64_t postings = 0;
};

// How words become a condition.
struct ConditionWords {
  std::string_view both, either, without;  // " AND ", " OR ", " NOT "
};

struct FoundRow {
  std::int64_t id = 0;
  std::string_view key;
  std::string_view words;          // Analysis::words
  std::vector<std::string> texts;  // when asked for
};

struct Counted {
  std::int64_t rows = 0;
  bool whole = true;  // false: there may be more, it was given up
};

struct FacetTally {
  std::unordered_map<std::int64_t, std::int64_t> rows;  // by the number of the facet's value
  bool sampled = false;                                 // there are more rows
  // How many there are, as Count says it, where an index knows that without asking again.
  std::optional<Counted> counted = {};
};

// On one snapshot; not thread-safe.
class IndexPart {
 public:
  virtual ~IndexPart() = default;
  [[nodiscard]] virtual std::int64_t docs() const = 0;

  // --- words
  virtual Result<Term> Find(std::string_view token) = 0;
  // The most frequent of the first kEndingsLookedAt words that begin with the prefix and go on.
  static constexpr int kEndingsLookedAt = 1000;
  virtual Result<std::vector<Term>> Endings(std::string_view prefix, std::size_t max) = 0;
  // Words that hold this one and more; at most `max`, whichever are found first.
  virtual Result<std::vector<Term>> Containing(std::string_view word, int max) = 0;
  // Words that are at most so many edits from it (EditDistance), with their distances; only of
  // those that somebody could misspell (HasGrams). Where many are, some may be left out.
  virtual Result<std::vector<Term>> Near(std::string_view word, int distance_max) = 0;

  // --- conditions
  [[nodiscard]] virtual const ConditionWords& words() const = 0;
  [[nodiscard]] virtual std::string Word(std::string_view token, bool label) const = 0;
  [[nodiscard]] virtual std::string FacetWord(std::int64_t value) const = 0;

  // --- rows
  using Each = std::function<Result<void>(const FoundRow&)>;
  struct Ask {
    std::size_t max = 0;
    bool texts = false;
  };
  // At most `max`; true when there are more. May be called before it is asked, so that an index
  // across a network sends several questions at once.
  virtual void Foretell(const Condition& condition, const Ask& ask) {
    static_cast<void>(condition), static_cast<void>(ask);
  }
  virtual Result<bool> Rows(const Condition& condition, const Ask& ask, const Each& each) = 0;
  virtual Result<bool> AllRows(std::size_t max, const Each& each) = 0;
  // Of these rows those that satisfy the condition, or all when it is empty.
  virtual Result<void> Among(std::span<const std::string> keys, const Condition& condition,
                             bool texts, const Each& each) = 0;
  // Stops at `max`, and where going on would cost too much.
  virtual Result<Counted> Count(const Condition& condition, std::int64_t max) = 0;
  // Rows whose folded name is `name`, or begins with it and goes on; at most `max`.
  using EachName = std::function<Result<void>(std::string_view name, const FoundRow&)>;
  virtual Result<void> Names(std::string_view name, bool exact, std::int64_t max,
                             const EachName& each) = 0;

  // --- facets
  struct FacetNumber {
    std::int64_t number = 0;  // 0: there is none
    std::int64_t rows = 0;    // that have it
  };
  virtual Result<FacetNumber> FacetValue(std::string_view facet, std::string_view value) = 0;
  // The values of at most `max` rows that satisfy the condition; fewer where more would cost too
  // much. `count_max`: as Count's.
  virtual Result<FacetTally> Tally(const Condition& condition, std::int64_t max,
                                   std::int64_t count_max) = 0;
  using EachValue = std::function<Result<void>(std::int64_t number, std::string_view facet,
                                               std::string_view value, std::int64_t rows)>;
  // What numbers stand for; rows is 0.
  virtual Result<void> NameValues(std::span<const std::int64_t> numbers, const EachValue& each) = 0;
  // Values of the facet that rows have, at most `max`.
  virtual Result<void> Values(std::string_view facet, std::int64_t max, const EachValue& each) = 0;
};

}  // namespace tenon::search

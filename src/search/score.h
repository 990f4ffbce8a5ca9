// What a document keeps of its words for ranking, and the ranking. Close to BM25 with weights by
// field: rare words count more, words in short fields count more; how often a word is repeated
// counts nothing, because names and descriptions of a catalog are short.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "search/index.h"
#include "search/plan.h"

namespace tenon::search {

// A document taken apart into tokens.
struct Analysis {
  std::vector<std::string_view> terms;        // each once, in the order in which they stand
  std::vector<std::string_view> label_terms;  // those of the label, likewise
  // For scoring: four bytes a token and field, hash and field number, fields in order.
  std::string words;
  std::vector<std::string> names;  // folded: the label, and unique names; each once
};

// Takes documents apart, one after the other, and keeps its memory between them. Not thread-safe.
class Analyzer {
 public:
  // Valid until the next call.
  const Analysis& Analyze(const SearchPlan& plan, std::span<const std::string> texts);

 private:
  struct Term {
    std::uint32_t hash = 0;
    std::uint32_t begin = 0, size = 0;  // in letters_
    std::uint32_t fields = 0;           // a bit for each that has it
    bool label = false;
  };
  Term& TermOf(std::string_view token);
  void Grow();

  std::string letters_;
  std::vector<Term> terms_;
  std::vector<std::uint32_t> slots_;  // by hash: number of the term + 1; 0: free
  Analysis analysis_;
};

// One way to satisfy a word of the query: the word itself, an ending of it, a word that is spelt
// alike, its parts.
struct Variant {
  std::vector<std::string> tokens;  // all of them, at most 32
  double quality = 1;               // 1: the word itself
  bool near = false;                // spelt alike
};

struct Group {
  std::vector<Variant> variants;  // empty: nothing has the word
  double idf = 1;
  std::int64_t rows_min = 0;    // so many rows have it, or more
  std::int64_t labels_min = 0;  // so many have it in their label, or more
  std::int64_t postings = 0;    // rows of each of its tokens, added up
};

// log(1 + (rows - having + 0.5) / (having + 0.5)), never negative.
double Idf(std::int64_t rows, std::int64_t having);

// Built for a query and an entity; immutable.
class Scorer {
 public:
  Scorer(const SearchPlan& plan, std::span<const Group> groups);

  struct Scored {
    double score = 0;
    Match match = Match::kSome;
    int groups = 0;  // words that were found
  };
  [[nodiscard]] Scored Score(std::string_view words) const;

 private:
  struct Needle {
    std::uint32_t hash = 0;
    std::uint16_t variant = 0;
    std::uint8_t bit = 0;
  };
  struct FlatVariant {
    std::uint16_t group = 0;
    std::uint32_t all = 0;
    double quality = 0;
    bool near = false;
  };
  std::vector<Needle> needles_;  // by hash
  std::vector<FlatVariant> variants_;
  std::vector<double> idf_;  // by group
  std::array<double, 16> weights_{};
  std::uint32_t label_ = 0;
  std::array<std::uint64_t, 16> filter_{};  // bits of the needles' hashes: most tokens are none
};

}  // namespace tenon::search

// The part of a query that is about one entity of the tenant: its candidates and counts.
//
// An index hands out only as many matches as are asked for, so the work is bounded by the
// candidates wanted and not by the matches. Ways of matching are asked one after the other, best
// first: whole names, words in the label, all words, some words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "search/index.h"
#include "search/part.h"
#include "search/score.h"

namespace tenon::search {

class PartQuery {
 public:
  PartQuery(std::unique_ptr<IndexPart> part, const IndexQuery& query, const SearchPlan& plan)
      : part_(std::move(part)), query_(query), plan_(plan) {}

  // Looks the words up. Before all others.
  Result<void> Open();
  // Says to the index what FindAll will ask.
  void Foretell();
  // Candidates that have all words, and their number.
  Result<void> FindAll();
  // Candidates that have some words; after FindAll, when that found few.
  Result<void> FindSome();
  // Candidates among these rows, by their keys; instead of FindAll and FindSome.
  Result<void> FindAmong(const std::vector<std::string>& keys);
  // Rows that match, for the facets asked for.
  Result<void> CountFacets();

  [[nodiscard]] const SearchPlan& plan() const { return plan_; }
  [[nodiscard]] std::int64_t total() const { return total_; }
  [[nodiscard]] bool capped() const { return capped_; }
  [[nodiscard]] bool at_least() const { return at_least_; }
  [[nodiscard]] bool facets_sampled() const { return facets_sampled_; }
  [[nodiscard]] bool has_words() const { return !groups_.empty(); }
  void TakeCandidates(std::vector<Candidate>& out);
  // By facet, then value.
  [[nodiscard]] const std::unordered_map<std::string,
                                         std::unordered_map<std::string, std::int64_t>>&
  facets() const {
    return facets_;
  }
  // For IndexAnswer::marks and ::corrected.
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }
  [[nodiscard]] const std::vector<bool>& corrected() const { return corrected_; }

 private:
  struct Found {
    Match match = Match::kSome;
    double score = 0;
    std::string key;
  };
  Result<void> OpenFacetTerms();
  Result<void> FindNames();
  Result<void> FindNamesFrom(bool exact);
  // Adds what satisfies the condition, at most `max`; true when there was more.
  Result<bool> Stream(const Condition& condition, std::size_t max);
  Result<void> StreamAll(std::size_t max);
  [[nodiscard]] bool WantsFacets() const;
  // Into total_; where facets are wanted, into tally_ on the way.
  Result<void> Count(const Condition& condition);
  [[nodiscard]] bool HasPhrases(std::span<const std::string> texts) const;
  Result<void> NameFacets(const std::unordered_map<std::int64_t, std::int64_t>& counts);
  void Note(const FoundRow& row, Match match, double bonus);
  [[nodiscard]] std::string WordOf(const Variant& variant, bool label) const;
  [[nodiscard]] std::string WordOf(const Group& group, bool label) const;
  // With the facet terms and without the excluded words; empty: nothing to ask.
  [[nodiscard]] Condition Narrowed(Condition condition) const;
  // Whether only words say which rows are wanted.
  [[nodiscard]] bool IsPlain() const;
  [[nodiscard]] Condition EveryRow() const;
  // The condition's rows are those, of so many, that have a word more.
  void AlsoWith(std::int64_t rows, Condition& condition) const;
  [[nodiscard]] Condition All(bool label) const;
  [[nodiscard]] Condition Any() const;
  [[nodiscard]] IndexPart::Ask AskFor(std::size_t max) const {
    return {.max = max, .texts = !query_.text.phrases.empty()};
  }

  const std::unique_ptr<IndexPart> part_;
  const IndexQuery& query_;
  const SearchPlan& plan_;

  std::vector<Group> groups_;
  std::vector<bool> corrected_;
  std::vector<std::string> facet_terms_;    // conditions
  std::optional<std::int64_t> facet_rows_;  // rows that have the rarest of them
  std::int64_t facet_postings_ = 0;         // of all of them
  std::unique_ptr<Scorer> scorer_;
  bool none_ = false;  // a facet value that no row has
  bool some_ = false;  // total_ is of rows with some words
  std::unordered_map<std::int64_t, Found> found_;
  std::int64_t total_ = 0;
  bool capped_ = false, at_least_ = false;
  bool facets_sampled_ = false;
  std::optional<FacetTally> tally_;  // of the rows that total_ counts
  std::unordered_map<std::string, std::unordered_map<std::string, std::int64_t>> facets_;
};

}  // namespace tenon::search

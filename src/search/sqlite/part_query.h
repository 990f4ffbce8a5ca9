// The part of a query that is about one entity of the tenant: its candidates and counts.
//
// FTS5 hands out matches in the order of their numbers, and only as many as are asked for, so the
// work is bounded by the candidates wanted and not by the matches. Ways of matching are asked one
// after the other, best first: whole names, words in the label, all words, some words.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "search/index.h"
#include "search/score.h"
#include "store/sqlite/connection.h"

namespace tenon::search {

class PartQuery {
 public:
  PartQuery(Connection& connection, const IndexQuery& query, const SearchPlan& plan,
            std::int64_t part, std::int64_t docs)
      : connection_(connection), query_(query), plan_(plan), part_(part), docs_(docs) {}

  // Looks the words up. Before all others.
  Result<void> Open();
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
  Result<void> FindNamesFrom(std::string_view from, std::string_view below, bool exact);
  // Adds what the FTS5 expression finds, at most `max`; true when there was more.
  Result<bool> Stream(const std::string& expression, std::size_t max);
  Result<void> StreamAll(std::size_t max);
  Result<std::int64_t> Count(const std::string& expression);
  Result<bool> HasPhrases(std::int64_t id);
  Result<void> NameFacets(const std::unordered_map<std::int64_t, std::int64_t>& counts);
  void Note(std::int64_t id, std::string_view key, std::string_view words, Match match,
            double bonus);
  // `expression` with the facet terms and without the excluded words; empty: nothing to ask.
  [[nodiscard]] std::string Narrowed(std::string expression) const;
  [[nodiscard]] std::string All(bool label) const;
  [[nodiscard]] std::string Any() const;

  Connection& connection_;
  const IndexQuery& query_;
  const SearchPlan& plan_;
  const std::int64_t part_, docs_;

  std::vector<Group> groups_;
  std::vector<bool> corrected_;
  std::vector<std::string> facet_terms_;  // FTS5 expressions
  std::unique_ptr<Scorer> scorer_;
  bool none_ = false;  // a facet value that no row has
  bool some_ = false;  // total_ is of rows with some words
  std::unordered_map<std::int64_t, Found> found_;
  std::int64_t total_ = 0;
  bool capped_ = false;
  bool facets_sampled_ = false;
  std::unordered_map<std::string, std::unordered_map<std::string, std::int64_t>> facets_;
};

}  // namespace tenon::search

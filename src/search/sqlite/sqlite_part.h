// What the index's file has of one tenant's entity.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "search/index.h"
#include "search/part.h"
#include "search/run_query.h"
#include "store/sqlite/connection.h"

namespace tenon::search {

// FTS5 hands out matches in the order of their numbers.
class SqlitePart final : public IndexPart {
 public:
  SqlitePart(Connection& connection, std::int64_t part, std::int64_t docs,
             std::int64_t postings_max)
      : connection_(connection), part_(part), docs_(docs), postings_max_(postings_max) {}

  [[nodiscard]] std::int64_t docs() const override { return docs_; }
  Result<Term> Find(std::string_view token) override;
  Result<std::vector<Term>> Endings(std::string_view prefix, std::size_t max) override;
  Result<std::vector<Term>> Containing(std::string_view word, int max) override;
  Result<std::vector<Term>> Near(std::string_view word, int distance_max) override;
  [[nodiscard]] const ConditionWords& words() const override;
  [[nodiscard]] std::string Word(std::string_view token, bool label) const override;
  [[nodiscard]] std::string FacetWord(std::int64_t value) const override;
  Result<bool> Rows(const Condition& condition, const Ask& ask, const Each& each) override;
  Result<bool> AllRows(std::size_t max, const Each& each) override;
  Result<void> Among(std::span<const std::string> keys, const Condition& condition, bool texts,
                     const Each& each) override;
  Result<Counted> Count(const Condition& condition, std::int64_t max) override;
  Result<void> Names(std::string_view name, bool exact, std::int64_t max,
                     const EachName& each) override;
  Result<FacetNumber> FacetValue(std::string_view facet, std::string_view value) override;
  Result<FacetTally> Tally(const Condition& condition, std::int64_t max,
                           std::int64_t count_max) override;
  Result<void> NameValues(std::span<const std::int64_t> numbers, const EachValue& each) override;
  Result<void> Values(std::string_view facet, std::int64_t max, const EachValue& each) override;

 private:
  // Whether what was looked through up to the row is as much as a query may cost.
  [[nodiscard]] bool IsEnough(const Condition& condition, std::int64_t row) const;

  Connection& connection_;
  const std::int64_t part_, docs_, postings_max_;
};

// Inside a transaction, whose snapshot the parts then are of.
Result<std::vector<OpenPart>> OpenParts(Connection& connection, const IndexQuery& query);

}  // namespace tenon::search

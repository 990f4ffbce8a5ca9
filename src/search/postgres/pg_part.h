// What the search schema has of one tenant's entity.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "search/index.h"
#include "search/part.h"
#include "search/run_query.h"
#include "store/store.h"

namespace tenon::search {

// Asks as the application's role, for the tenant of the reader's scope. What a query will most
// likely look up is sent for all parts at once (Reader::Expect), so that a search takes a handful
// of round trips however many entities it is among.
class PgPart final : public IndexPart {
 public:
  PgPart(Reader& reader, const std::string& schema, std::int64_t part, std::int64_t docs,
         std::int64_t postings_max)
      : reader_(reader), schema_(schema), part_(part), docs_(docs), postings_max_(postings_max) {}

  // Sends what the query looks up first.
  void Expect(const IndexQuery& query);

  [[nodiscard]] std::int64_t docs() const override { return docs_; }
  Result<Term> Find(std::string_view token) override;
  Result<std::vector<Term>> Endings(std::string_view prefix, std::size_t max) override;
  Result<std::vector<Term>> Containing(std::string_view word, int max) override;
  Result<std::vector<Term>> Near(std::string_view word, int distance_max) override;
  [[nodiscard]] const ConditionWords& words() const override;
  [[nodiscard]] std::string Word(std::string_view token, bool label) const override;
  [[nodiscard]] std::string FacetWord(std::int64_t value) const override;
  void Foretell(const Condition& condition, const Ask& ask) override;
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
  struct Statement {
    std::string sql;
    std::vector<Value> parameters;
  };
  // Where rows that satisfy the condition come from.
  struct Source {
    std::string call;  // of one of the schema's functions
    std::vector<Value> parameters;
    bool whole = true;  // gives all there are, up to the most it was asked for
  };
  [[nodiscard]] Source SourceOf(const Condition& condition, std::int64_t most, bool walk,
                                std::string_view what = "found") const;
  [[nodiscard]] bool Walks(const Condition& condition, std::int64_t most) const;
  // Rows that must be looked at to find so many, as far as words tell.
  [[nodiscard]] double WalkFor(const Condition& condition, std::int64_t most) const;
  [[nodiscard]] Statement RowsOf(const Source& source, bool texts) const;
  [[nodiscard]] Statement TermsOf(Value tokens) const;
  [[nodiscard]] Statement EndingsOf(std::string_view prefix) const;
  [[nodiscard]] Statement NamesOf(std::string_view name, bool exact, std::int64_t max) const;
  [[nodiscard]] Statement FacetValueOf(std::string_view facet, std::string_view value) const;
  void Expect(const Statement& statement) { reader_.Expect(statement.sql, statement.parameters); }
  Result<void> Run(const Statement& statement, const Reader::Each& each) {
    return reader_.Query(statement.sql, statement.parameters, each);
  }
  struct Sizes {
    std::int64_t min = 0, max = 0;
  };
  // How many words of so many bytes have each of the trigrams; not counted to the end.
  Result<std::unordered_map<std::int64_t, std::int64_t>> CountGrams(
      std::span<const std::int64_t> grams, Sizes sizes);
  Result<std::int64_t> ReadRows(const Statement& statement, const Ask& ask, const Each& each);

  Reader& reader_;
  const std::string& schema_;
  const std::int64_t part_, docs_, postings_max_;
  std::unordered_map<std::string, Term> terms_;  // that were looked up
  Value expected_terms_;                         // null: none are
};

// The parts of the index of `digest` that is ready. kUnavailable while there is none.
Result<std::vector<OpenPart>> OpenParts(Reader& reader, const std::string& schema,
                                        const std::string& digest, const IndexQuery& query);

// Bytes of PostgreSQL's text form of them.
std::string BytesOf(std::string_view hex);

}  // namespace tenon::search

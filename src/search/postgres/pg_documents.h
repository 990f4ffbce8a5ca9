// Documents into the tables of the search schema, many in one statement.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "search/document.h"
#include "search/score.h"
#include "store/store.h"

namespace tenon::search {

// A document's number is its part's number * 2^34 + a number of its own (as in sqlite/file.h).
inline constexpr int kPgPartShift = 34;

// Works inside one transaction. Counts are gathered and written by Flush, which must come before
// its end. Not thread-safe.
class PgDocumentWriter {
 public:
  PgDocumentWriter(Transaction& transaction, std::string schema, std::int64_t generation)
      : transaction_(transaction), schema_(std::move(schema)), generation_(generation) {}

  // Of several changes of a row the last one counts.
  Result<void> Make(std::span<const Change> changes);
  Result<void> Flush();

 private:
  struct Part {
    std::int64_t id = 0, docs = 0, next = 0;
    Uuid tenant;
    bool changed = false;
  };
  struct Stored {
    std::int64_t id = 0;
    std::string texts, facets;  // as PostgreSQL writes them
  };
  struct Documents;
  struct Work;
  using PartKey = std::pair<Uuid, std::string>;

  Result<void> MakeSome(std::span<const Change> changes);
  Result<void> LoadParts(std::span<const Change* const> changes);
  Result<void> LoadStored(Work& work);
  Result<void> LoadFacetValues(const Work& work);
  [[nodiscard]] std::string FacetsOf(const Part& part, const Document& document) const;
  Result<void> MakeOne(Work& work, const Change& change);
  void Take(Work& work, const Part& part, const SearchPlan& plan, const Stored& stored);
  void Put(Documents& to, const Part& part, std::int64_t id, const Document& document,
           const std::string& texts, const std::string& facets);
  void Count(const Part& part, const Analysis& analysis, std::string_view facets, int by);
  Result<void> Write(Work& work);
  Result<void> Insert(Documents& made);
  Result<void> Update(Documents& changed);
  Result<void> InsertNames(Documents& of, std::string_view conflict);
  Result<void> FlushTerms();
  Result<void> WriteGrams(const std::vector<std::pair<const Part*, std::string>>& terms, bool add);
  Result<void> Run(std::string_view sql, std::span<const Value> parameters);
  [[nodiscard]] std::string Sql(std::string_view text) const;
  [[nodiscard]] const Part* PartById(std::int64_t id) const;

  Transaction& transaction_;
  const std::string schema_;
  const std::int64_t generation_;
  Analyzer analyzer_;
  std::map<PartKey, Part> parts_;
  std::map<std::string, std::int64_t> facet_values_;  // "part|facet|value"
  struct TermCount {
    std::int64_t docs = 0, labels = 0;
  };
  std::map<std::pair<std::int64_t, std::string>, TermCount> terms_;
  std::map<std::int64_t, std::int64_t> facet_counts_;
};

// The texts of a document as the index keeps them, and back.
std::string JsonOfTexts(std::span<const std::string> texts);
std::vector<std::string> TextsOfJson(std::string_view json);

// Numbers of PostgreSQL's text form of an array.
std::vector<std::int64_t> NumbersOfArray(std::string_view text);

}  // namespace tenon::search

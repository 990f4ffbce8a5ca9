// Documents into the tables of the index's file.
#pragma once

#include <cstdint>
#include <functional>
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
#include "search/sqlite/statement.h"

namespace tenon::search {

// The texts of a document in one blob, and back.
std::string PackTexts(std::span<const std::string> texts);
std::vector<std::string> UnpackTexts(std::string_view packed);

// The facet values of a document, by their numbers.
std::string PackNumbers(std::span<const std::int64_t> numbers);
std::vector<std::int64_t> FacetNumbers(std::string_view packed);

// Works inside one transaction that somebody else begins and ends. Counts are gathered and written
// by Flush, which must come before the end. Must not outlive the connection. Not thread-safe.
class DocumentWriter {
 public:
  explicit DocumentWriter(Connection& connection)
      : connection_(connection), statements_(connection) {}

  Result<void> Make(const Change& change);
  Result<void> Flush();

 private:
  struct Part {
    std::int64_t id = 0;
    std::int64_t docs = 0, next = 0;
    bool changed = false;
  };
  struct Stored {
    std::int64_t id = 0;
    std::string texts, facets;
  };
  // Terms are looked for by views of them.
  struct HashOfTerm {
    using is_transparent = void;
    std::size_t operator()(std::string_view term) const {
      return std::hash<std::string_view>()(term);
    }
  };
  Result<Part*> PartOf(const Uuid& tenant, const std::string& table, bool make);
  Result<bool> Find(const Part& part, std::string_view key, Stored& stored);
  Result<bool> Claim(const Part& part, std::string_view key, std::int64_t id);
  Result<std::int64_t> FacetValue(const Part& part, const std::string& facet,
                                  const std::string& value);
  Result<std::string> FacetIds(const Part& part, const Document& document);
  Result<void> Take(Part& part, const SearchPlan& plan, const Stored& stored);
  Result<void> Put(Part& part, std::int64_t id, const Document& document, const std::string& texts,
                   const std::string& facets);
  void Count(const Part& part, const Analysis& analysis, std::string_view facets, int by);
  using TermCounts = std::unordered_map<std::string, std::int64_t, HashOfTerm, std::equal_to<>>;
  Result<bool> CountUp(std::int64_t part, const std::string& term, std::int64_t count);
  Result<void> CountDown(std::int64_t part, const std::string& term, std::int64_t count);
  Result<void> FlushTerms(std::int64_t part, const TermCounts& counts);
  Result<void> NewTerm(std::int64_t part, const std::string& term);
  Result<void> LostTerm(std::int64_t part, const std::string& term);

  Connection& connection_;
  KeptStatements statements_;
  Analyzer analyzer_;
  std::map<std::pair<Uuid, std::string>, Part> parts_;
  std::unordered_map<std::string, std::int64_t> facet_values_;  // "part|facet|value"
  std::map<std::int64_t, TermCounts> term_counts_;              // by part
  std::map<std::int64_t, std::int64_t> facet_counts_;
};

}  // namespace tenon::search

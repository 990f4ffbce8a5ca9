// The search index: documents in, ranked candidates out. The embedded part keeps it in SQLite's
// FTS5 in a file of its own (sqlite/), the one beside PostgreSQL in a schema of that database,
// which all nodes share (postgres/). What a query is made of is the same for both (part.h). It is
// made from the tables and can be thrown away at any time.
//
// A query gets candidates, best first, at most so many: whoever asks reads the rows themselves from
// the main store, so that nothing deleted or forbidden is shown while the index lags.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "search/document.h"
#include "search/plan.h"
#include "search/query.h"

namespace tenon::search {

// Counting stops here; the answer then says "10,000+".
inline constexpr std::int64_t kCountMax = 10000;
// Rows that facets are counted over; above it, the counts are of these.
inline constexpr std::int64_t kFacetRowsMax = 5000;

// How well a row matches, best first.
enum class Match {
  kExact,   // the text is its name
  kPrefix,  // its name begins with the text
  kLabel,   // all words are in its name
  kAll,     // all words are in it
  kNear,    // all are, when words that are spelt alike count
  kSome,    // some words are
};

struct FacetTerm {
  std::string facet;                // SearchFacet::name
  std::vector<std::string> values;  // one of these
};

// Rows to look among, by their keys.
using Among = std::unordered_map<const SearchPlan*, std::vector<std::string>>;

struct IndexQuery {
  Uuid tenant;
  std::vector<const SearchPlan*> entities;  // those asked for that the caller may read
  TextQuery text;                           // empty: every row
  std::vector<FacetTerm> facet_terms;       // all must hold; only of facets that every entity has
  std::vector<std::string> facets;          // to count; entities without one add nothing to it
  std::size_t candidates_max = 500;         // of each entity, of each way of matching
  // Only these rows; each is looked at, so candidates_max does not count and `facets` is passed
  // over. Null: all.
  const Among* among = nullptr;
  std::chrono::milliseconds deadline{5000};
  // Entries of the index that counting looks through at most, about: some milliseconds. The answer
  // then says "at least so many".
  std::int64_t postings_max = 100000;
};

struct Candidate {
  const SearchPlan* plan = nullptr;
  std::string key;
  double score = 0;
  Match match = Match::kAll;
  std::int64_t row = 0;  // the index's own number; ties go by it
};

struct FacetCount {
  std::string value;
  std::int64_t count = 0;
};

// Facet name -> its values, most frequent first.
using FacetLists = std::vector<std::pair<std::string, std::vector<FacetCount>>>;
inline constexpr std::size_t kFacetValuesShown = 100;

struct IndexAnswer {
  std::vector<Candidate> candidates;  // best first
  std::int64_t total = 0;             // rows that match; kCountMax: so many or more
  bool at_least = false;              // counting was given up at `total`
  bool capped = false;                // there are more matches than candidates
  std::vector<std::pair<const SearchPlan*, std::int64_t>> by_entity;
  FacetLists facets;
  bool facets_sampled = false;  // counted over the first kFacetRowsMax matches
  // Folded words to mark in what is shown, the ones found for misspelt words among them.
  std::vector<std::string> marks;
  // For words that nothing has: what was looked for instead.
  std::vector<std::pair<std::string, std::vector<std::string>>> corrected;
};

// A position of the log, and which log: the id of the row that stands there. The index is kept
// beside the store and not in it, and one of another store, or of a store that was put back from a
// backup and went another way since, must not be taken for this one's.
struct LogPlace {
  std::int64_t position = 0;
  std::string row;  // empty: nothing is known of it
};

struct IndexStats {
  std::int64_t documents = 0;
  std::int64_t bytes = 0;
  std::string state;  // "ready", "missing", "building"
};

// Query and Stats: any thread. The rest: one thread at a time, which may be another one.
class SearchIndex {
 public:
  virtual ~SearchIndex() = default;

  // Several nodes may share an index, and one of them keeps it. When that is another one: how far
  // that one has come (0: it is building). nullopt: this node keeps it, from now on if not before.
  virtual Result<std::optional<std::int64_t>> Elsewhere() { return std::optional<std::int64_t>{}; }
  // This node stops: another one may keep the index at once.
  virtual void Leave() {}

  // Where the index stands; nullopt: there is none that can be used.
  virtual Result<std::optional<LogPlace>> Place() = 0;

  // Makes the changes and moves to the place, in one transaction. A change to what is there
  // already costs nothing.
  virtual Result<void> Apply(std::span<const Change> changes, const LogPlace& place) = 0;

  // Builds it anew beside the one that is in use; `fill` hands over all documents by `add`, any
  // number at a time. It takes the old one's place, standing at `place`, when `fill` is done; an
  // error leaves the old one.
  using Add = std::function<Result<void>(std::span<const Change>)>;
  virtual Result<void> Rebuild(const LogPlace& place,
                               const std::function<Result<void>(const Add&)>& fill) = 0;

  // Takes a tenant out so that nothing of it is left in the files.
  virtual Result<void> EraseTenant(const Uuid& tenant) = 0;

  // kUnavailable while there is no index to ask.
  virtual Result<IndexAnswer> Query(const IndexQuery& query) = 0;
  // The texts of a candidate as they are indexed, by SearchPlan::fields; for marking.
  virtual Result<std::vector<std::vector<std::string>>> Texts(
      const Uuid& tenant, std::span<const Candidate> candidates) = 0;

  // Facets of just these rows.
  virtual Result<FacetLists> Facets(const Uuid& tenant, std::span<const Candidate> candidates,
                                    std::span<const std::string> facets) = 0;

  [[nodiscard]] virtual IndexStats Stats() = 0;

  // Everything that the index says, in an order of its own: equal for equal indexes, however they
  // were made. For tests; reads all of it.
  virtual Result<std::string> Dump() = 0;
};

}  // namespace tenon::search

// Search as callers know it: what they may read, filters, pages, rows, marks. GET /v1/search and
// `tenon search` are this.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/caller.h"
#include "base/result.h"
#include "engine/engine.h"
#include "search/index.h"
#include "search/plan.h"
#include "search/rows.h"

namespace tenon::search {

struct SearchParams {
  std::string text;
  std::vector<std::string> entities;  // tables; empty: all that the caller may read
  std::string filter;                 // an expression that every one of the entities has to know
  std::vector<std::string> facets;    // "type", "tags.name"
  std::vector<std::string> fields;    // of the rows shown; with one entity only
  bool rows = true;                   // show the rows themselves
  bool highlight = true;
  bool consistent = false;  // wait until every write answered before is found
  int page_size = 20;
  std::string page_token;
  // Only these rows, by table: what a walk of the graph reached. `among_name` is what was asked
  // for, so that a page token of another search is known. Null: all.
  const std::unordered_map<std::string, std::vector<std::string>>* among = nullptr;
  std::string among_name;
  std::string among_answer;  // JSON that the answer tells of it, as "among"
};

inline constexpr int kSearchPageMax = 100;

// Thread-safe.
class SearchService {
 public:
  // Waits until the index has done every write answered before (Followers::WaitFor).
  using Settle = std::function<Result<void>(std::chrono::milliseconds patience)>;

  // All must outlive it.
  SearchService(Engine& engine, const SearchPlans& plans, SearchIndex& index, Settle settle)
      : engine_(engine), plans_(plans), index_(index), settle_(std::move(settle)) {}

  // {"items": [{"entity","id","title","match","score","highlights","row"}], "next_page_token",
  //  "total", "total_is_exact", "entities": [..], "facets": {..}, "corrected": {..}}
  // kInvalidArgument names the parameter that is wrong; kForbidden an entity that was named and may
  // not be read; kUnavailable while there is no index.
  Result<std::string> Search(const Caller& caller, const SearchParams& params);

  [[nodiscard]] const SearchPlans& plans() const { return plans_; }
  [[nodiscard]] SearchIndex& index() { return index_; }

 private:
  struct Request;
  Result<Request> Check(const Caller& caller, const SearchParams& params);
  Result<std::vector<const SearchPlan*>> Entities(const Caller& caller, const SearchParams& params);
  Result<void> CheckFilter(const SearchParams& params, Request& request);
  Result<void> CheckFacets(const Caller& caller, const SearchParams& params, Request& request);
  Result<void> KeepPassing(const Caller& caller, const Request& request,
                           std::vector<Candidate>& candidates);
  Result<bool> LookAmongPassing(const Caller& caller, Request& request);
  Result<IndexAnswer> Ask(const Caller& caller, Request& request);
  // The rows of a page, from request.offset on, which moves behind the last candidate looked at.
  struct Shown;
  Result<std::vector<Shown>> ReadPage(const Caller& caller, const SearchParams& params,
                                      Request& request, const IndexAnswer& answer);
  Result<WantedRows> Wanted(const SearchParams& params, const Request& request,
                            const SearchPlan& plan) const;
  static void AppendItem(const Caller& caller, const Shown& shown,
                         const std::vector<std::string>& texts,
                         const std::vector<std::string>* marks, bool with_row, std::string& out);

  Engine& engine_;
  const SearchPlans& plans_;
  SearchIndex& index_;
  const Settle settle_;
};

}  // namespace tenon::search

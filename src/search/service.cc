#include "search/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/limits.h"
#include "base/text.h"
#include "engine/page_token.h"
#include "engine/permit.h"
#include "engine/projection.h"
#include "model/check.h"
#include "search/facet_terms.h"
#include "search/highlight.h"
#include "search/rows.h"

namespace tenon::search {
namespace {

constexpr auto kSettlePatience = std::chrono::milliseconds(5000);
// With a filter that the index cannot apply, so many candidates are tried.
constexpr std::size_t kFilteredCandidates = 2000;
// When fewer than so many of them pass, and there are more, the rows that pass are looked for
// first: at most so many, for at most so long.
constexpr std::size_t kEnoughPassing = 500;
constexpr std::size_t kPassingMax = 10000;
constexpr auto kPassingPatience = std::chrono::milliseconds(1000);
constexpr std::size_t kFacetsAskedMax = 10;

std::string_view NameOf(Match match) {
  switch (match) {
    case Match::kExact:
      return "exact";
    case Match::kPrefix:
      return "prefix";
    case Match::kLabel:
      return "name";
    case Match::kAll:
      return "all";
    case Match::kNear:
      return "near";
    case Match::kSome:
      return "some";
  }
  return "all";
}

// One number that falls with every rank: the way of matching leads, the words decide within it.
double ScoreOf(const Candidate& candidate) {
  const int rank = static_cast<int>(Match::kSome) - static_cast<int>(candidate.match);
  return 100.0 * rank + std::min(candidate.score, 99.99);
}

Error Wrong(std::string_view parameter, std::string message) {
  Error error(Code::kInvalidArgument, fmt::format("{}: {}", parameter, message));
  error.fields.push_back({std::string(parameter), "parameter", std::move(message)});
  return error;
}

bool MayReadPath(const Caller& caller, const model::Path& path) {
  return std::ranges::all_of(path.hops, [&](const model::Hop& hop) {
    return Permit(caller, *hop.relation->target, "read").has_value();
  });
}

}  // namespace

// A search that was checked, and what it found.
struct SearchService::Request {
  IndexQuery query;
  std::vector<model::ExpressionPtr> filters;  // by query.entities; empty: none
  bool leftover = false;                      // the index cannot apply all of the filter
  std::vector<std::string> facets;
  std::vector<const model::Field*> fields;  // of the one entity; empty: all visible ones
  Among among;
  std::string fingerprint;
  std::size_t offset = 0;
};

Result<std::vector<const SearchPlan*>> SearchService::Entities(const Caller& caller,
                                                               const SearchParams& params) {
  std::vector<const SearchPlan*> entities;
  if (params.entities.empty()) {
    for (const auto& plan : plans_.all()) {
      if (Permit(caller, *plan->entity, "read")) entities.push_back(plan.get());
    }
    return entities;
  }
  for (const std::string& table : params.entities) {
    const SearchPlan* plan = plans_.FindTable(table);
    if (plan == nullptr) {
      std::vector<std::string_view> known;
      for (const auto& one : plans_.all()) known.push_back(one->entity->table);
      const std::string_view nearest = Nearest(table, known);
      const bool there = engine_.model().FindTable(table) != nullptr;
      return Fail(
          Wrong("entity",
                fmt::format("{} '{}'{}", there ? "nothing is searched in" : "there is no table",
                            Ellipsis(table, 60),
                            nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest))));
    }
    TRY(Permit(caller, *plan->entity, "read"));
    if (std::ranges::find(entities, plan) == entities.end()) entities.push_back(plan);
  }
  return entities;
}

Result<void> SearchService::CheckFilter(const SearchParams& params, Request& request) {
  if (params.filter.find_first_not_of(' ') == params.filter.npos) return {};
  if (params.entities.empty()) {
    return Fail(Wrong("filter", "say with entity= which table it is about"));
  }
  for (const SearchPlan* plan : request.query.entities) {
    auto filter = model::CheckExpression(engine_.model(), *plan->entity, params.filter,
                                         model::ExpressionUse::kFilter);
    if (!filter) return Fail(std::move(filter).error().In("filter"));
    FacetTerms terms = FacetTermsOf(**filter, *plan);
    request.leftover = request.leftover || !terms.whole;
    // Each entity has the same filter, so its facets come to the same terms or are not all there.
    if (request.filters.empty()) request.query.facet_terms = terms.terms;
    const bool same = std::ranges::equal(terms.terms, request.query.facet_terms, {},
                                         &FacetTerm::facet, &FacetTerm::facet);
    if (!same) {
      request.query.facet_terms.clear();
      request.leftover = true;
    }
    request.filters.push_back(*std::move(filter));
  }
  if (request.leftover) request.query.candidates_max = kFilteredCandidates;
  return {};
}

Result<void> SearchService::CheckFacets(const Caller& caller, const SearchParams& params,
                                        Request& request) {
  if (params.facets.size() > kFacetsAskedMax) {
    return Fail(Wrong("facets", fmt::format("at most {} at once", kFacetsAskedMax)));
  }
  for (const std::string& name : params.facets) {
    std::vector<std::string_view> known;
    bool found = false;
    for (const SearchPlan* plan : request.query.entities) {
      for (const SearchFacet& facet : plan->facets) {
        known.push_back(facet.name);
        found = found || (facet.name == name && MayReadPath(caller, facet.path->path));
      }
    }
    if (found) {
      request.facets.push_back(name);
      continue;
    }
    const std::string_view nearest = Nearest(name, known);
    return Fail(Wrong(
        "facets", fmt::format("none of the entities has a facet '{}'{}", Ellipsis(name, 60),
                              nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest))));
  }
  return {};
}

Result<SearchService::Request> SearchService::Check(const Caller& caller,
                                                    const SearchParams& params) {
  Request request;
  if (caller.across_tenants) {
    return Fail(Wrong("tenant", "a search is within one tenant; name it"));
  }
  if (params.page_size < 1 || params.page_size > kSearchPageMax) {
    return Fail(Wrong("page_size", fmt::format("must be from 1 to {}", kSearchPageMax)));
  }
  if (params.text.size() > kQueryBytesMax) {
    return Fail(Wrong("q", fmt::format("is over {} bytes", kQueryBytesMax)));
  }
  if (InvalidUtf8At(params.text)) return Fail(Wrong("q", "is not valid UTF-8"));
  request.query.tenant = caller.tenant;
  request.query.entities = TRY(Entities(caller, params));
  request.query.text = ParseTextQuery(params.text);
  TRY(CheckFilter(params, request));
  TRY(CheckFacets(caller, params, request));
  if (!params.fields.empty()) {
    if (request.query.entities.size() != 1) {
      return Fail(Wrong("fields", "say with entity= which one table they are of"));
    }
    request.fields = TRY(Project(*request.query.entities.front()->entity, params.fields));
  }
  if (params.among != nullptr) {
    for (const SearchPlan* plan : request.query.entities) {
      const auto keys = params.among->find(plan->entity->table);
      if (keys != params.among->end()) request.among[plan] = keys->second;
    }
  }
  request.fingerprint = params.text + '\n' + params.filter + '\n' + params.among_name;
  for (const SearchPlan* plan : request.query.entities) {
    request.fingerprint += '\n' + plan->entity->table;
  }
  if (!params.page_token.empty()) {
    model::Type number;
    number.kind = model::TypeKind::kInt;
    const auto values = TRY(DecodePageToken(request.fingerprint, params.page_token, {number}));
    request.offset = static_cast<std::size_t>(std::max<std::int64_t>(
        0, values.front().Is<std::int64_t>() ? values.front().As<std::int64_t>() : 0));
  }
  return request;
}

// Of the candidates, those that pass the filter.
Result<void> SearchService::KeepPassing(const Caller& caller, const Request& request,
                                        std::vector<Candidate>& candidates) {
  std::unordered_map<const SearchPlan*, std::vector<std::string>> keys;
  for (const Candidate& candidate : candidates) keys[candidate.plan].push_back(candidate.key);
  std::unordered_map<const SearchPlan*, std::unordered_map<std::string, std::string>> passed;
  for (std::size_t i = 0; i < request.query.entities.size(); ++i) {
    const SearchPlan* plan = request.query.entities[i];
    passed[plan] =
        TRY(ReadRows(engine_, caller, {plan->entity, {}, request.filters[i].get()}, keys[plan]));
  }
  std::erase_if(candidates, [&](const Candidate& candidate) {
    return !passed[candidate.plan].contains(candidate.key);
  });
  return {};
}

// The rows that pass the filter become those to look among; false when that are too many.
Result<bool> SearchService::LookAmongPassing(const Caller& caller, Request& request) {
  for (std::size_t i = 0; i < request.query.entities.size(); ++i) {
    const SearchPlan* plan = request.query.entities[i];
    auto keys = TRY(FindKeys(engine_, caller, {plan->entity, {}, request.filters[i].get()},
                             kPassingMax, kPassingPatience));
    if (!keys) return false;
    request.among[plan] = *std::move(keys);
  }
  request.query.among = &request.among;
  return true;
}

// Asks the index, and keeps what passes the part of the filter that only the store can apply.
Result<IndexAnswer> SearchService::Ask(const Caller& caller, Request& request) {
  const bool among = request.query.among != nullptr;
  if (!request.leftover) request.query.facets = request.facets;
  IndexAnswer answer = TRY(index_.Query(request.query));
  if (!request.leftover) {
    if (among) answer.facets = TRY(index_.Facets(caller.tenant, answer.candidates, request.facets));
    return answer;
  }
  TRY(KeepPassing(caller, request, answer.candidates));
  // Few of very many matches pass: the other way round finds them all.
  if (answer.capped && !among && answer.candidates.size() < kEnoughPassing &&
      TRY(LookAmongPassing(caller, request))) {
    answer = TRY(index_.Query(request.query));
  }
  answer.total = static_cast<std::int64_t>(answer.candidates.size());
  answer.at_least = answer.capped;
  for (auto& [plan, count] : answer.by_entity) {
    count = std::ranges::count(answer.candidates, plan, &Candidate::plan);
  }
  answer.facets_sampled = answer.capped;
  answer.facets = TRY(index_.Facets(caller.tenant, answer.candidates, request.facets));
  return answer;
}

namespace {

void AppendHighlights(const Caller& caller, const SearchPlan& plan,
                      const std::vector<std::string>& texts, const std::vector<std::string>& marks,
                      std::string& out) {
  out += ",\"highlights\":{";
  bool first = true;
  for (std::size_t f = 0; f < plan.fields.size() && f < texts.size(); ++f) {
    if (!MayReadPath(caller, plan.fields[f].path->path)) continue;
    const std::string marked = Highlight(texts[f], marks);
    if (marked.empty()) continue;
    if (!first) out += ',';
    first = false;
    AppendJsonString(plan.fields[f].name, out);
    out += ':';
    AppendJsonString(marked, out);
  }
  out += '}';
}

void AppendTail(const IndexAnswer& answer, bool with_facets, std::string& out) {
  const bool exact =
      answer.total < kCountMax && !answer.at_least && !(answer.capped && answer.total == 0);
  out += fmt::format(",\"total\":{},\"total_is_exact\":{}", answer.total, exact);
  out += ",\"entities\":[";
  bool first = true;
  for (const auto& [plan, count] : answer.by_entity) {
    if (count == 0) continue;
    out += first ? "{\"entity\":" : ",{\"entity\":";
    first = false;
    AppendJsonString(plan->entity->table, out);
    out += fmt::format(",\"count\":{}}}", count);
  }
  out += ']';
  if (with_facets) {
    out += ",\"facets\":{";
    for (std::size_t i = 0; i < answer.facets.size(); ++i) {
      if (i > 0) out += ',';
      AppendJsonString(answer.facets[i].first, out);
      out += ":[";
      for (std::size_t j = 0; j < answer.facets[i].second.size(); ++j) {
        const FacetCount& count = answer.facets[i].second[j];
        out += j == 0 ? "{\"value\":" : ",{\"value\":";
        AppendJsonString(count.value, out);
        out += fmt::format(",\"count\":{}}}", count.count);
      }
      out += ']';
    }
    out += fmt::format("}},\"facets_are_exact\":{}", !answer.facets_sampled);
  }
  if (!answer.corrected.empty()) {
    out += ",\"corrected\":{";
    for (std::size_t i = 0; i < answer.corrected.size(); ++i) {
      if (i > 0) out += ',';
      AppendJsonString(answer.corrected[i].first, out);
      out += ":[";
      for (std::size_t j = 0; j < answer.corrected[i].second.size(); ++j) {
        if (j > 0) out += ',';
        AppendJsonString(answer.corrected[i].second[j], out);
      }
      out += ']';
    }
    out += '}';
  }
  out += '}';
}

}  // namespace

// A row that is shown.
struct SearchService::Shown {
  const Candidate* candidate = nullptr;
  std::string row;
};

void SearchService::AppendItem(const Caller& caller, const Shown& shown,
                               const std::vector<std::string>& texts,
                               const std::vector<std::string>* marks, bool with_row,
                               std::string& out) {
  const Candidate& candidate = *shown.candidate;
  out += "{\"entity\":";
  AppendJsonString(candidate.plan->entity->table, out);
  out += ",\"id\":";
  AppendJsonString(candidate.key, out);
  out += ",\"title\":";
  const std::string& title = texts.empty() || texts.front().empty() ? candidate.key : texts.front();
  AppendJsonString(Ellipsis(title, 300), out);
  out += fmt::format(",\"match\":\"{}\",\"score\":{:.3f}", NameOf(candidate.match),
                     ScoreOf(candidate));
  if (marks != nullptr) AppendHighlights(caller, *candidate.plan, texts, *marks, out);
  if (with_row) (out += ",\"row\":") += shown.row;
  out += '}';
}

Result<WantedRows> SearchService::Wanted(const SearchParams& params, const Request& request,
                                         const SearchPlan& plan) const {
  WantedRows wanted{.entity = plan.entity, .fields = {}, .filter = nullptr};
  if (params.rows) {
    wanted.fields = request.fields.empty() ? TRY(Project(*plan.entity, {})) : request.fields;
  }
  for (std::size_t i = 0; i < request.filters.size(); ++i) {
    if (request.query.entities[i] == &plan) wanted.filter = request.filters[i].get();
  }
  return wanted;
}

Result<std::vector<SearchService::Shown>> SearchService::ReadPage(const Caller& caller,
                                                                  const SearchParams& params,
                                                                  Request& request,
                                                                  const IndexAnswer& answer) {
  std::vector<Shown> shown;
  const auto page = static_cast<std::size_t>(params.page_size);
  std::size_t at = std::min(request.offset, answer.candidates.size());
  while (shown.size() < page && at < answer.candidates.size()) {
    const std::size_t end = std::min(at + page - shown.size(), answer.candidates.size());
    std::unordered_map<const SearchPlan*, std::vector<std::string>> keys;
    for (std::size_t i = at; i < end; ++i) {
      keys[answer.candidates[i].plan].push_back(answer.candidates[i].key);
    }
    std::unordered_map<const SearchPlan*, std::unordered_map<std::string, std::string>> rows;
    for (const auto& [plan, of_plan] : keys) {
      const WantedRows wanted = TRY(Wanted(params, request, *plan));
      rows[plan] = TRY(ReadRows(engine_, caller, wanted, of_plan));
    }
    for (; at < end; ++at) {
      const Candidate& candidate = answer.candidates[at];
      auto& of_plan = rows[candidate.plan];
      const auto row = of_plan.find(candidate.key);
      if (row != of_plan.end()) shown.push_back({&candidate, std::move(row->second)});
    }
  }
  request.offset = at;
  return shown;
}

Result<std::string> SearchService::Search(const Caller& caller, const SearchParams& params) {
  Request request = TRY(Check(caller, params));
  if (params.among != nullptr) request.query.among = &request.among;
  if (params.consistent) TRY(settle_(kSettlePatience));
  const IndexAnswer answer = TRY(Ask(caller, request));
  const std::vector<Shown> shown = TRY(ReadPage(caller, params, request, answer));
  std::vector<Candidate> candidates;
  for (const Shown& one : shown) candidates.push_back(*one.candidate);
  const auto texts = TRY(index_.Texts(caller.tenant, candidates));
  std::string out = "{\"items\":[";
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (i > 0) out += ',';
    AppendItem(caller, shown[i], texts[i], params.highlight ? &answer.marks : nullptr, params.rows,
               out);
  }
  out += ']';
  if (request.offset < answer.candidates.size()) {
    out += ",\"next_page_token\":";
    const Value next(static_cast<std::int64_t>(request.offset));
    AppendJsonString(EncodePageToken(request.fingerprint, {next}), out);
  }
  if (!params.among_answer.empty()) (out += ",\"among\":") += params.among_answer;
  AppendTail(answer, !request.facets.empty(), out);
  return out;
}

}  // namespace tenon::search

#include "search/run_query.h"

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "search/part_query.h"

namespace tenon::search {
namespace {

// With fewer rows that have all words, those that have some are shown too.
constexpr std::int64_t kEnough = 10;

FacetLists GatherFacets(const IndexQuery& query,
                        const std::vector<std::unique_ptr<PartQuery>>& parts) {
  FacetSums sums;
  for (const auto& part : parts) {
    for (const auto& [name, values] : part->facets()) {
      for (const auto& [value, count] : values) sums[name][value] += count;
    }
  }
  return ToLists(query.facets, sums);
}

void GatherMarks(const IndexQuery& query, const std::vector<std::unique_ptr<PartQuery>>& parts,
                 IndexAnswer& answer) {
  for (std::size_t w = 0; w < query.text.words.size(); ++w) {
    const QueryWord& word = query.text.words[w];
    answer.marks.push_back(word.prefix && !word.solid ? word.text + "*" : word.text);
    bool corrected = true;
    std::vector<std::string> instead;
    for (const auto& part : parts) {
      const Group& group = part->groups()[w];
      if (!group.variants.empty() && !part->corrected()[w]) corrected = false;
      for (const Variant& variant : group.variants) {
        for (const std::string& token : variant.tokens) {
          answer.marks.push_back(token);
          if (part->corrected()[w]) instead.push_back(token);
        }
      }
    }
    std::ranges::sort(instead);
    instead.erase(std::ranges::unique(instead).begin(), instead.end());
    if (corrected && !instead.empty()) answer.corrected.emplace_back(word.text, instead);
  }
  std::ranges::sort(answer.marks);
  answer.marks.erase(std::ranges::unique(answer.marks).begin(), answer.marks.end());
}

}  // namespace

FacetLists ToLists(std::span<const std::string> facets, const FacetSums& sums) {
  FacetLists lists;
  for (const std::string& name : facets) {
    std::vector<FacetCount> counts;
    if (const auto found = sums.find(name); found != sums.end()) {
      for (const auto& [value, count] : found->second) counts.push_back({value, count});
    }
    std::ranges::sort(counts, [](const FacetCount& a, const FacetCount& b) {
      return a.count != b.count ? a.count > b.count : a.value < b.value;
    });
    if (counts.size() > kFacetValuesShown) counts.resize(kFacetValuesShown);
    lists.emplace_back(name, std::move(counts));
  }
  return lists;
}

Result<IndexAnswer> RunQuery(std::vector<OpenPart> open, const IndexQuery& query) {
  IndexAnswer answer;
  std::vector<std::unique_ptr<PartQuery>> parts;
  for (OpenPart& one : open) {
    answer.by_entity.emplace_back(one.plan, 0);
    parts.push_back(std::make_unique<PartQuery>(std::move(one.part), query, *one.plan));
  }
  for (const auto& part : parts) TRY(part->Open());
  if (query.among == nullptr) {
    for (const auto& part : parts) part->Foretell();
  }
  std::int64_t total = 0;
  for (const auto& part : parts) {
    if (query.among == nullptr) {
      TRY(part->FindAll());
    } else if (const auto keys = query.among->find(&part->plan()); keys != query.among->end()) {
      TRY(part->FindAmong(keys->second));
    }
    total += part->total();
  }
  if (total < kEnough && query.among == nullptr) {
    for (const auto& part : parts) TRY(part->FindSome());
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!query.facets.empty() && query.among == nullptr) TRY(parts[i]->CountFacets());
    answer.facets_sampled = answer.facets_sampled || parts[i]->facets_sampled();
    answer.capped = answer.capped || parts[i]->capped();
    answer.at_least = answer.at_least || parts[i]->at_least();
    answer.total += parts[i]->total();
    answer.by_entity[i].second = parts[i]->total();
    parts[i]->TakeCandidates(answer.candidates);
  }
  answer.total = std::min(answer.total, kCountMax);
  std::ranges::sort(answer.candidates, [](const Candidate& a, const Candidate& b) {
    if (a.match != b.match) return a.match < b.match;
    if (a.score != b.score) return a.score > b.score;
    return a.row < b.row;
  });
  answer.facets = GatherFacets(query, parts);
  GatherMarks(query, parts, answer);
  return answer;
}

}  // namespace tenon::search

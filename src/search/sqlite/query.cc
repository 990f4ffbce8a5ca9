#include "search/sqlite/query.h"

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "search/sqlite/part_query.h"
#include "search/sqlite/statement.h"

namespace tenon::search {
namespace {

// With fewer rows that have all words, those that have some are shown too.
constexpr std::int64_t kEnough = 10;
// A read transaction for the statements of one query; ends with it.
class Snapshot {
 public:
  static Result<std::unique_ptr<Snapshot>> Begin(Connection& connection) {
    TRY(connection.Run("BEGIN"));
    return std::make_unique<Snapshot>(connection);
  }
  explicit Snapshot(Connection& connection) : connection_(connection) {}
  ~Snapshot() { static_cast<void>(connection_.Step("COMMIT")); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  Connection& connection_;
};

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

Result<std::vector<std::unique_ptr<PartQuery>>> OpenParts(Connection& connection,
                                                          const IndexQuery& query,
                                                          IndexAnswer& answer) {
  std::vector<std::unique_ptr<PartQuery>> parts;
  const std::string tenant = query.tenant.ToString();
  for (const SearchPlan* plan : query.entities) {
    Bound find = TRY(
        Bound::Prepare(connection, "SELECT id, docs FROM parts WHERE tenant = ?1 AND entity = ?2"));
    find.Text(tenant).Text(plan->entity->table);
    if (!TRY(find.Step()) || find.Number(1) == 0) continue;
    parts.push_back(
        std::make_unique<PartQuery>(connection, query, *plan, find.Number(0), find.Number(1)));
    answer.by_entity.emplace_back(plan, 0);
  }
  for (const auto& part : parts) TRY(part->Open());
  return parts;
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

Result<IndexAnswer> RunQuery(Connection& connection, const IndexQuery& query) {
  connection.SetDeadline(std::chrono::steady_clock::now() + query.deadline);
  const auto snapshot = TRY(Snapshot::Begin(connection));
  IndexAnswer answer;
  const auto parts = TRY(OpenParts(connection, query, answer));
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

#include "search/postgres/near_grams.h"

#include <algorithm>
#include <limits>

#include "search/tokens.h"

namespace tenon::search {
namespace {

constexpr std::size_t kApart = 3;  // places from a trigram to the first that shares no letter
constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

void SortOnce(std::vector<std::int64_t>& grams) {
  std::ranges::sort(grams);
  grams.erase(std::ranges::unique(grams).begin(), grams.end());
}

}  // namespace

NearGrams::NearGrams(std::string_view word, int distance_max)
    : chosen_(static_cast<std::size_t>(distance_max) + 1) {
  const std::vector<std::int32_t> letters = MarkedCharactersOf(word);
  for (std::size_t i = 0; i + 3 <= letters.size(); ++i) {
    grams_.push_back(TrigramOf(letters[i], letters[i + 1], letters[i + 2]));
    if (i + kApart + 3 > letters.size()) continue;
    swapped_.push_back(TrigramOf(letters[i], letters[i + 1], letters[i + kApart]));
  }
}

std::vector<std::int64_t> NearGrams::All() const {
  std::vector<std::int64_t> all(grams_);
  all.insert(all.end(), swapped_.begin(), swapped_.end());
  SortOnce(all);
  return all;
}

std::vector<std::int64_t> NearGrams::Choose(
    const std::unordered_map<std::int64_t, std::int64_t>& words) const {
  const auto cost = [&](std::int64_t gram) {
    const auto found = words.find(gram);
    return found == words.end() ? 0 : found->second;
  };
  // The cheapest choice of `nth + 1` of which the last stands at a place.
  struct Best {
    std::int64_t cost = 0;
    std::size_t before = kNone;  // the place of the one before it
    bool possible = false;
  };
  const std::size_t places = grams_.size();
  std::vector<std::vector<Best>> best(chosen_, std::vector<Best>(places));
  for (std::size_t at = 0; at < places; ++at) {
    best[0][at] = {cost(grams_[at]), kNone, true};
    for (std::size_t nth = 1; nth < chosen_; ++nth) {
      Best& one = best[nth][at];
      for (std::size_t before = 0; before + kApart <= at; ++before) {
        if (!best[nth - 1][before].possible) continue;
        std::int64_t sum = best[nth - 1][before].cost + cost(grams_[at]);
        if (before + kApart == at) sum += cost(swapped_[before]);
        if (!one.possible || sum < one.cost) one = {sum, before, true};
      }
    }
  }
  std::size_t last = kNone;
  for (std::size_t at = 0; at < places; ++at) {
    const Best& one = best.back()[at];
    if (one.possible && (last == kNone || one.cost < best.back()[last].cost)) last = at;
  }
  std::vector<std::int64_t> chosen;
  for (std::size_t nth = chosen_; last != kNone; --nth) {
    chosen.push_back(grams_[last]);
    const std::size_t before = best[nth - 1][last].before;
    if (before != kNone && before + kApart == last) chosen.push_back(swapped_[before]);
    last = before;
  }
  SortOnce(chosen);
  return chosen;
}

}  // namespace tenon::search

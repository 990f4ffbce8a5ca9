#include "search/vocabulary.h"

#include <algorithm>

#include "base/text.h"
#include "search/tokens.h"

namespace tenon::search {
namespace {

// Words that contain another which are looked at to find the most frequent ones.
constexpr int kContainingMax = 1000;
constexpr std::size_t kNearMax = 5;

constexpr double kPrefixQuality = 0.6;
constexpr double kPartsQuality = 0.8;
constexpr double kInsideQuality = 0.4;

void KeepMostFrequent(std::vector<Term>& terms, std::size_t max) {
  std::ranges::stable_sort(terms, std::greater{}, &Term::docs);
  if (terms.size() > max) terms.resize(max);
}

Result<std::vector<Term>> Containing(IndexPart& part, std::string_view word) {
  auto found = TRY(part.Containing(word, kContainingMax));
  KeepMostFrequent(found, kVariantsMax);
  return found;
}

Result<std::vector<Term>> Alike(IndexPart& part, std::string_view word) {
  const std::size_t length = CountCodePoints(word);
  std::vector<Term> found;
  if (length < 4 || word.size() > 32) return found;
  found = TRY(part.Near(word, length < 8 ? 1 : 2));
  std::ranges::stable_sort(found, [](const Term& a, const Term& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.docs > b.docs;
  });
  // The nearest, and what is as near.
  std::erase_if(found, [&](const Term& t) { return t.distance > found.front().distance; });
  if (found.size() > kNearMax) found.resize(kNearMax);
  return found;
}

}  // namespace

Result<Expanded> Expand(IndexPart& part, const QueryWord& word) {
  Expanded expanded;
  std::vector<Variant>& variants = expanded.group.variants;
  std::int64_t docs = 0;
  const auto add = [&](const std::vector<Term>& terms, double quality, bool near) {
    for (const Term& term : terms) {
      if (variants.size() >= kVariantsMax) return;
      variants.push_back({{term.text}, quality, near});
      docs += term.docs;
      expanded.group.postings += term.docs;
      expanded.group.rows_min = std::max(expanded.group.rows_min, term.docs);
      expanded.group.labels_min = std::max(expanded.group.labels_min, term.labels);
    }
  };
  const bool single = !word.solid || word.parts.size() <= 1;
  if (single) {
    const Term own = TRY(part.Find(word.text));
    if (own.docs > 0) add({own}, 1, false);
  }
  if (word.parts.size() > 1) {
    bool all = true;
    std::int64_t least = part.docs();
    for (const std::string& token : word.parts) {
      const std::int64_t own = TRY(part.Find(token)).docs;
      expanded.group.postings += own;
      least = std::min(least, own);
      all = all && own > 0;
    }
    if (all) {
      variants.push_back({word.parts, word.solid ? 1.0 : kPartsQuality, false});
      docs = std::max(docs, least);
    }
  }
  if (single && (word.prefix || variants.empty())) {
    add(TRY(part.Endings(word.text, kVariantsMax)), kPrefixQuality, false);
  }
  if (single && variants.empty() && CountCodePoints(word.text) >= 3) {
    add(TRY(Containing(part, word.text)), kInsideQuality, false);
    if (variants.empty()) {
      const auto alike = TRY(Alike(part, word.text));
      if (!alike.empty()) add(alike, alike.front().distance == 1 ? 0.5 : 0.3, true);
      expanded.corrected = !alike.empty();
    }
  }
  expanded.group.idf = Idf(part.docs(), docs);
  return expanded;
}

}  // namespace tenon::search

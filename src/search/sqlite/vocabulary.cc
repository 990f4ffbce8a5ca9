#include "search/sqlite/vocabulary.h"

#include <algorithm>

#include "base/text.h"
#include "search/sqlite/statement.h"
#include "search/tokens.h"

namespace tenon::search {
namespace {

// Words of a range of the vocabulary that are looked at to find the most frequent ones.
constexpr int kScanMax = 1000;
constexpr std::size_t kNearMax = 5;
// Trigram hits of one misspelt word that are measured letter by letter.
constexpr int kNearCandidatesMax = 100;

constexpr double kPrefixQuality = 0.6;
constexpr double kPartsQuality = 0.8;
constexpr double kInsideQuality = 0.4;

struct Term {
  std::string text;
  std::int64_t docs = 0;
  int distance = 0;
};

Result<std::int64_t> DocsOf(Connection& connection, std::int64_t part, std::string_view term) {
  Bound query =
      TRY(Bound::Prepare(connection, "SELECT docs FROM terms WHERE part = ?1 AND term = ?2"));
  query.Int(part).Text(term);
  return TRY(query.Step()) ? query.Number(0) : 0;
}

void KeepMostFrequent(std::vector<Term>& terms, std::size_t max) {
  std::ranges::stable_sort(terms, std::greater{}, &Term::docs);
  if (terms.size() > max) terms.resize(max);
}

Result<std::vector<Term>> Endings(Connection& connection, std::int64_t part,
                                  std::string_view prefix) {
  // Tokens are UTF-8 without 0xFF, so this is behind all that begin with the prefix.
  const std::string end = std::string(prefix) + '\xFF';
  Bound query = TRY(Bound::Prepare(connection,
                                   "SELECT term, docs FROM terms WHERE part = ?1 AND term > ?2 "
                                   "AND term < ?3 LIMIT ?4"));
  query.Int(part).Text(prefix).Text(end).Int(kScanMax);
  std::vector<Term> found;
  while (TRY(query.Step())) found.push_back({std::string(query.Bytes(0)), query.Number(1)});
  KeepMostFrequent(found, kVariantsMax);
  return found;
}

// Terms that share at least `shared` of the trigrams, most of them first.
Result<std::vector<Term>> ByGrams(Connection& connection, std::int64_t part,
                                  const std::vector<std::int64_t>& grams, std::size_t shared,
                                  std::size_t size_min, std::size_t size_max, int max) {
  std::vector<Term> found;
  if (grams.empty()) return found;
  // A fixed number of places, so that the statement is prepared once.
  constexpr std::size_t kGramsMax = 36;
  std::string sql = "SELECT g.term, count(*) FROM grams g WHERE g.part = ?1 AND g.gram IN (";
  for (std::size_t i = 0; i < kGramsMax; ++i) sql += i == 0 ? "?" : ",?";
  sql +=
      ") AND g.size BETWEEN ? AND ? GROUP BY g.term HAVING count(*) >= ? "
      "ORDER BY count(*) DESC, g.term LIMIT ?";
  Bound query = TRY(Bound::Prepare(connection, sql));
  query.Int(part);
  for (std::size_t i = 0; i < kGramsMax; ++i) query.Int(grams[std::min(i, grams.size() - 1)]);
  query.Int(static_cast<std::int64_t>(size_min)).Int(static_cast<std::int64_t>(size_max));
  query.Int(static_cast<std::int64_t>(shared)).Int(max);
  while (TRY(query.Step())) found.push_back({std::string(query.Bytes(0))});
  for (Term& term : found) term.docs = TRY(DocsOf(connection, part, term.text));
  return found;
}

Result<std::vector<Term>> Containing(Connection& connection, std::int64_t part,
                                     std::string_view word) {
  const auto grams = InnerTrigrams(word);
  auto found = TRY(ByGrams(connection, part, grams, grams.size(), word.size() + 1, 64, kScanMax));
  std::erase_if(found, [&](const Term& term) { return term.text.find(word) == term.text.npos; });
  KeepMostFrequent(found, kVariantsMax);
  return found;
}

Result<std::vector<Term>> Alike(Connection& connection, std::int64_t part, std::string_view word) {
  const std::size_t length = CountCodePoints(word);
  std::vector<Term> found;
  if (length < 4 || word.size() > 32) return found;
  const int distance_max = length < 8 ? 1 : 2;
  const auto grams = Trigrams(word);
  // A letter stands in three trigrams; two that changed places, in four.
  const std::size_t lost = 4 * static_cast<std::size_t>(distance_max);
  const std::size_t shared = grams.size() > lost ? grams.size() - lost : 1;
  const std::size_t slack = 4 * static_cast<std::size_t>(distance_max);
  found =
      TRY(ByGrams(connection, part, grams, shared, word.size() > slack ? word.size() - slack : 1,
                  word.size() + slack, kNearCandidatesMax));
  for (Term& term : found) term.distance = EditDistance(word, term.text, distance_max);
  std::erase_if(found, [&](const Term& term) { return term.distance > distance_max; });
  std::ranges::stable_sort(found, [](const Term& a, const Term& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.docs > b.docs;
  });
  // The nearest, and what is as near.
  std::erase_if(found, [&](const Term& t) { return t.distance > found.front().distance; });
  if (found.size() > kNearMax) found.resize(kNearMax);
  return found;
}

}  // namespace

Result<Expanded> Expand(Connection& connection, std::int64_t part, std::int64_t part_docs,
                        const QueryWord& word) {
  Expanded expanded;
  std::vector<Variant>& variants = expanded.group.variants;
  std::int64_t docs = 0;
  const auto add = [&](const std::vector<Term>& terms, double quality, bool near) {
    for (const Term& term : terms) {
      if (variants.size() >= kVariantsMax) return;
      variants.push_back({{term.text}, quality, near});
      docs += term.docs;
      expanded.group.rows_min = std::max(expanded.group.rows_min, term.docs);
    }
  };
  const bool single = !word.solid || word.parts.size() <= 1;
  if (single) {
    const std::int64_t own = TRY(DocsOf(connection, part, word.text));
    if (own > 0) add({{word.text, own}}, 1, false);
  }
  if (word.parts.size() > 1) {
    bool all = true;
    std::int64_t least = part_docs;
    for (const std::string& token : word.parts) {
      const std::int64_t own = TRY(DocsOf(connection, part, token));
      least = std::min(least, own);
      all = all && own > 0;
    }
    if (all) {
      variants.push_back({word.parts, word.solid ? 1.0 : kPartsQuality, false});
      docs = std::max(docs, least);
    }
  }
  if (single && (word.prefix || variants.empty())) {
    add(TRY(Endings(connection, part, word.text)), kPrefixQuality, false);
  }
  if (single && variants.empty() && CountCodePoints(word.text) >= 3) {
    add(TRY(Containing(connection, part, word.text)), kInsideQuality, false);
    if (variants.empty()) {
      const auto alike = TRY(Alike(connection, part, word.text));
      if (!alike.empty()) add(alike, alike.front().distance == 1 ? 0.5 : 0.3, true);
      expanded.corrected = !alike.empty();
    }
  }
  expanded.group.idf = Idf(part_docs, docs);
  return expanded;
}

}  // namespace tenon::search

#include "search/score.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "search/tokens.h"

namespace tenon::search {
namespace {

constexpr std::uint32_t kFieldMask = 15;
static_assert(SearchPlans::kFieldsMax <= kFieldMask);
// Tokens of one document that ranking looks at.
constexpr std::size_t kWordsMax = 4096;
constexpr std::size_t kSlotsKept = 1024;

void SortUnique(std::vector<std::string>& values) {
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
}

std::uint32_t WordAt(std::string_view words, std::size_t i) {
  std::uint32_t word = 0;
  std::memcpy(&word, words.data() + 4 * i, 4);
  return word;
}

}  // namespace

void Analyzer::Grow() {
  const std::size_t size = std::max<std::size_t>(64, 2 * slots_.size());
  slots_.assign(size, 0);
  for (std::size_t t = 0; t < terms_.size(); ++t) {
    std::size_t at = terms_[t].hash & (size - 1);
    while (slots_[at] != 0) at = (at + 1) & (size - 1);
    slots_[at] = static_cast<std::uint32_t>(t + 1);
  }
}

Analyzer::Term& Analyzer::TermOf(std::string_view token) {
  if (2 * terms_.size() >= slots_.size()) Grow();
  const std::uint32_t hash = TokenHash(token);
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    Term& term = terms_[slots_[at] - 1];
    if (term.hash == hash && std::string_view(letters_).substr(term.begin, term.size) == token) {
      return term;
    }
  }
  slots_[at] = static_cast<std::uint32_t>(terms_.size() + 1);
  terms_.push_back({.hash = hash,
                    .begin = static_cast<std::uint32_t>(letters_.size()),
                    .size = static_cast<std::uint32_t>(token.size())});
  letters_ += token;
  return terms_.back();
}

const Analysis& Analyzer::Analyze(const SearchPlan& plan, std::span<const std::string> texts) {
  letters_.clear();
  terms_.clear();
  // A document of many words leaves many slots, which all others would clear.
  if (slots_.size() > kSlotsKept) slots_.clear();
  std::ranges::fill(slots_, 0);
  analysis_.terms.clear();
  analysis_.label_terms.clear();
  analysis_.words.clear();
  analysis_.names.clear();
  for (std::size_t f = 0; f < plan.fields.size() && f < texts.size(); ++f) {
    const SearchField& field = plan.fields[f];
    EachToken(texts[f], [&](const TokenView& token) {
      Term& term = TermOf(token.text);
      if ((term.fields >> f & 1) != 0) return;
      term.fields |= 1u << f;
      term.label = term.label || field.label;
      if (analysis_.words.size() >= 4 * kWordsMax) return;
      const std::uint32_t word = (term.hash & ~kFieldMask) | static_cast<std::uint32_t>(f);
      analysis_.words.append(reinterpret_cast<const char*>(&word), 4);
    });
    if (!field.name_like) continue;
    std::string name = FoldName(texts[f]);
    if (!name.empty()) analysis_.names.push_back(std::move(name));
  }
  for (const Term& term : terms_) {
    const auto text = std::string_view(letters_).substr(term.begin, term.size);
    analysis_.terms.push_back(text);
    if (term.label) analysis_.label_terms.push_back(text);
  }
  SortUnique(analysis_.names);
  return analysis_;
}

double Idf(std::int64_t rows, std::int64_t having) {
  const auto n = static_cast<double>(rows);
  const auto df = static_cast<double>(std::min(having, rows));
  return std::log(1 + (n - df + 0.5) / (df + 0.5));
}

Scorer::Scorer(const SearchPlan& plan, std::span<const Group> groups) {
  for (std::size_t f = 0; f < plan.fields.size(); ++f) {
    weights_[f] = plan.fields[f].weight;
    if (plan.fields[f].label) label_ = static_cast<std::uint32_t>(f);
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    idf_.push_back(groups[g].idf);
    for (const Variant& variant : groups[g].variants) {
      const std::size_t tokens = std::min<std::size_t>(variant.tokens.size(), 32);
      if (tokens == 0) continue;
      const auto number = static_cast<std::uint16_t>(variants_.size());
      for (std::size_t t = 0; t < tokens; ++t) {
        const std::uint32_t hash = TokenHash(variant.tokens[t]) & ~kFieldMask;
        needles_.push_back({hash, number, static_cast<std::uint8_t>(t)});
        filter_[(hash >> 10) & 15] |= 1ull << ((hash >> 4) & 63);
      }
      variants_.push_back({static_cast<std::uint16_t>(g),
                           static_cast<std::uint32_t>((1ull << tokens) - 1), variant.quality,
                           variant.near});
    }
  }
  std::ranges::sort(needles_, {}, &Needle::hash);
}

Scorer::Scored Scorer::Score(std::string_view words) const {
  struct Seen {
    std::uint32_t any = 0, label = 0;
    double weight = 0;
  };
  std::vector<Seen> seen(variants_.size());
  std::array<std::uint32_t, 16> lengths{};
  const std::size_t count = words.size() / 4;
  for (std::size_t i = 0; i < count; ++i) ++lengths[WordAt(words, i) & kFieldMask];
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t word = WordAt(words, i);
    const std::uint32_t hash = word & ~kFieldMask;
    if ((filter_[(hash >> 10) & 15] >> ((hash >> 4) & 63) & 1) == 0) continue;
    const std::uint32_t field = word & kFieldMask;
    const double weight =
        weights_[field] * (0.5 + 0.5 / std::sqrt(static_cast<double>(lengths[field])));
    auto needle = std::ranges::lower_bound(needles_, hash, {}, &Needle::hash);
    for (; needle != needles_.end() && needle->hash == hash; ++needle) {
      Seen& at = seen[needle->variant];
      at.any |= 1u << needle->bit;
      if (field == label_) at.label |= 1u << needle->bit;
      at.weight = std::max(at.weight, weight);
    }
  }
  std::vector<double> best(idf_.size());
  std::vector<bool> exact(idf_.size()), label(idf_.size());
  for (std::size_t v = 0; v < variants_.size(); ++v) {
    const FlatVariant& variant = variants_[v];
    if ((seen[v].any & variant.all) != variant.all) continue;
    best[variant.group] = std::max(best[variant.group], variant.quality * seen[v].weight);
    if (variant.near) continue;
    exact[variant.group] = true;
    if ((seen[v].label & variant.all) == variant.all) label[variant.group] = true;
  }
  Scored scored;
  bool all = true, all_exact = true, all_label = true;
  for (std::size_t g = 0; g < best.size(); ++g) {
    scored.score += idf_[g] * best[g];
    if (best[g] > 0) ++scored.groups;
    all = all && best[g] > 0;
    all_exact = all_exact && exact[g];
    all_label = all_label && label[g];
  }
  scored.match = !all        ? Match::kSome
                 : all_label ? Match::kLabel
                 : all_exact ? Match::kAll
                             : Match::kNear;
  return scored;
}

}  // namespace tenon::search

#include "search/part_query.h"

#include <algorithm>
#include <limits>

#include "search/vocabulary.h"

namespace tenon::search {
namespace {

// Whole names that begin with the text, in the order of the names.
constexpr std::int64_t kNamesMax = 200;
// Beside a rare word, the postings of a frequent one are skipped: each row of the rare one costs as
// much as so many of them.
constexpr std::int64_t kSkipped = 100;
// Values of one facet that are named.
constexpr std::size_t kFacetNamesMax = 1000;

std::string Joined(const std::vector<std::string>& parts, std::string_view with) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += with;
    out += part;
  }
  return out;
}

}  // namespace

std::string PartQuery::WordOf(const Variant& variant, bool label) const {
  std::vector<std::string> words;
  for (const std::string& token : variant.tokens) words.push_back(part_->Word(token, label));
  std::string out = Joined(words, part_->words().both);
  return words.size() > 1 ? "(" + out + ")" : out;
}

std::string PartQuery::WordOf(const Group& group, bool label) const {
  std::vector<std::string> words;
  for (const Variant& variant : group.variants) words.push_back(WordOf(variant, label));
  return "(" + Joined(words, part_->words().either) + ")";
}

Result<void> PartQuery::Open() {
  for (const QueryWord& word : query_.text.words) {
    Expanded expanded = TRY(Expand(*part_, word));
    groups_.push_back(std::move(expanded.group));
    corrected_.push_back(expanded.corrected);
  }
  scorer_ = std::make_unique<Scorer>(plan_, groups_);
  return OpenFacetTerms();
}

Result<void> PartQuery::OpenFacetTerms() {
  for (const FacetTerm& term : query_.facet_terms) {
    std::vector<std::string> any;
    std::int64_t rows = 0;
    for (const std::string& value : term.values) {
      const auto found = TRY(part_->FacetValue(term.facet, value));
      if (found.number == 0) continue;
      any.push_back(part_->FacetWord(found.number));
      rows = std::max(rows, found.rows);
      facet_postings_ += found.rows;
    }
    if (any.empty()) none_ = true;
    facet_rows_ = std::min(facet_rows_.value_or(rows), rows);
    facet_terms_.push_back("(" + Joined(any, part_->words().either) + ")");
  }
  return {};
}

Condition PartQuery::Narrowed(Condition condition) const {
  std::string& text = condition.text;
  if (!facet_terms_.empty()) {
    const std::string facets = Joined(facet_terms_, part_->words().both);
    const auto rows = static_cast<double>(*facet_rows_);
    condition.expected =
        text.empty() ? rows : condition.expected * rows / static_cast<double>(part_->docs());
    condition.rarest = text.empty() ? *facet_rows_ : std::min(condition.rarest, *facet_rows_);
    if (text.empty() || condition.postings > 0) {
      condition.postings += std::min(facet_postings_, kSkipped * condition.rarest);
    }
    text = text.empty() ? facets : "(" + text + ")" + std::string(part_->words().both) + facets;
  }
  if (query_.text.excluded.empty() || text.empty()) return condition;
  std::vector<std::string> without;
  for (const QueryWord& word : query_.text.excluded) {
    if (!word.solid || word.parts.size() < 2) {
      without.push_back(part_->Word(word.text, false));
    } else {
      without.push_back(WordOf(Variant{word.parts, 1, false}, false));
    }
  }
  text = "(" + text + ")" + std::string(part_->words().without) + "(" +
         Joined(without, part_->words().either) + ")";
  return condition;
}

bool PartQuery::IsPlain() const { return facet_terms_.empty() && query_.text.excluded.empty(); }

Condition PartQuery::EveryRow() const {
  return {{}, part_->docs(), static_cast<double>(part_->docs()), 0};
}

void PartQuery::AlsoWith(std::int64_t rows, Condition& condition) const {
  condition.rarest = std::min(condition.rarest, rows);
  condition.expected *= static_cast<double>(rows) / static_cast<double>(part_->docs());
}

Condition PartQuery::All(bool label) const {
  std::vector<std::string> parts;
  Condition all = EveryRow();
  std::int64_t fewest = std::numeric_limits<std::int64_t>::max() / kSkipped;
  for (const Group& group : groups_) {
    if (group.variants.empty()) return {};
    parts.push_back(WordOf(group, label));
    AlsoWith(label ? group.labels_min : group.rows_min, all);
    fewest = std::min(fewest, group.postings);
  }
  for (const Group& group : groups_) {
    all.postings += std::min(group.postings, kSkipped * fewest);
  }
  all.text = Joined(parts, part_->words().both);
  return all;
}

Condition PartQuery::Any() const {
  std::vector<std::string> any;
  Condition some;
  for (const Group& group : groups_) {
    if (group.variants.empty()) continue;
    any.push_back(WordOf(group, false));
    some.rarest = std::max(some.rarest, group.rows_min);
    some.expected = static_cast<double>(some.rarest);
    some.postings += group.postings;
  }
  some.text = Joined(any, part_->words().either);
  return some;
}

void PartQuery::Note(const FoundRow& row, Match match, double bonus) {
  Scorer::Scored scored = scorer_->Score(row.words);
  Found& found = found_[row.id];
  const Match best = std::min(match, scored.match);
  if (found.key.empty()) found = {best, scored.score, std::string(row.key)};
  found.match = std::min(found.match, best);
  found.score = std::max(found.score, scored.score + bonus);
}

bool PartQuery::HasPhrases(std::span<const std::string> texts) const {
  std::vector<std::string> forms;
  for (const std::string& text : texts) forms.push_back(PhraseForm(text));
  return std::ranges::all_of(query_.text.phrases, [&](const std::string& phrase) {
    return std::ranges::any_of(
        forms, [&](const std::string& form) { return form.find(phrase) != form.npos; });
  });
}

Result<bool> PartQuery::Stream(const Condition& condition, std::size_t max) {
  const Condition narrowed = Narrowed(condition);
  if (narrowed.text.empty() || none_) return false;
  return part_->Rows(narrowed, AskFor(max), [&](const FoundRow& row) -> Result<void> {
    if (HasPhrases(row.texts)) Note(row, Match::kSome, 0);
    return {};
  });
}

// Every row of the part, for a query without words.
Result<void> PartQuery::StreamAll(std::size_t max) {
  capped_ = TRY(part_->AllRows(max, [&](const FoundRow& row) -> Result<void> {
    found_[row.id] = {Match::kAll, 0, std::string(row.key)};
    return {};
  }));
  total_ = std::min(part_->docs(), kCountMax);
  return {};
}

Result<void> PartQuery::Count(const Condition& condition) {
  total_ = static_cast<std::int64_t>(found_.size());
  const Condition narrowed = Narrowed(condition);
  if (narrowed.text.empty() || none_) return {};
  if (WantsFacets()) tally_ = TRY(part_->Tally(narrowed, kFacetRowsMax, kCountMax));
  const Counted counted =
      tally_ && tally_->counted ? *tally_->counted : TRY(part_->Count(narrowed, kCountMax));
  total_ = std::max(total_, counted.rows);
  at_least_ = !counted.whole;
  return {};
}

Result<void> PartQuery::FindNames() {
  if (query_.text.name.empty() || !facet_terms_.empty() || !query_.text.excluded.empty() ||
      !query_.text.phrases.empty()) {
    return {};
  }
  TRY(FindNamesFrom(true));
  return FindNamesFrom(false);
}

Result<void> PartQuery::FindNamesFrom(bool exact) {
  const std::string& from = query_.text.name;
  return part_->Names(
      from, exact, kNamesMax, [&](std::string_view name, const FoundRow& row) -> Result<void> {
        // The more of the name the text is, the better.
        const double share = static_cast<double>(from.size()) / static_cast<double>(name.size());
        Note(row, exact ? Match::kExact : Match::kPrefix, 10 * share);
        return {};
      });
}

void PartQuery::Foretell() {
  if (none_ || (query_.text.empty() && facet_terms_.empty())) return;
  const std::size_t max = query_.candidates_max;
  const bool full = IsPlain() && groups_.size() == 1 && query_.text.phrases.empty() &&
                    groups_[0].labels_min > static_cast<std::int64_t>(max);
  for (const bool label : {true, false}) {
    if (label ? groups_.empty() : full) continue;
    const Condition all = All(label);
    if (all.text.empty() && !groups_.empty()) return;
    part_->Foretell(Narrowed(all), AskFor(max));
  }
}

Result<void> PartQuery::FindAll() {
  const std::size_t max = query_.candidates_max;
  if (none_) return {};
  if (query_.text.empty() && facet_terms_.empty()) return StreamAll(max);
  TRY(FindNames());
  const bool phrases = !query_.text.phrases.empty();
  bool more = false;
  if (!groups_.empty()) {
    const Condition label = All(true);
    if (label.text.empty()) {
      total_ = static_cast<std::int64_t>(found_.size());
      return {};
    }
    more = TRY(Stream(label, max));
  }
  // With as many as are wanted that have all words in their names, others would rank below them.
  const Condition all = All(false);
  if (!more || phrases) more = TRY(Stream(all, max)) || more;
  capped_ = more;
  // Of one word the vocabulary knows how many rows have it, of one with endings at least that.
  const bool one = groups_.size() == 1 && IsPlain();
  const bool known = one && (groups_[0].rows_min >= kCountMax ||
                             (groups_[0].variants.size() == 1 && groups_[0].rows_min > 0));
  if (more && !phrases) {
    if (!known) return Count(all);
    total_ = std::min(groups_[0].rows_min, kCountMax);
  }
  total_ = std::max(total_, static_cast<std::int64_t>(found_.size()));
  return {};
}

Result<void> PartQuery::FindSome() {
  // Phrases must be there; without a second word there is nothing to leave out.
  if (none_ || groups_.size() < 2 || !query_.text.phrases.empty()) return {};
  std::vector<const Group*> there;
  for (const Group& group : groups_) {
    if (!group.variants.empty()) there.push_back(&group);
  }
  if (there.empty()) return {};
  std::ranges::stable_sort(there, std::greater{}, &Group::idf);  // rare words first
  const std::size_t max = std::max<std::size_t>(query_.candidates_max / 4, 50);
  const auto but = [&](const Group* left_out) {
    Condition rest = EveryRow();
    std::vector<std::string> words;
    for (const Group* group : there) {
      if (group == left_out) continue;
      words.push_back(WordOf(*group, false));
      AlsoWith(group->rows_min, rest);
      rest.postings += group->postings;
    }
    rest.text = Joined(words, part_->words().both);
    return rest;
  };
  std::vector<Condition> asked;
  if (there.size() < groups_.size()) asked.push_back(but(nullptr));
  if (there.size() > 2) {
    for (std::size_t out = there.size(); out-- > 0;) {  // without the most frequent one first
      asked.push_back(but(there[out]));
    }
  }
  for (const Group* group : there) {
    const auto rows = static_cast<double>(group->rows_min);
    asked.push_back({WordOf(*group, false), group->rows_min, rows, group->postings});
  }
  for (const Condition& one : asked) part_->Foretell(Narrowed(one), AskFor(max));
  for (const Condition& one : asked) {
    if (TRY(Stream(one, max))) capped_ = true;
  }
  some_ = true;
  const Condition any = Any();
  if (IsPlain() && any.rarest >= kCountMax) {  // so many rows have one of the words alone
    total_ = kCountMax;
    return {};
  }
  return Count(any);
}

Result<void> PartQuery::FindAmong(const std::vector<std::string>& keys) {
  if (none_) return {};
  TRY(FindNames());
  std::unordered_map<std::int64_t, Found> named = std::move(found_);
  found_.clear();
  const bool narrow = !facet_terms_.empty() || !query_.text.excluded.empty();
  const Condition narrowed = narrow ? Narrowed(Any()) : Condition{};
  TRY(part_->Among(keys, narrowed, AskFor(0).texts, [&](const FoundRow& row) -> Result<void> {
    const bool wanted = groups_.empty() || scorer_->Score(row.words).groups > 0;
    if (!wanted || !HasPhrases(row.texts)) return {};
    Note(row, Match::kSome, 0);
    if (const auto known = named.find(row.id); known != named.end()) {
      found_[row.id] = std::move(known->second);
    }
    return {};
  }));
  const bool any_all = std::ranges::any_of(
      found_, [](const auto& found) { return found.second.match != Match::kSome; });
  if (any_all) {
    std::erase_if(found_, [](const auto& found) { return found.second.match == Match::kSome; });
  }
  total_ = static_cast<std::int64_t>(found_.size());
  return {};
}

bool PartQuery::WantsFacets() const {
  return std::ranges::any_of(
      query_.facets, [&](const std::string& name) { return plan_.FindFacet(name) != nullptr; });
}

Result<void> PartQuery::CountFacets() {
  if (!WantsFacets() || none_) return {};
  if (query_.text.empty() && facet_terms_.empty()) return NameFacets({});
  const Condition narrowed = Narrowed(some_ ? Any() : All(false));
  if (narrowed.text.empty()) return {};
  if (!tally_) tally_ = TRY(part_->Tally(narrowed, kFacetRowsMax, 0));
  facets_sampled_ = tally_->sampled;
  if (tally_->rows.empty()) return {};
  return NameFacets(tally_->rows);
}

// Values by their numbers; without counts, those of the whole part.
Result<void> PartQuery::NameFacets(const std::unordered_map<std::int64_t, std::int64_t>& counts) {
  if (counts.empty()) {
    for (const std::string& facet : query_.facets) {
      TRY(part_->Values(facet, static_cast<std::int64_t>(kFacetNamesMax),
                        [&](std::int64_t, std::string_view, std::string_view value,
                            std::int64_t rows) -> Result<void> {
                          facets_[facet][std::string(value)] = rows;
                          return {};
                        }));
    }
    return {};
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> order(counts.begin(), counts.end());
  std::ranges::sort(order, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (order.size() > kFacetNamesMax) order.resize(kFacetNamesMax);
  std::vector<std::int64_t> numbers;
  for (const auto& [number, count] : order) numbers.push_back(number);
  return part_->NameValues(numbers,
                           [&](std::int64_t number, std::string_view facet, std::string_view value,
                               std::int64_t) -> Result<void> {
                             std::string name(facet);
                             if (std::ranges::find(query_.facets, name) != query_.facets.end()) {
                               facets_[std::move(name)][std::string(value)] = counts.at(number);
                             }
                             return {};
                           });
}

void PartQuery::TakeCandidates(std::vector<Candidate>& out) {
  for (auto& [id, found] : found_) {
    out.push_back({&plan_, std::move(found.key), found.score, found.match, id});
  }
  found_.clear();
}

}  // namespace tenon::search

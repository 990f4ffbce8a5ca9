#include "search/sqlite/part_query.h"

#include <fmt/format.h>

#include <algorithm>

#include "search/sqlite/documents.h"
#include "search/sqlite/file.h"
#include "search/sqlite/statement.h"
#include "search/sqlite/vocabulary.h"

namespace tenon::search {
namespace {

// Whole names that begin with the text, in the order of the names.
constexpr std::int64_t kNamesMax = 200;
// Values of one facet that are named.
constexpr std::size_t kFacetNamesMax = 1000;

// A token in quotes is one string of FTS5's query language; tokens hold no quotes (tokens.h).
std::string Quoted(std::string_view token, bool label) {
  return fmt::format("\"{}{}\"", label ? "=" : "", token);
}

std::string ExpressionOf(const Variant& variant, bool label) {
  std::string out;
  for (const std::string& token : variant.tokens) {
    if (!out.empty()) out += " AND ";
    out += Quoted(token, label);
  }
  return variant.tokens.size() > 1 ? "(" + out + ")" : out;
}

std::string ExpressionOf(const Group& group, bool label) {
  std::string out;
  for (const Variant& variant : group.variants) {
    if (!out.empty()) out += " OR ";
    out += ExpressionOf(variant, label);
  }
  return "(" + out + ")";
}

std::string Joined(const std::vector<std::string>& parts, std::string_view with) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += with;
    out += part;
  }
  return out;
}

}  // namespace

Result<void> PartQuery::Open() {
  for (const QueryWord& word : query_.text.words) {
    Expanded expanded = TRY(Expand(connection_, part_, docs_, word));
    groups_.push_back(std::move(expanded.group));
    corrected_.push_back(expanded.corrected);
  }
  scorer_ = std::make_unique<Scorer>(plan_, groups_);
  return OpenFacetTerms();
}

Result<void> PartQuery::OpenFacetTerms() {
  for (const FacetTerm& term : query_.facet_terms) {
    std::string any;
    for (const std::string& value : term.values) {
      Bound query = TRY(Bound::Prepare(
          connection_,
          "SELECT id FROM facet_values WHERE part = ?1 AND facet = ?2 AND value = ?3"));
      query.Int(part_).Text(term.facet).Text(value);
      if (!TRY(query.Step())) continue;
      any += fmt::format("{}\"@{}\"", any.empty() ? "" : " OR ", query.Number(0));
    }
    if (any.empty()) none_ = true;
    facet_terms_.push_back("(" + any + ")");
  }
  return {};
}

std::string PartQuery::Narrowed(std::string expression) const {
  if (!facet_terms_.empty()) {
    if (!expression.empty()) expression = "(" + expression + ") AND ";
    expression += Joined(facet_terms_, " AND ");
  }
  if (query_.text.excluded.empty() || expression.empty()) return expression;
  std::vector<std::string> without;
  for (const QueryWord& word : query_.text.excluded) {
    if (!word.solid || word.parts.size() < 2) {
      without.push_back(Quoted(word.text, false));
    } else {
      without.push_back(ExpressionOf(Variant{word.parts, 1, false}, false));
    }
  }
  return "(" + expression + ") NOT (" + Joined(without, " OR ") + ")";
}

std::string PartQuery::All(bool label) const {
  std::vector<std::string> parts;
  for (const Group& group : groups_) {
    if (group.variants.empty()) return {};
    parts.push_back(ExpressionOf(group, label));
  }
  return Joined(parts, " AND ");
}

void PartQuery::Note(std::int64_t id, std::string_view key, std::string_view words, Match match,
                     double bonus) {
  Scorer::Scored scored = scorer_->Score(words);
  Found& found = found_[id];
  const Match best = std::min(match, scored.match);
  if (found.key.empty()) found = {best, scored.score, std::string(key)};
  found.match = std::min(found.match, best);
  found.score = std::max(found.score, scored.score + bonus);
}

Result<bool> PartQuery::HasPhrases(std::int64_t id) {
  if (query_.text.phrases.empty()) return true;
  Bound query = TRY(Bound::Prepare(connection_, "SELECT texts FROM docs WHERE id = ?1"));
  query.Int(id);
  if (!TRY(query.Step())) return false;
  std::vector<std::string> forms;
  for (const std::string& text : UnpackTexts(query.Bytes(0))) forms.push_back(PhraseForm(text));
  return std::ranges::all_of(query_.text.phrases, [&](const std::string& phrase) {
    return std::ranges::any_of(
        forms, [&](const std::string& form) { return form.find(phrase) != form.npos; });
  });
}

Result<bool> PartQuery::Stream(const std::string& expression, std::size_t max) {
  const std::string narrowed = Narrowed(expression);
  if (narrowed.empty() || none_) return false;
  // The order of the join is ours: matches first, one by one.
  Bound query = TRY(
      Bound::Prepare(connection_,
                     "SELECT d.id, d.key, d.words FROM words f CROSS JOIN docs d ON d.id = f.rowid "
                     "WHERE f.words MATCH ?1 AND f.rowid BETWEEN ?2 AND ?3 LIMIT ?4"));
  query.Text(narrowed).Int(FirstOf(part_)).Int(LastOf(part_));
  query.Int(static_cast<std::int64_t>(max) + 1);
  std::size_t rows = 0;
  while (TRY(query.Step())) {
    if (++rows > max) return true;
    const std::int64_t id = query.Number(0);
    if (!TRY(HasPhrases(id))) continue;
    Note(id, query.Bytes(1), query.Bytes(2), Match::kSome, 0);
  }
  return false;
}

// Every row of the part, for a query without words.
Result<void> PartQuery::StreamAll(std::size_t max) {
  Bound query = TRY(
      Bound::Prepare(connection_, "SELECT id, key FROM docs WHERE id BETWEEN ?1 AND ?2 LIMIT ?3"));
  query.Int(FirstOf(part_)).Int(LastOf(part_)).Int(static_cast<std::int64_t>(max) + 1);
  std::size_t rows = 0;
  while (TRY(query.Step())) {
    if (++rows > max) break;
    found_[query.Number(0)] = {Match::kAll, 0, std::string(query.Bytes(1))};
  }
  capped_ = rows > max;
  total_ = std::min(docs_, kCountMax);
  return {};
}

Result<std::int64_t> PartQuery::Count(const std::string& expression) {
  const std::string narrowed = Narrowed(expression);
  if (narrowed.empty() || none_) return 0;
  Bound query =
      TRY(Bound::Prepare(connection_,
                         "SELECT count(*) FROM (SELECT rowid FROM words WHERE words MATCH ?1 "
                         "AND rowid BETWEEN ?2 AND ?3 LIMIT ?4)"));
  query.Text(narrowed).Int(FirstOf(part_)).Int(LastOf(part_)).Int(kCountMax);
  TRY(query.Step());
  return query.Number(0);
}

Result<void> PartQuery::FindNames() {
  const std::string& name = query_.text.name;
  if (name.empty() || !facet_terms_.empty() || !query_.text.excluded.empty() ||
      !query_.text.phrases.empty()) {
    return {};
  }
  TRY(FindNamesFrom(name, {}, true));
  return FindNamesFrom(name, name + '\xFF', false);
}

Result<void> PartQuery::FindNamesFrom(std::string_view from, std::string_view below, bool exact) {
  Bound query = TRY(Bound::Prepare(
      connection_, exact ? "SELECT n.id, n.name, d.key, d.words FROM names n CROSS JOIN docs d "
                           "ON d.id = n.id WHERE n.part = ?1 AND n.name = ?2 LIMIT ?3"
                         : "SELECT n.id, n.name, d.key, d.words FROM names n CROSS JOIN docs d "
                           "ON d.id = n.id WHERE n.part = ?1 AND n.name > ?2 AND n.name < ?3 "
                           "LIMIT ?4"));
  query.Int(part_).Text(from);
  if (!exact) query.Text(below);
  query.Int(kNamesMax);
  while (TRY(query.Step())) {
    // The more of the name the text is, the better.
    const double share =
        static_cast<double>(from.size()) / static_cast<double>(query.Bytes(1).size());
    Note(query.Number(0), query.Bytes(2), query.Bytes(3), exact ? Match::kExact : Match::kPrefix,
         10 * share);
  }
  return {};
}

Result<void> PartQuery::FindAll() {
  const std::size_t max = query_.candidates_max;
  if (none_) return {};
  if (query_.text.empty() && facet_terms_.empty()) return StreamAll(max);
  TRY(FindNames());
  const bool phrases = !query_.text.phrases.empty();
  if (!groups_.empty()) {
    const std::string label = All(true);
    if (label.empty()) {
      total_ = static_cast<std::int64_t>(found_.size());
      return {};
    }
    if (TRY(Stream(label, max))) capped_ = true;
  }
  const std::string all = All(false);
  if (TRY(Stream(all, max))) capped_ = true;
  // Of a frequent word the vocabulary knows that counting would come to the cap.
  const bool plain = facet_terms_.empty() && query_.text.excluded.empty() && !phrases;
  const bool frequent = groups_.size() == 1 && plain && groups_[0].rows_min >= kCountMax;
  total_ = phrases ? 0 : frequent ? kCountMax : TRY(Count(all));
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
  std::vector<std::string> each;
  for (const Group* group : there) each.push_back(ExpressionOf(*group, false));
  if (there.size() < groups_.size() && TRY(Stream(Joined(each, " AND "), max))) capped_ = true;
  if (there.size() > 2) {
    for (std::size_t out = there.size(); out-- > 0;) {  // without the most frequent one first
      std::vector<std::string> rest = each;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(out));
      if (TRY(Stream(Joined(rest, " AND "), max))) capped_ = true;
    }
  }
  for (const std::string& one : each) {
    if (TRY(Stream(one, max))) capped_ = true;
  }
  some_ = true;
  total_ = std::max(TRY(Count(Joined(each, " OR "))), static_cast<std::int64_t>(found_.size()));
  return {};
}

std::string PartQuery::Any() const {
  std::vector<std::string> any;
  for (const Group& group : groups_) {
    if (!group.variants.empty()) any.push_back(ExpressionOf(group, false));
  }
  return Joined(any, " OR ");
}

Result<void> PartQuery::FindAmong(const std::vector<std::string>& keys) {
  if (none_) return {};
  TRY(FindNames());
  std::unordered_map<std::int64_t, Found> named = std::move(found_);
  found_.clear();
  Bound find = TRY(Bound::Prepare(connection_,
                                  "SELECT d.id, d.words FROM doc_keys k CROSS JOIN docs d "
                                  "ON d.id = k.id WHERE k.part = ?1 AND k.key = ?2"));
  Bound match =
      TRY(Bound::Prepare(connection_, "SELECT 1 FROM words WHERE words MATCH ?1 AND rowid = ?2"));
  const bool narrow = !facet_terms_.empty() || !query_.text.excluded.empty();
  const std::string narrowed = narrow ? Narrowed(Any()) : std::string();
  for (const std::string& key : keys) {
    find.Int(part_).Text(key);
    if (TRY(find.Step())) {
      const std::int64_t id = find.Number(0);
      const bool wanted = groups_.empty() || scorer_->Score(find.Bytes(1)).groups > 0;
      bool passes = wanted && TRY(HasPhrases(id));
      if (passes && !narrowed.empty()) {
        passes = TRY(match.Text(narrowed).Int(id).Step());
        match.Again();
      }
      if (passes) Note(id, key, find.Bytes(1), Match::kSome, 0);
      if (const auto known = named.find(id); passes && known != named.end()) {
        found_[id] = std::move(known->second);
      }
    }
    find.Again();
  }
  const bool any_all = std::ranges::any_of(
      found_, [](const auto& found) { return found.second.match != Match::kSome; });
  if (any_all) {
    std::erase_if(found_, [](const auto& found) { return found.second.match == Match::kSome; });
  }
  total_ = static_cast<std::int64_t>(found_.size());
  return {};
}

Result<void> PartQuery::CountFacets() {
  const bool wanted = std::ranges::any_of(
      query_.facets, [&](const std::string& name) { return plan_.FindFacet(name) != nullptr; });
  if (!wanted || none_) return {};
  if (query_.text.empty() && facet_terms_.empty()) return NameFacets({});
  std::string expression = All(false);
  if (some_) {
    expression = Any();
  }
  const std::string narrowed = Narrowed(expression);
  if (narrowed.empty()) return {};
  Bound query =
      TRY(Bound::Prepare(connection_,
                         "SELECT v.facets FROM words f CROSS JOIN doc_facets v ON v.id = f.rowid "
                         "WHERE f.words MATCH ?1 AND f.rowid BETWEEN ?2 AND ?3 LIMIT ?4"));
  query.Text(narrowed).Int(FirstOf(part_)).Int(LastOf(part_)).Int(kFacetRowsMax + 1);
  std::unordered_map<std::int64_t, std::int64_t> counts;
  std::int64_t rows = 0;
  while (TRY(query.Step())) {
    if (++rows > kFacetRowsMax) {
      facets_sampled_ = true;
      break;
    }
    for (const std::int64_t id : FacetNumbers(query.Bytes(0))) ++counts[id];
  }
  if (counts.empty()) return {};
  return NameFacets(counts);
}

// Values by their numbers; without counts, those of the whole part.
Result<void> PartQuery::NameFacets(const std::unordered_map<std::int64_t, std::int64_t>& counts) {
  if (counts.empty()) {
    for (const std::string& facet : query_.facets) {
      Bound query = TRY(Bound::Prepare(
          connection_,
          "SELECT value, docs FROM facet_values WHERE part = ?1 AND facet = ?2 AND docs > 0 "
          "LIMIT ?3"));
      query.Int(part_).Text(facet).Int(static_cast<std::int64_t>(kFacetNamesMax));
      while (TRY(query.Step())) facets_[facet][std::string(query.Bytes(0))] = query.Number(1);
    }
    return {};
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> order(counts.begin(), counts.end());
  std::ranges::sort(order, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (order.size() > kFacetNamesMax) order.resize(kFacetNamesMax);
  Bound query =
      TRY(Bound::Prepare(connection_, "SELECT facet, value FROM facet_values WHERE id = ?1"));
  for (const auto& [id, count] : order) {
    query.Int(id);
    if (TRY(query.Step())) {
      std::string facet(query.Bytes(0));
      if (std::ranges::find(query_.facets, facet) != query_.facets.end()) {
        facets_[std::move(facet)][std::string(query.Bytes(1))] = count;
      }
    }
    query.Again();
  }
  return {};
}

void PartQuery::TakeCandidates(std::vector<Candidate>& out) {
  for (auto& [id, found] : found_) {
    out.push_back({&plan_, std::move(found.key), found.score, found.match, id});
  }
  found_.clear();
}

}  // namespace tenon::search

#include "search/sqlite/sqlite_part.h"

#include <fmt/format.h>

#include <algorithm>

#include "search/fuzzy.h"
#include "search/sqlite/documents.h"
#include "search/sqlite/file.h"
#include "search/sqlite/statement.h"
#include "search/tokens.h"

namespace tenon::search {
namespace {

// Words with one trigram that are looked at for those that hold a word.
constexpr std::int64_t kGramWordsMax = 5000;
// Look-ups for one misspelt word, a microsecond each: some hundreds for one edit, some thousands
// for two.
constexpr int kLooksMax = 10000;

}  // namespace

Result<std::vector<OpenPart>> OpenParts(Connection& connection, const IndexQuery& query) {
  std::vector<OpenPart> parts;
  const std::string tenant = query.tenant.ToString();
  for (const SearchPlan* plan : query.entities) {
    Bound find = TRY(
        Bound::Prepare(connection, "SELECT id, docs FROM parts WHERE tenant = ?1 AND entity = ?2"));
    find.Text(tenant).Text(plan->entity->table);
    if (!TRY(find.Step()) || find.Number(1) == 0) continue;
    parts.push_back({plan, std::make_unique<SqlitePart>(connection, find.Number(0), find.Number(1),
                                                        query.postings_max)});
  }
  return parts;
}

Result<Term> SqlitePart::Find(std::string_view token) {
  Bound query =
      TRY(Bound::Prepare(connection_, "SELECT docs FROM terms WHERE part = ?1 AND term = ?2"));
  query.Int(part_).Text(token);
  return Term{.text = std::string(token), .docs = TRY(query.Step()) ? query.Number(0) : 0};
}

Result<std::vector<Term>> SqlitePart::Endings(std::string_view prefix, std::size_t max) {
  // Tokens are UTF-8 without 0xFF, so this is behind all that begin with the prefix.
  const std::string end = std::string(prefix) + '\xFF';
  Bound query = TRY(Bound::Prepare(connection_,
                                   "SELECT term, docs FROM terms WHERE part = ?1 AND term > ?2 "
                                   "AND term < ?3 LIMIT ?4"));
  query.Int(part_).Text(prefix).Text(end).Int(kEndingsLookedAt);
  std::vector<Term> found;
  while (TRY(query.Step())) {
    found.push_back({.text = std::string(query.Bytes(0)), .docs = query.Number(1)});
  }
  std::ranges::stable_sort(found, std::greater{}, &Term::docs);
  if (found.size() > max) found.resize(max);
  return found;
}

Result<std::vector<Term>> SqlitePart::Containing(std::string_view word, int max) {
  // Of its trigrams the one that the fewest words have; one that no word has says it all.
  std::int64_t rarest = 0, fewest = kGramWordsMax + 1;
  Bound count =
      TRY(Bound::Prepare(connection_,
                         "SELECT count(*) FROM (SELECT 1 FROM grams WHERE part = ?1 AND gram = ?2 "
                         "AND size > ?3 LIMIT ?4)"));
  for (const std::int64_t gram : InnerTrigrams(word)) {
    count.Int(part_).Int(gram).Int(static_cast<std::int64_t>(word.size())).Int(fewest);
    TRY(count.Step());
    const std::int64_t words = count.Number(0);
    count.Again();
    if (words < fewest) {
      fewest = words;
      rarest = gram;
    }
    if (fewest == 0) break;
  }
  std::vector<Term> found;
  if (fewest == 0) return found;
  if (rarest == 0) {  // each is in more words than are looked at
    const auto grams = InnerTrigrams(word);
    if (grams.empty()) return found;
    rarest = grams.front();
  }
  Bound query = TRY(
      Bound::Prepare(connection_,
                     "SELECT g.term, t.docs FROM (SELECT term FROM grams WHERE part = ?1 AND "
                     "gram = ?2 AND size > ?3 LIMIT ?4) g CROSS JOIN terms t ON t.part = ?1 AND "
                     "t.term = g.term WHERE instr(g.term, ?5) > 0 LIMIT ?6"));
  query.Int(part_).Int(rarest).Int(static_cast<std::int64_t>(word.size())).Int(kGramWordsMax);
  query.Text(word).Int(max);
  while (TRY(query.Step())) {
    found.push_back({.text = std::string(query.Bytes(0)), .docs = query.Number(1)});
  }
  return found;
}

Result<std::vector<Term>> SqlitePart::Near(std::string_view word, int distance_max) {
  Bound query = TRY(Bound::Prepare(connection_,
                                   "SELECT term, docs FROM terms WHERE part = ?1 AND term >= ?2 "
                                   "ORDER BY term LIMIT 1"));
  std::vector<Term> found;
  FuzzyWalk walk(word, distance_max);
  for (int look = 0; walk.next() && look < kLooksMax; ++look) {
    query.Int(part_).Text(*walk.next());
    if (!TRY(query.Step())) break;
    Term term{.text = std::string(query.Bytes(0)), .docs = query.Number(1)};
    query.Again();
    term.distance = walk.Look(term.text);
    if (term.distance <= distance_max && HasGrams(term.text)) found.push_back(std::move(term));
  }
  return found;
}

const ConditionWords& SqlitePart::words() const {
  static constexpr ConditionWords kWords{" AND ", " OR ", " NOT "};
  return kWords;
}

std::string SqlitePart::Word(std::string_view token, bool label) const {
  // In quotes it is one string of FTS5's query language; tokens hold no quotes (tokens.h).
  return fmt::format("\"{}{}\"", label ? "=" : "", token);
}

std::string SqlitePart::FacetWord(std::int64_t value) const {
  return fmt::format("\"@{}\"", value);
}

Result<bool> SqlitePart::Rows(const Condition& condition, const Ask& ask, const Each& each) {
  // The order of the join is ours: matches first, one by one.
  Bound query = TRY(Bound::Prepare(
      connection_,
      "SELECT d.id, d.key, d.words, CASE WHEN ?5 THEN d.texts END FROM words f CROSS JOIN docs d "
      "ON d.id = f.rowid WHERE f.words MATCH ?1 AND f.rowid BETWEEN ?2 AND ?3 LIMIT ?4"));
  query.Text(condition.text).Int(FirstOf(part_)).Int(LastOf(part_));
  query.Int(static_cast<std::int64_t>(ask.max) + 1).Int(ask.texts ? 1 : 0);
  std::size_t rows = 0;
  while (TRY(query.Step())) {
    if (++rows > ask.max) return true;
    FoundRow row{query.Number(0), query.Bytes(1), query.Bytes(2), {}};
    if (ask.texts) row.texts = UnpackTexts(query.Bytes(3));
    TRY(each(row));
  }
  return false;
}

Result<bool> SqlitePart::AllRows(std::size_t max, const Each& each) {
  Bound query = TRY(
      Bound::Prepare(connection_, "SELECT id, key FROM docs WHERE id BETWEEN ?1 AND ?2 LIMIT ?3"));
  query.Int(FirstOf(part_)).Int(LastOf(part_)).Int(static_cast<std::int64_t>(max) + 1);
  std::size_t rows = 0;
  while (TRY(query.Step())) {
    if (++rows > max) return true;
    TRY(each({query.Number(0), query.Bytes(1), {}, {}}));
  }
  return false;
}

Result<void> SqlitePart::Among(std::span<const std::string> keys, const Condition& condition,
                               bool texts, const Each& each) {
  Bound find = TRY(Bound::Prepare(
      connection_,
      "SELECT d.id, d.words, CASE WHEN ?3 THEN d.texts END FROM doc_keys k CROSS JOIN docs d "
      "ON d.id = k.id WHERE k.part = ?1 AND k.key = ?2"));
  Bound match =
      TRY(Bound::Prepare(connection_, "SELECT 1 FROM words WHERE words MATCH ?1 AND rowid = ?2"));
  for (const std::string& key : keys) {
    find.Int(part_).Text(key).Int(texts ? 1 : 0);
    if (TRY(find.Step())) {
      FoundRow row{find.Number(0), key, find.Bytes(1), {}};
      bool passes = true;
      if (!condition.text.empty()) {
        passes = TRY(match.Text(condition.text).Int(row.id).Step());
        match.Again();
      }
      if (passes) {
        if (texts) row.texts = UnpackTexts(find.Bytes(2));
        TRY(each(row));
      }
    }
    find.Again();
  }
  return {};
}

bool SqlitePart::IsEnough(const Condition& condition, std::int64_t row) const {
  const double share = static_cast<double>(row - FirstOf(part_)) / static_cast<double>(docs_);
  return share * static_cast<double>(condition.postings) > static_cast<double>(postings_max_);
}

Result<Counted> SqlitePart::Count(const Condition& condition, std::int64_t max) {
  Bound query = TRY(Bound::Prepare(
      connection_, "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3"));
  query.Text(condition.text).Int(FirstOf(part_)).Int(LastOf(part_));
  Counted counted;
  while (counted.rows < max && TRY(query.Step())) {
    ++counted.rows;
    if (!IsEnough(condition, query.Number(0))) continue;
    counted.whole = false;
    break;
  }
  return counted;
}

Result<void> SqlitePart::Names(std::string_view name, bool exact, std::int64_t max,
                               const EachName& each) {
  Bound query = TRY(Bound::Prepare(
      connection_, exact ? "SELECT n.id, n.name, d.key, d.words FROM names n CROSS JOIN docs d "
                           "ON d.id = n.id WHERE n.part = ?1 AND n.name = ?2 LIMIT ?3"
                         : "SELECT n.id, n.name, d.key, d.words FROM names n CROSS JOIN docs d "
                           "ON d.id = n.id WHERE n.part = ?1 AND n.name > ?2 AND n.name < ?3 "
                           "LIMIT ?4"));
  const std::string below = std::string(name) + '\xFF';
  query.Int(part_).Text(name);
  if (!exact) query.Text(below);
  query.Int(max);
  while (TRY(query.Step())) {
    TRY(each(query.Bytes(1), {query.Number(0), query.Bytes(2), query.Bytes(3), {}}));
  }
  return {};
}

Result<IndexPart::FacetNumber> SqlitePart::FacetValue(std::string_view facet,
                                                      std::string_view value) {
  Bound query = TRY(Bound::Prepare(
      connection_,
      "SELECT id, docs FROM facet_values WHERE part = ?1 AND facet = ?2 AND value = ?3"));
  query.Int(part_).Text(facet).Text(value);
  if (!TRY(query.Step())) return FacetNumber{};
  return FacetNumber{query.Number(0), query.Number(1)};
}

Result<FacetTally> SqlitePart::Tally(const Condition& condition, std::int64_t max,
                                     std::int64_t count_max) {
  Bound query = TRY(Bound::Prepare(
      connection_, "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3"));
  query.Text(condition.text).Int(FirstOf(part_)).Int(LastOf(part_));
  Bound facets = TRY(Bound::Prepare(connection_, "SELECT facets FROM doc_facets WHERE id = ?1"));
  FacetTally tally;
  Counted counted;
  bool enough = false;
  while (TRY(query.Step())) {
    const std::int64_t row = query.Number(0);
    enough = enough || IsEnough(condition, row);
    if (++counted.rows > max || enough) tally.sampled = true;
    if (tally.sampled && (counted.rows >= count_max || enough)) break;
    if (tally.sampled) continue;
    facets.Int(row);
    if (TRY(facets.Step())) {
      for (const std::int64_t id : FacetNumbers(facets.Bytes(0))) ++tally.rows[id];
    }
    facets.Again();
  }
  counted.whole = !enough;
  if (count_max > 0) tally.counted = counted;
  return tally;
}

Result<void> SqlitePart::NameValues(std::span<const std::int64_t> numbers, const EachValue& each) {
  Bound query =
      TRY(Bound::Prepare(connection_, "SELECT facet, value FROM facet_values WHERE id = ?1"));
  for (const std::int64_t number : numbers) {
    query.Int(number);
    if (TRY(query.Step())) TRY(each(number, query.Bytes(0), query.Bytes(1), 0));
    query.Again();
  }
  return {};
}

Result<void> SqlitePart::Values(std::string_view facet, std::int64_t max, const EachValue& each) {
  Bound query = TRY(Bound::Prepare(
      connection_,
      "SELECT id, value, docs FROM facet_values WHERE part = ?1 AND facet = ?2 AND docs > 0 "
      "LIMIT ?3"));
  query.Int(part_).Text(facet).Int(max);
  while (TRY(query.Step())) TRY(each(query.Number(0), facet, query.Bytes(1), query.Number(2)));
  return {};
}

}  // namespace tenon::search

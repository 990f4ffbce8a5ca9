#include "search/sqlite/sqlite_part.h"

#include <fmt/format.h>

#include <algorithm>

#include "search/sqlite/documents.h"
#include "search/sqlite/file.h"
#include "search/sqlite/statement.h"

namespace tenon::search {

Result<std::vector<OpenPart>> OpenParts(Connection& connection, const IndexQuery& query) {
  std::vector<OpenPart> parts;
  const std::string tenant = query.tenant.ToString();
  for (const SearchPlan* plan : query.entities) {
    Bound find = TRY(
        Bound::Prepare(connection, "SELECT id, docs FROM parts WHERE tenant = ?1 AND entity = ?2"));
    find.Text(tenant).Text(plan->entity->table);
    if (!TRY(find.Step()) || find.Number(1) == 0) continue;
    parts.push_back(
        {plan, std::make_unique<SqlitePart>(connection, find.Number(0), find.Number(1))});
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

Result<std::vector<Term>> SqlitePart::ByGrams(const Alike& alike) {
  // A fixed number of places, so that the statement is prepared once.
  constexpr std::size_t kGramsMax = 36;
  std::string sql = "SELECT g.term, count(*) FROM grams g WHERE g.part = ?1 AND g.gram IN (";
  for (std::size_t i = 0; i < kGramsMax; ++i) sql += i == 0 ? "?" : ",?";
  sql +=
      ") AND g.size BETWEEN ? AND ? GROUP BY g.term HAVING count(*) >= ? "
      "ORDER BY count(*) DESC, g.term LIMIT ?";
  std::vector<Term> found;
  {
    Bound query = TRY(Bound::Prepare(connection_, sql));
    query.Int(part_);
    for (std::size_t i = 0; i < kGramsMax; ++i) {
      query.Int(alike.grams[std::min(i, alike.grams.size() - 1)]);
    }
    query.Int(static_cast<std::int64_t>(alike.size_min));
    query.Int(static_cast<std::int64_t>(alike.size_max));
    query.Int(static_cast<std::int64_t>(alike.shared)).Int(alike.max);
    while (TRY(query.Step())) found.push_back({.text = std::string(query.Bytes(0))});
  }
  for (Term& term : found) term.docs = TRY(Find(term.text)).docs;
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

Result<std::int64_t> SqlitePart::Count(const Condition& condition, std::int64_t max) {
  Bound query =
      TRY(Bound::Prepare(connection_,
                         "SELECT count(*) FROM (SELECT rowid FROM words WHERE words MATCH ?1 "
                         "AND rowid BETWEEN ?2 AND ?3 LIMIT ?4)"));
  query.Text(condition.text).Int(FirstOf(part_)).Int(LastOf(part_)).Int(max);
  TRY(query.Step());
  return query.Number(0);
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

Result<FacetTally> SqlitePart::Tally(const Condition& condition, std::int64_t max) {
  Bound query =
      TRY(Bound::Prepare(connection_,
                         "SELECT v.facets FROM words f CROSS JOIN doc_facets v ON v.id = f.rowid "
                         "WHERE f.words MATCH ?1 AND f.rowid BETWEEN ?2 AND ?3 LIMIT ?4"));
  query.Text(condition.text).Int(FirstOf(part_)).Int(LastOf(part_)).Int(max + 1);
  FacetTally tally;
  std::int64_t rows = 0;
  while (TRY(query.Step())) {
    if (++rows > max) {
      tally.sampled = true;
      break;
    }
    for (const std::int64_t id : FacetNumbers(query.Bytes(0))) ++tally.rows[id];
  }
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

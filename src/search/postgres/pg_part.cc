#include "search/postgres/pg_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "record/array_text.h"
#include "search/postgres/near_grams.h"
#include "search/postgres/pg_documents.h"
#include "search/tokens.h"

namespace tenon::search {
namespace {

// Behind all texts that begin with a prefix: no name has this character.
constexpr std::string_view kLastCharacter = "\xF4\x8F\xBF\xBF";
constexpr std::size_t kKeysMax = 5000;
// The words that have a trigram are counted up to this, to find the rare ones of a word's.
constexpr int kGramsCounted = 500;
// Words of one trigram that are looked at.
constexpr int kGramWordsMax = 20000;
// Rows that a walk looks at before it gives up, at most: ten milliseconds' worth.
constexpr double kWalkMax = 20000;
// To collect a match in the index takes so much of the time that looking at a row takes.
constexpr double kCollectCost = 0.2;

std::string TextsColumn(const std::string& schema, bool texts) {
  return texts ? ", (SELECT x.texts::text FROM " + schema + ".texts x WHERE x.id = f.id)" : "";
}

// The tables' statistics know nothing of a part that was just built, and a plan that joins by
// reading a table whole would do for them. What is asked for by many keys is therefore asked one
// after the other (LATERAL ... LIMIT 1), in nested loops.
constexpr std::string_view kPlainPlans =
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), "
    "set_config('enable_mergejoin', 'off', true)";

}  // namespace

std::string BytesOf(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 2; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  }
  return bytes;
}

Result<std::vector<OpenPart>> OpenParts(Reader& reader, const std::string& schema,
                                        const std::string& digest, const IndexQuery& query) {
  ArrayText entities;
  for (const SearchPlan* plan : query.entities) entities.Add(plan->entity->table);
  const Value parameters[] = {Value(digest), Value(query.tenant), entities.Take()};
  reader.Expect(kPlainPlans, {});
  bool there = false;
  std::unordered_map<std::string, std::pair<std::int64_t, std::int64_t>> found;
  TRY(reader.Query(
      fmt::format("SELECT p.entity, p.id, p.docs FROM {0}.indexes i LEFT JOIN {0}.parts p ON "
                  "p.generation = i.generation AND p.tenant = $2 AND p.entity = ANY ($3::text[]) "
                  "AND p.docs > 0 WHERE i.digest = $1 AND i.ready",
                  schema),
      parameters, [&](const Row& row) -> Result<bool> {
        there = true;
        if (!row.IsNull(0)) found.emplace(row.Text(0), std::pair(row.Int(1), row.Int(2)));
        return true;
      }));
  if (!there) {
    Error error(Code::kUnavailable, "the search index is being built; ask again in a while");
    error.retry_after_s = 2;
    return Fail(std::move(error));
  }
  std::vector<OpenPart> parts;
  for (const SearchPlan* plan : query.entities) {
    const auto of = found.find(plan->entity->table);
    if (of == found.end()) continue;
    auto part = std::make_unique<PgPart>(reader, schema, of->second.first, of->second.second,
                                         query.postings_max);
    part->Expect(query);
    parts.push_back({plan, std::move(part)});
  }
  return parts;
}

void PgPart::Expect(const IndexQuery& query) {
  ArrayText tokens;
  for (const QueryWord& word : query.text.words) {
    tokens.Add(word.text);
    for (const std::string& token : word.parts) tokens.Add(token);
  }
  if (!tokens.empty()) {
    expected_terms_ = tokens.Take();
    Expect(TermsOf(expected_terms_));
  }
  for (const QueryWord& word : query.text.words) {
    if (word.prefix && (!word.solid || word.parts.size() <= 1)) Expect(EndingsOf(word.text));
  }
  for (const FacetTerm& term : query.facet_terms) {
    for (const std::string& value : term.values) Expect(FacetValueOf(term.facet, value));
  }
}

PgPart::Statement PgPart::TermsOf(Value tokens) const {
  return {
      fmt::format("SELECT w.term, t.docs, t.labels FROM unnest($2::text[]) AS w (term), LATERAL "
                  "(SELECT t.docs, t.labels FROM {}.terms t WHERE t.part = $1 AND t.term = w.term "
                  "LIMIT 1) t",
                  schema_),
      {Value(part_), std::move(tokens)}};
}

Result<Term> PgPart::Find(std::string_view token) {
  const auto load = [&](const Statement& statement) {
    return Run(statement, [&](const Row& row) -> Result<bool> {
      std::string text(row.Text(0));
      terms_[text] = {text, row.Int(1), row.Int(2), 0};
      return true;
    });
  };
  if (!expected_terms_.IsNull()) TRY(load(TermsOf(std::exchange(expected_terms_, Value()))));
  // All words of the query are there now, or nothing has them.
  const auto found = terms_.find(std::string(token));
  return found == terms_.end() ? Term{.text = std::string(token)} : found->second;
}

PgPart::Statement PgPart::EndingsOf(std::string_view prefix) const {
  return {fmt::format("SELECT term, docs, labels FROM {}.terms WHERE part = $1 AND term > $2 AND "
                      "term < $3 ORDER BY term LIMIT {}",
                      schema_, kEndingsLookedAt),
          {Value(part_), Value(prefix), Value(std::string(prefix) + std::string(kLastCharacter))}};
}

Result<std::vector<Term>> PgPart::Endings(std::string_view prefix, std::size_t max) {
  std::vector<Term> found;
  TRY(Run(EndingsOf(prefix), [&](const Row& row) -> Result<bool> {
    found.push_back({std::string(row.Text(0)), row.Int(1), row.Int(2), 0});
    return true;
  }));
  std::ranges::stable_sort(found, std::greater{}, &Term::docs);
  if (found.size() > max) found.resize(max);
  return found;
}

Result<std::unordered_map<std::int64_t, std::int64_t>> PgPart::CountGrams(
    std::span<const std::int64_t> grams, Sizes sizes) {
  ArrayText list;
  for (const std::int64_t gram : grams) list.Add(gram);
  std::unordered_map<std::int64_t, std::int64_t> words;
  TRY(Run({fmt::format("SELECT w.gram, (SELECT count(*) FROM (SELECT FROM {}.grams m WHERE m.part "
                       "= $1 AND m.gram = w.gram AND m.size BETWEEN $3 AND $4 LIMIT {}) c) "
                       "FROM unnest($2::bigint[]) AS w (gram)",
                       schema_, kGramsCounted),
           {Value(part_), list.Take(), Value(sizes.min), Value(sizes.max)}},
          [&](const Row& row) -> Result<bool> {
            words[row.Int(0)] = row.Int(1);
            return true;
          }));
  return words;
}

Result<std::vector<Term>> PgPart::Containing(std::string_view word, int max) {
  std::vector<Term> found;
  const auto grams = InnerTrigrams(word);
  if (grams.empty()) return found;
  const Sizes sizes{static_cast<std::int64_t>(word.size()) + 1, kTokenBytesMax};
  const auto words = TRY(CountGrams(grams, sizes));
  const auto rarest =
      std::ranges::min_element(grams, {}, [&](std::int64_t gram) { return words.at(gram); });
  if (words.at(*rarest) == 0) return found;
  TRY(Run({fmt::format("SELECT m.term, t.docs, t.labels FROM (SELECT m.term FROM (SELECT m.term "
                       "FROM {0}.grams m WHERE m.part = $1 AND m.gram = $2 AND m.size BETWEEN $3 "
                       "AND $4 LIMIT {1}) m WHERE strpos(m.term, $5) > 0 LIMIT $6) m, LATERAL "
                       "(SELECT t.docs, t.labels FROM {0}.terms t WHERE t.part = $1 AND t.term = "
                       "m.term LIMIT 1) t",
                       schema_, kGramWordsMax),
           {Value(part_), Value(*rarest), Value(sizes.min), Value(sizes.max), Value(word),
            Value(std::int64_t{max})}},
          [&](const Row& row) -> Result<bool> {
            found.push_back({std::string(row.Text(0)), row.Int(1), row.Int(2), 0});
            return true;
          }));
  return found;
}

Result<std::vector<Term>> PgPart::Near(std::string_view word, int distance_max) {
  const NearGrams grams(word, distance_max);
  const auto letters = static_cast<std::int64_t>(CharactersOf(word).size());
  const auto bytes = static_cast<std::int64_t>(word.size());
  // An edit of a word in ASCII takes a byte away or adds one, or a letter that has two; three and
  // four have the letters of scripts that do not stand in one word with ASCII.
  const bool ascii = bytes == letters;
  const Sizes sizes{bytes - (ascii ? 1 : 4) * distance_max, bytes + (ascii ? 2 : 4) * distance_max};
  ArrayText chosen;
  for (const std::int64_t gram : grams.Choose(TRY(CountGrams(grams.All(), sizes)))) {
    chosen.Add(gram);
  }
  std::map<std::string, int> near;
  TRY(Run({fmt::format("SELECT m.term FROM unnest($2::bigint[]) AS w (gram), LATERAL (SELECT "
                       "m.term FROM {}.grams m WHERE m.part = $1 AND m.gram = w.gram AND m.size "
                       "BETWEEN $3 AND $4 LIMIT {}) m WHERE char_length(m.term) BETWEEN $5 AND $6",
                       schema_, kGramWordsMax),
           {Value(part_), chosen.Take(), Value(sizes.min), Value(sizes.max),
            Value(letters - distance_max), Value(letters + distance_max)}},
          [&](const Row& row) -> Result<bool> {
            const int distance = EditDistance(word, row.Text(0), distance_max);
            if (distance <= distance_max) near.emplace(row.Text(0), distance);
            return true;
          }));
  std::vector<Term> found;
  if (near.empty()) return found;
  ArrayText tokens;
  for (const auto& [term, distance] : near) tokens.Add(term);
  TRY(Run(TermsOf(tokens.Take()), [&](const Row& row) -> Result<bool> {
    std::string term(row.Text(0));
    const int distance = near.at(term);
    found.push_back({std::move(term), row.Int(1), row.Int(2), distance});
    return true;
  }));
  return found;
}

const ConditionWords& PgPart::words() const {
  static constexpr ConditionWords kWords{" & ", " | ", " & !"};
  return kWords;
}

std::string PgPart::Word(std::string_view token, bool label) const {
  // Tokens hold neither quotes nor backslashes (tokens.h).
  return fmt::format("'{}{}{}'", part_, label ? '=' : '.', token);
}

std::string PgPart::FacetWord(std::int64_t value) const { return fmt::format("'@{}'", value); }

// The index collects all matches before it gives the first; a walk looks at rows until it has
// enough. What takes less is told by how many rows have the words.
bool PgPart::Walks(const Condition& condition, std::int64_t most) const {
  const double walk = WalkFor(condition, most);
  return walk < kWalkMax && walk < kCollectCost * static_cast<double>(condition.rarest);
}

double PgPart::WalkFor(const Condition& condition, std::int64_t most) const {
  if (condition.expected <= 0) return kWalkMax;
  return static_cast<double>(most) * static_cast<double>(docs_) / condition.expected;
}

PgPart::Source PgPart::SourceOf(const Condition& condition, std::int64_t most, bool walk,
                                std::string_view what) const {
  if (!walk) {
    return {fmt::format("{}.{}($1::tsquery, $2)", schema_, what),
            {Value(condition.text), Value(most)},
            true};
  }
  // Twice what should do: the rows of a word may stand together.
  const auto budget =
      static_cast<std::int64_t>(std::min(kWalkMax, std::ceil(2 * WalkFor(condition, most))));
  return {fmt::format("{}.{}_walking($1::tsquery, $2, $3, $4, $5)", schema_, what),
          {Value(condition.text), Value(most), Value(part_ << kPgPartShift),
           Value(((part_ + 1) << kPgPartShift) - 1), Value(budget)},
          docs_ <= budget};
}

PgPart::Statement PgPart::RowsOf(const Source& source, bool texts) const {
  std::string sql = fmt::format("SELECT f.id, f.key, f.words{} FROM {} f",
                                TextsColumn(schema_, texts), source.call);
  return {std::move(sql), source.parameters};
}

void PgPart::Foretell(const Condition& condition, const Ask& ask) {
  if (condition.text.empty()) return;
  const auto most = static_cast<std::int64_t>(ask.max) + 1;
  Expect(RowsOf(SourceOf(condition, most, Walks(condition, most)), ask.texts));
}

// How many rows came.
Result<std::int64_t> PgPart::ReadRows(const Statement& statement, const Ask& ask,
                                      const Each& each) {
  std::int64_t rows = 0;
  TRY(Run(statement, [&](const Row& row) -> Result<bool> {
    if (++rows > static_cast<std::int64_t>(ask.max)) return false;
    const std::string words = BytesOf(row.Text(2));
    FoundRow found{row.Int(0), row.Text(1), words, {}};
    if (ask.texts) found.texts = TextsOfJson(row.Text(3));
    TRY(each(found));
    return true;
  }));
  return rows;
}

Result<bool> PgPart::Rows(const Condition& condition, const Ask& ask, const Each& each) {
  const auto most = static_cast<std::int64_t>(ask.max) + 1;
  const bool walk = Walks(condition, most);
  const Source source = SourceOf(condition, most, walk);
  std::int64_t rows = TRY(ReadRows(RowsOf(source, ask.texts), ask, each));
  if (rows < most && !source.whole) {
    // The walk ended before it had enough. What it found comes again.
    rows = TRY(ReadRows(RowsOf(SourceOf(condition, most, false), ask.texts), ask, each));
  }
  return rows >= most;
}

Result<bool> PgPart::AllRows(std::size_t max, const Each& each) {
  const Statement statement{
      fmt::format("SELECT id, key, ''::text FROM {}.docs WHERE id BETWEEN $1 AND $2 ORDER BY id "
                  "LIMIT $3",
                  schema_),
      {Value(part_ << kPgPartShift), Value(((part_ + 1) << kPgPartShift) - 1),
       Value(static_cast<std::int64_t>(max) + 1)}};
  const Ask ask{.max = max, .texts = false};
  return TRY(ReadRows(statement, ask, each)) > static_cast<std::int64_t>(max);
}

Result<void> PgPart::Among(std::span<const std::string> keys, const Condition& condition,
                           bool texts, const Each& each) {
  const std::string sql = fmt::format(
      "SELECT f.id, f.key, f.words{} FROM unnest($2::text[]) AS w (key), LATERAL (SELECT d.id, "
      "d.key, "
      "d.words FROM {}.docs d WHERE d.part = $1 AND d.key = w.key{} LIMIT 1) f",
      TextsColumn(schema_, texts), schema_,
      condition.text.empty() ? "" : " AND d.body @@ $3::tsquery");
  for (std::size_t at = 0; at < keys.size(); at += kKeysMax) {
    ArrayText some;
    for (const std::string& key : keys.subspan(at, std::min(kKeysMax, keys.size() - at))) {
      some.Add(key);
    }
    Statement statement{sql, {Value(part_), some.Take()}};
    if (!condition.text.empty()) statement.parameters.emplace_back(condition.text);
    TRY(ReadRows(statement, {.max = kKeysMax, .texts = texts}, each));
  }
  return {};
}

Result<Counted> PgPart::Count(const Condition& condition, std::int64_t max) {
  Counted counted;
  if (condition.postings > postings_max_) {
    counted.whole = false;
    return counted;
  }
  TRY(Run({fmt::format("SELECT {}.counted($1::tsquery, $2)", schema_),
           {Value(condition.text), Value(max)}},
          [&](const Row& row) -> Result<bool> {
            counted.rows = row.Int(0);
            return false;
          }));
  return counted;
}

PgPart::Statement PgPart::NamesOf(std::string_view name, bool exact, std::int64_t max) const {
  Statement statement{
      fmt::format(
          "SELECT d.id, d.key, d.words, n.name FROM (SELECT n.name, n.id FROM {0}.names n "
          "WHERE n.part = $1 AND {1} ORDER BY n.name, n.id LIMIT $3) n, LATERAL (SELECT d.id, "
          "d.key, d.words FROM {0}.docs d WHERE d.id = n.id LIMIT 1) d",
          schema_, exact ? "n.name = $2" : "n.name > $2 AND n.name < $4"),
      {Value(part_), Value(name), Value(max)}};
  if (!exact) {
    statement.parameters.emplace_back(std::string(name) + std::string(kLastCharacter));
  }
  return statement;
}

Result<void> PgPart::Names(std::string_view name, bool exact, std::int64_t max,
                           const EachName& each) {
  // Both ways are asked, one after the other.
  if (exact) Expect(NamesOf(name, false, max));
  return Run(NamesOf(name, exact, max), [&](const Row& row) -> Result<bool> {
    const std::string words = BytesOf(row.Text(2));
    TRY(each(row.Text(3), {row.Int(0), row.Text(1), words, {}}));
    return true;
  });
}

PgPart::Statement PgPart::FacetValueOf(std::string_view facet, std::string_view value) const {
  return {fmt::format("SELECT id, docs FROM {}.facet_values WHERE part = $1 AND facet = $2 AND "
                      "value = $3",
                      schema_),
          {Value(part_), Value(facet), Value(value)}};
}

Result<IndexPart::FacetNumber> PgPart::FacetValue(std::string_view facet, std::string_view value) {
  FacetNumber found;
  TRY(Run(FacetValueOf(facet, value), [&](const Row& row) -> Result<bool> {
    found = {row.Int(0), row.Int(1)};
    return false;
  }));
  return found;
}

Result<FacetTally> PgPart::Tally(const Condition& condition, std::int64_t max,
                                 std::int64_t /*count_max*/) {
  const auto tally_of = [&](const Source& source) -> Result<std::pair<FacetTally, std::int64_t>> {
    FacetTally tally;
    std::int64_t rows = 0;
    // 0 stands for the rows themselves.
    TRY(Run({"SELECT value, rows FROM " + source.call, source.parameters},
            [&](const Row& row) -> Result<bool> {
              (row.Int(0) == 0 ? rows : tally.rows[row.Int(0)]) = row.Int(1);
              return true;
            }));
    return std::pair(std::move(tally), rows);
  };
  const std::int64_t most = max + 1;
  const Source source = SourceOf(condition, most, Walks(condition, most), "tallied");
  auto [tally, rows] = TRY(tally_of(source));
  if (rows < most && !source.whole) {
    std::tie(tally, rows) = TRY(tally_of(SourceOf(condition, most, false, "tallied")));
  }
  tally.sampled = rows > max;
  return tally;
}

Result<void> PgPart::NameValues(std::span<const std::int64_t> numbers, const EachValue& each) {
  ArrayText list;
  for (const std::int64_t number : numbers) list.Add(number);
  return Run({fmt::format("SELECT id, facet, value FROM {}.facet_values WHERE id = ANY "
                          "($1::bigint[])",
                          schema_),
              {list.Take()}},
             [&](const Row& row) -> Result<bool> {
               TRY(each(row.Int(0), row.Text(1), row.Text(2), 0));
               return true;
             });
}

Result<void> PgPart::Values(std::string_view facet, std::int64_t max, const EachValue& each) {
  return Run({fmt::format("SELECT id, value, docs FROM {}.facet_values WHERE part = $1 AND facet = "
                          "$2 AND docs > 0 ORDER BY id LIMIT $3",
                          schema_),
              {Value(part_), Value(facet), Value(max)}},
             [&](const Row& row) -> Result<bool> {
               TRY(each(row.Int(0), facet, row.Text(1), row.Int(2)));
               return true;
             });
}

}  // namespace tenon::search

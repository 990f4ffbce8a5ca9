#include "search/postgres/pg_documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/json.h"
#include "record/array_text.h"
#include "search/tokens.h"

namespace tenon::search {
namespace {

// Rows in one statement.
constexpr std::size_t kRowsMax = 1000;
constexpr std::size_t kTermsMax = 10000;
// A tsvector holds a megabyte of lexemes; what is beyond is not found by its words.
constexpr std::size_t kBodyBytesMax = 900'000;

std::string BodyOf(std::int64_t part, const Analysis& analysis, std::string_view facets) {
  std::string body;
  const auto add = [&](char mark, std::string_view token) {
    if (body.size() > kBodyBytesMax) return;
    fmt::format_to(std::back_inserter(body), "{}{}{}{}", body.empty() ? "" : " ", part, mark,
                   token);
  };
  for (const std::string_view term : analysis.label_terms) add('=', term);
  for (const std::string_view term : analysis.terms) add('.', term);
  for (const std::int64_t number : NumbersOfArray(facets)) {
    fmt::format_to(std::back_inserter(body), "{}@{}", body.empty() ? "" : " ", number);
  }
  return body;
}

std::string Hex(std::string_view bytes) {
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string FacetKey(std::int64_t part, std::string_view facet, std::string_view value) {
  return fmt::format("{}|{}|{}", part, facet, value);
}

}  // namespace

std::string JsonOfTexts(std::span<const std::string> texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    AppendJsonString(text, out);
  }
  return out + "]";
}

std::vector<std::string> TextsOfJson(std::string_view text) {
  std::vector<std::string> texts;
  const auto parsed = ParseJson(text);
  if (!parsed || !parsed->is_array()) return texts;
  for (const json::value& one : parsed->as_array()) {
    texts.emplace_back(one.is_string() ? std::string_view(one.as_string()) : std::string_view());
  }
  return texts;
}

std::vector<std::int64_t> NumbersOfArray(std::string_view text) {
  std::vector<std::int64_t> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    std::int64_t number = 0;
    const auto read = std::from_chars(at, end, number);
    if (read.ec == std::errc()) numbers.push_back(number);
    at = read.ec == std::errc() ? read.ptr : at + 1;
  }
  return numbers;
}

// Columns of rows that are written.
struct PgDocumentWriter::Documents {
  ArrayText ids, parts, tenants, keys, words, facets, bodies, texts;
  ArrayText name_parts, name_names, name_ids, name_tenants;
};

// What one statement after the other takes from a slice of changes.
struct PgDocumentWriter::Work {
  std::vector<const Change*> changes;
  std::map<std::pair<std::int64_t, std::string_view>, Stored> stored;
  ArrayText gone_ids;
  ArrayText lost_parts, lost_names, lost_ids;
  Documents made, changed;
};

std::string PgDocumentWriter::Sql(std::string_view text) const {
  std::string out(text);
  for (std::size_t at = 0; (at = out.find("{s}", at)) != out.npos;) out.replace(at, 3, schema_);
  return out;
}

Result<void> PgDocumentWriter::Run(std::string_view sql, std::span<const Value> parameters) {
  return transaction_.Queue(Sql(sql), parameters);
}

const PgDocumentWriter::Part* PgDocumentWriter::PartById(std::int64_t id) const {
  for (const auto& [key, part] : parts_) {
    if (part.id == id) return &part;
  }
  return nullptr;
}

Result<void> PgDocumentWriter::Make(std::span<const Change> changes) {
  for (std::size_t at = 0; at < changes.size(); at += kRowsMax) {
    TRY(MakeSome(changes.subspan(at, std::min(kRowsMax, changes.size() - at))));
  }
  return {};
}

Result<void> PgDocumentWriter::MakeSome(std::span<const Change> changes) {
  Work work;
  std::set<std::tuple<const SearchPlan*, Uuid, std::string_view>> seen;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (seen.insert({change->plan, change->tenant, change->key}).second) {
      work.changes.push_back(&*change);
    }
  }
  std::ranges::reverse(work.changes);
  TRY(LoadParts(work.changes));
  TRY(LoadStored(work));
  TRY(LoadFacetValues(work));
  for (const Change* change : work.changes) TRY(MakeOne(work, *change));
  return Write(work);
}

Result<void> PgDocumentWriter::LoadParts(std::span<const Change* const> changes) {
  std::map<PartKey, bool> wanted;  // whether it has to be made
  for (const Change* change : changes) {
    const PartKey key{change->tenant, change->plan->entity->table};
    if (!parts_.contains(key)) wanted[key] = wanted[key] || !change->removed;
  }
  const auto read = [&](std::string_view sql, bool made) -> Result<void> {
    ArrayText tenants, entities;
    for (const auto& [key, make] : wanted) {
      if (parts_.contains(key) || (made && !make)) continue;
      tenants.Add(key.first.ToString());
      entities.Add(key.second);
    }
    if (tenants.empty()) return {};
    const Value parameters[] = {Value(generation_), tenants.Take(), entities.Take()};
    return transaction_.Query(Sql(sql), parameters, [&](const Row& row) -> Result<bool> {
      Part part{row.Int(0), row.Int(1), row.Int(2), Uuid::Parse(row.Text(3)).value_or(Uuid{}),
                false};
      parts_.emplace(PartKey{part.tenant, row.Text(4)}, part);
      return true;
    });
  };
  TRY(
      read("SELECT id, docs, next, tenant::text, entity FROM {s}.parts WHERE generation = $1 AND "
           "(tenant, entity) IN (SELECT * FROM unnest($2::uuid[], $3::text[]))",
           false));
  return read(
      "INSERT INTO {s}.parts (generation, tenant, entity) SELECT $1, * FROM unnest($2::uuid[], "
      "$3::text[]) RETURNING id, docs, next, tenant::text, entity",
      true);
}

Result<void> PgDocumentWriter::LoadStored(Work& work) {
  ArrayText parts, keys;
  std::map<std::pair<std::int64_t, std::string>, std::string_view> asked;
  for (const Change* change : work.changes) {
    const auto part = parts_.find({change->tenant, change->plan->entity->table});
    if (part == parts_.end() || part->second.next == 0) continue;
    parts.Add(part->second.id);
    keys.Add(change->key);
    asked.emplace(std::pair(part->second.id, change->key), change->key);
  }
  if (parts.empty()) return {};
  const Value parameters[] = {parts.Take(), keys.Take()};
  return transaction_.Query(
      Sql("SELECT w.part, w.key, d.id, (SELECT x.texts::text FROM {s}.texts x WHERE x.id = d.id), "
          "d.facets::text FROM unnest($1::bigint[], $2::text[]) AS w (part, key), LATERAL (SELECT "
          "d.id, d.facets FROM {s}.docs d WHERE d.part = w.part AND d.key = w.key LIMIT 1) d"),
      parameters, [&](const Row& row) -> Result<bool> {
        const auto key = asked.find({row.Int(0), std::string(row.Text(1))});
        if (key == asked.end()) return true;
        work.stored[{row.Int(0), key->second}] = {row.Int(2), std::string(row.Text(3)),
                                                  std::string(row.Text(4))};
        return true;
      });
}

Result<void> PgDocumentWriter::LoadFacetValues(const Work& work) {
  std::map<std::string, std::tuple<const Part*, std::string_view, std::string_view>> wanted;
  for (const Change* change : work.changes) {
    if (change->removed) continue;
    const Part& part = parts_.at({change->tenant, change->plan->entity->table});
    for (const auto& [facet, value] : change->document.facets) {
      const std::string& name = change->plan->facets[facet].name;
      std::string key = FacetKey(part.id, name, value);
      if (!facet_values_.contains(key)) wanted.try_emplace(std::move(key), &part, name, value);
    }
  }
  const auto read = [&](std::string_view sql) -> Result<void> {
    ArrayText parts, tenants, facets, values;
    for (const auto& [key, of] : wanted) {
      if (facet_values_.contains(key)) continue;
      parts.Add(std::get<0>(of)->id);
      tenants.Add(std::get<0>(of)->tenant.ToString());
      facets.Add(std::get<1>(of));
      values.Add(std::get<2>(of));
    }
    if (parts.empty()) return {};
    const Value parameters[] = {parts.Take(), tenants.Take(), facets.Take(), values.Take()};
    return transaction_.Query(Sql(sql), parameters, [&](const Row& row) -> Result<bool> {
      facet_values_.emplace(FacetKey(row.Int(1), row.Text(2), row.Text(3)), row.Int(0));
      return true;
    });
  };
  TRY(read(
      "SELECT v.id, w.part, w.facet, w.value FROM unnest($1::bigint[], $2::uuid[], $3::text[], "
      "$4::text[]) AS w (part, tenant, facet, value), LATERAL (SELECT v.id FROM {s}.facet_values v "
      "WHERE v.part = w.part AND v.facet = w.facet AND v.value = w.value LIMIT 1) v"));
  return read(
      "INSERT INTO {s}.facet_values (part, tenant, facet, value) SELECT * FROM unnest($1::bigint[],"
      " $2::uuid[], $3::text[], $4::text[]) RETURNING id, part, facet, value");
}

std::string PgDocumentWriter::FacetsOf(const Part& part, const Document& document) const {
  std::set<std::int64_t> numbers;
  for (const auto& [facet, value] : document.facets) {
    numbers.insert(facet_values_.at(FacetKey(part.id, document.plan->facets[facet].name, value)));
  }
  return fmt::format("{{{}}}", fmt::join(numbers, ","));
}

Result<void> PgDocumentWriter::MakeOne(Work& work, const Change& change) {
  const auto found = parts_.find({change.tenant, change.plan->entity->table});
  if (found == parts_.end()) return {};
  Part& part = found->second;
  const auto stored = work.stored.find({part.id, change.key});
  const bool there = stored != work.stored.end();
  if (change.removed) {
    if (!there) return {};
    Take(work, part, *change.plan, stored->second);
    work.gone_ids.Add(stored->second.id);
    --part.docs;
    part.changed = true;
    return {};
  }
  const std::string texts = JsonOfTexts(change.document.texts);
  const std::string facets = FacetsOf(part, change.document);
  if (there) {
    if (stored->second.texts == texts && stored->second.facets == facets) return {};
    Take(work, part, *change.plan, stored->second);
    Put(work.changed, part, stored->second.id, change.document, texts, facets);
    return {};
  }
  const std::int64_t id = (part.id << kPgPartShift) + part.next++;
  ++part.docs;
  part.changed = true;
  Put(work.made, part, id, change.document, texts, facets);
  return {};
}

void PgDocumentWriter::Take(Work& work, const Part& part, const SearchPlan& plan,
                            const Stored& stored) {
  const Analysis& analysis = analyzer_.Analyze(plan, TextsOfJson(stored.texts));
  for (const std::string& name : analysis.names) {
    work.lost_parts.Add(part.id);
    work.lost_names.Add(name);
    work.lost_ids.Add(stored.id);
  }
  Count(part, analysis, stored.facets, -1);
}

void PgDocumentWriter::Put(Documents& to, const Part& part, std::int64_t id,
                           const Document& document, const std::string& texts,
                           const std::string& facets) {
  const Analysis& analysis = analyzer_.Analyze(*document.plan, document.texts);
  const std::string tenant = part.tenant.ToString();
  to.ids.Add(id);
  to.parts.Add(part.id);
  to.tenants.Add(tenant);
  to.keys.Add(document.key);
  to.words.Add(Hex(analysis.words));
  to.facets.Add(facets);
  to.bodies.Add(BodyOf(part.id, analysis, facets));
  to.texts.Add(texts);
  for (const std::string& name : analysis.names) {
    to.name_parts.Add(part.id);
    to.name_names.Add(name);
    to.name_ids.Add(id);
    to.name_tenants.Add(tenant);
  }
  Count(part, analysis, facets, 1);
}

void PgDocumentWriter::Count(const Part& part, const Analysis& analysis, std::string_view facets,
                             int by) {
  for (const std::string_view term : analysis.terms) {
    terms_[{part.id, std::string(term)}].docs += by;
  }
  for (const std::string_view term : analysis.label_terms) {
    terms_[{part.id, std::string(term)}].labels += by;
  }
  for (const std::int64_t id : NumbersOfArray(facets)) facet_counts_[id] += by;
}

Result<void> PgDocumentWriter::Write(Work& work) {
  if (!work.lost_ids.empty()) {
    const Value lost[] = {work.lost_parts.Take(), work.lost_names.Take(), work.lost_ids.Take()};
    TRY(
        Run("DELETE FROM {s}.names n USING unnest($1::bigint[], $2::text[], $3::bigint[]) AS w "
            "(part, name, id) WHERE n.part = w.part AND n.name = w.name AND n.id = w.id",
            lost));
  }
  if (!work.gone_ids.empty()) {
    const Value gone[] = {work.gone_ids.Take()};
    TRY(Run("DELETE FROM {s}.docs WHERE id = ANY ($1::bigint[])", gone));
    TRY(Run("DELETE FROM {s}.texts WHERE id = ANY ($1::bigint[])", gone));
  }
  TRY(Insert(work.made));
  return Update(work.changed);
}

// Without ON CONFLICT, which costs half as much again: documents that are there have been looked
// for under the lock of the index's row.
Result<void> PgDocumentWriter::Insert(Documents& made) {
  if (made.ids.empty()) return {};
  const Value ids = made.ids.Take(), tenants = made.tenants.Take();
  const Value docs[] = {ids,
                        made.parts.Take(),
                        tenants,
                        made.keys.Take(),
                        made.words.Take(),
                        made.facets.Take(),
                        made.bodies.Take()};
  TRY(
      Run("INSERT INTO {s}.docs (id, part, tenant, key, words, facets, body) SELECT id, part, "
          "tenant, key, decode(words, 'hex'), facets::bigint[], "
          "array_to_tsvector(string_to_array(body, ' ')) FROM unnest($1::bigint[], $2::bigint[], "
          "$3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[]) AS w (id, part, tenant, "
          "key, words, facets, body)",
          docs));
  const Value texts[] = {ids, tenants, made.texts.Take()};
  TRY(
      Run("INSERT INTO {s}.texts (id, tenant, texts) SELECT id, tenant, texts::json FROM "
          "unnest($1::bigint[], $2::uuid[], $3::text[]) AS w (id, tenant, texts)",
          texts));
  return InsertNames(made, "");
}

Result<void> PgDocumentWriter::Update(Documents& changed) {
  if (changed.ids.empty()) return {};
  const Value ids = changed.ids.Take();
  const Value docs[] = {ids, changed.words.Take(), changed.facets.Take(), changed.bodies.Take()};
  TRY(
      Run("UPDATE {s}.docs d SET words = decode(w.words, 'hex'), facets = w.facets::bigint[], "
          "body = array_to_tsvector(string_to_array(w.body, ' ')) FROM unnest($1::bigint[], "
          "$2::text[], $3::text[], $4::text[]) AS w (id, words, facets, body) WHERE d.id = w.id",
          docs));
  const Value texts[] = {ids, changed.texts.Take()};
  TRY(
      Run("UPDATE {s}.texts t SET texts = w.texts::json FROM unnest($1::bigint[], $2::text[]) AS w "
          "(id, texts) WHERE t.id = w.id",
          texts));
  return InsertNames(changed, " ON CONFLICT DO NOTHING");
}

Result<void> PgDocumentWriter::InsertNames(Documents& of, std::string_view conflict) {
  if (of.name_ids.empty()) return {};
  const Value names[] = {of.name_parts.Take(), of.name_names.Take(), of.name_ids.Take(),
                         of.name_tenants.Take()};
  return Run(fmt::format("INSERT INTO {{s}}.names (part, name, id, tenant) SELECT * FROM "
                         "unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[]){}",
                         conflict),
             names);
}

Result<void> PgDocumentWriter::WriteGrams(
    const std::vector<std::pair<const Part*, std::string>>& terms, bool add) {
  for (std::size_t at = 0; at < terms.size(); at += kRowsMax) {
    ArrayText parts, grams, sizes, words, tenants;
    for (std::size_t i = at; i < std::min(at + kRowsMax, terms.size()); ++i) {
      const auto& [part, term] = terms[i];
      if (!HasGrams(term)) continue;
      for (const std::int64_t gram : Trigrams(term)) {
        parts.Add(part->id);
        grams.Add(gram);
        sizes.Add(static_cast<std::int64_t>(term.size()));
        words.Add(term);
        if (add) tenants.Add(part->tenant.ToString());
      }
    }
    if (parts.empty()) continue;
    std::vector<Value> parameters = {parts.Take(), grams.Take(), sizes.Take(), words.Take()};
    if (add) parameters.push_back(tenants.Take());
    TRY(Run(add ? "INSERT INTO {s}.grams (part, gram, size, term, tenant) SELECT * FROM "
                  "unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::text[], $5::uuid[]) ON "
                  "CONFLICT DO NOTHING"
                : "DELETE FROM {s}.grams g USING unnest($1::bigint[], $2::bigint[], "
                  "$3::smallint[], $4::text[]) AS w (part, gram, size, term) WHERE g.part = w.part "
                  "AND g.gram = w.gram AND g.size = w.size AND g.term = w.term",
            parameters));
  }
  return {};
}

Result<void> PgDocumentWriter::FlushTerms() {
  std::vector<std::pair<const Part*, std::string>> made, lost;
  for (auto term = terms_.begin(); term != terms_.end();) {
    ArrayText parts, terms, tenants, docs, labels;
    const Part* part = nullptr;
    for (std::size_t count = 0; count < kTermsMax && term != terms_.end(); ++term) {
      const TermCount& by = term->second;
      if (by.docs == 0 && by.labels == 0) continue;
      if (part == nullptr || part->id != term->first.first) part = PartById(term->first.first);
      parts.Add(part->id);
      terms.Add(term->first.second);
      tenants.Add(part->tenant.ToString());
      docs.Add(by.docs);
      labels.Add(by.labels);
      ++count;
    }
    if (parts.empty()) break;
    const Value parameters[] = {parts.Take(), terms.Take(), tenants.Take(), docs.Take(),
                                labels.Take()};
    TRY(transaction_.Query(
        Sql("INSERT INTO {s}.terms AS t (part, term, tenant, docs, labels) SELECT * FROM "
            "unnest($1::bigint[], $2::text[], $3::uuid[], $4::bigint[], $5::bigint[]) ON CONFLICT "
            "(part, term) DO UPDATE SET docs = t.docs + excluded.docs, labels = t.labels + "
            "excluded.labels RETURNING part, term, docs"),
        parameters, [&](const Row& row) -> Result<bool> {
          const std::string text(row.Text(1));
          const auto by = terms_.find({row.Int(0), text});
          if (by == terms_.end()) return true;
          if (row.Int(2) <= 0) lost.emplace_back(PartById(row.Int(0)), text);
          if (row.Int(2) > 0 && row.Int(2) == by->second.docs) {
            made.emplace_back(PartById(row.Int(0)), text);
          }
          return true;
        }));
  }
  terms_.clear();
  TRY(WriteGrams(made, true));
  if (lost.empty()) return {};
  ArrayText parts, terms;
  for (const auto& [part, term] : lost) {
    parts.Add(part->id);
    terms.Add(term);
  }
  const Value parameters[] = {parts.Take(), terms.Take()};
  TRY(
      Run("DELETE FROM {s}.terms t USING unnest($1::bigint[], $2::text[]) AS w (part, term) WHERE "
          "t.part = w.part AND t.term = w.term AND t.docs <= 0",
          parameters));
  return WriteGrams(lost, false);
}

Result<void> PgDocumentWriter::Flush() {
  TRY(FlushTerms());
  ArrayText ids, counts;
  for (const auto& [id, count] : facet_counts_) {
    if (count == 0) continue;
    ids.Add(id);
    counts.Add(count);
  }
  facet_counts_.clear();
  if (!ids.empty()) {
    const Value parameters[] = {ids.Take(), counts.Take()};
    TRY(
        Run("UPDATE {s}.facet_values v SET docs = v.docs + w.docs FROM unnest($1::bigint[], "
            "$2::bigint[]) AS w (id, docs) WHERE v.id = w.id",
            parameters));
  }
  for (auto& [key, part] : parts_) {
    if (!std::exchange(part.changed, false)) continue;
    const Value parameters[] = {Value(part.id), Value(part.docs), Value(part.next)};
    TRY(Run("UPDATE {s}.parts SET docs = $2, next = $3 WHERE id = $1", parameters));
  }
  return {};
}

}  // namespace tenon::search

#include "search/sqlite/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "search/sqlite/file.h"
#include "search/tokens.h"

namespace tenon::search {
namespace {

// Numbers of facet values that are remembered over transactions.
constexpr std::size_t kFacetValuesKept = 20000;

// What one document's row in FTS5 says.
std::string BodyOf(const Analysis& analysis, std::string_view facets) {
  std::string body;
  for (const std::string& term : analysis.terms) (body += term) += ' ';
  for (const std::string& term : analysis.label_terms) ((body += '=') += term) += ' ';
  for (const std::int64_t id : FacetNumbers(facets)) ((body += '@') += std::to_string(id)) += ' ';
  return body;
}

}  // namespace

std::string PackNumbers(std::span<const std::int64_t> numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), 8 * numbers.size()};
}

std::vector<std::int64_t> FacetNumbers(std::string_view packed) {
  std::vector<std::int64_t> numbers(packed.size() / 8);
  if (!numbers.empty()) std::memcpy(numbers.data(), packed.data(), 8 * numbers.size());
  return numbers;
}

std::string PackTexts(std::span<const std::string> texts) {
  std::string packed;
  for (const std::string& text : texts) {
    const auto size = static_cast<std::uint32_t>(text.size());
    packed.append(reinterpret_cast<const char*>(&size), 4);
    packed += text;
  }
  return packed;
}

std::vector<std::string> UnpackTexts(std::string_view packed) {
  std::vector<std::string> texts;
  while (packed.size() >= 4) {
    std::uint32_t size = 0;
    std::memcpy(&size, packed.data(), 4);
    packed.remove_prefix(4);
    texts.emplace_back(packed.substr(0, size));
    packed.remove_prefix(std::min<std::size_t>(size, packed.size()));
  }
  return texts;
}

Result<DocumentWriter::Part*> DocumentWriter::PartOf(const Uuid& tenant, const std::string& table,
                                                     bool make) {
  const auto key = std::make_pair(tenant, table);
  if (const auto found = parts_.find(key); found != parts_.end()) return &found->second;
  const std::string tenant_text = tenant.ToString();
  Part part;
  {
    Bound query = TRY(Bound::Prepare(
        connection_, "SELECT id, docs, next FROM parts WHERE tenant = ?1 AND entity = ?2"));
    query.Text(tenant_text).Text(table);
    if (TRY(query.Step())) part = {query.Number(0), query.Number(1), query.Number(2)};
  }
  if (part.id == 0) {
    if (!make) return nullptr;
    Bound insert =
        TRY(Bound::Prepare(connection_, "INSERT INTO parts (tenant, entity) VALUES (?1, ?2)"));
    TRY(insert.Text(tenant_text).Text(table).Run());
    part.id = sqlite3_last_insert_rowid(connection_.handle());
  }
  return &parts_.emplace(key, part).first->second;
}

Result<bool> DocumentWriter::Find(const Part& part, std::string_view key, Stored& stored) {
  {
    Bound query =
        TRY(Bound::Prepare(connection_, "SELECT id FROM doc_keys WHERE part = ?1 AND key = ?2"));
    query.Int(part.id).Text(key);
    if (!TRY(query.Step())) return false;
    stored.id = query.Number(0);
  }
  Bound query = TRY(Bound::Prepare(connection_,
                                   "SELECT d.texts, f.facets FROM docs d JOIN doc_facets f "
                                   "ON f.id = d.id WHERE d.id = ?1"));
  query.Int(stored.id);
  if (!TRY(query.Step())) return false;
  stored.texts = query.Bytes(0);
  stored.facets = query.Bytes(1);
  return true;
}

Result<std::int64_t> DocumentWriter::FacetValue(const Part& part, const std::string& facet,
                                                const std::string& value) {
  std::string key = fmt::format("{}|{}|{}", part.id, facet, value);
  if (const auto found = facet_values_.find(key); found != facet_values_.end()) {
    return found->second;
  }
  std::int64_t id = 0;
  {
    Bound query = TRY(Bound::Prepare(
        connection_, "SELECT id FROM facet_values WHERE part = ?1 AND facet = ?2 AND value = ?3"));
    query.Int(part.id).Text(facet).Text(value);
    if (TRY(query.Step())) id = query.Number(0);
  }
  if (id == 0) {
    Bound insert = TRY(Bound::Prepare(
        connection_, "INSERT INTO facet_values (part, facet, value) VALUES (?1, ?2, ?3)"));
    TRY(insert.Int(part.id).Text(facet).Text(value).Run());
    id = sqlite3_last_insert_rowid(connection_.handle());
  }
  facet_values_.emplace(std::move(key), id);
  return id;
}

Result<std::string> DocumentWriter::FacetIds(const Part& part, const Document& document) {
  std::vector<std::int64_t> ids;
  for (const auto& [facet, value] : document.facets) {
    ids.push_back(TRY(FacetValue(part, document.plan->facets[facet].name, value)));
  }
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  return PackNumbers(ids);
}

Result<void> DocumentWriter::Make(const Change& change) {
  Part* part = TRY(PartOf(change.tenant, change.plan->entity->table, !change.removed));
  if (part == nullptr) return {};
  Stored stored;
  const bool there = TRY(Find(*part, change.key, stored));
  if (change.removed) {
    if (!there) return {};
    TRY(Take(*part, *change.plan, stored));
    for (const char* sql :
         {"DELETE FROM docs WHERE id = ?1", "DELETE FROM doc_facets WHERE id = ?1"}) {
      Bound remove = TRY(Bound::Prepare(connection_, sql));
      TRY(remove.Int(stored.id).Run());
    }
    Bound remove =
        TRY(Bound::Prepare(connection_, "DELETE FROM doc_keys WHERE part = ?1 AND key = ?2"));
    TRY(remove.Int(part->id).Text(change.key).Run());
    --part->docs;
    part->changed = true;
    return {};
  }
  const std::string texts = PackTexts(change.document.texts);
  const std::string facets = TRY(FacetIds(*part, change.document));
  if (there) {
    if (stored.texts == texts && stored.facets == facets) return {};
    TRY(Take(*part, *change.plan, stored));
    return Put(*part, stored.id, change.document, texts, facets);
  }
  const std::int64_t id = FirstOf(part->id) + part->next++;
  ++part->docs;
  part->changed = true;
  {
    Bound insert = TRY(Bound::Prepare(connection_, "INSERT INTO doc_keys VALUES (?1, ?2, ?3)"));
    TRY(insert.Int(part->id).Text(change.key).Int(id).Run());
  }
  return Put(*part, id, change.document, texts, facets);
}

Result<void> DocumentWriter::Take(Part& part, const SearchPlan& plan, const Stored& stored) {
  const Analysis analysis = Analyze(plan, UnpackTexts(stored.texts));
  const std::string body = BodyOf(analysis, stored.facets);
  Bound words = TRY(Bound::Prepare(
      connection_, "INSERT INTO words (words, rowid, body) VALUES ('delete', ?1, ?2)"));
  TRY(words.Int(stored.id).Text(body).Run());
  for (const std::string& name : analysis.names) {
    Bound remove = TRY(
        Bound::Prepare(connection_, "DELETE FROM names WHERE part = ?1 AND name = ?2 AND id = ?3"));
    TRY(remove.Int(part.id).Text(name).Int(stored.id).Run());
  }
  Count(part, analysis, stored.facets, -1);
  return {};
}

Result<void> DocumentWriter::Put(Part& part, std::int64_t id, const Document& document,
                                 const std::string& texts, const std::string& facets) {
  const Analysis analysis = Analyze(*document.plan, document.texts);
  const std::string body = BodyOf(analysis, facets);
  Bound docs =
      TRY(Bound::Prepare(connection_, "INSERT OR REPLACE INTO docs VALUES (?1, ?2, ?3, ?4)"));
  TRY(docs.Int(id).Text(document.key).Blob(analysis.words).Blob(texts).Run());
  Bound of_facets =
      TRY(Bound::Prepare(connection_, "INSERT OR REPLACE INTO doc_facets VALUES (?1, ?2)"));
  TRY(of_facets.Int(id).Blob(facets).Run());
  Bound words = TRY(Bound::Prepare(connection_, "INSERT INTO words (rowid, body) VALUES (?1, ?2)"));
  TRY(words.Int(id).Text(body).Run());
  for (const std::string& name : analysis.names) {
    Bound insert =
        TRY(Bound::Prepare(connection_, "INSERT OR IGNORE INTO names VALUES (?1, ?2, ?3)"));
    TRY(insert.Int(part.id).Text(name).Int(id).Run());
  }
  Count(part, analysis, facets, 1);
  return {};
}

void DocumentWriter::Count(const Part& part, const Analysis& analysis, std::string_view facets,
                           int by) {
  for (const std::string& term : analysis.terms) term_counts_[{part.id, term}] += by;
  for (const std::int64_t id : FacetNumbers(facets)) facet_counts_[id] += by;
}

Result<void> DocumentWriter::NewTerm(std::int64_t part, const std::string& term) {
  if (!HasGrams(term)) return {};
  Bound insert =
      TRY(Bound::Prepare(connection_, "INSERT OR IGNORE INTO grams VALUES (?1, ?2, ?3, ?4)"));
  for (const std::int64_t gram : Trigrams(term)) {
    TRY(insert.Int(part).Int(gram).Int(static_cast<std::int64_t>(term.size())).Text(term).Run());
  }
  return {};
}

Result<void> DocumentWriter::LostTerm(std::int64_t part, const std::string& term) {
  Bound remove_term =
      TRY(Bound::Prepare(connection_, "DELETE FROM terms WHERE part = ?1 AND term = ?2"));
  TRY(remove_term.Int(part).Text(term).Run());
  if (!HasGrams(term)) return {};
  Bound remove = TRY(Bound::Prepare(
      connection_, "DELETE FROM grams WHERE part = ?1 AND gram = ?2 AND size = ?3 AND term = ?4"));
  for (const std::int64_t gram : Trigrams(term)) {
    TRY(remove.Int(part).Int(gram).Int(static_cast<std::int64_t>(term.size())).Text(term).Run());
  }
  return {};
}

Result<void> DocumentWriter::FlushTerms() {
  // In key order, which is how the table is kept.
  for (const auto& [key, count] : term_counts_) {
    if (count == 0) continue;
    const auto& [part, term] = key;
    std::int64_t now = 0;
    {
      Bound upsert =
          TRY(Bound::Prepare(connection_,
                             "INSERT INTO terms VALUES (?1, ?2, ?3) ON CONFLICT (part, term) "
                             "DO UPDATE SET docs = docs + excluded.docs RETURNING docs"));
      upsert.Int(part).Text(term).Int(count);
      if (TRY(upsert.Step())) now = upsert.Number(0);
      // To the end: the row is only sure then.
      while (TRY(upsert.Step())) continue;
    }
    if (now <= 0) {
      TRY(LostTerm(part, term));
    } else if (now == count) {
      TRY(NewTerm(part, term));
    }
  }
  term_counts_.clear();
  return {};
}

Result<void> DocumentWriter::Flush() {
  TRY(FlushTerms());
  for (const auto& [id, count] : facet_counts_) {
    if (count == 0) continue;
    Bound update =
        TRY(Bound::Prepare(connection_, "UPDATE facet_values SET docs = docs + ?2 WHERE id = ?1"));
    TRY(update.Int(id).Int(count).Run());
  }
  facet_counts_.clear();
  if (facet_values_.size() > kFacetValuesKept) facet_values_.clear();
  for (auto& [key, part] : parts_) {
    if (!part.changed) continue;
    Bound update =
        TRY(Bound::Prepare(connection_, "UPDATE parts SET docs = ?2, next = ?3 WHERE id = ?1"));
    TRY(update.Int(part.id).Int(part.docs).Int(part.next).Run());
    part.changed = false;
  }
  return {};
}

}  // namespace tenon::search

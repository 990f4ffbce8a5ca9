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
  std::size_t bytes = 24 * (facets.size() / 8);
  for (const std::string_view term : analysis.terms) bytes += term.size() + 1;
  for (const std::string_view term : analysis.label_terms) bytes += term.size() + 2;
  body.reserve(bytes);
  for (const std::string_view term : analysis.terms) (body += term) += ' ';
  for (const std::string_view term : analysis.label_terms) ((body += '=') += term) += ' ';
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
    auto query =
        TRY(statements_.Get("SELECT id, docs, next FROM parts WHERE tenant = ?1 AND entity = ?2"));
    query->Text(tenant_text).Text(table);
    if (TRY(query->Step())) part = {query->Number(0), query->Number(1), query->Number(2)};
  }
  if (part.id == 0) {
    if (!make) return nullptr;
    auto insert = TRY(statements_.Get("INSERT INTO parts (tenant, entity) VALUES (?1, ?2)"));
    TRY(insert->Text(tenant_text).Text(table).Run());
    part.id = sqlite3_last_insert_rowid(connection_.handle());
  }
  return &parts_.emplace(key, part).first->second;
}

Result<bool> DocumentWriter::Find(const Part& part, std::string_view key, Stored& stored) {
  {
    auto query = TRY(statements_.Get("SELECT id FROM doc_keys WHERE part = ?1 AND key = ?2"));
    query->Int(part.id).Text(key);
    if (!TRY(query->Step())) return false;
    stored.id = query->Number(0);
  }
  auto query =
      TRY(statements_.Get("SELECT d.texts, f.facets FROM docs d JOIN doc_facets f "
                          "ON f.id = d.id WHERE d.id = ?1"));
  query->Int(stored.id);
  if (!TRY(query->Step())) return false;
  stored.texts = query->Bytes(0);
  stored.facets = query->Bytes(1);
  return true;
}

// Gives the key a number; false: it has one.
Result<bool> DocumentWriter::Claim(const Part& part, std::string_view key, std::int64_t id) {
  auto insert =
      TRY(statements_.Get("INSERT INTO doc_keys VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"));
  TRY(insert->Int(part.id).Text(key).Int(id).Run());
  return sqlite3_changes(connection_.handle()) > 0;
}

Result<std::int64_t> DocumentWriter::FacetValue(const Part& part, const std::string& facet,
                                                const std::string& value) {
  std::string key = fmt::format("{}|{}|{}", part.id, facet, value);
  if (const auto found = facet_values_.find(key); found != facet_values_.end()) {
    return found->second;
  }
  std::int64_t id = 0;
  {
    auto query = TRY(statements_.Get(
        "SELECT id FROM facet_values WHERE part = ?1 AND facet = ?2 AND value = ?3"));
    query->Int(part.id).Text(facet).Text(value);
    if (TRY(query->Step())) id = query->Number(0);
  }
  if (id == 0) {
    auto insert =
        TRY(statements_.Get("INSERT INTO facet_values (part, facet, value) VALUES (?1, ?2, ?3)"));
    TRY(insert->Int(part.id).Text(facet).Text(value).Run());
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
  if (change.removed) {
    if (!TRY(Find(*part, change.key, stored))) return {};
    TRY(Take(*part, *change.plan, stored));
    for (const char* sql :
         {"DELETE FROM docs WHERE id = ?1", "DELETE FROM doc_facets WHERE id = ?1"}) {
      auto remove = TRY(statements_.Get(sql));
      TRY(remove->Int(stored.id).Run());
    }
    auto remove = TRY(statements_.Get("DELETE FROM doc_keys WHERE part = ?1 AND key = ?2"));
    TRY(remove->Int(part->id).Text(change.key).Run());
    --part->docs;
    part->changed = true;
    return {};
  }
  const std::string texts = PackTexts(change.document.texts);
  const std::string facets = TRY(FacetIds(*part, change.document));
  const std::int64_t id = FirstOf(part->id) + part->next;
  if (!TRY(Claim(*part, change.key, id))) {
    TRY(Find(*part, change.key, stored));
    if (stored.texts == texts && stored.facets == facets) return {};
    TRY(Take(*part, *change.plan, stored));
    return Put(*part, stored.id, change.document, texts, facets);
  }
  ++part->next;
  ++part->docs;
  part->changed = true;
  return Put(*part, id, change.document, texts, facets);
}

Result<void> DocumentWriter::Take(Part& part, const SearchPlan& plan, const Stored& stored) {
  const Analysis& analysis = analyzer_.Analyze(plan, UnpackTexts(stored.texts));
  const std::string body = BodyOf(analysis, stored.facets);
  auto words =
      TRY(statements_.Get("INSERT INTO words (words, rowid, body) VALUES ('delete', ?1, ?2)"));
  TRY(words->Int(stored.id).Text(body).Run());
  for (const std::string& name : analysis.names) {
    auto remove =
        TRY(statements_.Get("DELETE FROM names WHERE part = ?1 AND name = ?2 AND id = ?3"));
    TRY(remove->Int(part.id).Text(name).Int(stored.id).Run());
  }
  Count(part, analysis, stored.facets, -1);
  return {};
}

Result<void> DocumentWriter::Put(Part& part, std::int64_t id, const Document& document,
                                 const std::string& texts, const std::string& facets) {
  const Analysis& analysis = analyzer_.Analyze(*document.plan, document.texts);
  const std::string body = BodyOf(analysis, facets);
  auto docs = TRY(statements_.Get("INSERT OR REPLACE INTO docs VALUES (?1, ?2, ?3, ?4)"));
  TRY(docs->Int(id).Text(document.key).Blob(analysis.words).Blob(texts).Run());
  auto of_facets = TRY(statements_.Get("INSERT OR REPLACE INTO doc_facets VALUES (?1, ?2)"));
  TRY(of_facets->Int(id).Blob(facets).Run());
  auto words = TRY(statements_.Get("INSERT INTO words (rowid, body) VALUES (?1, ?2)"));
  TRY(words->Int(id).Text(body).Run());
  for (const std::string& name : analysis.names) {
    auto insert = TRY(statements_.Get("INSERT OR IGNORE INTO names VALUES (?1, ?2, ?3)"));
    TRY(insert->Int(part.id).Text(name).Int(id).Run());
  }
  Count(part, analysis, facets, 1);
  return {};
}

void DocumentWriter::Count(const Part& part, const Analysis& analysis, std::string_view facets,
                           int by) {
  TermCounts& counts = term_counts_[part.id];
  for (const std::string_view term : analysis.terms) {
    auto count = counts.find(term);
    if (count == counts.end()) count = counts.emplace(term, 0).first;
    count->second += by;
  }
  for (const std::int64_t id : FacetNumbers(facets)) facet_counts_[id] += by;
}

Result<void> DocumentWriter::NewTerm(std::int64_t part, const std::string& term) {
  if (!HasGrams(term)) return {};
  auto insert = TRY(statements_.Get("INSERT OR IGNORE INTO grams VALUES (?1, ?2, ?3, ?4)"));
  for (const std::int64_t gram : Trigrams(term)) {
    TRY(insert->Int(part).Int(gram).Int(static_cast<std::int64_t>(term.size())).Text(term).Run());
  }
  return {};
}

Result<void> DocumentWriter::LostTerm(std::int64_t part, const std::string& term) {
  auto remove_term = TRY(statements_.Get("DELETE FROM terms WHERE part = ?1 AND term = ?2"));
  TRY(remove_term->Int(part).Text(term).Run());
  if (!HasGrams(term)) return {};
  auto remove = TRY(statements_.Get(
      "DELETE FROM grams WHERE part = ?1 AND gram = ?2 AND size = ?3 AND term = ?4"));
  for (const std::int64_t gram : Trigrams(term)) {
    TRY(remove->Int(part).Int(gram).Int(static_cast<std::int64_t>(term.size())).Text(term).Run());
  }
  return {};
}

// True: the term is new. Two plain statements cost less than one that does either and tells which;
// numbers and hashes are mostly new, words mostly not.
Result<bool> DocumentWriter::CountUp(std::int64_t part, const std::string& term,
                                     std::int64_t count) {
  const auto insert = [&]() -> Result<bool> {
    auto statement =
        TRY(statements_.Get("INSERT INTO terms VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"));
    TRY(statement->Int(part).Text(term).Int(count).Run());
    return sqlite3_changes(connection_.handle()) > 0;
  };
  const bool new_first = !HasGrams(term);
  if (new_first && TRY(insert())) return true;
  {
    auto update =
        TRY(statements_.Get("UPDATE terms SET docs = docs + ?3 WHERE part = ?1 AND term = ?2"));
    TRY(update->Int(part).Text(term).Int(count).Run());
  }
  if (new_first || sqlite3_changes(connection_.handle()) > 0) return false;
  return insert();
}

Result<void> DocumentWriter::CountDown(std::int64_t part, const std::string& term,
                                       std::int64_t count) {
  std::int64_t now = 0;
  {
    auto update =
        TRY(statements_.Get("UPDATE terms SET docs = docs + ?3 WHERE part = ?1 AND term = ?2 "
                            "RETURNING docs"));
    update->Int(part).Text(term).Int(count);
    if (TRY(update->Step())) now = update->Number(0);
    // To the end: the row is only sure then.
    while (TRY(update->Step())) continue;
  }
  return now > 0 ? Result<void>() : LostTerm(part, term);
}

Result<void> DocumentWriter::FlushTerms(std::int64_t part, const TermCounts& counts) {
  // In the order in which the table is kept.
  std::vector<const TermCounts::value_type*> order;
  order.reserve(counts.size());
  for (const auto& count : counts) {
    if (count.second != 0) order.push_back(&count);
  }
  std::ranges::sort(order, {},
                    [](const auto* count) -> const std::string& { return count->first; });
  for (const auto* one : order) {
    const auto& [term, count] = *one;
    if (count < 0) {
      TRY(CountDown(part, term, count));
    } else if (TRY(CountUp(part, term, count))) {
      TRY(NewTerm(part, term));
    }
  }
  return {};
}

Result<void> DocumentWriter::Flush() {
  for (const auto& [part, counts] : term_counts_) TRY(FlushTerms(part, counts));
  term_counts_.clear();
  for (const auto& [id, count] : facet_counts_) {
    if (count == 0) continue;
    auto update = TRY(statements_.Get("UPDATE facet_values SET docs = docs + ?2 WHERE id = ?1"));
    TRY(update->Int(id).Int(count).Run());
  }
  facet_counts_.clear();
  if (facet_values_.size() > kFacetValuesKept) facet_values_.clear();
  for (auto& [key, part] : parts_) {
    if (!part.changed) continue;
    auto update = TRY(statements_.Get("UPDATE parts SET docs = ?2, next = ?3 WHERE id = ?1"));
    TRY(update->Int(part.id).Int(part.docs).Int(part.next).Run());
    part.changed = false;
  }
  return {};
}

}  // namespace tenon::search

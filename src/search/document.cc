#include "search/document.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "base/json.h"
#include "base/text.h"
#include "engine/load.h"

namespace tenon::search {
namespace {

template <typename Take>
void EachJsonText(const json::value& value, std::size_t& left, const Take& take) {
  if (value.is_array()) {
    for (const json::value& item : value.get_array()) {
      if (left > 0) EachJsonText(item, left, take);
    }
    return;
  }
  if (left > 0) --left;
  if (value.is_string()) {
    take(std::string_view(value.get_string()));
  } else if (value.is_bool() || value.is_number()) {
    take(json::serialize(value));
  }
}

// What a path's last step finds in a row, as texts: none for null, several for a list.
template <typename Take>
void EachText(const model::Path& path, const Record& row, const Take& take) {
  const Value& value = row.at(*path.field);
  if (const json::value* document = value.If<json::value>()) {
    const json::value* at = path.json_path.empty() ? document : FindPath(*document, path.json_path);
    std::size_t left = kRelatedMax;
    if (at != nullptr) EachJsonText(*at, left, take);
  } else if (const std::string* text = value.If<std::string>()) {
    take(*text);
  } else if (const bool* truth = value.If<bool>()) {
    take(*truth ? "true" : "false");
  } else if (const std::int64_t* number = value.If<std::int64_t>()) {
    take(std::to_string(*number));
  } else if (const Decimal* decimal = value.If<Decimal>()) {
    take(decimal->ToString());
  } else if (const Uuid* id = value.If<Uuid>()) {
    take(id->ToString());
  }
}

std::string_view CutText(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

struct HashOfValue {
  std::size_t operator()(const Value& value) const { return value.Hash(); }
};
using ByKey = std::unordered_map<Value, std::vector<const Record*>, HashOfValue>;

// A row on the way along a path, and the document it belongs to.
struct Walker {
  std::size_t document;
  const Record* row;
};

// Goes along paths from many rows at once. Paths over the same relations are gone along once.
class PathReader {
 public:
  PathReader(Reader& reader, const Plans& plans, const Uuid& tenant,
             std::span<const Record* const> from)
      : reader_(reader), plans_(plans), tenant_(tenant), from_(from) {}

  // The rows at the end of the hops, for each row that it goes from.
  using Ends = std::vector<std::vector<const Record*>>;
  Result<const Ends*> EndsOf(std::span<const model::Hop> hops) {
    std::vector<const model::Relation*> way;
    for (const model::Hop& hop : hops) way.push_back(hop.relation);
    for (const auto& [gone, ends] : ends_) {
      if (gone == way) return &ends;
    }
    std::vector<Walker> at;
    for (std::size_t i = 0; i < from_.size(); ++i) at.push_back({i, from_[i]});
    for (const model::Relation* relation : way) at = TRY(Walk(at, *relation));
    Ends ends(from_.size());
    for (const Walker& walker : at) ends[walker.document].push_back(walker.row);
    return &ends_.emplace_back(std::move(way), std::move(ends)).second;
  }

 private:
  Result<std::vector<Walker>> Walk(const std::vector<Walker>& at, const model::Relation& relation) {
    switch (relation.kind) {
      case model::Relation::Kind::kForward:
        return Forward(at, *relation.field, *relation.target);
      case model::Relation::Kind::kBackward:
        return Backward(at, *relation.field, *relation.target);
      case model::Relation::Kind::kThrough: {
        const auto links = TRY(Backward(at, *relation.near, *relation.through));
        return Forward(links, *relation.far, *relation.target);
      }
    }
    return at;
  }

  const model::Field& KeyOf(const model::Entity& entity) {
    return *plans_.Of(entity).key_in_url.front();
  }

  Result<std::vector<Walker>> Forward(const std::vector<Walker>& at, const model::Field& field,
                                      const model::Entity& target) {
    return Join(at, field, target, KeyOf(target));
  }

  Result<std::vector<Walker>> Backward(const std::vector<Walker>& at, const model::Field& field,
                                       const model::Entity& target) {
    if (at.empty()) return std::vector<Walker>();
    return Join(at, KeyOf(*at.front().row->entity), target, field);
  }

  Result<std::vector<Walker>> Join(const std::vector<Walker>& at, const model::Field& mine,
                                   const model::Entity& target, const model::Field& theirs) {
    std::unordered_set<Value, HashOfValue> distinct;
    std::vector<Value> values;
    for (const Walker& walker : at) {
      const Value& value = walker.row->at(mine);
      if (!value.IsNull() && distinct.insert(value).second) values.push_back(value);
    }
    std::vector<Walker> next;
    const std::vector<Record>& rows =
        loaded_.emplace_back(TRY(LoadMany(reader_, plans_.Of(target), theirs, values, tenant_)));
    if (rows.empty()) return next;
    ByKey by_key;
    for (const Record& row : rows) by_key[row.at(theirs)].push_back(&row);
    for (const Walker& walker : at) {
      const auto found = by_key.find(walker.row->at(mine));
      if (found == by_key.end()) continue;
      std::size_t taken = 0;
      for (const Record* row : found->second) {
        if (IsDeleted(*row) || ++taken > kRelatedMax) continue;
        next.push_back({walker.document, row});
      }
    }
    return next;
  }

  Reader& reader_;
  const Plans& plans_;
  const Uuid tenant_;
  const std::span<const Record* const> from_;
  std::deque<std::vector<Record>> loaded_;  // what Ends point into
  std::deque<std::pair<std::vector<const model::Relation*>, Ends>> ends_;
};

// Hands over the texts of one path, row by row: `take` gets the row's number and a text.
template <typename Take>
Result<void> EachTextOf(PathReader& reader, const model::Path& path,
                        std::span<const Record* const> rows, const Take& take) {
  if (path.hops.empty()) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EachText(path, *rows[i], [&](std::string_view text) { take(i, text); });
    }
    return {};
  }
  const PathReader::Ends& ends = *TRY(reader.EndsOf(path.hops));
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    texts.clear();
    for (const Record* end : ends[i]) {
      EachText(path, *end, [&](std::string_view text) { texts.emplace_back(text); });
    }
    std::ranges::sort(texts);  // the same document whatever order the store has rows in
    texts.erase(std::ranges::unique(texts).begin(), texts.end());
    for (const std::string& text : texts) take(i, text);
  }
  return {};
}

}  // namespace

Result<std::vector<Change>> MakeChanges(Reader& reader, const Plans& plans, const SearchPlan& plan,
                                        std::span<const Record> rows) {
  std::vector<Change> changes(rows.size());
  std::vector<const Record*> live;
  std::vector<Document*> documents;  // of those
  for (std::size_t i = 0; i < rows.size(); ++i) {
    changes[i].plan = &plan;
    changes[i].tenant = TenantOf(rows[i]);
    changes[i].key = KeyText(rows[i]);
    changes[i].removed = IsDeleted(rows[i]);
    if (changes[i].removed) continue;
    live.push_back(&rows[i]);
    Document& document = *documents.emplace_back(&changes[i].document);
    document.plan = &plan;
    document.tenant = changes[i].tenant;
    document.key = changes[i].key;
    document.texts.resize(plan.fields.size());
  }
  if (live.empty()) return changes;
  PathReader paths(reader, plans, TenantOf(*live.front()), live);
  for (std::size_t f = 0; f < plan.fields.size(); ++f) {
    TRY(EachTextOf(paths, plan.fields[f].path->path, live,
                   [&](std::size_t i, std::string_view value) {
                     std::string& text = documents[i]->texts[f];
                     if (text.size() >= kFieldTextBytesMax) return;
                     if (!text.empty()) text += '\n';
                     text += CutText(value, kFieldTextBytesMax);
                     text.resize(CutText(text, kFieldTextBytesMax).size());
                   }));
  }
  for (std::size_t f = 0; f < plan.facets.size(); ++f) {
    TRY(EachTextOf(
        paths, plan.facets[f].path->path, live, [&](std::size_t i, std::string_view value) {
          auto& facets = documents[i]->facets;
          if (value.empty() || facets.size() >= kFacetValuesMax) return;
          facets.emplace_back(static_cast<std::uint8_t>(f), CutText(value, kFacetValueBytesMax));
        }));
  }
  return changes;
}

Result<std::vector<Change>> ReadChanges(Reader& reader, const Plans& plans, const SearchPlan& plan,
                                        const Uuid& tenant, std::span<const std::string> keys) {
  const EntityPlan& entity = plans.Of(*plan.entity);
  std::vector<Record> rows;
  if (entity.key_in_url.size() == 1) {
    std::vector<Value> values;
    for (const std::string& key : keys) {
      if (auto parsed = ParseKey(*plan.entity, key)) values.push_back(std::move(parsed->front()));
    }
    rows = TRY(LoadMany(reader, entity, *entity.key_in_url.front(), values, tenant));
  } else {
    for (const std::string& key : keys) {
      const auto parsed = ParseKey(*plan.entity, key);
      if (!parsed) continue;
      auto row = TRY(LoadRow(reader, entity, *parsed, tenant));
      if (row) rows.push_back(*std::move(row));
    }
  }
  std::vector<Change> changes = TRY(MakeChanges(reader, plans, plan, rows));
  if (changes.size() == keys.size()) return changes;
  std::unordered_set<std::string_view> there;
  for (const Change& change : changes) there.insert(change.key);
  std::vector<Change> gone;
  for (const std::string& key : keys) {
    if (!there.contains(key)) gone.push_back({&plan, tenant, key, true, {}});
  }
  std::ranges::move(gone, std::back_inserter(changes));
  return changes;
}

}  // namespace tenon::search

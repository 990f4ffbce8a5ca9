#include "search/document.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>
#include <unordered_map>

#include "base/json.h"
#include "base/text.h"
#include "engine/load.h"

namespace tenon::search {
namespace {

// A value by which rows are joined, as text.
std::string JoinKey(const Value& value) {
  if (const Uuid* id = value.If<Uuid>()) return id->ToString();
  if (const std::string* text = value.If<std::string>()) return *text;
  if (const std::int64_t* number = value.If<std::int64_t>()) return std::to_string(*number);
  return Describe(value);
}

void AddJson(const json::value& value, std::vector<std::string>& out) {
  if (value.is_string()) {
    out.emplace_back(value.get_string());
  } else if (value.is_array()) {
    for (const json::value& item : value.get_array()) {
      if (out.size() < kRelatedMax) AddJson(item, out);
    }
  } else if (value.is_bool() || value.is_number()) {
    out.push_back(json::serialize(value));
  }
}

// What a path's last step finds in a row, as texts: none for null, several for a list.
void AddTexts(const model::Path& path, const Record& row, std::vector<std::string>& out) {
  const Value& value = row.at(*path.field);
  if (const json::value* document = value.If<json::value>()) {
    const json::value* at = path.json_path.empty() ? document : FindPath(*document, path.json_path);
    if (at != nullptr) AddJson(*at, out);
  } else if (const std::string* text = value.If<std::string>()) {
    out.push_back(*text);
  } else if (const bool* truth = value.If<bool>()) {
    out.emplace_back(*truth ? "true" : "false");
  } else if (const std::int64_t* number = value.If<std::int64_t>()) {
    out.push_back(std::to_string(*number));
  } else if (const Decimal* decimal = value.If<Decimal>()) {
    out.push_back(decimal->ToString());
  } else if (const Uuid* id = value.If<Uuid>()) {
    out.push_back(id->ToString());
  }
}

std::string CutText(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  return std::string(text.substr(0, bytes_max));
}

using ByKey = std::unordered_map<std::string, std::vector<const Record*>>;

ByKey Grouped(const std::vector<Record>& rows, const model::Field& field) {
  ByKey by_key;
  for (const Record& row : rows) by_key[JoinKey(row.at(field))].push_back(&row);
  return by_key;
}

std::vector<Value> Distinct(std::vector<Value> values) {
  std::map<std::string, Value> by_key;
  for (Value& value : values) {
    if (!value.IsNull()) by_key.emplace(JoinKey(value), std::move(value));
  }
  std::vector<Value> out;
  for (auto& [key, value] : by_key) out.push_back(std::move(value));
  return out;
}

// A row on the way along a path, and the document it belongs to.
struct Walker {
  std::size_t document;
  Record row;
};

class PathReader {
 public:
  PathReader(Reader& reader, const Plans& plans, const Uuid& tenant)
      : reader_(reader), plans_(plans), tenant_(tenant) {}

  Result<std::vector<Walker>> Walk(std::vector<Walker> at, const model::Hop& hop) {
    const model::Relation& relation = *hop.relation;
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

 private:
  const model::Field& KeyOf(const model::Entity& entity) {
    return *plans_.Of(entity).key_in_url.front();
  }

  Result<std::vector<Walker>> Forward(const std::vector<Walker>& at, const model::Field& field,
                                      const model::Entity& target) {
    const model::Field& key = KeyOf(target);
    return Join(at, field, target, key);
  }

  Result<std::vector<Walker>> Backward(const std::vector<Walker>& at, const model::Field& field,
                                       const model::Entity& target) {
    if (at.empty()) return std::vector<Walker>();
    return Join(at, KeyOf(*at.front().row.entity), target, field);
  }

  Result<std::vector<Walker>> Join(const std::vector<Walker>& at, const model::Field& mine,
                                   const model::Entity& target, const model::Field& theirs) {
    std::vector<Value> values;
    for (const Walker& walker : at) values.push_back(walker.row.at(mine));
    const auto rows =
        TRY(LoadMany(reader_, plans_.Of(target), theirs, Distinct(std::move(values)), tenant_));
    const ByKey by_key = Grouped(rows, theirs);
    std::vector<Walker> next;
    for (const Walker& walker : at) {
      const auto found = by_key.find(JoinKey(walker.row.at(mine)));
      if (found == by_key.end()) continue;
      std::size_t taken = 0;
      for (const Record* row : found->second) {
        if (IsDeleted(*row) || ++taken > kRelatedMax) continue;
        next.push_back({walker.document, *row});
      }
    }
    return next;
  }

  Reader& reader_;
  const Plans& plans_;
  const Uuid tenant_;
};

// The texts of one path for each row.
Result<std::vector<std::vector<std::string>>> TextsOf(PathReader& reader, const model::Path& path,
                                                      std::span<const Record* const> rows) {
  std::vector<std::vector<std::string>> texts(rows.size());
  if (path.hops.empty()) {
    for (std::size_t i = 0; i < rows.size(); ++i) AddTexts(path, *rows[i], texts[i]);
    return texts;
  }
  std::vector<Walker> at;
  for (std::size_t i = 0; i < rows.size(); ++i) at.push_back({i, *rows[i]});
  for (const model::Hop& hop : path.hops) at = TRY(reader.Walk(std::move(at), hop));
  for (const Walker& walker : at) AddTexts(path, walker.row, texts[walker.document]);
  for (auto& values : texts) {
    std::ranges::sort(values);  // the same document whatever order the store has rows in
    values.erase(std::ranges::unique(values).begin(), values.end());
  }
  return texts;
}

}  // namespace

Result<std::vector<Change>> MakeChanges(Reader& reader, const Plans& plans, const SearchPlan& plan,
                                        std::span<const Record> rows) {
  std::vector<Change> changes(rows.size());
  std::vector<const Record*> live;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    changes[i].plan = &plan;
    changes[i].tenant = TenantOf(rows[i]);
    changes[i].key = KeyText(rows[i]);
    changes[i].removed = IsDeleted(rows[i]);
    if (changes[i].removed) continue;
    live.push_back(&rows[i]);
    places.push_back(i);
    Document& document = changes[i].document;
    document.plan = &plan;
    document.tenant = changes[i].tenant;
    document.key = changes[i].key;
    document.texts.resize(plan.fields.size());
  }
  if (live.empty()) return changes;
  PathReader paths(reader, plans, TenantOf(*live.front()));
  for (std::size_t f = 0; f < plan.fields.size(); ++f) {
    const auto texts = TRY(TextsOf(paths, plan.fields[f].path->path, live));
    for (std::size_t i = 0; i < live.size(); ++i) {
      std::string& text = changes[places[i]].document.texts[f];
      for (const std::string& value : texts[i]) {
        if (text.size() > kFieldTextBytesMax) break;
        if (!text.empty()) text += '\n';
        text += value;
      }
      text = CutText(text, kFieldTextBytesMax);
    }
  }
  for (std::size_t f = 0; f < plan.facets.size(); ++f) {
    const auto texts = TRY(TextsOf(paths, plan.facets[f].path->path, live));
    for (std::size_t i = 0; i < live.size(); ++i) {
      auto& facets = changes[places[i]].document.facets;
      for (const std::string& value : texts[i]) {
        if (value.empty() || facets.size() >= kFacetValuesMax) continue;
        facets.emplace_back(static_cast<std::uint8_t>(f), CutText(value, kFacetValueBytesMax));
      }
    }
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
  std::unordered_map<std::string_view, bool> there;
  for (const Change& change : changes) there.emplace(change.key, true);
  std::vector<Change> gone;
  for (const std::string& key : keys) {
    if (!there.contains(key)) gone.push_back({&plan, tenant, key, true, {}});
  }
  std::ranges::move(gone, std::back_inserter(changes));
  return changes;
}

}  // namespace tenon::search

#include "cli/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "base/text.h"

namespace tenon::cli {
namespace {

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return "";
  return std::string(value->get_string());
}

bool BoolOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::array& ArrayOf(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

// Texts, or the `name` of each object.
std::vector<std::string> Names(const json::object& object, std::string_view name) {
  std::vector<std::string> names;
  for (const json::value& item : ArrayOf(object, name)) {
    if (item.is_string()) names.emplace_back(item.get_string());
    if (item.is_object()) names.push_back(TextOf(item.get_object(), "name"));
  }
  return names;
}

FieldInfo ReadField(const json::object& object) {
  FieldInfo field;
  field.name = TextOf(object, "name");
  field.type = TextOf(object, "type");
  field.nullable = BoolOf(object, "nullable") || field.type.ends_with('?');
  field.key = BoolOf(object, "key");
  field.unique = BoolOf(object, "unique");
  field.lock = BoolOf(object, "lock");
  field.once = BoolOf(object, "once");
  field.facet = BoolOf(object, "facet");
  field.values = Names(object, "values");
  if (field.values.empty()) field.values = Names(object, "enum");
  field.description = TextOf(object, "description");
  const json::value* automatic = object.if_contains("auto");
  const bool is_auto = automatic != nullptr &&
                       (automatic->is_string() || (automatic->is_bool() && automatic->get_bool()));
  field.engine = is_auto || BoolOf(object, "tenant") || BoolOf(object, "implicit") ||
                 BoolOf(object, "read_only");
  field.secret = BoolOf(object, "secret") || field.type.starts_with("secret");
  field.reference = TextOf(object, "references");
  if (const json::value* to = object.if_contains("reference"); to != nullptr) {
    if (to->is_string()) field.reference = std::string(to->get_string());
    if (to->is_object()) field.reference = TextOf(to->get_object(), "entity");
  }
  return field;
}

EventInfo ReadEvent(const json::object& object) {
  EventInfo event;
  event.name = TextOf(object, "name");
  event.description = TextOf(object, "description");
  event.from = Names(object, "from");
  event.to = TextOf(object, "to");
  for (const json::value& item : ArrayOf(object, "takes")) {
    if (item.is_string()) event.takes.emplace_back(item.get_string());
    if (!item.is_object()) continue;
    const json::object& take = item.get_object();
    event.takes.push_back(TextOf(take, "name") + (BoolOf(take, "optional") ? "?" : ""));
  }
  return event;
}

void ReadUniques(const json::object& object, EntityInfo& entity) {
  std::set<std::vector<std::string>> seen;
  auto add = [&](std::vector<std::string> names) {
    std::erase_if(names, [&](const std::string& name) {
      const FieldInfo* field = entity.Find(name);
      return name == "tenant_id" || (field != nullptr && field->engine);
    });
    if (!names.empty() && names != entity.key && seen.insert(names).second) {
      entity.uniques.push_back(std::move(names));
    }
  };
  for (const FieldInfo& field : entity.fields) {
    if (field.unique) add({field.name});
  }
  for (const json::value& item : ArrayOf(object, "indexes")) {
    if (!item.is_object() || !BoolOf(item.get_object(), "unique")) continue;
    std::vector<std::string> names = Names(item.get_object(), "fields");
    if (names.empty()) names = Names(item.get_object(), "columns");
    add(std::move(names));
  }
  for (const json::value& item : ArrayOf(object, "unique")) {
    if (item.is_array()) {
      std::vector<std::string> names;
      for (const json::value& name : item.get_array()) {
        if (name.is_string()) names.emplace_back(name.get_string());
      }
      add(std::move(names));
    }
  }
}

EntityInfo ReadEntity(const json::object& object) {
  EntityInfo entity;
  entity.name = TextOf(object, "name");
  entity.table = TextOf(object, "table");
  entity.model = TextOf(object, "model");
  entity.description = TextOf(object, "description");
  entity.key = Names(object, "key");
  for (const json::value& item : ArrayOf(object, "fields")) {
    if (!item.is_object()) continue;
    FieldInfo field = ReadField(item.get_object());
    const bool in_key = std::ranges::find(entity.key, field.name) != entity.key.end();
    if (field.key && !in_key) entity.key.push_back(field.name);
    field.key = field.key || in_key;
    entity.fields.push_back(std::move(field));
  }
  for (const json::value& item : ArrayOf(object, "events")) {
    if (item.is_object()) entity.events.push_back(ReadEvent(item.get_object()));
  }
  const json::value* lifecycle = object.if_contains("lifecycle");
  if (lifecycle != nullptr && lifecycle->is_object()) {
    entity.lifecycle = TextOf(lifecycle->get_object(), "field");
    for (const json::value& item : ArrayOf(lifecycle->get_object(), "events")) {
      if (item.is_object()) entity.events.push_back(ReadEvent(item.get_object()));
    }
  }
  const json::value* soft = object.if_contains("soft_delete");
  if (soft != nullptr && soft->is_string()) entity.soft_delete = std::string(soft->get_string());
  if (soft != nullptr && soft->is_object()) entity.soft_delete = TextOf(soft->get_object(), "field");
  entity.log_name = TextOf(object, "log_name");
  if (entity.log_name.empty()) entity.log_name = entity.name;
  entity.engine_only = BoolOf(object, "global");
  ReadUniques(object, entity);
  return entity;
}

std::string Normal(std::string_view word) {
  std::string normal;
  for (char c : word) {
    normal += c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return normal;
}

// assets -> asset, categories -> category, statuses -> status.
std::string Singular(std::string_view table) {
  if (table.ends_with("ies")) return std::string(table.substr(0, table.size() - 3)) + "y";
  for (std::string_view end : {"sses", "shes", "ches", "xes"}) {
    if (table.ends_with(end)) return std::string(table.substr(0, table.size() - 2));
  }
  if (table.ends_with('s') && !table.ends_with("ss")) {
    return std::string(table.substr(0, table.size() - 1));
  }
  return std::string(table);
}

}  // namespace

std::string FieldInfo::Kind() const {
  if (!values.empty()) return "enum";
  if (type.starts_with('[')) return "list";
  const std::size_t end = type.find_first_of("(? ");
  return type.substr(0, end);
}

bool FieldInfo::IsJson() const {
  const std::string kind = Kind();
  return kind == "json" || kind == "list" || kind == "map" ||
         (kind == "secret" && type.starts_with("secret "));
}

const FieldInfo* EntityInfo::Find(std::string_view field) const {
  auto found = std::ranges::find(fields, field, &FieldInfo::name);
  return found == fields.end() ? nullptr : &*found;
}

std::string EntityInfo::KeyOf(const json::object& row) const {
  std::string text;
  for (const std::string& name : key) {
    const json::value* part = row.if_contains(name);
    const FieldInfo* field = Find(name);
    // The tenant is part of some printed keys and never part of the URL.
    if (part == nullptr && field != nullptr && field->engine) continue;
    if (part == nullptr || part->is_null()) return "";
    if (!text.empty()) text += '~';
    if (part->is_string()) text += std::string_view(part->get_string());
    else AppendCanonicalJson(*part, text);
  }
  return text;
}

Result<EntityInfo*> Catalog::Entity(std::string_view word) {
  const std::string wanted = Normal(word);
  for (EntityInfo& entity : entities) {
    if (Normal(entity.name) == wanted || entity.table == wanted ||
        Singular(entity.table) == wanted) {
      return &entity;
    }
  }
  std::vector<std::string_view> names;
  for (const EntityInfo& entity : entities) {
    names.emplace_back(entity.table);
    names.emplace_back(entity.name);
  }
  std::string_view nearest = Nearest(wanted, names);
  if (nearest.empty()) nearest = Nearest(word, names);
  return Fail(Code::kNotFound,
              fmt::format("there is no entity '{}'; {}", word,
                          nearest.empty() ? "tenon models lists them"
                                          : fmt::format("did you mean {}?", nearest)));
}

Result<const ViewInfo*> Catalog::View(std::string_view word) const {
  const std::string wanted = Normal(word);
  std::vector<std::string_view> names;
  for (const ViewInfo& view : views) {
    if (view.name == wanted) return &view;
    names.emplace_back(view.name);
  }
  const std::string_view nearest = Nearest(wanted, names);
  return Fail(Code::kNotFound,
              fmt::format("there is no view '{}'; {}", word,
                          nearest.empty() ? "tenon view lists them"
                                          : fmt::format("did you mean {}?", nearest)));
}

void Catalog::Load(const json::value& document) {
  if (!document.is_object()) return;
  for (const json::value& item : ArrayOf(document.get_object(), "entities")) {
    if (!item.is_object()) continue;
    EntityInfo fresh = ReadEntity(item.get_object());
    auto known = std::ranges::find(entities, fresh.name, &EntityInfo::name);
    if (known == entities.end()) continue;
    fresh.model = known->model;
    fresh.loaded = true;
    *known = std::move(fresh);
  }
}

Result<Catalog> ReadCatalog(const json::value& models, const json::value& views) {
  if (!models.is_object()) return Fail(Code::kInternal, "/v1/models is not a JSON object");
  Catalog catalog;
  for (const json::value& item : ArrayOf(models.get_object(), "items")) {
    if (!item.is_object()) continue;
    const std::string model = TextOf(item.get_object(), "name");
    for (const json::value& one : ArrayOf(item.get_object(), "entities")) {
      if (!one.is_object()) continue;
      EntityInfo entity;
      entity.name = TextOf(one.get_object(), "name");
      entity.table = TextOf(one.get_object(), "table");
      entity.description = TextOf(one.get_object(), "description");
      entity.model = model;
      catalog.entities.push_back(std::move(entity));
    }
  }
  static const json::object kNothing;
  const json::object& root = views.is_object() ? views.get_object() : kNothing;
  for (const json::value& item : ArrayOf(root, "items")) {
    if (!item.is_object()) continue;
    ViewInfo view;
    view.name = TextOf(item.get_object(), "name");
    view.description = TextOf(item.get_object(), "description");
    for (const json::value& parameter : ArrayOf(item.get_object(), "parameters")) {
      if (!parameter.is_object()) continue;
      view.parameters.emplace_back(TextOf(parameter.get_object(), "name"),
                                   TextOf(parameter.get_object(), "type"));
    }
    catalog.views.push_back(std::move(view));
  }
  if (catalog.entities.empty()) return Fail(Code::kInternal, "/v1/models names no entity");
  return catalog;
}

}  // namespace tenon::cli

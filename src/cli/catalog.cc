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
  field.description = TextOf(object, "description");
  if (const json::value* type = object.if_contains("type"); type != nullptr && type->is_object()) {
    field.type = TextOf(type->get_object(), "text");
    field.kind = TextOf(type->get_object(), "kind");
    field.nullable = BoolOf(type->get_object(), "nullable");
    field.values = Names(type->get_object(), "values");
  }
  field.key = BoolOf(object, "key");
  field.unique = BoolOf(object, "unique");
  field.lock = BoolOf(object, "lock");
  field.once = BoolOf(object, "once");
  field.facet = BoolOf(object, "facet");
  field.secret = BoolOf(object, "write_only");
  field.tenant = BoolOf(object, "tenant");
  field.engine = !TextOf(object, "auto").empty() || BoolOf(object, "computed");
  const json::value* to = object.if_contains("references");
  if (to != nullptr && to->is_object()) field.reference = TextOf(to->get_object(), "entity");
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

// BackgroundTask -> BACKGROUND_TASK, as the audit rows have it.
std::string LogName(std::string_view name) {
  std::string out;
  for (char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !out.empty()) out += '_';
    out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

// "created_at desc" -> "created_at".
std::string ColumnName(const std::string& column) { return column.substr(0, column.find(' ')); }

void ReadUniques(const json::object& object, EntityInfo& entity) {
  std::set<std::vector<std::string>> seen;
  auto add = [&](std::vector<std::string> names) {
    for (std::string& name : names) name = ColumnName(name);
    std::erase_if(names, [&](const std::string& name) {
      const FieldInfo* field = entity.Find(name);
      return field != nullptr && field->tenant;
    });
    if (!names.empty() && names != entity.key && seen.insert(names).second) {
      entity.uniques.push_back(std::move(names));
    }
  };
  for (const FieldInfo& field : entity.fields) {
    if (field.unique) add({field.name});
  }
  for (const json::value& item : ArrayOf(object, "indexes")) {
    if (item.is_object() && BoolOf(item.get_object(), "unique")) {
      add(Names(item.get_object(), "columns"));
    }
  }
  // A second create with the same values is the same row, so they find it as well.
  const json::value* idempotent = object.if_contains("idempotent");
  if (idempotent != nullptr && idempotent->is_object()) {
    add(Names(idempotent->get_object(), "fields"));
  }
}

EntityInfo ReadEntity(const json::object& object) {
  EntityInfo entity;
  entity.name = TextOf(object, "name");
  entity.table = TextOf(object, "table");
  entity.model = TextOf(object, "model");
  entity.description = TextOf(object, "description");
  entity.log_name = LogName(entity.name);
  entity.engine_only = BoolOf(object, "global");
  entity.written_by_engine = BoolOf(object, "written_by_engine");
  for (const json::value& item : ArrayOf(object, "fields")) {
    if (item.is_object()) entity.fields.push_back(ReadField(item.get_object()));
  }
  // The tenant is part of some printed keys; in URLs it stands only where it is the whole key.
  const std::vector<std::string> key = Names(object, "key");
  for (const std::string& name : key) {
    const FieldInfo* field = entity.Find(name);
    if (key.size() == 1 || field == nullptr || !field->tenant) entity.key.push_back(name);
  }
  for (const json::value& item : ArrayOf(object, "events")) {
    if (item.is_object()) entity.events.push_back(ReadEvent(item.get_object()));
  }
  const json::value* lifecycle = object.if_contains("lifecycle");
  if (lifecycle != nullptr && lifecycle->is_object()) {
    entity.lifecycle = TextOf(lifecycle->get_object(), "field");
  }
  entity.soft_delete = TextOf(object, "soft_delete");
  entity.relations = Names(object, "relations");
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

bool FieldInfo::IsJson() const {
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
    if (part == nullptr || part->is_null()) return "";
    if (!text.empty()) text += '~';
    std::string one;
    if (part->is_string())
      one = part->get_string();
    else
      AppendCanonicalJson(*part, one);
    for (char c : one) {
      // '~' parts the fields of a composite key, so it is escaped inside them.
      if (key.size() > 1 && (c == '~' || c == '!')) text += '!';
      text += c;
    }
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
      const json::value* type = parameter.get_object().if_contains("type");
      view.parameters.emplace_back(TextOf(parameter.get_object(), "name"),
                                   type != nullptr && type->is_object()
                                       ? TextOf(type->get_object(), "text")
                                       : TextOf(parameter.get_object(), "type"));
    }
    catalog.views.push_back(std::move(view));
  }
  if (catalog.entities.empty()) return Fail(Code::kInternal, "/v1/models names no entity");
  return catalog;
}

}  // namespace tenon::cli

#include "model/model.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace tenon::model {

bool Enum::Has(std::string_view value) const {
  return std::any_of(values.begin(), values.end(),
                     [&](const EnumValue& known) { return known.name == value; });
}

const ShapeField* Shape::Find(std::string_view field) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const ShapeField& known) { return known.name == field; });
  return found == fields.end() ? nullptr : &*found;
}

bool Path::IsToMany() const {
  return std::any_of(hops.begin(), hops.end(),
                     [](const Hop& hop) { return hop.relation->IsToMany(); });
}

bool Field::RequiredOnCreate() const {
  const bool generated =
      key && !reference && (type.kind == TypeKind::kUuid || type.kind == TypeKind::kUlid);
  return !type.nullable && default_value == nullptr && automatic == Auto::kNone && !tenant &&
         !namespace_label && !lock && !computed && !generated;
}

const Field* Entity::FindField(std::string_view field_name) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& field) { return field.name == field_name; });
  return found == fields.end() ? nullptr : &*found;
}

const Relation* Entity::FindRelation(std::string_view relation_name) const {
  const auto found =
      std::find_if(relations.begin(), relations.end(),
                   [&](const Relation& relation) { return relation.name == relation_name; });
  return found == relations.end() ? nullptr : &*found;
}

std::vector<const Event*> Entity::FindEvent(std::string_view event_name) const {
  std::vector<const Event*> out;
  for (const Event& event : events) {
    if (event.name == event_name) out.push_back(&event);
  }
  return out;
}

const Entity* Model::FindEntity(std::string_view name) const {
  const auto found = std::find_if(entities.begin(), entities.end(),
                                  [&](const auto& entity) { return entity->name == name; });
  return found == entities.end() ? nullptr : found->get();
}

const Entity* Model::FindTable(std::string_view table) const {
  const auto found = std::find_if(entities.begin(), entities.end(),
                                  [&](const auto& entity) { return entity->table == table; });
  return found == entities.end() ? nullptr : found->get();
}

const View* Model::FindView(std::string_view name) const {
  const auto found = std::find_if(views.begin(), views.end(),
                                  [&](const auto& view) { return view->name == name; });
  return found == views.end() ? nullptr : found->get();
}

std::vector<const Entity*> Model::ByDependency() const {
  // Kahn's algorithm; of those that are ready, the one declared first is taken.
  std::unordered_map<const Entity*, std::size_t> place;
  for (const auto& entity : entities) place.emplace(entity.get(), place.size());
  std::vector<std::size_t> waits(entities.size(), 0);
  std::vector<std::vector<std::size_t>> waiting(entities.size());
  for (std::size_t i = 0; i < entities.size(); ++i) {
    for (const Field& field : entities[i]->fields) {
      if (!field.reference || field.reference->target == entities[i].get()) continue;
      ++waits[i];
      waiting[place.at(field.reference->target)].push_back(i);
    }
  }
  std::set<std::size_t> ready;
  for (std::size_t i = 0; i < waits.size(); ++i) {
    if (waits[i] == 0) ready.insert(i);
  }
  std::vector<const Entity*> out;
  while (!ready.empty()) {
    const std::size_t first = *ready.begin();
    ready.erase(ready.begin());
    out.push_back(entities[first].get());
    for (const std::size_t other : waiting[first]) {
      if (--waits[other] == 0) ready.insert(other);
    }
  }
  return out;  // shorter than all when references form a circle, which the checker refuses
}

}  // namespace tenon::model

#include "model/model.h"

#include <algorithm>
#include <unordered_set>

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
  const auto found = std::find_if(relations.begin(), relations.end(), [&](const Relation& relation) {
    return relation.name == relation_name;
  });
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
  std::vector<const Entity*> out;
  std::unordered_set<const Entity*> placed;
  // Takes the first entity, by declaration, whose targets all stand already; again from the start,
  // so that ties stay in order. Few enough for the square of their number.
  while (out.size() < entities.size()) {
    const std::size_t before = out.size();
    for (const auto& entity : entities) {
      if (placed.contains(entity.get())) continue;
      const bool ready = std::all_of(
          entity->fields.begin(), entity->fields.end(), [&](const Field& field) {
            return !field.reference || field.reference->target == entity.get() ||
                   placed.contains(field.reference->target);
          });
      if (!ready) continue;
      placed.insert(entity.get());
      out.push_back(entity.get());
    }
    if (out.size() == before) break;  // a circle, which the checker refuses
  }
  return out;
}

}  // namespace tenon::model

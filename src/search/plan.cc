#include "search/plan.h"

#include <algorithm>

#include "base/hash.h"
#include "engine/plan.h"
#include "model/check.h"

namespace tenon::search {
namespace {

constexpr double kLabelWeight = 4;
constexpr double kNameWeight = 3;     // unique names: qualified_name, slugs
constexpr double kRelatedWeight = 2;  // tags and other rows' fields
constexpr double kTextWeight = 1;

bool IsSecretive(const model::Expression& path) {
  const model::Field* field = path.path.field;
  return field == nullptr || field->hidden || field->redact || field->IsSecret() ||
         path.type.kind == model::TypeKind::kSecret;
}

// The field by which people know a row.
std::string LabelOf(const model::Entity& entity, const std::vector<SearchField>& fields) {
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(fields, [&](const SearchField& f) { return f.name == name; });
  };
  if (entity.node_label != nullptr && has(entity.node_label->name)) return entity.node_label->name;
  for (const char* name : {"name", "title", "properties.name"}) {
    if (has(name)) return name;
  }
  return fields.front().name;
}

void Weigh(const model::Entity& entity, std::vector<SearchField>& fields) {
  const std::string label = LabelOf(entity, fields);
  for (SearchField& field : fields) {
    const model::Path& path = field.path->path;
    field.label = field.name == label;
    field.name_like = field.label || (path.hops.empty() && path.json_path.empty() &&
                                      path.field->unique && path.field->type.IsTextLike());
    field.weight = field.label          ? kLabelWeight
                   : field.name_like    ? kNameWeight
                   : !path.hops.empty() ? kRelatedWeight
                                        : kTextWeight;
  }
  std::ranges::stable_sort(fields, std::greater{}, &SearchField::weight);
}

}  // namespace

const SearchFacet* SearchPlan::FindFacet(std::string_view name) const {
  for (const SearchFacet& facet : facets) {
    if (facet.name == name) return &facet;
  }
  return nullptr;
}

Result<SearchPlans> SearchPlans::Of(const model::Model& model) {
  SearchPlans plans;
  for (const auto& entity : model.entities) TRY(plans.Add(model, *entity));
  std::string text;
  for (const auto& plan : plans.plans_) {
    text += plan->entity->table;
    for (const SearchField& field : plan->fields) {
      text += "\nfield " + field.name + (field.name_like ? " name" : "") +
              (field.label ? " label" : "");
    }
    for (const SearchFacet& facet : plan->facets) text += "\nfacet " + facet.name;
    text += '\n';
    plans.AddDependents(*plan);
  }
  plans.digest_ = ToHex(Sha256(text));
  return plans;
}

Result<void> SearchPlans::Add(const model::Model& model, const model::Entity& entity) {
  auto plan = std::make_unique<SearchPlan>();
  plan->entity = &entity;
  plan->type_name = TypeName(entity);
  const auto path_of = [&](const std::string& name) {
    return model::CheckSearchPath(model, entity, name);
  };
  for (const model::Field& field : entity.fields) {
    if (!field.search && !field.facet) continue;
    auto path = TRY(path_of(field.name));
    if (IsSecretive(*path)) continue;
    if (field.search) plan->fields.push_back({field.name, path});
    if (field.facet && plan->facets.size() < kFacetsMax) {
      plan->facets.push_back({field.name, path});
    }
  }
  for (const std::string& name : entity.search_paths) {
    auto path = TRY(path_of(name));
    if (IsSecretive(*path)) continue;
    if (path->path.IsToMany() && plan->facets.size() < kFacetsMax) {
      plan->facets.push_back({name, path});
    }
    plan->fields.push_back({name, std::move(path)});
  }
  if (plan->fields.empty()) return {};
  Weigh(entity, plan->fields);
  if (plan->fields.size() > kFieldsMax) plan->fields.resize(kFieldsMax);
  plans_.push_back(std::move(plan));
  return {};
}

void SearchPlans::AddDependents(const SearchPlan& plan) {
  for (const SearchField& field : plan.fields) AddDependent(plan, field.path->path);
  for (const SearchFacet& facet : plan.facets) AddDependent(plan, facet.path->path);
}

// tags.name and tags.category go the same way: that is one dependent with two fields.
void SearchPlans::AddDependent(const SearchPlan& plan, const model::Path& path) {
  std::vector<model::Hop> hops;
  for (std::size_t i = 0; i < path.hops.size(); ++i) {
    const model::Relation& relation = *path.hops[i].relation;
    hops.push_back(path.hops[i]);
    const auto of_row = [&](const model::Entity& entity, bool through_row) -> Dependent& {
      auto& dependents = dependents_[TypeName(entity)];
      for (Dependent& known : dependents) {
        if (known.plan == &plan && known.through_row == through_row &&
            std::ranges::equal(known.hops, hops, {}, &model::Hop::relation,
                               &model::Hop::relation)) {
          return known;
        }
      }
      return dependents.emplace_back(Dependent{&plan, hops, through_row, {}});
    };
    if (relation.through != nullptr) of_row(*relation.through, true);
    Dependent& target = of_row(*relation.target, false);
    const model::Field* read = path.field;
    if (i + 1 < path.hops.size()) {
      const model::Relation& next = *path.hops[i + 1].relation;
      read = next.kind == model::Relation::Kind::kForward ? next.field : nullptr;
    }
    if (read != nullptr) target.fields.push_back(read);
    if (relation.kind == model::Relation::Kind::kBackward) target.fields.push_back(relation.field);
  }
}

const SearchPlan* SearchPlans::Find(const model::Entity& entity) const {
  for (const auto& plan : plans_) {
    if (plan->entity == &entity) return plan.get();
  }
  return nullptr;
}

const SearchPlan* SearchPlans::FindTable(std::string_view table) const {
  for (const auto& plan : plans_) {
    if (plan->entity->table == table) return plan.get();
  }
  return nullptr;
}

const SearchPlan* SearchPlans::FindType(std::string_view type_name) const {
  for (const auto& plan : plans_) {
    if (plan->type_name == type_name) return plan.get();
  }
  return nullptr;
}

const std::vector<Dependent>& SearchPlans::DependentsOf(std::string_view type_name) const {
  static const std::vector<Dependent> kNone;
  const auto found = dependents_.find(std::string(type_name));
  return found == dependents_.end() ? kNone : found->second;
}

std::vector<std::string> SearchPlans::Types() const {
  std::vector<std::string> types;
  for (const auto& plan : plans_) types.push_back(plan->type_name);
  for (const auto& [type, dependents] : dependents_) types.push_back(type);
  std::ranges::sort(types);
  types.erase(std::ranges::unique(types).begin(), types.end());
  return types;
}

}  // namespace tenon::search

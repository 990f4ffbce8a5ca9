// References and the relations that they give.
#include <fmt/format.h>

#include <algorithm>

#include "model/builder.h"

namespace tenon::model {
namespace {

// The one field of the target's key that a reference holds: the tenant column is implied.
const Field* KeyToReference(const Entity& target) {
  std::vector<const Field*> fields;
  for (const Field* field : target.key) {
    if (!field->tenant || target.key.size() == 1) fields.push_back(field);
  }
  return fields.size() == 1 ? fields.front() : nullptr;
}

std::string ForwardName(const Entity& entity, const Field& field) {
  const std::string& name = field.name;
  if (name.size() > 3 && name.ends_with("_id")) {
    std::string shorter = name.substr(0, name.size() - 3);
    if (entity.FindField(shorter) == nullptr) return shorter;
  }
  return name;
}

}  // namespace

void Builder::BuildReferences(Work& work) {
  for (std::size_t i = 0; i < work.entity->fields.size(); ++i) {
    const ast::Field* ast = work.field_asts[i];
    if (ast != nullptr && ast->reference) BuildReference(work, work.entity->fields[i], *ast);
  }
}

void Builder::BuildReference(Work& work, Field& field, const ast::Field& ast) {
  const ast::Reference& reference = *ast.reference;
  Work* target_work = FindWork(reference.target, "entity");
  if (target_work == nullptr) return;
  Entity& target = *target_work->entity;
  const Span at = reference.target.span;
  if (work.entity->global && !target.global) {
    Report(at, fmt::format("a global entity cannot reference {}, whose rows belong to tenants",
                           target.name));
  }
  const Field* key = KeyToReference(target);
  if (key == nullptr) {
    if (!target.key.empty()) {
      Report(at, fmt::format("the key of {} has several fields, one column cannot reference it",
                             target.name));
    }
    return;
  }
  if (key->type.kind != field.type.kind) {
    Report(ast.type.span, fmt::format("'{}' is {}, but the key of {} is {}", field.name,
                                      ToString(field.type), target.name, ToString(key->type)));
  }
  Reference out;
  out.target = &target;
  out.reverse = reference.reverse.text;
  const std::string& rule = reference.on_delete.text;
  if (rule == "cascade") {
    out.on_delete = OnDelete::kCascade;
  } else if (rule == "null") {
    out.on_delete = OnDelete::kNull;
    if (!field.type.nullable) {
      Report(reference.on_delete.span, fmt::format("'{}' cannot become null", field.name),
             "a ? after its type would allow it");
    }
  } else if (reference.on_delete && rule != "restrict") {
    out.on_delete = OnDelete::kEvent;
    out.on_delete_event = rule;
  }
  target.referenced = true;
  field.reference = std::move(out);
}

Builder::Work& Builder::WorkOf(const Entity& entity) { return *types_.at(entity.name).work; }

bool Builder::AddRelation(Work& work, Relation relation, Span span) {
  Entity& entity = *work.entity;
  if (const Field* field = entity.FindField(relation.name);
      field != nullptr && relation.field != field) {
    Report(span, fmt::format("the relation '{}' would hide the field of {} with that name: {}",
                             relation.name, entity.name, Place(field->span)));
    return false;
  }
  const auto [known, fresh] = work.relation_names.emplace(relation.name, span);
  if (!fresh) {
    ReportClash(span, fmt::format("a relation of {}", entity.name), relation.name, known->second);
    return false;
  }
  entity.relations.push_back(std::move(relation));
  return true;
}

void Builder::BuildForward(Work& work) {
  Entity& entity = *work.entity;
  for (const Field& field : entity.fields) {
    if (!field.reference) continue;
    Relation relation;
    relation.kind = Relation::Kind::kForward;
    relation.name = ForwardName(entity, field);
    relation.source = &entity;
    relation.target = field.reference->target;
    relation.field = &field;
    AddRelation(work, std::move(relation), field.span);
  }
}

// The named ones of all entities first: a made name gives way.
void Builder::BuildBackward(Work& work, bool named) {
  Entity& entity = *work.entity;
  for (const Field& field : entity.fields) {
    if (!field.reference || field.reference->reverse.empty() == named) continue;
    Work& target_work = WorkOf(*field.reference->target);
    const Entity& target = *target_work.entity;
    Relation relation;
    relation.kind = Relation::Kind::kBackward;
    relation.source = &target;
    relation.target = &entity;
    relation.field = &field;
    relation.name = field.reference->reverse;
    if (!named) {
      relation.name = entity.table;
      const auto taken = [&] {
        return target.FindField(relation.name) != nullptr ||
               target_work.relation_names.contains(relation.name);
      };
      if (taken()) relation.name = entity.table + "_" + field.name;
    }
    const ast::Field* ast = work.field_asts[static_cast<std::size_t>(field.index)];
    const bool written = named && ast != nullptr && ast->reference;
    AddRelation(target_work, std::move(relation),
                written ? ast->reference->reverse.span : field.span);
  }
}

void Builder::BuildMany(Work& work, const ast::Many& many) {
  Work* target = FindWork(many.target, "entity");
  Work* through = FindWork(many.through, "entity");
  if (target == nullptr || through == nullptr) return;
  Relation relation;
  relation.kind = Relation::Kind::kThrough;
  relation.name = many.name.text;
  relation.source = work.entity;
  relation.target = target->entity;
  relation.through = through->entity;
  int near = 0;
  int far = 0;
  for (const Field& field : through->entity->fields) {
    if (!field.reference || field.tenant) continue;
    // Between rows of one entity the first reference is this side.
    const bool to_source = field.reference->target == work.entity;
    const bool to_target = field.reference->target == target->entity;
    if (!to_source && !to_target) continue;
    if (field.automatic != Auto::kNone) continue;  // who wrote it is not what it joins
    if (to_source && (!to_target || near == 0)) {
      relation.near = &field;
      ++near;
    } else {
      relation.far = &field;
      ++far;
    }
  }
  if (near != 1 || far != 1) {
    Report(many.through.span, fmt::format("{} needs exactly one reference to {} and one to {}",
                                          many.through.text, work.entity->name, many.target.text));
    return;
  }
  AddRelation(work, std::move(relation), many.name.span);
}

void Builder::CheckCircles() {
  const auto ordered = model_->ByDependency();
  if (ordered.size() == model_->entities.size()) return;
  std::set<const Entity*> placed(ordered.begin(), ordered.end());
  // Following what is left from any of them comes round.
  const Entity* at = nullptr;
  for (const auto& entity : model_->entities) {
    if (!placed.contains(entity.get())) {
      at = entity.get();
      break;
    }
  }
  std::vector<const Entity*> seen;
  const Field* last = nullptr;
  while (std::find(seen.begin(), seen.end(), at) == seen.end()) {
    seen.push_back(at);
    for (const Field& field : at->fields) {
      if (!field.reference || field.reference->target == at) continue;
      if (placed.contains(field.reference->target)) continue;
      last = &field;
      break;
    }
    at = last->reference->target;
  }
  std::string circle;
  for (auto it = std::find(seen.begin(), seen.end(), at); it != seen.end(); ++it) {
    circle += (*it)->name + " -> ";
  }
  Report(last->span, fmt::format("references go round in a circle: {}{}", circle, at->name),
         "no order of the tables could create them");
}

}  // namespace tenon::model

#include "engine/plan.h"

#include <cctype>

#include "record/array_text.h"
#include "record/column.h"

namespace tenon {
namespace {

std::string Placeholder(Dialect dialect, std::size_t number) {
  return (dialect == Dialect::kSqlite ? "?" : "$") + std::to_string(number);
}

std::vector<UniqueKey> UniqueKeys(const model::Entity& entity, const EntityPlan& plan) {
  std::vector<UniqueKey> keys = {{plan.key_in_url}};
  for (const model::Field& field : entity.fields) {
    if (field.unique && !field.key) keys.push_back({{&field}});
  }
  for (const model::Index& index : entity.indexes) {
    if (!index.unique) continue;
    UniqueKey key{{}, index.where.get()};
    bool plain = true;
    for (const model::IndexColumn& column : index.columns) {
      plain = plain && column.field != nullptr && column.json_path.empty();
      if (plain && column.field != entity.tenant) key.fields.push_back(column.field);
    }
    if (plain && !key.fields.empty()) keys.push_back(std::move(key));
  }
  return keys;
}

std::vector<const model::Field*> ComputedKey(const model::Entity& entity) {
  if (!entity.idempotency) return {};
  if (entity.idempotency->field != nullptr) return {entity.idempotency->field};
  return entity.idempotency->fields;
}

EntityPlan MakePlan(const model::Entity& entity, Dialect dialect) {
  EntityPlan plan;
  plan.entity = &entity;
  plan.type_name = TypeName(entity);
  std::string values;
  for (const model::Field& field : entity.fields) {
    if (!plan.columns.empty()) plan.columns += ", ", values += ", ";
    plan.columns += QuoteName(field.name);
    values += Placeholder(dialect, static_cast<std::size_t>(field.index) + 1);
    if (field.IsSecret()) plan.has_secrets = true;
    if (field.automatic == model::Auto::kUpdated) plan.updated = &field;
    // Columns that the engine fills with the actor are left to the foreign key: authentication has
    // just vouched for it.
    const bool actor =
        field.automatic == model::Auto::kCreator || field.automatic == model::Auto::kUpdater;
    if (field.reference && field.reference->target->soft_delete && !actor) {
      plan.live_references.push_back(&field);
    }
  }
  for (const model::Event& event : entity.events) plan.has_quiet_events |= event.quiet;
  const std::string table = QuoteName(entity.table);
  plan.insert = "INSERT INTO " + table + " (" + plan.columns + ") VALUES (" + values + ")";
  plan.select = "SELECT " + plan.columns + " FROM " + table;
  std::size_t number = 0;
  for (const model::Field* field : entity.key) {
    if (field == entity.tenant) {
      plan.tenant_in_key = true;
      // Tenants: the key is the tenant itself, and is in the URL.
      if (entity.key.size() > 1) continue;
    }
    plan.key_in_url.push_back(field);
    plan.by_key += (number == 0 ? " WHERE " : " AND ") + QuoteName(field->name) + " = ";
    plan.by_key += Placeholder(dialect, ++number);
  }
  plan.unique_keys = UniqueKeys(entity, plan);
  plan.computed_key = ComputedKey(entity);
  if (entity.tenant != nullptr) {
    plan.by_key +=
        " AND " + QuoteName(entity.tenant->name) + " = " + Placeholder(dialect, ++number);
  }
  // On PostgreSQL a row that is loaded to be changed is locked at once: who comes second waits here
  // and starts anew, instead of failing at its last statement. Inserts of references take KEY
  // SHARE, which only a delete excludes; taking it with the look at the target makes "it is there"
  // hold.
  const bool locks = dialect == Dialect::kPostgres;
  plan.load = plan.select + plan.by_key;
  if (dialect == Dialect::kPostgres && plan.key_in_url.size() == 1) {
    plan.load_each = LookUpEach(plan, *plan.key_in_url.front());
  }
  plan.load_to_update = plan.load + (locks ? " FOR NO KEY UPDATE" : "");
  plan.load_to_delete = plan.load + (locks ? " FOR UPDATE" : "");
  if (entity.soft_delete) {
    plan.live = "SELECT " + QuoteName(entity.soft_delete->field->name) + " FROM " + table +
                plan.by_key + (locks ? " FOR KEY SHARE" : "");
  }
  return plan;
}

}  // namespace

std::string LookUpEach(const EntityPlan& plan, const model::Field& field) {
  std::string sql = "SELECT t.*, k.n FROM unnest($1::" + ArrayTypeOf(field.type) +
                    ") WITH ORDINALITY AS k (v, n) CROSS JOIN LATERAL (" + plan.select + " WHERE " +
                    QuoteName(field.name) + " = k.v";
  if (plan.entity->tenant != nullptr) {
    sql += " AND " + QuoteName(plan.entity->tenant->name) + " = $2";
  }
  return sql + " OFFSET 0) AS t";
}

std::string TypeName(const model::Entity& entity) {
  std::string name;
  for (const char c : entity.name) {
    if (std::isupper(static_cast<unsigned char>(c)) && !name.empty()) name += '_';
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

Plans::Plans(const model::Model& model, Dialect dialect) {
  for (const auto& entity : model.entities) {
    plans_.emplace(entity.get(), MakePlan(*entity, dialect));
    referrers_[entity.get()];
  }
  for (auto& [entity, plan] : plans_) by_type_[plan.type_name] = &plan;
  for (const auto& entity : model.entities) {
    for (const model::Field& field : entity->fields) {
      if (!field.reference) continue;
      model::Relation relation;
      relation.kind = model::Relation::Kind::kBackward;
      relation.name = field.reference->reverse;
      relation.source = field.reference->target;
      relation.target = entity.get();
      relation.field = &field;
      referrers_[field.reference->target].push_back(std::move(relation));
    }
  }
}

const EntityPlan* Plans::ByTypeName(std::string_view name) const {
  const auto found = by_type_.find(std::string(name));
  return found == by_type_.end() ? nullptr : found->second;
}

}  // namespace tenon

// What the engine needs to know of each entity again and again, worked out once from the model:
// statement texts, which references must be looked at, who refers to it.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "model/model.h"
#include "record/sql.h"

namespace tenon {

// Fields of which no two live rows of a tenant may have the same values.
struct UniqueKey {
  std::vector<const model::Field*> fields;   // the tenant left out
  const model::Expression* where = nullptr;  // only among rows for which it holds
};

struct EntityPlan {
  const model::Entity* entity = nullptr;
  std::string type_name;       // "WORKFLOW_EXECUTION": audits.entity_type and the cache key
  std::string columns;         // "a", "b", ... of every field, for SELECT and INSERT
  std::string insert;          // INSERT of all fields in order
  std::string select;          // SELECT columns FROM table
  std::string load;            // select and by_key
  std::string load_to_update;  // the same, locking the row where that is needed
  std::string load_to_delete;
  std::string load_each;       // LookUpEach by the key, where it is one field
  std::string live;            // SELECT what tells a soft delete WHERE by_key; empty: no such
  std::string by_key;          // WHERE key = $1.. [AND tenant = $n]; tenant last
  bool tenant_in_key = false;  // the tenant is part of the key, or is the key itself
  std::vector<const model::Field*> key_in_url;       // the key without a tenant column
  std::vector<const model::Field*> live_references;  // targets can be softly deleted: look first
  std::vector<UniqueKey> unique_keys;                // the key first
  std::vector<const model::Field*> computed_key;     // by which a create finds its repetition
  const model::Field* updated = nullptr;             // auto updated
  bool has_secrets = false;
  bool has_quiet_events = false;  // changes that have no log row
};

// Built once; immutable.
class Plans {
 public:
  Plans(const model::Model& model, Dialect dialect);
  [[nodiscard]] const EntityPlan& Of(const model::Entity& entity) const {
    return plans_.at(&entity);
  }
  // By audits.entity_type; null when there is none.
  [[nodiscard]] const EntityPlan* ByTypeName(std::string_view name) const;
  // Relations from any entity to this one, also those without a name of their own.
  [[nodiscard]] const std::vector<model::Relation>& Referrers(const model::Entity& entity) const {
    return referrers_.at(&entity);
  }

 private:
  std::unordered_map<const model::Entity*, EntityPlan> plans_;
  std::unordered_map<const model::Entity*, std::vector<model::Relation>> referrers_;
  std::unordered_map<std::string, const EntityPlan*> by_type_;
};

// PostgreSQL: SELECT of `columns` of the rows whose `field` is one of $1 (record/array_text.h), in
// the tenant $2 where the entity has one, and in the last column which of $1 each was found by,
// from
// 1. Looks each up by itself whatever the statistics say: with a plan made for a table that was
// empty then, one look at a list of keys would read all rows.
std::string LookUpEach(const EntityPlan& plan, const model::Field& field);

// "WorkflowExecution" -> "WORKFLOW_EXECUTION", as the seeds' audits print types.
std::string TypeName(const model::Entity& entity);

}  // namespace tenon

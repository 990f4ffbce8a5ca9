// A row in memory: one Value for each field of its entity, in the order of Entity::fields.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "model/model.h"

namespace tenon {

struct Record {
  const model::Entity* entity = nullptr;
  std::vector<Value> values;

  Record() = default;
  explicit Record(const model::Entity& e) : entity(&e), values(e.fields.size()) {}
  [[nodiscard]] Value& at(const model::Field& field) {
    return values[static_cast<std::size_t>(field.index)];
  }
  [[nodiscard]] const Value& at(const model::Field& field) const {
    return values[static_cast<std::size_t>(field.index)];
  }
};

// The fields that name a row inside its tenant: the key without the tenant's column.
std::vector<const model::Field*> KeyFields(const model::Entity& entity);

// The text of a key as it stands in a URL: the field's own text; composite keys (KeyFields) joined
// by '~', before which and before itself '!' escapes inside them.
std::string KeyText(const Record& record);

// The values of KeyFields from their URL text; kNotFound when it cannot be one (not a UUID, wrong
// count).
Result<std::vector<Value>> ParseKey(const model::Entity& entity, std::string_view text);

// The UUID that stands for the row in audits and fsm_transitions: its own, a ULID's 128 bits, else
// UUIDv5 of the canonical key (LANGUAGE.md, "Tenancy, keys, references").
Uuid EntityId(const Record& record);

}  // namespace tenon

// What a command will ask of the store, told beforehand. The pipeline itself stays plain: it asks
// one thing after the other, and what was expected is answered from the first round trip. A guess
// that is wrong costs a query that nobody reads.
#include "base/json.h"
#include "engine/row_writer.h"

namespace tenon {
namespace {

// The values that a body gives to references, as far as they can be told without decoding it.
std::optional<Value> GivenReference(const model::Field& field, const json::object& body) {
  const json::value* given = body.if_contains(field.name);
  if (given == nullptr || !given->is_string()) return std::nullopt;
  const std::string_view text = given->as_string();
  if (field.type.kind == model::TypeKind::kText || field.type.kind == model::TypeKind::kUlid) {
    return Value(text);
  }
  if (field.type.kind != model::TypeKind::kUuid) return std::nullopt;
  const auto id = Uuid::Parse(text);
  return id ? std::optional<Value>(*id) : std::nullopt;
}

}  // namespace

void RowWriter::Expect(Reader& reader, const Caller& caller, const Command& command,
                       const PreparedCreate* prepared) const {
  const Uuid tenant = command.entity->tenant == nullptr ? options_.system_tenant : caller.tenant;
  if (ActorIn(caller, tenant) == ServiceUserOf(tenant)) ExpectServiceUser(reader, tenant);
  if (prepared != nullptr) {
    ExpectCreate(reader, command, prepared->decoded);
  } else {
    ExpectChange(reader, caller, command);
  }
}

void RowWriter::ExpectServiceUser(Reader& reader, const Uuid& tenant) const {
  const model::Entity* users = deps_.model->FindTable("users");
  if (users == nullptr || tenants_.HasServiceUser(tenant)) return;
  const Value key(ServiceUserOf(tenant));
  ExpectRow(reader, plans_.Of(*users), std::span(&key, 1), tenant);
}

void RowWriter::ExpectCreate(Reader& reader, const Command& command, const Decoded& decoded) const {
  const Record& row = decoded.record;
  const model::Entity& entity = *row.entity;
  for (const model::Field* field : plans_.Of(entity).live_references) {
    if (row.at(*field).IsNull()) continue;
    ExpectLive(reader, plans_.Of(*field->reference->target), row.at(*field), TenantOf(row));
  }
  if (entity.tenant != nullptr && entity.table != "tenants") {
    tenants_.Expect(reader, entity, TenantOf(row));
  }
  ExpectComputed(reader, row);
  if (command.upsert) ExpectUnique(reader, decoded);
}

void RowWriter::ExpectChange(Reader& reader, const Caller& caller, const Command& command) const {
  const model::Entity& entity = *command.entity;
  const EntityPlan& plan = plans_.Of(entity);
  const auto key = ParseKey(entity, command.id);
  if (!key) return;
  const bool deletes = command.op == Command::Op::kDelete;
  ExpectRow(reader, plan, *key, caller.tenant, deletes ? Lock::kDelete : Lock::kUpdate);
  for (const model::Field* field : plan.live_references) {
    if (const auto value = GivenReference(*field, command.body)) {
      ExpectLive(reader, plans_.Of(*field->reference->target), *value, caller.tenant);
    }
  }
  if (!deletes || key->size() != 1) return;
  for (const model::Relation& referrer : plans_.Referrers(entity)) {
    if (Detaches(referrer, entity.soft_delete.has_value())) {
      ExpectReferrers(reader, caller.tenant, referrer, *key);
    }
  }
}

}  // namespace tenon

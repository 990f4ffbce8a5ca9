// Broken constraints told in the words of the model.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "engine/row_writer.h"

namespace tenon {
namespace {

std::string FieldsOf(const std::vector<const model::Field*>& fields) {
  std::string names;
  for (const model::Field* field : fields) names += (names.empty() ? "" : ", ") + field->name;
  return names;
}

std::vector<const model::Field*> NamedFields(const model::Entity& entity, const Error& error) {
  std::vector<const model::Field*> fields;
  const json::value* columns = error.details.if_contains("columns");
  if (columns == nullptr || !columns->is_array()) return fields;
  for (const json::value& column : columns->as_array()) {
    if (!column.is_string()) continue;
    const model::Field* field = entity.FindField(std::string_view(column.as_string()));
    if (field != nullptr && field != entity.tenant) fields.push_back(field);
  }
  return fields;
}

// Fields of which no two rows of a tenant may have the same values.
struct UniqueKey {
  std::vector<const model::Field*> fields;   // the tenant left out
  const model::Expression* where = nullptr;  // only for rows for which it holds
};

// The values of these fields; nullopt when one is null, which equals nothing.
std::optional<std::vector<Value>> AllOf(const Record& row,
                                        const std::vector<const model::Field*>& fields) {
  if (fields.empty()) return std::nullopt;
  std::vector<Value> values;
  for (const model::Field* field : fields) {
    if (row.at(*field).IsNull()) return std::nullopt;
    values.push_back(row.at(*field));
  }
  return values;
}

std::vector<const model::Field*> ComputedKey(const model::Idempotency& idempotency) {
  if (idempotency.field != nullptr) return {idempotency.field};
  return idempotency.fields;
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

}  // namespace

Error RowWriter::Explain(Reader& reader, const Record& row, Error error) const {
  const json::value* constraint = error.details.if_contains("constraint");
  if (error.code != Code::kConflict || constraint == nullptr) return error;
  const model::Entity& entity = *row.entity;
  Error explained(Code::kConflict, error.message);
  if (const json::value* index = error.details.if_contains("index")) {
    explained.details["index"] = *index;
  }
  if (constraint->as_string() == "unique") {
    const auto fields = NamedFields(entity, error);
    explained.message =
        fmt::format("{} has a row with the same {}", entity.table, FieldsOf(fields));
    const auto present = FindConflicting(reader, row, error);
    if (present && *present) {
      explained.details["existing"] = KeyText(**present);
      explained.message += ": " + KeyText(**present);
    }
    for (const model::Field* field : fields) {
      explained.fields.push_back({field->name, "unique", "is taken"});
    }
  } else if (constraint->as_string() == "reference") {
    explained.message = "it refers to a row that is not there";
    for (const model::Field& field : entity.fields) {
      if (!field.reference || row.at(field).IsNull()) continue;
      const Value& value = row.at(field);
      const model::Entity& target = *field.reference->target;
      const auto found = LoadRow(reader, plans_.Of(target), std::span(&value, 1), TenantOf(row));
      if (found && !*found) {
        explained.fields.push_back(
            {field.name, "reference",
             fmt::format("there is no {} {}", target.table, Describe(value))});
      }
    }
  } else {
    return error;
  }
  return explained;
}

Result<std::optional<Record>> RowWriter::FindSame(
    Reader& reader, const Record& row, const std::vector<const model::Field*>& fields) const {
  const auto values = AllOf(row, fields);
  if (!values) return std::optional<Record>{};
  auto found = TRY(LoadWhere(reader, plans_.Of(*row.entity), fields, *values, TenantOf(row), 10));
  // Softly deleted rows do not take part in unique keys.
  for (Record& candidate : found) {
    if (!IsDeleted(candidate)) return std::optional<Record>(std::move(candidate));
  }
  return std::optional<Record>{};
}

Result<std::optional<Record>> RowWriter::FindConflicting(Reader& reader, const Record& row,
                                                         const Error& error) const {
  return FindSame(reader, row, NamedFields(*row.entity, error));
}

Result<std::optional<Record>> RowWriter::FindAnyUnique(WriteContext& context,
                                                       const Record& row) const {
  for (const UniqueKey& key : UniqueKeys(*row.entity, plans_.Of(*row.entity))) {
    if (key.where != nullptr && !TRY(Holds(*key.where, EvalFor(context, row, nullptr)))) continue;
    auto found = TRY(FindSame(context.transaction, row, key.fields));
    if (!found) continue;
    if (key.where != nullptr && !TRY(Holds(*key.where, EvalFor(context, *found, nullptr))))
      continue;
    return found;
  }
  return std::optional<Record>{};
}

void RowWriter::ExpectUnique(WriteContext& context, const Record& row) const {
  for (const UniqueKey& key : UniqueKeys(*row.entity, plans_.Of(*row.entity))) {
    if (const auto values = AllOf(row, key.fields)) {
      ExpectWhere(context.transaction, plans_.Of(*row.entity), key.fields, *values, TenantOf(row),
                  10);
    }
  }
}

void RowWriter::ExpectComputed(WriteContext& context, const Record& row) const {
  if (!row.entity->idempotency) return;
  const auto fields = ComputedKey(*row.entity->idempotency);
  if (const auto values = AllOf(row, fields)) {
    ExpectWhere(context.transaction, plans_.Of(*row.entity), fields, *values, TenantOf(row), 10);
  }
}

Result<std::optional<Record>> RowWriter::FindComputed(WriteContext& context, const Record& row) {
  if (!row.entity->idempotency) return std::optional<Record>{};
  return FindSame(context.transaction, row, ComputedKey(*row.entity->idempotency));
}

}  // namespace tenon

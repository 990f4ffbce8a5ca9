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
  auto found = TRY(LoadSame(reader, plans_.Of(*row.entity), fields, *values, TenantOf(row)));
  if (found.empty()) return std::optional<Record>{};
  return std::optional<Record>(std::move(found.front()));
}

Result<std::optional<Record>> RowWriter::FindConflicting(Reader& reader, const Record& row,
                                                         const Error& error) const {
  return FindSame(reader, row, NamedFields(*row.entity, error));
}

Result<std::optional<Record>> RowWriter::FindAnyUnique(WriteContext& context,
                                                       const Decoded& decoded) const {
  const Record& row = decoded.record;
  const EntityPlan& plan = plans_.Of(*row.entity);
  for (const UniqueKey& key : plan.unique_keys) {
    if (decoded.fresh_key && key.fields == plan.key_in_url) continue;
    if (key.where != nullptr && !TRY(Holds(*key.where, EvalFor(context, row, nullptr)))) continue;
    const auto values = AllOf(row, key.fields);
    if (!values) continue;
    for (Record& found :
         TRY(LoadSame(context.transaction, plan, key.fields, *values, TenantOf(row)))) {
      if (key.where == nullptr || TRY(Holds(*key.where, EvalFor(context, found, nullptr)))) {
        return std::optional<Record>(std::move(found));
      }
    }
  }
  return std::optional<Record>{};
}

void RowWriter::ExpectUnique(Reader& reader, const Decoded& decoded) const {
  const Record& row = decoded.record;
  const EntityPlan& plan = plans_.Of(*row.entity);
  for (const UniqueKey& key : plan.unique_keys) {
    if (decoded.fresh_key && key.fields == plan.key_in_url) continue;
    if (const auto values = AllOf(row, key.fields)) {
      ExpectSame(reader, plan, key.fields, *values, TenantOf(row));
    }
  }
}

void RowWriter::ExpectComputed(Reader& reader, const Record& row) const {
  const EntityPlan& plan = plans_.Of(*row.entity);
  if (const auto values = AllOf(row, plan.computed_key)) {
    ExpectSame(reader, plan, plan.computed_key, *values, TenantOf(row));
  }
}

Result<std::optional<Record>> RowWriter::FindComputed(WriteContext& context, const Record& row) {
  return FindSame(context.transaction, row, plans_.Of(*row.entity).computed_key);
}

}  // namespace tenon

#include "engine/load.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "record/array_text.h"

namespace tenon {
namespace {

const std::string& SelectRow(const EntityPlan& plan, Lock lock) {
  switch (lock) {
    case Lock::kNone:
      return plan.load;
    case Lock::kUpdate:
      return plan.load_to_update;
    case Lock::kDelete:
      return plan.load_to_delete;
  }
  return plan.load;
}

std::vector<Value> RowKey(const EntityPlan& plan, std::span<const Value> key, const Uuid& tenant) {
  std::vector<Value> parameters(key.begin(), key.end());
  if (plan.entity->tenant != nullptr) parameters.emplace_back(tenant);
  return parameters;
}

// PostgreSQL's type of a parameter that is compared with the field. Where all parameters say
// theirs, the store asks several look-ups as one (Reader::Expect). Empty for types that are seldom
// looked up.
std::string_view TypeOfParameter(Dialect dialect, const model::Field& field) {
  if (dialect != Dialect::kPostgres) return "";
  switch (field.type.kind) {
    case model::TypeKind::kUuid:
      return "::uuid";
    case model::TypeKind::kInt:
      return "::bigint";
    case model::TypeKind::kText:
    case model::TypeKind::kEnum:
    case model::TypeKind::kUlid:
    case model::TypeKind::kUrl:
      return "::text";
    default:
      return "";
  }
}

enum class Rows { kAll, kLive };

SqlBuilder SelectWhere(const Reader& reader, const EntityPlan& plan,
                       std::span<const model::Field* const> fields, std::span<const Value> values,
                       const Uuid& tenant, std::int64_t limit, Rows rows = Rows::kAll) {
  SqlBuilder sql(reader.dialect());
  sql << plan.select << " WHERE ";
  const auto equals = [&](const model::Field& field, const Value& value) {
    sql.Name(field.name) << " = ";
    sql.Bind(value) << TypeOfParameter(reader.dialect(), field);
  };
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) sql << " AND ";
    equals(*fields[i], values[i]);
  }
  if (plan.entity->tenant != nullptr) {
    sql << " AND ";
    equals(*plan.entity->tenant, Value(tenant));
  }
  if (rows == Rows::kLive && plan.entity->soft_delete) {
    sql << " AND ";
    AppendLive(*plan.entity, "", sql);
  }
  sql << " LIMIT " << std::to_string(limit);
  return sql;
}

// Values of one statement where each is a parameter; few sizes, so that few are prepared.
constexpr std::size_t kChunks[] = {128, 16, 1};

SqlBuilder SelectIn(const Reader& reader, const EntityPlan& plan, const model::Field& field,
                    std::span<const Value> values, const Uuid& tenant) {
  SqlBuilder sql(reader.dialect());
  ((sql << plan.select << " WHERE ").Name(field.name)) << " IN (";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) sql << ", ";
    sql.Bind(values[i]);
  }
  sql << ")";
  if (plan.entity->tenant != nullptr) {
    (sql << " AND ").Name(plan.entity->tenant->name) << " = ";
    sql.Bind(Value(tenant));
  }
  return sql;
}

// Those with the same values that a partial unique key lets be.
constexpr std::int64_t kSameMax = 10;

Topic TopicOf(const EntityPlan& plan, std::span<const model::Field* const> fields,
              std::span<const Value> values, const Uuid& tenant) {
  Topic topic = std::hash<std::string>()(plan.type_name);
  const auto add = [&topic](std::size_t hash) { topic = topic * 1099511628211ull + hash; };
  if (plan.entity->tenant != nullptr) add(std::hash<Uuid>()(tenant));
  for (std::size_t i = 0; i < fields.size() && i < values.size(); ++i) {
    add(static_cast<std::size_t>(fields[i]->index));
    add(values[i].Hash());
  }
  return topic;
}

Result<std::vector<Record>> Load(Reader& reader, const EntityPlan& plan, const SqlBuilder& sql) {
  std::vector<Record> found;
  TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
    found.push_back(TRY(RecordOf(row, *plan.entity)));
    return true;
  }));
  return found;
}

}  // namespace

Error NoSuchRow(const model::Entity& entity, std::string_view id) {
  std::string message = fmt::format("there is no {} {}", entity.table, Ellipsis(id, 80));
  if (!ParseKey(entity, id)) {
    std::string names, types;
    for (const model::Field* field : KeyFields(entity)) {
      names += (names.empty() ? "" : "~") + field->name;
      types += (types.empty() ? "" : "~") + ToString(field->type);
    }
    message += fmt::format("; its key is {} ({})", names, types);
  }
  return {Code::kNotFound, std::move(message)};
}

Result<Record> RecordOf(const Row& row, const model::Entity& entity) {
  Record record(entity);
  for (const model::Field& field : entity.fields) {
    auto value = row.Get(field.index, field.type);
    if (!value) return Fail(std::move(value).error().In(entity.table + "." + field.name));
    record.at(field) = *std::move(value);
  }
  return record;
}

Result<std::optional<Record>> LoadRow(Reader& reader, const EntityPlan& plan,
                                      std::span<const Value> key, const Uuid& tenant, Lock lock) {
  std::optional<Record> found;
  TRY(reader.Query(SelectRow(plan, lock), RowKey(plan, key, tenant),
                   [&](const Row& row) -> Result<bool> {
                     found = TRY(RecordOf(row, *plan.entity));
                     return false;
                   }));
  return found;
}

void ExpectRow(Reader& reader, const EntityPlan& plan, std::span<const Value> key,
               const Uuid& tenant, Lock lock) {
  reader.Expect(SelectRow(plan, lock), RowKey(plan, key, tenant),
                TopicOf(plan, plan.key_in_url, key, tenant));
}

Result<bool> IsLive(Reader& reader, const EntityPlan& plan, const Value& key, const Uuid& tenant) {
  const model::Field& field = *plan.entity->soft_delete->field;
  bool live = false;
  TRY(reader.Query(plan.live, RowKey(plan, std::span(&key, 1), tenant),
                   [&](const Row& row) -> Result<bool> {
                     Record record(*plan.entity);
                     record.at(field) = TRY(row.Get(0, field.type));
                     live = !IsDeleted(record);
                     return false;
                   }));
  return live;
}

void ExpectLive(Reader& reader, const EntityPlan& plan, const Value& key, const Uuid& tenant) {
  reader.Expect(plan.live, RowKey(plan, std::span(&key, 1), tenant),
                TopicOf(plan, plan.key_in_url, std::span(&key, 1), tenant));
}

Result<std::vector<Record>> LoadWhere(Reader& reader, const EntityPlan& plan,
                                      std::span<const model::Field* const> fields,
                                      std::span<const Value> values, const Uuid& tenant,
                                      std::int64_t limit) {
  return Load(reader, plan, SelectWhere(reader, plan, fields, values, tenant, limit));
}

void ExpectWhere(Reader& reader, const EntityPlan& plan,
                 std::span<const model::Field* const> fields, std::span<const Value> values,
                 const Uuid& tenant, std::int64_t limit) {
  const SqlBuilder sql = SelectWhere(reader, plan, fields, values, tenant, limit);
  reader.Expect(sql.text(), sql.parameters());
}

Result<std::vector<Record>> LoadMany(Reader& reader, const EntityPlan& plan,
                                     const model::Field& field, std::span<const Value> values,
                                     const Uuid& tenant) {
  std::vector<Record> found;
  const auto take = [&](const Row& row) -> Result<bool> {
    found.push_back(TRY(RecordOf(row, *plan.entity)));
    return true;
  };
  if (values.empty()) return found;
  if (reader.dialect() == Dialect::kPostgres) {
    ArrayText keys;
    for (const Value& value : values) keys.AddValue(value);
    std::vector<Value> parameters = {keys.Take()};
    if (plan.entity->tenant != nullptr) parameters.emplace_back(tenant);
    TRY(reader.Query(LookUpEach(plan, field), parameters, take));
    return found;
  }
  while (!values.empty()) {
    const std::size_t chunk =
        *std::ranges::find_if(kChunks, [&](std::size_t size) { return size <= values.size(); });
    const SqlBuilder sql = SelectIn(reader, plan, field, values.first(chunk), tenant);
    TRY(reader.Query(sql.text(), sql.parameters(), take));
    values = values.subspan(chunk);
  }
  return found;
}

Result<std::vector<Record>> LoadSame(Reader& reader, const EntityPlan& plan,
                                     std::span<const model::Field* const> fields,
                                     std::span<const Value> values, const Uuid& tenant) {
  return Load(reader, plan,
              SelectWhere(reader, plan, fields, values, tenant, kSameMax, Rows::kLive));
}

void ExpectSame(Reader& reader, const EntityPlan& plan, std::span<const model::Field* const> fields,
                std::span<const Value> values, const Uuid& tenant) {
  const SqlBuilder sql = SelectWhere(reader, plan, fields, values, tenant, kSameMax, Rows::kLive);
  reader.Expect(sql.text(), sql.parameters(), TopicOf(plan, fields, values, tenant));
}

void AddTopics(const EntityPlan& plan, const Record& row, std::vector<Topic>& topics) {
  const auto add = [&](const std::vector<const model::Field*>& fields) {
    std::vector<Value> values;
    for (const model::Field* field : fields) values.push_back(row.at(*field));
    topics.push_back(TopicOf(plan, fields, values, TenantOf(row)));
  };
  for (const UniqueKey& key : plan.unique_keys) add(key.fields);
  if (!plan.computed_key.empty()) add(plan.computed_key);
}

Result<std::vector<Record>> Follow(Reader& reader, const Plans& plans,
                                   const model::Relation& relation, const Record& from) {
  const EntityPlan& target = plans.Of(*relation.target);
  const Uuid tenant = TenantOf(from);
  const auto limit = static_cast<std::int64_t>(limits::kCascadeRowsMax);
  std::vector<Record> found;
  switch (relation.kind) {
    case model::Relation::Kind::kForward: {
      const Value& key = from.at(*relation.field);
      if (key.IsNull()) return found;
      auto row = TRY(LoadRow(reader, target, std::span(&key, 1), tenant));
      if (row) found.push_back(*std::move(row));
      break;
    }
    case model::Relation::Kind::kBackward: {
      const model::Field* field = relation.field;
      const std::vector<Value> key = KeyValues(plans.Of(*from.entity), from);
      found = TRY(LoadWhere(reader, target, std::span(&field, 1), key, tenant, limit));
      break;
    }
    case model::Relation::Kind::kThrough: {
      const model::Field* near = relation.near;
      const std::vector<Value> key = KeyValues(plans.Of(*from.entity), from);
      const std::vector<Record> links = TRY(
          LoadWhere(reader, plans.Of(*relation.through), std::span(&near, 1), key, tenant, limit));
      for (const Record& link : links) {
        const Value& far = link.at(*relation.far);
        auto row = TRY(LoadRow(reader, target, std::span(&far, 1), tenant));
        if (row) found.push_back(*std::move(row));
      }
      break;
    }
  }
  std::erase_if(found, IsDeleted);
  return found;
}

std::vector<Value> KeyValues(const EntityPlan& plan, const Record& record) {
  std::vector<Value> values;
  for (const model::Field* field : plan.key_in_url) values.push_back(record.at(*field));
  return values;
}

Uuid TenantOf(const Record& record) {
  if (record.entity->tenant == nullptr) return {};
  const Uuid* tenant = record.at(*record.entity->tenant).If<Uuid>();
  return tenant == nullptr ? Uuid{} : *tenant;
}

bool IsDeleted(const Record& record) {
  const auto& soft = record.entity->soft_delete;
  if (!soft) return false;
  const Value& value = record.at(*soft->field);
  if (soft->json_path.empty()) return !value.IsNull();
  const json::value* document = value.If<json::value>();
  const json::value* at = document == nullptr ? nullptr : FindPath(*document, soft->json_path);
  return at != nullptr && !at->is_null();
}

}  // namespace tenon

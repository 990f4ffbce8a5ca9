// What all writes share: loading, guarding, the audit row, the answer.
#include "engine/row_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "record/encode.h"

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

}  // namespace

RowWriter::RowWriter(const EngineDeps& deps, const Plans& plans, Tenants& tenants,
                     const EngineOptions& options)
    : deps_(deps), plans_(plans), tenants_(tenants), options_(options) {}

std::string EtagOf(const Record& row, std::string_view answer) {
  if (row.entity->lock != nullptr) {
    if (const auto* version = row.at(*row.entity->lock).If<std::int64_t>()) {
      return std::to_string(*version);
    }
  }
  return ToHex(Sha256(answer)).substr(0, 16);
}

std::vector<std::string> AllowedEvents(const Record& row) {
  std::vector<std::string> names;
  const std::string state =
      row.entity->lifecycle ? StateOf(row, *row.entity->lifecycle) : std::string();
  for (const model::Event& event : row.entity->events) {
    const bool allowed = event.any_state ||
                         std::find(event.from.begin(), event.from.end(), state) != event.from.end();
    if (allowed && std::find(names.begin(), names.end(), event.name) == names.end()) {
      names.push_back(event.name);
    }
  }
  return names;
}

EvalContext RowWriter::EvalFor(WriteContext& context, const Record& row, const Record* old) const {
  EvalContext eval;
  eval.row = &row;
  eval.old = old;
  eval.now = context.now;
  eval.follow = [this, &context](const model::Relation& relation, const Record& from) {
    return Follow(context.transaction, plans_, relation, from);
  };
  return eval;
}

Uuid RowWriter::ActorIn(const Caller& caller, const Uuid& tenant) const {
  const Uuid home = caller.user_tenant.IsNil() ? caller.tenant : caller.user_tenant;
  return home == tenant && !caller.user.IsNil() ? caller.user : ServiceUserOf(tenant);
}

Uuid RowWriter::LogTenant(const Record& row) const {
  return row.entity->tenant == nullptr ? options_.system_tenant : TenantOf(row);
}

Result<Uuid> RowWriter::Actor(WriteContext& context, const Uuid& tenant) {
  const Uuid actor = ActorIn(context.caller, tenant);
  if (!tenants_.HasServiceUser(tenant) && actor == ServiceUserOf(tenant)) {
    TRY(EnsureServiceUser(context, tenant));
  }
  return actor;
}

Result<void> RowWriter::EnsureServiceUser(WriteContext& context, const Uuid& tenant) {
  const Uuid id = ServiceUserOf(tenant);
  if (tenants_.HasServiceUser(tenant) ||
      std::find(context.stale.service_users.begin(), context.stale.service_users.end(), tenant) !=
          context.stale.service_users.end()) {
    return {};
  }
  const model::Entity* users = deps_.model->FindTable("users");
  if (users == nullptr) return {};
  context.stale.service_users.push_back(tenant);  // before the row's own audit row asks again
  const Value key(id);
  if (TRY(LoadRow(context.transaction, plans_.Of(*users), std::span(&key, 1), tenant))) return {};
  Command command;
  command.entity = users;
  command.trusted = true;
  command.body = {{"id", id.ToString()},
                  {"email", "service@" + tenant.ToString()},
                  {"name", "Tenon itself"},
                  {"kind", "service"},
                  {"roles", json::array()}};
  Caller caller = context.caller;
  if (caller.user_tenant.IsNil()) caller.user_tenant = caller.tenant;  // the actor's own stays
  caller.tenant = tenant;
  WriteContext inner{.caller = caller,
                     .transaction = context.transaction,
                     .now = context.now,
                     .trusted = true,
                     .depth = context.depth + 1};
  inner.stale.service_users = context.stale.service_users;
  const PreparedCreate prepared = TRY(Prepare(caller, command, context.now));
  TRY(Create(inner, command, prepared));
  return {};
}

Result<Record> RowWriter::LoadForWrite(WriteContext& context, const Command& command,
                                       bool deleted) {
  const EntityPlan& plan = plans_.Of(*command.entity);
  const auto missing = [&] {
    return Error(Code::kNotFound,
                 fmt::format("there is no {} {}", command.entity->table, Ellipsis(command.id, 80)));
  };
  const auto key = ParseKey(*command.entity, command.id);
  if (!key) return Fail(missing());
  auto row = TRY(LoadRow(context.transaction, plan, *key, context.caller.tenant));
  if (!row || IsDeleted(*row) != deleted) return Fail(missing());
  if (!command.if_match.empty() && command.if_match != "*") {
    std::string answer;
    AppendRecord(*row, EncodeFor::kAnswer, answer);
    const std::string etag = EtagOf(*row, answer);
    if (etag != command.if_match) {
      Error error(Code::kPreconditionFailed,
                  fmt::format("it was changed since: If-Match names \"{}\", it is \"{}\" now",
                              Ellipsis(command.if_match, 40), etag));
      error.details["etag"] = etag;
      if (command.entity->lock != nullptr) {
        error.details["version"] = *row->at(*command.entity->lock).If<std::int64_t>();
      }
      return Fail(std::move(error));
    }
  }
  return *std::move(row);
}

Result<void> RowWriter::CheckReferences(WriteContext& context, const Record& row,
                                        const Record* old) {
  Error error(Code::kConflict, "it refers to a row that is not there");
  for (const model::Field* field : plans_.Of(*row.entity).live_references) {
    const Value& value = row.at(*field);
    if (value.IsNull() || (old != nullptr && old->at(*field) == value)) continue;
    const model::Entity& target = *field->reference->target;
    if (!TRY(IsLive(context.transaction, plans_.Of(target), value, TenantOf(row)))) {
      error.fields.push_back({field->name, "reference",
                              fmt::format("there is no {} {}", target.table, Describe(value))});
    }
  }
  if (!error.fields.empty()) return Fail(std::move(error));
  return {};
}

Result<void> RowWriter::CheckQuota(WriteContext& context, const Record& row, std::size_t bytes) {
  // A tenant that is being made has no limits yet.
  if (context.trusted || row.entity->tenant == nullptr || row.entity->table == "tenants") return {};
  const auto tenant = TRY(tenants_.Get(context.transaction, TenantOf(row)));
  const auto refuse = [&](std::string_view what, std::int64_t limit) {
    Error error(Code::kTooManyRequests,
                fmt::format("the tenant may keep at most {} {}", limit, what));
    error.details["limit"] = limit;
    error.retry_after_s = 3600;
    return error;
  };
  if (const auto found = tenant->quotas.find("document_bytes");
      found != tenant->quotas.end() && bytes > static_cast<std::size_t>(found->second)) {
    return Fail(refuse("bytes in one document", found->second));
  }
  std::int64_t limit = row.entity->quota ? row.entity->quota->default_max : 0;
  const std::string& name = row.entity->quota ? row.entity->quota->name : row.entity->table;
  if (const auto found = tenant->quotas.find(name); found != tenant->quotas.end()) {
    limit = found->second;
  } else if (limit == 0) {
    return {};
  }
  const std::int64_t count = TRY(tenants_.Count(context.transaction, *row.entity, TenantOf(row)));
  if (count >= limit) return Fail(refuse(row.entity->table, limit));
  return {};
}

Error RowWriter::Explain(WriteContext& context, const Record& row, Error error) {
  const json::value* constraint = error.details.if_contains("constraint");
  if (error.code != Code::kConflict || constraint == nullptr) return error;
  const model::Entity& entity = *row.entity;
  Error explained(Code::kConflict, error.message);
  if (constraint->as_string() == "unique") {
    const auto fields = NamedFields(entity, error);
    explained.message =
        fmt::format("{} has a row with the same {}", entity.table, FieldsOf(fields));
    const auto present = FindUnique(context, row, error);
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
      const auto found =
          LoadRow(context.transaction, plans_.Of(target), std::span(&value, 1), TenantOf(row));
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

Result<std::optional<Record>> RowWriter::FindUnique(WriteContext& context, const Record& row,
                                                    const Error& conflict) {
  const std::vector<const model::Field*> fields = NamedFields(*row.entity, conflict);
  if (fields.empty()) return std::optional<Record>{};
  std::vector<Value> values;
  for (const model::Field* field : fields) values.push_back(row.at(*field));
  auto found = TRY(
      LoadWhere(context.transaction, plans_.Of(*row.entity), fields, values, TenantOf(row), 10));
  // Softly deleted rows do not take part in unique keys.
  for (Record& candidate : found) {
    if (!IsDeleted(candidate)) return std::optional<Record>(std::move(candidate));
  }
  return std::optional<Record>{};
}

Result<std::optional<Record>> RowWriter::FindComputed(WriteContext& context, const Record& row) {
  const auto& idempotency = row.entity->idempotency;
  if (!idempotency) return std::optional<Record>{};
  std::vector<const model::Field*> fields = idempotency->fields;
  if (idempotency->field != nullptr) fields = {idempotency->field};
  std::vector<Value> values;
  for (const model::Field* field : fields) {
    if (row.at(*field).IsNull()) return std::optional<Record>{};
    values.push_back(row.at(*field));
  }
  auto found = TRY(
      LoadWhere(context.transaction, plans_.Of(*row.entity), fields, values, TenantOf(row), 10));
  std::erase_if(found, IsDeleted);
  if (found.empty()) return std::optional<Record>{};
  return std::optional<Record>(std::move(found.front()));
}

Result<std::int64_t> RowWriter::AppendLog(WriteContext& context, const Record& row,
                                          std::string_view action, std::string before,
                                          std::string after, const model::Event* event,
                                          std::string_view from) {
  LogEntry entry;
  entry.tenant = LogTenant(row);
  entry.entity_type = plans_.Of(*row.entity).type_name;
  entry.entity_id = EntityId(row);
  entry.action = action;
  entry.user = TRY(Actor(context, entry.tenant));
  entry.before_state = std::move(before);
  entry.after_state = std::move(after);
  entry.ip_address = context.caller.address;
  entry.user_agent = Ellipsis(context.caller.user_agent, 500);
  entry.timestamp = context.now;

  json::object metadata;
  if (const std::string key = KeyText(row); key != entry.entity_id.ToString()) {
    metadata["key"] = key;
  }
  if (event != nullptr) {
    metadata["event"] = event->name;
    if (event->to) {
      metadata["from"] = json::string(from);
      metadata["to"] = *event->to;
    }
  }
  if (context.cause != 0) metadata["cause"] = context.cause;
  if (!context.caller.job.empty()) metadata["job"] = context.caller.job;
  if (entry.user != context.caller.user && !context.caller.user.IsNil()) {
    metadata["on_behalf_of"] = context.caller.user.ToString();
  }
  if (!metadata.empty()) entry.metadata = CanonicalJson(metadata);
  TRY(deps_.log.Append(context.transaction, entry));
  ++context.rows;
  return entry.seq;
}

Outcome RowWriter::OutcomeOf(const Record& row, int status, std::int64_t seq) const {
  Outcome outcome;
  outcome.status = status;
  AppendRecord(row, EncodeFor::kAnswer, outcome.body);
  outcome.etag = EtagOf(row, outcome.body);
  outcome.key = KeyText(row);
  outcome.seq = seq;
  return outcome;
}

std::string RowWriter::CacheKey(const Record& row) const {
  return LogTenant(row).ToString() + ":" + plans_.Of(*row.entity).type_name + ":" + KeyText(row);
}

void RowWriter::Touched(WriteContext& context, const Record& row) const {
  context.stale.cache_keys.push_back(CacheKey(row));
  if (row.entity->table == "tenants") context.stale.tenants.push_back(TenantOf(row));
}

Result<Outcome> RowWriter::Run(WriteContext& context, const Command& command) {
  switch (command.op) {
    case Command::Op::kCreate: {
      const PreparedCreate prepared = TRY(Prepare(context.caller, command, context.now));
      return Create(context, command, prepared);
    }
    case Command::Op::kUpdate:
      return Update(context, command);
    case Command::Op::kDelete:
      return Delete(context, command);
    case Command::Op::kRestore:
      return Restore(context, command);
    case Command::Op::kEvent:
      return Event(context, command);
  }
  return Fail(Code::kInternal, "a command of no kind");
}

}  // namespace tenon

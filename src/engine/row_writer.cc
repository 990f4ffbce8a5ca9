// What all writes share: loading, guarding, the audit row, the answer.
#include "engine/row_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "record/encode.h"

namespace tenon {
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
    // What the server alone may send is no advice to anybody.
    if (event.by.size() == 1 && event.by.front() == "system") continue;
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
                     .depth = context.depth + 1,
                     .careful = context.careful};
  inner.stale.service_users = context.stale.service_users;
  const PreparedCreate prepared = TRY(Prepare(caller, command, context.now));
  auto created = Create(inner, command, prepared);
  context.blamed = inner.blamed;
  if (!created) return std::unexpected(std::move(created).error());
  return {};
}

Result<void> RowWriter::Send(WriteContext& context, const Record* old, const Record& row,
                             std::string_view sql, std::span<const Value> parameters) const {
  std::optional<Error> failed;
  if (context.careful) {
    if (auto done = context.transaction.Execute(sql, parameters); !done) failed = done.error();
  } else {
    std::vector<Topic> topics;
    if (context.transaction.dialect() != Dialect::kSqlite) {
      const EntityPlan& plan = plans_.Of(*row.entity);
      if (old != nullptr) AddTopics(plan, *old, topics);
      AddTopics(plan, row, topics);
    }
    auto queued = context.transaction.Queue(sql, parameters, {false, topics});
    if (!queued) failed = queued.error();
  }
  if (!failed) return {};
  // What it met is looked for after the transaction, which may be over by now.
  if (failed->code == Code::kConflict) context.blamed = std::make_shared<Record>(row);
  return Fail(*std::move(failed));
}

Result<Record> RowWriter::LoadForWrite(WriteContext& context, const Command& command,
                                       bool deleted) {
  const EntityPlan& plan = plans_.Of(*command.entity);
  const auto missing = [&] { return NoSuchRow(*command.entity, command.id); };
  const auto key = ParseKey(*command.entity, command.id);
  if (!key) return Fail(missing());
  const Lock lock = command.op == Command::Op::kDelete ? Lock::kDelete : Lock::kUpdate;
  auto row = TRY(LoadRow(context.transaction, plan, *key, context.caller.tenant, lock));
  if (!row || IsDeleted(*row) != deleted) return Fail(missing());
  TRY(CheckMatch(command, *row));
  return *std::move(row);
}

Result<void> RowWriter::CheckMatch(const Command& command, const Record& row) {
  if (command.if_match.empty() || command.if_match == "*") return {};
  std::string answer;
  AppendRecord(row, EncodeFor::kAnswer, answer);
  const std::string etag = EtagOf(row, answer);
  if (etag == command.if_match) return {};
  Error error(Code::kPreconditionFailed,
              fmt::format("it was changed since: If-Match names \"{}\", it is \"{}\" now",
                          Ellipsis(command.if_match, 40), etag));
  error.details["etag"] = etag;
  if (command.entity->lock != nullptr) {
    error.details["version"] = *row.at(*command.entity->lock).If<std::int64_t>();
  }
  return Fail(std::move(error));
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

Result<Uuid> RowWriter::AppendLog(WriteContext& context, const Record& row, std::string_view action,
                                  std::string before, std::string after, const model::Event* event,
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
  if (!context.cause.IsNil()) metadata["cause"] = context.cause.ToString();
  if (!context.caller.job.empty()) metadata["job"] = context.caller.job;
  if (!context.caller.origin.empty()) metadata["origin"] = context.caller.origin;
  if (entry.user != context.caller.user && !context.caller.user.IsNil()) {
    metadata["on_behalf_of"] = context.caller.user.ToString();
  }
  if (!metadata.empty()) entry.metadata = CanonicalJson(metadata);
  TRY(deps_.log.Append(context.transaction, entry));
  ++context.rows;
  return entry.id;
}

Outcome RowWriter::OutcomeOf(const Record& row, int status, const Uuid& audit_id) const {
  Outcome outcome;
  outcome.status = status;
  AppendRecord(row, EncodeFor::kAnswer, outcome.body);
  outcome.etag = EtagOf(row, outcome.body);
  outcome.key = KeyText(row);
  outcome.audit_id = audit_id;
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

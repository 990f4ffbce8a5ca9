// Changing rows: patches and events.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "engine/row_writer.h"
#include "record/encode.h"

namespace tenon {
namespace {

std::string LogText(const Record& row) {
  std::string text;
  AppendRecord(row, EncodeFor::kLog, text);
  return text;
}

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// `refused`: an event whose condition did not hold.
Error NotAllowed(const Record& row, std::string message, std::string_view refused = "") {
  Error error(Code::kConflict, std::move(message));
  json::array allowed;
  for (const std::string& name : AllowedEvents(row)) {
    if (name != refused) allowed.emplace_back(name);
  }
  error.details["allowed_events"] = std::move(allowed);
  if (row.entity->lifecycle) error.details["state"] = StateOf(row, *row.entity->lifecycle);
  return error;
}

// What the caller gave with the event, for the transition row; secrets and the like masked.
std::string TakesText(const model::Event& event, const DecodedTakes& takes) {
  std::string text = "{";
  const auto member = [&](const std::string& name) {
    if (text.size() > 1) text += ',';
    AppendJsonString(name, text);
    text += ':';
  };
  for (const model::Take& take : event.takes) {
    if (take.field != nullptr) {
      if (!takes.given[static_cast<std::size_t>(take.field->index)]) continue;
      member(take.name);
      if (take.field->redact || take.field->hidden) {
        text += "\"[redacted]\"";
      } else {
        AppendValue(takes.record.at(*take.field), take.field->type, EncodeFor::kLog, text);
      }
      continue;
    }
    for (const auto& [name, value] : takes.extra) {
      if (name != take.name) continue;
      member(name);
      AppendValue(value, take.type, EncodeFor::kLog, text);
    }
  }
  return text + "}";
}

}  // namespace

Result<Outcome> RowWriter::Update(WriteContext& context, const Command& command) {
  return Patch(context, command, TRY(LoadForWrite(context, command, false)));
}

Result<Outcome> RowWriter::Patch(WriteContext& context, const Command& command,
                                 const Record& current) {
  const DecodeOptions options{.vault = deps_.vault, .allow_automatic = command.trusted};
  Decoded decoded = TRY(DecodePatch(current, command.body, options));
  if (decoded.record.values == current.values) {
    Outcome outcome = OutcomeOf(current, 200, {});
    outcome.unchanged = true;
    return outcome;
  }
  return WriteChange(context, current, decoded.record, "UPDATE", nullptr, "");
}

Result<Outcome> RowWriter::Event(WriteContext& context, const Command& command) {
  const Record current = TRY(LoadForWrite(context, command, false));
  return FireOn(context, current, command.event, command.body, command.automatic);
}

Result<Outcome> RowWriter::FireOn(WriteContext& context, const Record& current,
                                  const std::string& name, const json::object& body,
                                  bool automatic) {
  const model::Entity& entity = *current.entity;
  const std::vector<const model::Event*> lines = entity.FindEvent(name);
  if (lines.empty()) {
    std::vector<std::string> names;
    for (const model::Event& event : entity.events) names.push_back(event.name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return Fail(Code::kNotFound, fmt::format("{} has no event '{}'; it has: {}", entity.table,
                                             Ellipsis(name, 60), Join(names)));
  }
  const std::string state = entity.lifecycle ? StateOf(current, *entity.lifecycle) : "";
  std::string wanted_roles;
  std::vector<std::string> conditions;  // of lines that fit the state, which do not hold
  for (const model::Event* event : lines) {
    if (!event->any_state &&
        std::find(event->from.begin(), event->from.end(), state) == event->from.end()) {
      continue;
    }
    if (!context.trusted && !event->by.empty() &&
        std::none_of(event->by.begin(), event->by.end(),
                     [&](const std::string& role) { return context.caller.Has(role); })) {
      wanted_roles += (wanted_roles.empty() ? "" : " or ") + Join(event->by);
      continue;
    }
    DecodedTakes takes = TRY(DecodeTakes(*event, current, body, {.vault = deps_.vault}));
    EvalContext eval = EvalFor(context, takes.record, &current);
    eval.named = takes.extra;
    if (event->when && !TRY(Holds(*event->when, eval))) {
      conditions.push_back(ToString(*event->when));
      continue;
    }
    // Looked at again here: the row may have changed since the clock found it due.
    if (automatic && !(event->auto_when && TRY(Holds(*event->auto_when, eval)))) {
      conditions.emplace_back("its time to have come");
      continue;
    }

    Record next = takes.record;
    eval.strict = true;
    for (const model::Assignment& set : event->set) {
      auto value = Evaluate(*set.value, eval);
      if (!value) return Fail(std::move(value).error().In(set.field->name));
      Assign(next, *set.field, set.json_path, *std::move(value));
    }
    if (event->to && entity.lifecycle) SetState(next, *entity.lifecycle, *event->to);
    return WriteChange(context, current, next, "EVENT", event, TakesText(*event, takes));
  }
  if (!conditions.empty()) {
    return Fail(NotAllowed(
        current,
        fmt::format("'{}' is not allowed now: it needs {}", name, fmt::join(conditions, ", or ")),
        name));
  }
  if (!wanted_roles.empty()) {
    return Fail(Code::kForbidden, fmt::format("{} needs the role {}", name, wanted_roles));
  }
  return Fail(NotAllowed(current, fmt::format("'{}' is not allowed in state {}; allowed now: {}",
                                              name, state, Join(AllowedEvents(current)))));
}

Result<Outcome> RowWriter::WriteChange(WriteContext& context, const Record& old, Record& row,
                                       std::string_view action, const model::Event* event,
                                       const std::string& takes) {
  const model::Entity& entity = *row.entity;
  const bool quiet = event != nullptr && event->quiet;
  const Uuid actor = TRY(Actor(context, LogTenant(row)));
  StampUpdate({context.caller, actor, context.now, deps_.ids}, row);
  TRY(RunChecks(EvalFor(context, row, &old)));
  TRY(CheckReferences(context, row, &old));
  if (entity.namespace_label != nullptr &&
      !(old.at(*entity.namespace_label) == row.at(*entity.namespace_label))) {
    TRY(CheckNamespace(row, *TRY(tenants_.Get(context.transaction, TenantOf(row)))));
  }
  const std::string after = LogText(row);
  TRY(CheckSize(context, row, &old, after.size()));
  TRY(UpdateRow(context, old, row));
  Touched(context, row);
  if (quiet) return OutcomeOf(row, 200, {});

  const std::string from = entity.lifecycle ? StateOf(old, *entity.lifecycle) : "";
  const Uuid logged = TRY(AppendLog(context, row, action, LogText(old), after, event, from));
  if (event != nullptr && event->to) {
    TRY(WriteTransition(context, row, *event, from, takes));
  }
  TRY(Notify(context, row, &old, logged));
  return OutcomeOf(row, 200, logged);
}

Result<void> RowWriter::UpdateRow(WriteContext& context, const Record& old, const Record& row) {
  const EntityPlan& plan = plans_.Of(*row.entity);
  SqlBuilder sql(context.transaction.dialect());
  (sql << "UPDATE ").Name(row.entity->table) << " SET ";
  bool first = true;
  for (const model::Field& field : row.entity->fields) {
    if (row.at(field) == old.at(field)) continue;
    if (!first) sql << ", ";
    first = false;
    sql.Name(field.name) << " = ";
    sql.Bind(row.at(field));
  }
  if (first) return {};
  sql << " WHERE ";
  for (std::size_t i = 0; i < plan.key_in_url.size(); ++i) {
    if (i > 0) sql << " AND ";
    sql.Name(plan.key_in_url[i]->name) << " = ";
    sql.Bind(old.at(*plan.key_in_url[i]));
  }
  if (row.entity->tenant != nullptr) {
    (sql << " AND ").Name(row.entity->tenant->name) << " = ";
    sql.Bind(old.at(*row.entity->tenant));
  }
  return Send(context, &old, row, sql.text(), sql.parameters());
}

Result<void> RowWriter::WriteTransition(WriteContext& context, const Record& row,
                                        const model::Event& event, const std::string& from,
                                        const std::string& takes) {
  const model::Entity* transitions = deps_.model->FindTable("fsm_transitions");
  if (transitions == nullptr) return {};
  Record transition(*transitions);
  const auto set = [&](std::string_view name, Value value) {
    if (const model::Field* field = transitions->FindField(name)) {
      transition.at(*field) = std::move(value);
    }
  };
  const Uuid tenant = LogTenant(row);
  set("id", Value(deps_.ids.V7()));
  if (transitions->tenant != nullptr) transition.at(*transitions->tenant) = Value(tenant);
  set("entity_id", Value(EntityId(row)));
  set("entity_type", Value(plans_.Of(*row.entity).type_name));
  set("from_state", Value(from));
  set("to_state", Value(*event.to));
  set("transition_event", Value(event.name));
  auto data = ParseJson(takes);
  set("transition_data", Value::Json(data ? *std::move(data) : json::value(json::object())));
  set("created_at", Value(context.now));
  const Uuid actor = ActorIn(context.caller, tenant);
  for (const model::Field& field : transitions->fields) {
    if (field.automatic == model::Auto::kCreator) {
      transition.at(field) =
          field.type.kind == model::TypeKind::kUuid ? Value(actor) : Value(actor.ToString());
    }
  }
  return Send(context, nullptr, transition, plans_.Of(*transitions).insert, transition.values);
}

Result<void> RowWriter::Notify(WriteContext& context, const Record& row, const Record* old,
                               const Uuid& cause) {
  const model::Entity* events = deps_.model->FindTable("notification_events");
  // A notification about a notification would never end.
  if (events == nullptr || row.entity->notifies.empty() || context.depth > 0) return {};
  for (const model::Notify& notify : row.entity->notifies) {
    const EvalContext eval = EvalFor(context, row, old);
    if (!TRY(Holds(*notify.when, eval))) continue;
    // Once when it comes to hold, not again with every later write.
    if (old != nullptr && TRY(Holds(*notify.when, EvalFor(context, *old, old)))) continue;
    json::object summary;
    summary["entity"] = plans_.Of(*row.entity).type_name;
    summary["id"] = KeyText(row);
    for (const model::Path& path : notify.payload) {
      if (path.field == nullptr || path.field->redact || path.field->hidden ||
          path.field->IsSecret()) {
        continue;
      }
      model::Expression read;
      read.op = model::Op::kPath;
      read.path = path;
      read.type = path.field->type;
      const Value value = TRY(Evaluate(read, eval));
      std::string text;
      AppendValue(
          value,
          path.json_path.empty() ? path.field->type : model::Type{.kind = model::TypeKind::kJson},
          EncodeFor::kLog, text);
      auto parsed = ParseJson(text);
      summary[path.json_path.empty() ? path.field->name : path.json_path.back()] =
          parsed ? *std::move(parsed) : json::value();
    }
    json::array channels;
    for (const std::string& channel : notify.channels) channels.emplace_back(channel);
    Command command;
    command.entity = events;
    command.trusted = true;
    command.body = {{"type", notify.type},
                    {"payload_summary", std::move(summary)},
                    {"channel_targets", std::move(channels)}};
    WriteContext inner{.caller = context.caller,
                       .transaction = context.transaction,
                       .now = context.now,
                       .trusted = true,
                       .cause = cause,
                       .depth = context.depth + 1,
                       .careful = context.careful};
    Caller caller = context.caller;
    if (caller.user_tenant.IsNil()) caller.user_tenant = caller.tenant;
    caller.tenant = LogTenant(row);
    const PreparedCreate prepared = TRY(Prepare(caller, command, context.now));
    auto created = Create(inner, command, prepared);
    context.blamed = inner.blamed;
    if (!created) return std::unexpected(std::move(created).error());
    context.rows += inner.rows;
  }
  return {};
}

}  // namespace tenon

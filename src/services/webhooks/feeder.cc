#include "services/webhooks/feeder.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "engine/plan.h"
#include "services/webhooks/message.h"

namespace tenon::webhooks {
namespace {

const Scope kEverywhere{.tenant = {}, .across_tenants = true};
constexpr std::string_view kDeliveryType = "WEBHOOK_DELIVERY";

std::string TextIn(const json::value& object, std::string_view member) {
  if (!object.is_object()) return "";
  const json::value* value = object.as_object().if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

}  // namespace

Result<void> CheckModel(const model::Model& model) {
  std::string missing;
  for (const std::string_view table :
       {"webhook_subscriptions", "webhook_deliveries", "webhook_queue", "notification_events"}) {
    if (model.FindTable(table) == nullptr) {
      missing += (missing.empty() ? "" : ", ") + std::string(table);
    }
  }
  if (missing.empty()) return {};
  return Fail(Code::kInvalidArgument,
              "webhooks need what the loaded models do not have: " + missing);
}

Feeder::Feeder(Engine& engine, FeederOptions options)
    : engine_(engine), options_(options), matcher_(engine.model()) {
  traits_.name = "webhooks";
  traits_.description = "notes changes for webhook subscriptions";
  traits_.keeps = Keeps::kInStore;
  traits_.start = Start::kEnd;
  for (const auto& entity : engine.model().entities) entities_[TypeName(*entity)] = entity.get();
}

Result<void> Feeder::Queue(EngineWriter& writer, const Note& note) {
  const std::array<Value, 6> parameters = {Value(note.subscription), Value(note.seq),
                                           Value(note.tenant),       Value(note.event),
                                           Value(note.subject),      Value(writer.now())};
  return writer.transaction().Queue(
      "INSERT INTO webhook_queue (subscription_id, seq, tenant_id, event_id, subject, attempts, "
      "due_at) VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (subscription_id, seq) DO NOTHING",
      parameters);
}

// Somebody asked for a parked event once more: its log row is still there, or it is not sent.
Result<void> Feeder::PrepareReplay(const LogEntry& entry) {
  const auto after = ParseJson(entry.after_state);
  if (!after) return {};
  const auto subscription = Uuid::Parse(TextIn(*after, "subscription_id"));
  const auto event = Uuid::Parse(TextIn(*after, "event_id"));
  if (!subscription || !event) return {};
  const std::array<Value, 2> parameters = {Value(entry.tenant), Value(*event)};
  return engine_.store().Read(kEverywhere, [&](Reader& reader) {
    return reader.Query(
        "SELECT s.seq FROM audit_seals s WHERE s.tenant_id = $1 AND s.audit_id = $2", parameters,
        [&](const Row& row) -> Result<bool> {
          prepared_.notes.push_back(
              {*subscription, entry.tenant, *event, row.Int(0), TextIn(*after, "subject")});
          return false;
        });
  });
}

Result<void> Feeder::StopIfFull(const Subscription& subscription, std::int64_t more) {
  const std::array<Value, 2> parameters = {Value(subscription.id), Value(options_.queue_max)};
  std::int64_t waiting = 0;
  TRY(engine_.store().Read(kEverywhere, [&](Reader& reader) {
    return reader.Query(
        "SELECT count(*) FROM (SELECT 1 FROM webhook_queue WHERE subscription_id = $1 LIMIT $2) q",
        parameters, [&](const Row& row) -> Result<bool> {
          waiting = row.Int(0) + more;
          return false;
        });
  }));
  if (waiting < options_.queue_max) return {};
  prepared_.stops.push_back(
      {subscription, fmt::format("{} changes wait and its receiver does not take them", waiting)});
  return {};
}

Result<void> Feeder::Pause(EngineWriter& writer, const Stop& stop) {
  const auto& [subscription, reason] = stop;
  const Caller caller = ServiceCaller(subscription.tenant, traits_.name);
  Command pause;
  pause.op = Command::Op::kEvent;
  pause.entity = engine_.model().FindTable("webhook_subscriptions");
  pause.id = subscription.id.ToString();
  pause.event = "pause";
  pause.body = {{"reason", reason}};
  TRY(writer.Run(caller, pause));
  Command report;
  report.op = Command::Op::kEvent;
  report.entity = pause.entity;
  report.id = pause.id;
  report.event = "report";
  report.body = {{"delivered", subscription.delivered},
                 {"parked", subscription.parked},
                 {"last_error", "paused: " + reason}};
  TRY(writer.Run(caller, report));
  Command notify;
  notify.entity = engine_.model().FindTable("notification_events");
  notify.trusted = true;
  notify.body = {
      {"type", "webhook_stopped"},
      {"payload_summary",
       json::object{{"subscription_id", pause.id}, {"url", subscription.url}, {"reason", reason}}},
      {"entity_type", "WEBHOOK_SUBSCRIPTION"},
      {"entity_id", pause.id}};
  TRY(writer.Run(caller, notify));
  return {};
}

Result<bool> Feeder::Prepare(const LogRows& rows) {
  prepared_ = {};
  std::vector<Subscription> subscriptions;
  TRY(engine_.store().Read(kEverywhere, [&](Reader& reader) -> Result<void> {
    subscriptions = TRY(LoadActive(reader, engine_.model()));
    return {};
  }));
  std::erase_if(subscriptions, [&](const Subscription& subscription) {
    const std::string problem = matcher_.Problem(subscription);
    if (!problem.empty()) prepared_.stops.push_back({subscription, problem});
    return !problem.empty();
  });
  std::map<Uuid, std::int64_t> fed;  // notes of each
  const Time now = engine_.clock().Now();
  for (const LogEntry& entry : rows) {
    const auto entity = entities_.find(entry.entity_type);
    if (entity == entities_.end()) continue;
    if (entry.entity_type == kDeliveryType && ActionOf(entry) == "replay") {
      TRY(PrepareReplay(entry));
    }
    for (const Subscription& subscription : subscriptions) {
      if (subscription.tenant != entry.tenant) continue;
      if (!matcher_.Matches(subscription, *entity->second, entry, now)) continue;
      prepared_.notes.push_back(
          {subscription.id, entry.tenant, entry.id, entry.seq, SubjectOf(*entity->second, entry)});
      ++fed[subscription.id];
    }
  }
  for (const Subscription& subscription : subscriptions) {
    if (const auto notes = fed.find(subscription.id); notes != fed.end()) {
      TRY(StopIfFull(subscription, notes->second));
    }
  }
  return !prepared_.notes.empty() || !prepared_.stops.empty();
}

Result<void> Feeder::Apply(const FollowerPage& page) {
  for (const Note& note : prepared_.notes) TRY(Queue(*page.writer, note));
  for (const Stop& stop : prepared_.stops) TRY(Pause(*page.writer, stop));
  return {};
}

}  // namespace tenon::webhooks

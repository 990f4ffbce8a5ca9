#include "services/webhooks/feeder.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

#include "engine/plan.h"
#include "services/webhooks/message.h"

namespace tenon::webhooks {
namespace {

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

struct Feeder::Page {
  EngineWriter& writer;
  std::vector<Subscription> subscriptions;
  std::set<Uuid> fed;  // that got something
};

Feeder::Feeder(Engine& engine, FeederOptions options)
    : engine_(engine), options_(options), matcher_(engine.model()) {
  traits_.name = "webhooks";
  traits_.description = "notes changes for webhook subscriptions";
  traits_.keeps = Keeps::kInStore;
  traits_.start = Start::kEnd;
  for (const auto& entity : engine.model().entities) entities_[TypeName(*entity)] = entity.get();
}

Result<void> Feeder::Note(Page& page, const Subscription& subscription, const LogEntry& entry,
                          const std::string& subject) {
  const std::array<Value, 6> parameters = {
      Value(subscription.id), Value(entry.seq), Value(subscription.tenant),
      Value(entry.id),        Value(subject),   Value(page.writer.now())};
  page.fed.insert(subscription.id);
  return page.writer.transaction().Queue(
      "INSERT INTO webhook_queue (subscription_id, seq, tenant_id, event_id, subject, attempts, "
      "due_at) VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (subscription_id, seq) DO NOTHING",
      parameters);
}

// Somebody asked for a parked event once more: its log row is still there, or it is not sent.
Result<void> Feeder::Replay(Page& page, const LogEntry& entry) {
  const auto after = ParseJson(entry.after_state);
  if (!after) return {};
  const auto subscription = Uuid::Parse(TextIn(*after, "subscription_id"));
  const auto event = Uuid::Parse(TextIn(*after, "event_id"));
  if (!subscription || !event) return {};
  const std::array<Value, 2> parameters = {Value(entry.tenant), Value(*event)};
  std::int64_t seq = 0;
  TRY(page.writer.transaction().Query(
      "SELECT s.seq FROM audit_seals s WHERE s.tenant_id = $1 AND s.audit_id = $2", parameters,
      [&](const Row& row) -> Result<bool> {
        seq = row.Int(0);
        return false;
      }));
  if (seq == 0) return {};
  LogEntry parked;
  parked.seq = seq;
  parked.id = *event;
  Subscription to;
  to.id = *subscription;
  to.tenant = entry.tenant;
  return Note(page, to, parked, TextIn(*after, "subject"));
}

Result<void> Feeder::StopFull(Page& page, const Subscription& subscription) {
  const Value id(subscription.id);
  std::int64_t waiting = 0;
  TRY(page.writer.transaction().Query(
      "SELECT count(*) FROM webhook_queue WHERE subscription_id = $1", std::span(&id, 1),
      [&](const Row& row) -> Result<bool> {
        waiting = row.Int(0);
        return false;
      }));
  if (waiting < options_.queue_max) return {};
  return Pause(page, subscription,
               fmt::format("{} changes wait and its receiver does not take them", waiting));
}

Result<void> Feeder::Pause(Page& page, const Subscription& subscription,
                           const std::string& reason) {
  const Caller caller = ServiceCaller(subscription.tenant, traits_.name);
  Command pause;
  pause.op = Command::Op::kEvent;
  pause.entity = engine_.model().FindTable("webhook_subscriptions");
  pause.id = subscription.id.ToString();
  pause.event = "pause";
  pause.body = {{"reason", reason}};
  TRY(page.writer.Run(caller, pause));
  Command report;
  report.op = Command::Op::kEvent;
  report.entity = pause.entity;
  report.id = pause.id;
  report.event = "report";
  report.body = {{"delivered", subscription.delivered},
                 {"parked", subscription.parked},
                 {"last_error", "paused: " + reason}};
  TRY(page.writer.Run(caller, report));
  Command notify;
  notify.entity = engine_.model().FindTable("notification_events");
  notify.trusted = true;
  notify.body = {
      {"type", "webhook_stopped"},
      {"payload_summary",
       json::object{{"subscription_id", pause.id}, {"url", subscription.url}, {"reason", reason}}},
      {"entity_type", "WEBHOOK_SUBSCRIPTION"},
      {"entity_id", pause.id}};
  TRY(page.writer.Run(caller, notify));
  return {};
}

Result<void> Feeder::Apply(const FollowerPage& page) {
  Page work{*page.writer, {}, {}};
  if (page.rows.empty()) return {};
  work.subscriptions = TRY(LoadActive(work.writer.transaction(), engine_.model()));
  for (auto at = work.subscriptions.begin(); at != work.subscriptions.end();) {
    const std::string problem = matcher_.Problem(*at);
    if (!problem.empty()) TRY(Pause(work, *at, problem));
    at = problem.empty() ? at + 1 : work.subscriptions.erase(at);
  }
  for (const LogEntry& entry : page.rows) {
    const auto entity = entities_.find(entry.entity_type);
    if (entity == entities_.end()) continue;
    if (entry.entity_type == kDeliveryType && ActionOf(entry) == "replay") {
      TRY(Replay(work, entry));
    }
    for (const Subscription& subscription : work.subscriptions) {
      if (subscription.tenant != entry.tenant) continue;
      if (!matcher_.Matches(subscription, *entity->second, entry, work.writer.now())) continue;
      TRY(Note(work, subscription, entry, SubjectOf(*entity->second, entry)));
    }
  }
  for (const Subscription& subscription : work.subscriptions) {
    if (work.fed.contains(subscription.id)) TRY(StopFull(work, subscription));
  }
  return {};
}

}  // namespace tenon::webhooks

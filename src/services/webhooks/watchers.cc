#include "services/webhooks/watchers.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "services/webhooks/message.h"

namespace tenon::webhooks {
namespace {

// Fields of a summary: it is for a person, the history has the rest.
constexpr std::size_t kFieldsMax = 50;
// Followers of one asset that are told.
constexpr std::size_t kTargetsMax = 1000;

json::object StateOf(const LogEntry& entry) {
  const std::string& text = entry.after_state.empty() ? entry.before_state : entry.after_state;
  auto state = ParseJson(text.empty() ? "{}" : text);
  return state && state->is_object() ? std::move(state->as_object()) : json::object();
}

std::string TextIn(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

// Names of members that differ between the two states of an update.
void AddChanged(const LogEntry& entry, std::set<std::string>& fields) {
  if (entry.before_state.empty() || entry.after_state.empty()) return;
  const auto before = ParseJson(entry.before_state);
  const auto after = ParseJson(entry.after_state);
  if (!before || !after || !before->is_object() || !after->is_object()) return;
  for (const auto& member : after->as_object()) {
    const json::value* old = before->as_object().if_contains(member.key());
    const bool moves_always = member.key() == "updated_at" || member.key() == "version";
    if (!moves_always && fields.size() < kFieldsMax && (old == nullptr || *old != member.value())) {
      fields.insert(std::string(member.key()));
    }
  }
}

}  // namespace

struct Watchers::Change {
  std::string qualified_name;
  std::string action;            // the last one
  std::set<std::string> fields;  // of the asset; "columns", "tags" for what hangs on it
  std::set<Uuid> actors;
  std::int64_t count = 0;
  json::array targets;  // "user:ID" of those who follow it
};

Watchers::Watchers(Engine& engine) : engine_(engine) {
  traits_.name = "asset-watchers";
  traits_.description = "tells followers of an asset of its changes";
  traits_.keeps = Keeps::kInStore;
  traits_.start = Start::kEnd;
  traits_.types = {"ASSET", "SCHEMA", "ASSET_TAG"};
}

Watchers::Changes Watchers::ChangesOf(const LogRows& rows) {
  Changes changes;
  for (const LogEntry& entry : rows) {
    const json::object state = StateOf(entry);
    const bool own = entry.entity_type == "ASSET";
    const auto asset =
        own ? std::optional(entry.entity_id) : Uuid::Parse(TextIn(state, "asset_id"));
    if (!asset) continue;
    Change& change = changes[{entry.tenant, *asset}];
    if (own) {
      change.qualified_name = TextIn(state, "qualified_name");
      change.action = ActionOf(entry);
      AddChanged(entry, change.fields);
    } else {
      if (change.action.empty()) change.action = "UPDATE";
      change.fields.insert(entry.entity_type == "SCHEMA" ? "columns" : "tags");
    }
    change.actors.insert(entry.user);
    ++change.count;
  }
  return changes;
}

// Fills in targets; assets that nobody follows are left without.
Result<void> Watchers::FindFollowers(Changes& changes) {
  // Always as many places, so that the statement is prepared once.
  constexpr std::size_t kAtOnce = 64;
  std::string sql =
      "SELECT tenant_id, asset_id, user_id FROM user_assets WHERE type = 'FOLLOWS' AND "
      "tenant_id = $1 AND asset_id IN (";
  for (std::size_t i = 0; i < kAtOnce; ++i) sql += fmt::format("{}${}", i == 0 ? "" : ", ", i + 2);
  sql += ") ORDER BY asset_id, user_id";
  for (auto at = changes.begin(); at != changes.end();) {
    const Uuid tenant = at->first.first;
    std::vector<Value> parameters = {Value(tenant)};
    for (; at != changes.end() && at->first.first == tenant && parameters.size() <= kAtOnce; ++at) {
      parameters.emplace_back(at->first.second);
    }
    while (parameters.size() <= kAtOnce) parameters.push_back(parameters.back());
    TRY(engine_.store().Read({.tenant = tenant}, [&](Reader& reader) {
      return reader.Query(sql, parameters, [&](const Row& row) -> Result<bool> {
        const auto asset = Uuid::Parse(row.Text(1));
        const auto user = Uuid::Parse(row.Text(2));
        const auto change = asset ? changes.find({tenant, *asset}) : changes.end();
        if (!user || change == changes.end()) return true;
        const std::set<Uuid>& actors = change->second.actors;
        json::array& targets = change->second.targets;
        // Nobody is told of what they did alone.
        const bool own = actors.size() == 1 && actors.contains(*user);
        if (!own && targets.size() < kTargetsMax) targets.emplace_back("user:" + user->ToString());
        return true;
      });
    }));
  }
  return {};
}

Result<bool> Watchers::Prepare(const LogRows& rows) {
  prepared_.clear();
  Changes changes = ChangesOf(rows);
  TRY(FindFollowers(changes));
  for (auto& [key, change] : changes) {
    if (change.targets.empty()) continue;
    const auto& [tenant, asset] = key;
    json::array fields;
    for (const std::string& field : change.fields) fields.emplace_back(field);
    Command notify;
    notify.entity = engine_.model().FindTable("notification_events");
    notify.trusted = true;
    notify.body = {{"type", "asset_changed"},
                   {"payload_summary", json::object{{"asset_id", asset.ToString()},
                                                    {"qualified_name", change.qualified_name},
                                                    {"action", change.action},
                                                    {"changes", change.count},
                                                    {"fields", std::move(fields)}}},
                   {"channel_targets", std::move(change.targets)},
                   {"entity_type", "ASSET"},
                   {"entity_id", asset.ToString()}};
    prepared_.emplace_back(tenant, std::move(notify));
  }
  return !prepared_.empty();
}

Result<void> Watchers::Apply(const FollowerPage& page) {
  for (const auto& [tenant, notify] : prepared_) {
    TRY(page.writer->Run(ServiceCaller(tenant, traits_.name), notify));
  }
  return {};
}

}  // namespace tenon::webhooks

#include "services/webhooks/watchers.h"

#include <array>
#include <map>
#include <set>
#include <utility>

#include "services/webhooks/message.h"

namespace tenon::webhooks {
namespace {

// Fields of a summary: it is for a person, the history has the rest.
constexpr std::size_t kFieldsMax = 50;

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
};

Watchers::Watchers(Engine& engine) : engine_(engine) {
  traits_.name = "asset-watchers";
  traits_.description = "tells followers of an asset of its changes";
  traits_.keeps = Keeps::kInStore;
  traits_.start = Start::kEnd;
  traits_.types = {"ASSET", "SCHEMA", "ASSET_TAG"};
}

Result<void> Watchers::Tell(EngineWriter& writer, const Uuid& tenant, const Uuid& asset,
                            const Change& change) {
  const std::array<Value, 2> parameters = {Value(tenant), Value(asset)};
  json::array targets;
  TRY(writer.transaction().Query(
      "SELECT user_id FROM user_assets WHERE tenant_id = $1 AND asset_id = $2 AND "
      "type = 'FOLLOWS' ORDER BY user_id LIMIT 1000",
      parameters, [&](const Row& row) -> Result<bool> {
        const auto user = Uuid::Parse(row.Text(0));
        // Nobody is told of what they did alone.
        const bool own = user && change.actors.size() == 1 && change.actors.contains(*user);
        if (!own) targets.emplace_back("user:" + std::string(row.Text(0)));
        return true;
      }));
  if (targets.empty()) return {};
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
                 {"channel_targets", std::move(targets)},
                 {"entity_type", "ASSET"},
                 {"entity_id", asset.ToString()}};
  TRY(writer.Run(ServiceCaller(tenant, traits_.name), notify));
  return {};
}

Result<void> Watchers::Apply(const FollowerPage& page) {
  std::map<std::pair<Uuid, Uuid>, Change> changes;  // by tenant and asset
  for (const LogEntry& entry : page.rows) {
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
  for (const auto& [key, change] : changes) {
    TRY(Tell(*page.writer, key.first, key.second, change));
  }
  return {};
}

}  // namespace tenon::webhooks

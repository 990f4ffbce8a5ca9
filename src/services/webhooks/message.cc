#include "services/webhooks/message.h"

#include <algorithm>
#include <chrono>

#include "base/hash.h"
#include "base/json.h"
#include "events/follower.h"

namespace tenon::webhooks {
namespace {

void AppendText(std::string_view name, std::string_view text, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
  AppendJsonString(text, out);
}

void AppendRaw(std::string_view name, const std::string& json, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
  out += json.empty() ? "null" : json;
}

}  // namespace

std::string ActionOf(const LogEntry& entry) {
  if (entry.action != "EVENT") return entry.action;
  const auto metadata = ParseJson(entry.metadata);
  if (metadata && metadata->is_object()) {
    const json::value* event = metadata->as_object().if_contains("event");
    if (event != nullptr && event->is_string()) return std::string(event->as_string());
  }
  return entry.action;
}

std::string TypeOf(const model::Entity& entity, const LogEntry& entry) {
  std::string action = ActionOf(entry);
  std::ranges::transform(action, action.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return "tenon." + entity.table + "." + action;
}

std::string SubjectOf(const model::Entity& entity, const LogEntry& entry) {
  return entity.table + "/" + KeyOf(entry);
}

std::string CloudEventOf(const model::Entity& entity, const LogEntry& entry) {
  std::string out = "{\"specversion\":\"1.0\"";
  AppendText("id", entry.id.ToString(), out);
  AppendText("source", "/v1/" + entity.table, out);
  AppendText("type", TypeOf(entity, entry), out);
  AppendText("subject", KeyOf(entry), out);
  AppendText("time", FormatTime(entry.timestamp), out);
  AppendText("datacontenttype", "application/json", out);
  out += ",\"data\":{\"id\":\"" + entry.id.ToString() + '"';
  AppendText("tenant_id", entry.tenant.ToString(), out);
  AppendText("entity", entity.name, out);
  AppendText("table", entity.table, out);
  AppendText("key", KeyOf(entry), out);
  AppendText("action", entry.action, out);
  AppendText("user_id", entry.user.ToString(), out);
  AppendText("time", FormatTime(entry.timestamp), out);
  AppendRaw("before", entry.before_state, out);
  AppendRaw("after", entry.after_state, out);
  AppendRaw("metadata", entry.metadata, out);
  return out + "}}";
}

net::Headers SignedHeaders(std::string_view id, Time now, std::string_view body,
                           std::string_view secret) {
  const std::string stamp = std::to_string(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  net::Headers headers = {{"webhook-id", std::string(id)}, {"webhook-timestamp", stamp}};
  if (secret.empty()) return headers;
  std::string key(secret);
  if (secret.starts_with("whsec_")) {
    if (auto decoded = FromBase64(secret.substr(6))) key = *std::move(decoded);
  }
  const Digest digest = HmacSha256(key, std::string(id) + "." + stamp + "." + std::string(body));
  headers.emplace_back(
      "webhook-signature",
      "v1," + ToBase64({reinterpret_cast<const char*>(digest.data()), digest.size()}));
  return headers;
}

}  // namespace tenon::webhooks

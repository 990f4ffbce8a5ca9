#include "services/webhooks/message.h"

#include <chrono>

#include "base/hash.h"
#include "base/json.h"
#include "events/cloud_event.h"
#include "events/follower.h"

namespace tenon::webhooks {
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
  return CloudEventType(entity, ActionOf(entry));
}

std::string SubjectOf(const model::Entity& entity, const LogEntry& entry) {
  return entity.table + "/" + KeyOf(entry);
}

std::string CloudEventOf(const model::Entity& entity, const LogEntry& entry) {
  std::string out;
  AppendCloudEvent(entity, entry, TypeOf(entity, entry), "", out);
  return out;
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

#include "events/cloud_event.h"

#include <algorithm>

#include "base/json.h"
#include "events/follower.h"

namespace tenon {
namespace {

void AppendName(std::string_view name, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
}

void AppendText(std::string_view name, std::string_view text, std::string& out) {
  AppendName(name, out);
  AppendJsonString(text, out);
}

void AppendState(std::string_view name, std::string_view json, std::string& out) {
  AppendName(name, out);
  out += json.empty() ? "null" : json;
}

}  // namespace

void AppendChangeMembers(const model::Entity& entity, const LogEntry& entry, std::string& out) {
  out += "\"id\":\"" + entry.id.ToString() + '"';
  AppendText("tenant_id", entry.tenant.ToString(), out);
  AppendText("entity", entity.name, out);
  AppendText("table", entity.table, out);
  AppendText("key", KeyOf(entry), out);
  AppendText("action", entry.action, out);
  AppendText("user_id", entry.user.ToString(), out);
  AppendText("time", FormatTime(entry.timestamp), out);
  AppendState("before", entry.before_state, out);
  AppendState("after", entry.after_state, out);
  AppendState("metadata", entry.metadata, out);
}

std::string CloudEventType(const model::Entity& entity, std::string_view action) {
  std::string type = "tenon." + entity.table + '.';
  std::ranges::transform(action, std::back_inserter(type), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return type;
}

void AppendCloudEvent(const model::Entity& entity, const LogEntry& entry, std::string_view type,
                      std::string_view leading, std::string& out) {
  out += "{\"specversion\":\"1.0\"";
  AppendText("id", entry.id.ToString(), out);
  AppendText("source", "/v1/" + entity.table, out);
  AppendText("type", type, out);
  AppendText("subject", KeyOf(entry), out);
  AppendText("time", FormatTime(entry.timestamp), out);
  AppendText("datacontenttype", "application/json", out);
  out += ",\"data\":{";
  out += leading;
  AppendChangeMembers(entity, entry, out);
  out += "}}";
}

}  // namespace tenon

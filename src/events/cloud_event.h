// A change of the log as clients get it: in JSON, and as a CloudEvent in structured JSON
// (cloudevents.io, 1.0.2) around that.
#pragma once

#include <string>
#include <string_view>

#include "log/log.h"
#include "model/model.h"

namespace tenon {

// "id", "tenant_id", "entity", "table", "key", "action", "user_id", "time", "before", "after",
// "metadata", without braces.
void AppendChangeMembers(const model::Entity& entity, const LogEntry& entry, std::string& out);

// "tenon.assets.update": the table and, in small letters, the action.
std::string CloudEventType(const model::Entity& entity, std::string_view action);

// `leading`: members of the event's data before those of the change, each with its comma.
void AppendCloudEvent(const model::Entity& entity, const LogEntry& entry, std::string_view type,
                      std::string_view leading, std::string& out);

}  // namespace tenon

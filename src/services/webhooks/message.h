// A change as it leaves for a webhook: a CloudEvent in structured JSON (cloudevents.io, 1.0.2),
// signed as Standard Webhooks asks (standardwebhooks.com, 1.0.0).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "log/log.h"
#include "model/model.h"
#include "net/message.h"

namespace tenon::webhooks {

// "tenon.assets.update", "tenon.workflow_executions.complete": the table and, in small letters, the
// action or the name of the event.
std::string TypeOf(const model::Entity& entity, const LogEntry& entry);

// "UPDATE", or the event's name: what WebhookSubscription.types is compared with.
std::string ActionOf(const LogEntry& entry);

// "assets/ID": events of one subject are sent in order.
std::string SubjectOf(const model::Entity& entity, const LogEntry& entry);

std::string CloudEventOf(const model::Entity& entity, const LogEntry& entry);

// The headers webhook-id, webhook-timestamp and, with a secret, webhook-signature. `secret` is
// "whsec_" and base64, or any text, whose bytes are the key.
net::Headers SignedHeaders(std::string_view id, Time now, std::string_view body,
                           std::string_view secret);

}  // namespace tenon::webhooks

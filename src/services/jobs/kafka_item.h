// From a message of a topic to the row that it makes.
#pragma once

#include <string>

#include "net/kafka.h"
#include "services/ingest/item_mapping.h"
#include "services/jobs/connector_reports.h"

namespace tenon::jobs {

enum class Nulls { kReject, kSkip, kDelete };  // what a message without a value means

struct KafkaItem {
  enum class Kind { kUpsert, kDelete, kSkip };
  Kind kind = Kind::kUpsert;
  json::object row;  // of kUpsert
  std::string id;    // of kDelete
};

// kInvalidField with what is wrong: no JSON, no object, a key that is missing. The mapping sees, by
// paths that begin with '@': @key (text; absent when it is no UTF-8 or has a NUL), @headers.NAME
// (the last of that name), @topic, @partition, @offset, @timestamp (RFC 3339; absent when the
// message has none).
Result<KafkaItem> ReadKafkaItem(const ingest::ItemMapping& mapping, Nulls nulls,
                                const net::KafkaMessage& message);

// What tells the message from every other that the connector ever gets. The time is part of it, so
// that a topic that was made anew, whose offsets begin again, is not taken for the one before.
std::string KafkaReplayKey(const std::string& connector, const net::KafkaMessage& message);

// As it is listed: where it stands, why it was refused, and its beginning.
Refusal KafkaRefusal(const net::KafkaMessage& message, const Error& error);

}  // namespace tenon::jobs

#include "services/jobs/kafka_item.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"

namespace tenon::jobs {
namespace {

constexpr std::size_t kShownMax = 4096;

Time TimeOf(std::int64_t timestamp_ms) { return Time(std::chrono::milliseconds(timestamp_ms)); }

// Neither store keeps NUL characters.
bool IsText(const std::string& bytes) {
  return !InvalidUtf8At(bytes) && bytes.find('\0') == std::string::npos;
}

// Bytes as text that may stand in JSON.
std::string Shown(const std::string& bytes) {
  if (IsText(bytes)) return Ellipsis(bytes, kShownMax);
  return fmt::format("{} bytes that are no text", bytes.size());
}

json::value About(const net::KafkaMessage& message) {
  json::object about{{"@topic", message.from.topic},
                     {"@partition", message.from.partition},
                     {"@offset", message.offset}};
  if (message.key && IsText(*message.key)) about["@key"] = *message.key;
  if (message.timestamp_ms >= 0) about["@timestamp"] = FormatTime(TimeOf(message.timestamp_ms));
  json::object headers;
  for (const auto& [name, value] : message.headers) {
    if (IsText(name) && IsText(value)) headers[name] = value;
  }
  about["@headers"] = std::move(headers);
  return about;
}

std::string WhyNoJson(const std::string& value, const Error& error) {
  if (!value.empty() && value.front() == '\0') {
    return "the value is no JSON: it begins with a zero byte, as Avro and Protobuf with a schema's "
           "number do";
  }
  return "the value is no JSON: " + error.message;
}

}  // namespace

Result<KafkaItem> ReadKafkaItem(const ingest::ItemMapping& mapping, Nulls nulls,
                                const net::KafkaMessage& message) {
  const json::value about = About(message);
  KafkaItem item;
  if (!message.value) {
    if (nulls == Nulls::kSkip) {
      item.kind = KafkaItem::Kind::kSkip;
      return item;
    }
    if (nulls == Nulls::kReject) {
      return Fail(Code::kInvalidField,
                  "the message has no value; config.nulls may say delete or skip");
    }
    item.kind = KafkaItem::Kind::kDelete;
    item.id = TRY(ingest::IdOfAbsent(mapping, about));
    return item;
  }
  const auto value = ParseJson(*message.value);
  if (!value) return Fail(Code::kInvalidField, WhyNoJson(*message.value, value.error()));
  item.row = TRY(ingest::RowOf(mapping, *value, about));
  return item;
}

std::string KafkaReplayKey(const std::string& connector, const net::KafkaMessage& message) {
  return fmt::format("{}/{}/{}/{}@{}", connector, message.from.topic, message.from.partition,
                     message.offset, message.timestamp_ms);
}

Refusal KafkaRefusal(const net::KafkaMessage& message, const Error& error) {
  std::string reason = error.message;
  for (const FieldError& field : error.fields) {
    if (reason.find(field.message) == std::string::npos) {
      reason += fmt::format("; {}: {}", field.path, field.message);
    }
  }
  json::object what{{"topic", message.from.topic},
                    {"partition", message.from.partition},
                    {"offset", message.offset},
                    {"code", Info(error.code).name},
                    {"reason", Ellipsis(reason, kShownMax)}};
  if (message.timestamp_ms >= 0) what["timestamp"] = FormatTime(TimeOf(message.timestamp_ms));
  if (message.key) what["key"] = Shown(*message.key);
  if (message.value) what["value"] = Shown(*message.value);
  return {fmt::format("{}/{}/{:020}@{}", message.from.topic, message.from.partition, message.offset,
                      message.timestamp_ms),
          std::move(what)};
}

}  // namespace tenon::jobs

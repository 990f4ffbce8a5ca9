// Bytes of a message become a row, or a refusal that can be kept: never anything else.
#include <boost/json/serialize.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "services/jobs/kafka_item.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t split = std::min<std::size_t>(data[0], bytes.size());
  net::KafkaMessage message;
  message.from = {"topic", 0};
  message.timestamp_ms = static_cast<std::int64_t>(data[0]) - 1;
  message.key = bytes.substr(0, split);
  message.value = bytes.substr(split);
  message.headers = {{"name", bytes.substr(0, split)}};
  ingest::ItemMapping mapping;
  mapping.origin = "connector:fuzz";
  mapping.key = "@key";
  mapping.fields = {{".", "properties"}, {"@headers.name", "properties.name"}, {"a.0.b", "type"}};
  const auto item = jobs::ReadKafkaItem(mapping, jobs::Nulls::kDelete, message);
  if (item && item->kind == jobs::KafkaItem::Kind::kUpsert && !item->row.contains("id")) {
    std::abort();
  }
  const jobs::Refusal refusal =
      jobs::KafkaRefusal(message, item ? Error(Code::kConflict, "refused") : item.error());
  if (!ParseJson(json::serialize(refusal.what))) std::abort();
  return 0;
}

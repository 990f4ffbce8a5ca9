#include "events/follower.h"

#include <chrono>
#include <utility>

#include "base/json.h"
#include "record/decode.h"

namespace tenon {
namespace {

// Longer than any transaction may be open; rows that were begun before are sealed.
constexpr auto kOpenMax = std::chrono::minutes(15);

// The least version 7 UUID of a time: its first 48 bits are the milliseconds.
Uuid LeastOf(Time time) {
  Uuid id;
  auto ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
  for (std::size_t i = 6; i-- > 0; ms >>= 8) id.bytes[i] = static_cast<std::uint8_t>(ms & 0xff);
  id.bytes[6] = 0x70;
  id.bytes[8] = 0x80;
  return id;
}

}  // namespace

Result<SnapshotMark> MarkOf(Reader& reader, Time now) {
  SnapshotMark mark;
  TRY(reader.Query("SELECT coalesce(max(seq), 0) FROM audit_seals", {},
                   [&](const Row& row) -> Result<bool> {
                     mark.seq = row.Int(0);
                     return false;
                   }));
  // SQLite's writer numbers rows in the transaction that writes them.
  if (reader.dialect() == Dialect::kSqlite) return mark;
  const Value since(LeastOf(now - kOpenMax));
  TRY(
      reader.Query("SELECT a.id FROM audits a WHERE a.id >= $1 AND NOT EXISTS "
                   "(SELECT 1 FROM audit_seals s WHERE s.audit_id = a.id)",
                   std::span(&since, 1), [&](const Row& row) -> Result<bool> {
                     if (const auto id = Uuid::Parse(row.Text(0))) mark.unsealed.insert(*id);
                     return true;
                   }));
  return mark;
}

Result<void> Follower::Rebuild(RebuildRun&) {
  return Fail(Code::kInternal, traits().name + " cannot be rebuilt");
}

std::string KeyOf(const LogEntry& entry) {
  // Most rows are named by their UUID, and then the metadata has no key.
  if (entry.metadata.find("\"key\"") != std::string::npos) {
    const auto metadata = ParseJson(entry.metadata);
    if (metadata && metadata->is_object()) {
      const json::value* key = metadata->as_object().if_contains("key");
      if (key != nullptr && key->is_string()) return std::string(key->as_string());
    }
  }
  return entry.entity_id.ToString();
}

Record RecordOfState(const model::Entity& entity, std::string_view state) {
  Record record(entity);
  if (state.empty()) return record;
  const auto parsed = ParseJson(state);
  const json::object* object = parsed ? parsed->if_object() : nullptr;
  if (object == nullptr) return record;
  const DecodeOptions options{.allow_automatic = true};
  for (const model::Field& field : entity.fields) {
    const json::value* value = object->if_contains(field.name);
    if (value == nullptr || value->is_null() || field.IsSecret()) continue;
    std::vector<FieldError> errors;
    auto decoded = DecodeValue(field.type, *value, field.name, object, options, errors);
    if (decoded && errors.empty()) record.at(field) = std::move(*decoded);
  }
  return record;
}

}  // namespace tenon

#include "log/seal_chain.h"

#include <algorithm>
#include <string>

#include "base/json.h"

namespace tenon {
namespace {

void AppendPart(std::string_view part, std::string& out) {
  out += std::to_string(part.size());
  out += ':';
  out += part;
}

std::string_view AsText(const Uuid& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

std::string_view AsText(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

Digest PayloadDigest(std::string_view salt, const LogEntry& entry) {
  std::string text;
  text.reserve(128 + entry.before_state.size() + entry.after_state.size() + entry.metadata.size());
  AppendPart(salt, text);
  AppendPart(entry.before_state, text);
  AppendPart(entry.after_state, text);
  AppendPart(entry.metadata, text);
  AppendPart(entry.ip_address, text);
  AppendPart(entry.user_agent, text);
  return Sha256(text);
}

bool PayloadMatches(std::string_view salt, const LogEntry& entry, std::string_view digest_hex) {
  if (ToHex(PayloadDigest(salt, entry)) == digest_hex) return true;
  LogEntry canonical = entry;
  for (std::string* text : {&canonical.before_state, &canonical.after_state, &canonical.metadata}) {
    *text = CanonicalText(*text);
  }
  return ToHex(PayloadDigest(salt, canonical)) == digest_hex;
}

std::string CanonicalText(std::string_view text) {
  if (text.empty()) return {};
  const auto value = ParseJson(text);
  return value ? CanonicalJson(*value) : std::string(text);
}

std::optional<Digest> DigestFromHex(std::string_view hex) {
  const auto bytes = FromHex(hex);
  Digest digest{};
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

Digest Seal(const Digest& previous, const LogEntry& entry, const Digest& payload) {
  std::string text;
  text.reserve(256);
  AppendPart(AsText(previous), text);
  AppendPart(std::to_string(entry.seq), text);
  AppendPart(AsText(entry.id), text);
  AppendPart(AsText(entry.tenant), text);
  AppendPart(entry.entity_type, text);
  AppendPart(AsText(entry.entity_id), text);
  AppendPart(entry.action, text);
  AppendPart(AsText(entry.user), text);
  AppendPart(FormatTime(entry.timestamp), text);
  AppendPart(AsText(payload), text);
  return Sha256(text);
}

}  // namespace tenon

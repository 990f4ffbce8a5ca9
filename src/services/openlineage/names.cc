#include "services/openlineage/names.h"

#include "base/hash.h"
#include "base/text.h"

namespace tenon::openlineage {
namespace {

constexpr std::size_t kQualifiedNameMax = 500;  // of assets.qualified_name

}  // namespace

std::string CanonicalSpace(std::string space) {
  for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (!space.starts_with(scheme)) continue;
    std::string server = space.substr(scheme.size());
    if (server.ends_with('/')) server.pop_back();
    // A path, or the hosts of a cluster: none of ours to read.
    if (server.empty() || server.find_first_of("/,?@") != std::string::npos) return space;
    for (char& c : server) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    const std::size_t colon = server.rfind(':');
    const bool has_port =
        colon != std::string::npos && server.find(']', colon) == std::string::npos;
    return "postgres://" + server + (has_port ? "" : ":5432");
  }
  return space;
}

std::string QualifiedName(const Name& name, bool is_job) {
  const std::string space = is_job ? "job:" + name.space : CanonicalSpace(name.space);
  return Shortened(space + "/" + name.name, kQualifiedNameMax);
}

std::string Shortened(const std::string& text, std::size_t max) {
  if (text.size() <= max || CountCodePoints(text) <= max) return text;
  std::size_t bytes = 0;
  for (std::size_t count = 0; bytes < text.size(); ++bytes) {
    // A continuation byte begins no code point.
    if ((static_cast<unsigned char>(text[bytes]) & 0xC0u) == 0x80u) continue;
    if (count++ == max - 17) break;
  }
  return text.substr(0, bytes) + "~" + ToHex(Sha256(text)).substr(0, 16);
}

json::object PatchBetween(const json::object& from, const json::object& to) {
  json::object patch;
  for (const auto& member : from) {
    if (!to.contains(member.key())) patch[member.key()] = nullptr;
  }
  for (const auto& member : to) {
    const json::value* old = from.if_contains(member.key());
    if (old == nullptr) {
      patch[member.key()] = member.value();
    } else if (old->is_object() && member.value().is_object()) {
      json::object inner = PatchBetween(old->get_object(), member.value().get_object());
      if (!inner.empty()) patch[member.key()] = std::move(inner);
    } else if (*old != member.value()) {
      patch[member.key()] = member.value();
    }
  }
  return patch;
}

const json::object& ObjectIn(const json::object& object, std::string_view member) {
  static const json::object kEmpty;
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_object() ? value->get_object() : kEmpty;
}

}  // namespace tenon::openlineage

#include "services/ingest/owned_members.h"

#include <algorithm>

namespace tenon::ingest {
namespace {

// FNV-1a: a member that is taken for another one by chance stays where it is, no more.
constexpr std::uint32_t kOffset = 2166136261U;
constexpr std::uint32_t kPrime = 16777619U;

std::uint32_t HashOf(std::uint32_t parent, std::string_view name) {
  std::uint32_t hash = (parent ^ 0x1fU) * kPrime;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return hash;
}

// The member names of "metadata.dbt", one after the other.
template <typename Each>
void ForParts(std::string_view path, const Each& each) {
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t dot = std::min(path.find('.', start), path.size());
    each(path.substr(start, dot - start));
    start = dot + 1;
  }
}

const json::value* Find(const json::object& fields, std::string_view path, std::uint32_t& hash) {
  const json::object* object = &fields;
  const json::value* found = nullptr;
  hash = kOffset;
  ForParts(path, [&](std::string_view name) {
    hash = HashOf(hash, name);
    found = object != nullptr ? object->if_contains(name) : nullptr;
    object = found != nullptr ? found->if_object() : nullptr;
  });
  return found;
}

void Collect(const json::value& value, std::uint32_t hash, std::vector<std::uint32_t>& members) {
  members.push_back(hash);
  if (!value.is_object()) return;
  for (const auto& member : value.get_object()) {
    Collect(member.value(), HashOf(hash, member.key()), members);
  }
}

// Null where the member was not written, or a patch of those inside it that were not.
json::value Patch(const json::value& value, std::uint32_t hash,
                  const std::vector<std::uint32_t>& members) {
  if (!std::ranges::binary_search(members, hash)) return nullptr;
  json::object patch;
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      json::value inner = Patch(member.value(), HashOf(hash, member.key()), members);
      if (!inner.is_object() || !inner.get_object().empty()) patch[member.key()] = std::move(inner);
    }
  }
  return patch;
}

}  // namespace

void OwnedMembers::Saw(const std::string& key, const json::object& fields,
                       std::span<const std::string_view> paths) {
  Row& row = rows_[key];
  row.paths = paths;
  row.members.clear();
  for (const std::string_view path : paths) {
    std::uint32_t hash = 0;
    const json::value* value = Find(fields, path, hash);
    if (value != nullptr) Collect(*value, hash, row.members);
  }
  std::ranges::sort(row.members);
}

std::string OwnedMembers::Fields() const {
  std::vector<std::string_view> roots;
  for (const auto& [key, row] : rows_) {
    for (const std::string_view path : row.paths) {
      const std::string_view root = path.substr(0, path.find('.'));
      if (std::ranges::find(roots, root) == roots.end()) roots.push_back(root);
    }
  }
  std::string fields;
  for (const std::string_view root : roots) {
    if (!fields.empty()) fields += ',';
    fields += root;
  }
  return fields;
}

json::object OwnedMembers::Stale(const std::string& key, const json::object& row) const {
  json::object patch;
  const auto known = rows_.find(key);
  if (known == rows_.end()) return patch;
  for (const std::string_view path : known->second.paths) {
    std::uint32_t hash = 0;
    const json::value* value = Find(row, path, hash);
    if (value == nullptr || value->is_null()) continue;
    json::value part = Patch(*value, hash, known->second.members);
    if (part.is_object() && part.get_object().empty()) continue;
    json::object* at = &patch;
    std::vector<std::string_view> names;
    ForParts(path, [&](std::string_view name) { names.push_back(name); });
    for (std::size_t i = 0; i + 1 < names.size(); ++i) {
      json::value& inner = (*at)[names[i]];
      if (!inner.is_object()) inner.emplace_object();
      at = &inner.get_object();
    }
    (*at)[names.back()] = std::move(part);
  }
  return patch;
}

}  // namespace tenon::ingest

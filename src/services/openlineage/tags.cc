// Tags of jobs and datasets from their `tags` facet (1-0-0). What it says of single columns and of
// runs stays in the metadata, as every facet does.
#include <algorithm>
#include <array>
#include <set>

#include "services/openlineage/apply.h"
#include "services/openlineage/names.h"

namespace tenon::openlineage {
namespace {

constexpr std::string_view kTagCategory = "openlineage";  // tags.category
constexpr std::size_t kTagNameMax = 255;
constexpr std::size_t kTagsMax = 1000;  // of one facet

std::string TextOf(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// "pii" for {key: pii, value: true}, "tier:gold" for {key: tier, value: gold}.
std::set<std::string> TagsOf(const json::object& facet) {
  std::set<std::string> tags;
  const json::value* list = facet.if_contains("tags");
  if (list == nullptr || !list->is_array()) return tags;
  for (const json::value& one : list->get_array()) {
    if (!one.is_object() || tags.size() >= kTagsMax) continue;
    const std::string key = TextOf(one.get_object(), "key");
    const std::string value = TextOf(one.get_object(), "value");
    if (key.empty() || !TextOf(one.get_object(), "field").empty()) continue;
    tags.insert(Shortened(value.empty() || value == "true" ? key : key + ":" + value, kTagNameMax));
  }
  return tags;
}

}  // namespace

// Nil when there is none and none is to be made.
Result<Uuid> Applier::TagOf(const std::string& name, bool make) {
  const std::array<Value, 3> parameters = {Value(caller_.tenant), Value(kTagCategory), Value(name)};
  Uuid tag;
  TRY(writer_.transaction().Query(
      "SELECT id FROM tags WHERE tenant_id = $1 AND category = $2 AND name = $3", parameters,
      [&](const Row& row) -> Result<bool> {
        tag = Uuid::Parse(row.Text(0)).value_or(Uuid{});
        return false;
      }));
  if (!tag.IsNil() || !make) return tag;
  const Outcome made = TRY(Create(*bindings_.tags, {{"name", name}, {"category", kTagCategory}}));
  return Uuid::Parse(made.key).value_or(Uuid{});
}

Result<void> Applier::StoreTags(const Asset& asset) {
  if (asset.new_tags == nullptr) return {};
  std::set<std::string> wanted;
  if (!asset.new_tags->deleted) wanted = TagsOf(asset.new_tags->value);
  const std::array<Value, 2> parameters = {Value(asset.id), Value(kTagCategory)};
  std::set<std::string> present;
  TRY(writer_.transaction().Query(
      "SELECT t.name FROM asset_tags x JOIN tags t ON t.id = x.tag_id WHERE x.asset_id = $1 AND "
      "t.category = $2",
      parameters, [&](const Row& row) -> Result<bool> {
        present.insert(std::string(row.Text(0)));
        return true;
      }));
  for (const std::string& name : wanted) {
    if (present.contains(name)) continue;
    const Uuid tag = TRY(TagOf(name, true));
    TRY(Create(*bindings_.asset_tags,
               {{"asset_id", asset.id.ToString()}, {"tag_id", tag.ToString()}}));
  }
  // Only tags of this category: others are people's, or another source's.
  for (const std::string& name : present) {
    if (wanted.contains(name)) continue;
    const Uuid tag = TRY(TagOf(name, false));
    TRY(Delete(*bindings_.asset_tags, asset.id.ToString() + "~" + tag.ToString()));
  }
  return {};
}

}  // namespace tenon::openlineage

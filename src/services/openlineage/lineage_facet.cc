// The `lineage` facet (1-0-0) of jobs and datasets: who feeds whom, said outright.
#include <algorithm>

#include "base/text.h"
#include "services/openlineage/event.h"
#include "services/openlineage/names.h"

namespace tenon::openlineage {
namespace {

std::string TextOf(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// A target or a source; without a name it is the event's own job. Nullopt for what is neither.
std::optional<LinkEnd> EndOf(const json::object& object, const Job* own) {
  LinkEnd end;
  end.is_job = TextOf(object, "type") == "JOB";
  end.name = {TextOf(object, "namespace"), TextOf(object, "name")};
  if (!end.is_job) end.name.space = CanonicalSpace(std::move(end.name.space));
  if (end.name.name.empty() && end.is_job && own != nullptr) end.name = own->name;
  if (end.name.space.empty() || end.name.name.empty() ||
      std::max(CountCodePoints(end.name.space), CountCodePoints(end.name.name)) > kNameMax) {
    return std::nullopt;
  }
  return end;
}

void AddInputs(const json::object& of, const LinkEnd& target, const Job* own,
               std::vector<Link>& links) {
  const json::value* inputs = of.if_contains("inputs");
  if (inputs == nullptr || !inputs->is_array()) return;
  for (const json::value& input : inputs->get_array()) {
    if (!input.is_object() || links.size() >= kDatasetsMax) continue;
    const auto source = EndOf(input.get_object(), own);
    if (source && !(*source == target)) links.push_back({*source, target});
  }
}

void AddTarget(const json::object& entry, const LinkEnd& target, const Job* own,
               std::vector<Link>& links) {
  AddInputs(entry, target, own, links);
  const json::value* fields = entry.if_contains("fields");
  if (fields == nullptr || !fields->is_object()) return;
  for (const auto& field : fields->get_object()) {
    if (field.value().is_object()) AddInputs(field.value().get_object(), target, own, links);
  }
}

}  // namespace

std::vector<Link> LinksOf(const json::object& facet, const Dataset* dataset, const Job* own) {
  std::vector<Link> links;
  if (dataset != nullptr) {
    AddTarget(facet, {dataset->name, false}, own, links);
  } else if (const json::value* entries = facet.if_contains("entries");
             entries != nullptr && entries->is_array()) {
    for (const json::value& entry : entries->get_array()) {
      if (!entry.is_object()) continue;
      const auto target = EndOf(entry.get_object(), own);
      if (target) AddTarget(entry.get_object(), *target, own, links);
    }
  }
  std::ranges::sort(links);
  const auto repeated = std::ranges::unique(links);
  links.erase(repeated.begin(), repeated.end());
  return links;
}

}  // namespace tenon::openlineage

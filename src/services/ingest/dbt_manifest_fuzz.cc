// Any JSON as any of dbt's artifacts: an error with words, or nodes that have ids.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "services/ingest/dbt_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon::ingest;
  const auto document =
      tenon::ParseJson(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!document) return 0;
  auto project = ReadDbtManifest(*document);
  if (!project) {
    if (project.error().message.empty()) std::abort();
    project = DbtProject();
  }
  for (const DbtNode& node : project->nodes) {
    if (node.resource_type.empty() && !node.id.empty() && node.id.front() != '.') std::abort();
  }
  for (const auto& add : {AddDbtCatalog, AddDbtRunResults, AddDbtFreshness}) {
    const auto added = add(*document, *project);
    if (!added && added.error().message.empty()) std::abort();
  }
  return 0;
}

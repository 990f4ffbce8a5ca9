// Paragraphs, packages and relations of any text: an error or a value, and a relation that was
// read is written in a form that reads as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "services/ingest/debian_version.h"
#include "services/ingest/resolver.h"

namespace {

using namespace tenon::ingest;

void CheckRelations(std::string_view text) {
  const auto groups = ParseRelations(text);
  if (!groups) {
    if (groups.error().message.empty()) std::abort();
    return;
  }
  for (const RelationGroup& group : *groups) {
    const auto again = ParseRelations(ToString(group));
    if (!again || again->size() != 1 || again->at(0) != group) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckRelations(text);
  const std::string_view a = std::string_view(text).substr(0, size / 2);
  const std::string_view b = std::string_view(text).substr(size / 2);
  if ((CompareDebianVersions(a, b) < 0) != (CompareDebianVersions(b, a) > 0)) std::abort();

  const auto source = OpenText("fuzz", text, 1 + size % 50);
  Deb822Reader reader(*source);
  DependencyResolver resolver;
  Paragraph paragraph;
  while (true) {
    const auto more = reader.Next(paragraph);
    if (!more) std::abort();
    if (!*more) break;
    CheckRelations(paragraph.Get("Depends"));
    const auto package = ReadPackage(paragraph);
    if (!package) continue;
    resolver.Add(*package);
    for (const auto& found : resolver.ResolveAll(*package).found) {
      if (resolver.LatestVersion(found.name) == nullptr) std::abort();
    }
  }
  if (reader.position().offset != size) std::abort();
  return 0;
}

// Any bytes: an event, or an error that names what is wrong.
#include <cstdint>
#include <string_view>

#include "services/openlineage/event.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(openlineage::ParseEventTime(text));
  const auto document = ParseJson(text);
  if (!document) return 0;
  const auto event = openlineage::Decode(*document);
  if (!event) return 0;
  if (event->run && event->run->id.IsNil() && event->run->text_id.empty()) __builtin_trap();
  for (const auto* datasets : {&event->inputs, &event->outputs}) {
    for (const openlineage::Dataset& dataset : *datasets) {
      if (dataset.name.name.empty() || dataset.name.space.empty()) __builtin_trap();
      for (const openlineage::Facet& facet : dataset.facets) {
        static_cast<void>(openlineage::FeedsOf(facet.value));
        static_cast<void>(openlineage::ColumnsOf(facet.value));
      }
    }
  }
  return 0;
}

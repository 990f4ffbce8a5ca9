// Whatever the bytes: an error or an example within its bounds, whose views lie in the input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/ingest/tf_example.h"

namespace {

using namespace tenon::ingest;

constexpr TfExampleLimits kLimits{.features_max = 16, .values_max = 1000};

bool Within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

std::size_t Look(const TfFeature& feature, std::string_view message) {
  for (const std::string_view text : feature.bytes) {
    if (!Within(text, message)) std::abort();
  }
  return feature.bytes.size() + feature.floats.size() + feature.ints.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto example = DecodeTfExample(message, kLimits);
  if (!example) {
    if (example.error().message.empty()) std::abort();
    return 0;
  }
  std::size_t values = 0;
  for (const auto& [name, feature] : example->features) {
    if (!Within(name, message)) std::abort();
    values += Look(feature, message);
  }
  for (const auto& [name, list] : example->lists) {
    if (!Within(name, message)) std::abort();
    for (const TfFeature& feature : list) values += Look(feature, message);
  }
  if (values > kLimits.values_max) std::abort();
  return 0;
}

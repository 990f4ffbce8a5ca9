// tf.train.Example and SequenceExample (tensorflow/core/example/example.proto, feature.proto),
// decoded by hand within bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tenon::ingest {

struct TfFeature {
  std::vector<std::string_view> bytes;
  std::vector<float> floats;
  std::vector<std::int64_t> ints;
};

struct TfExample {
  // In the order of the record, which changes from record to record; a name that comes twice has
  // its last value, as protobuf maps have it.
  std::vector<std::pair<std::string_view, TfFeature>> features;
  // Of a SequenceExample: by name, a feature for each step.
  std::vector<std::pair<std::string_view, std::vector<TfFeature>>> lists;

  [[nodiscard]] const TfFeature* Find(std::string_view name) const;
  [[nodiscard]] const std::vector<TfFeature>* FindList(std::string_view name) const;
};

struct TfExampleLimits {
  std::size_t features_max = 1024;    // of a record, and lists
  std::size_t values_max = 1u << 22;  // numbers and byte strings of a record, all together
};

// Views point into `message`. An Example is read as a SequenceExample without lists: they agree in
// their first field, and real Examples carry an empty second one. kInvalidArgument for what is no
// such message, kTooLarge over a limit.
Result<TfExample> DecodeTfExample(std::string_view message, const TfExampleLimits& limits = {});

}  // namespace tenon::ingest

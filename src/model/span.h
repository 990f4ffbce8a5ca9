// A place in a model source or in a filter.
#pragma once

#include <cstdint>

namespace tenon::model {

struct Span {
  std::uint32_t file = 0;    // index into the Sources it came from
  std::uint32_t offset = 0;  // bytes
  std::uint32_t length = 0;  // bytes
};

}  // namespace tenon::model

// The rows that benchmarks write: the same for every system that is measured.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace tenon::bench {

inline void AppendAsset(std::string_view prefix, std::uint64_t n, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"type":"TABLE","name":"{}_{}","qualified_name":"warehouse.{}.{}",)"
                 R"("description":"Row number {} of the benchmark, as long as descriptions are",)"
                 R"("metadata":{{"owner":"team-{}","tier":{},"columns":12}}}})",
                 prefix, n, prefix, n, n, n % 50, n % 5);
}

}  // namespace tenon::bench

// Rows come in rising positions to the end of the input, however it is cut, and reading from the
// position of a row gives that row again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "services/ingest/csv.h"

namespace {

using namespace tenon::ingest;

struct Got {
  Position at;
  std::vector<std::string> fields;
  std::string problem;
  bool operator==(const Got&) const = default;
};

std::vector<Got> Read(const std::string& text, std::size_t piece, Position from, bool one) {
  const auto source = OpenText("fuzz", text, piece);
  CsvReader reader(*source, {.field_bytes_max = 100, .row_bytes_max = 300, .fields_max = 20});
  if (!reader.Resume(from)) std::abort();
  std::vector<Got> all;
  CsvRow row;
  while (true) {
    const auto more = reader.Next(row);
    if (!more) std::abort();
    if (!*more) break;
    if (!all.empty() && row.at.offset <= all.back().at.offset) std::abort();
    all.push_back({row.at, {row.fields.begin(), row.fields.end()}, row.problem});
    if (one) return all;
  }
  if (reader.position().offset != text.size()) std::abort();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) size = 4096;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::vector<Got> all = Read(text, SIZE_MAX, {}, false);
  if (Read(text, 1 + size % 7, {}, false) != all) std::abort();
  if (!all.empty()) {
    const Got& row = all[size % all.size()];
    if (Read(text, SIZE_MAX, row.at, true).at(0) != row) std::abort();
  }
  return 0;
}

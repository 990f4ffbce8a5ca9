// Lines come in rising positions to the end of the input, however it is cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "services/ingest/ndjson.h"

namespace {

using namespace tenon::ingest;

using Got = std::tuple<std::uint64_t, std::uint64_t, std::string>;

std::vector<Got> Read(const std::string& text, std::size_t piece) {
  const auto source = OpenText("fuzz", text, piece);
  NdjsonReader reader(*source, 100);
  std::vector<Got> all;
  NdjsonRow row;
  while (true) {
    const auto more = reader.Next(row);
    if (!more) std::abort();
    if (!*more) break;
    if (row.text.size() > 200 || row.text.find('\n') != std::string_view::npos) std::abort();
    // How much is kept of a line that is too long depends on the pieces.
    all.emplace_back(row.at.offset, row.at.line,
                     row.problem.empty() ? std::string(row.text) : row.problem);
  }
  if (reader.position().offset != text.size()) std::abort();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) size = 8192;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (Read(text, SIZE_MAX) != Read(text, 1 + size % 13)) std::abort();
  return 0;
}

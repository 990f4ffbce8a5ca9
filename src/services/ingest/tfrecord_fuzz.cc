// Records come with rising positions to the end of the input, however it is cut, and those that
// have no problem are whole.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "services/ingest/tfrecord.h"

namespace {

using namespace tenon::ingest;

using Got = std::tuple<std::uint64_t, std::uint64_t, std::string, std::string>;

std::vector<Got> Read(const std::string& bytes, std::size_t piece) {
  const auto source = OpenText("fuzz", bytes, piece);
  TfRecordReader reader(*source, 1000);
  std::vector<Got> all;
  TfRecord record;
  std::uint64_t last = 0;
  while (true) {
    const auto more = reader.Next(record);
    if (!more) std::abort();
    if (!*more) return all;
    if (!all.empty() && record.at.offset <= last) std::abort();
    last = record.at.offset;
    if (record.problem.empty() && record.data.size() > 1000) std::abort();
    all.emplace_back(record.at.offset, record.at.line,
                     record.problem.empty() ? std::string(record.data) : "", record.problem);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) size = 8192;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (Read(bytes, SIZE_MAX) != Read(bytes, 1 + size % 13)) std::abort();
  return 0;
}

// TFRecord files (tensorflow/core/lib/io/record_writer.h), read as a stream: length (uint64), its
// masked CRC-32C, data, its masked CRC-32C; all little-endian.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "services/ingest/input.h"

namespace tenon::ingest {

struct TfRecord {
  Position at;            // of its first byte; `line` counts records from 1
  std::string_view data;  // valid until the next call of the reader
  std::string problem;    // why it cannot be used, with its offset; empty: it can
  bool is_last = false;   // with a problem: nothing after it can be found
};

// Used by one thread at a time.
class TfRecordReader {
 public:
  // A frame-level record of YouTube-8M is under 1 MB.
  static constexpr std::size_t kBytesMax = 64u << 20;

  explicit TfRecordReader(InputSource& source, std::size_t bytes_max = kBytesMax)
      : window_(source), bytes_max_(bytes_max) {}

  // Reads the next record; false at the end. An error is one of the source. A record whose data
  // does not match its CRC comes with its problem, and the next call goes on after it; after a
  // damaged length, or at a file that stops inside a record, nothing more can be found.
  Result<bool> Next(TfRecord& record);

  [[nodiscard]] Position position() const { return {window_.offset(), records_ + 1}; }

 private:
  Window window_;
  const std::size_t bytes_max_;
  std::uint64_t records_ = 0;
  bool ended_ = false;
};

}  // namespace tenon::ingest

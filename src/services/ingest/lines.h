// Lines of an input with their positions, each bounded in length.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "services/ingest/input.h"

namespace tenon::ingest {

struct Line {
  Position at;            // of its first byte
  std::string_view text;  // without LF or CR LF; valid until the next call of the reader
  bool too_long = false;  // then `text` is only its beginning
};

// Used by one thread at a time. A byte order mark at the very start is skipped.
class LineReader {
 public:
  LineReader(InputSource& source, std::size_t line_bytes_max)
      : window_(source), line_bytes_max_(line_bytes_max) {}

  // Reads the next line into `line`; false at the end. The last one needs no line end.
  Result<bool> Next(Line& line);

  // Where the next line begins: what a checkpoint keeps.
  [[nodiscard]] Position position() const { return {window_.offset(), line_}; }
  Result<> Resume(Position position);

 private:
  Result<void> SkipRest();

  Window window_;
  std::size_t line_bytes_max_;
  std::uint64_t line_ = 1;
  bool ended_ = false;
  std::string beginning_;  // of a line that is too long
};

}  // namespace tenon::ingest

// Newline-delimited JSON: one document a line. This finds the lines; ParseJson reads them.
#pragma once

#include <cstddef>
#include <string>

#include "base/limits.h"
#include "services/ingest/lines.h"

namespace tenon::ingest {

struct NdjsonRow {
  Position at;
  std::string_view text;  // valid until the next call; only the beginning when there is a problem
  std::string problem;    // why the line cannot be read; empty: it can
};

// Blank lines are skipped, CR before LF is tolerated. Used by one thread at a time.
class NdjsonReader {
 public:
  explicit NdjsonReader(InputSource& source,
                        std::size_t line_bytes_max = limits::kImportRowBytesMax)
      : lines_(source, line_bytes_max), line_bytes_max_(line_bytes_max) {}

  // False at the end. An error is one of the source; a bad line is a row with a problem, and the
  // next call goes on after it.
  Result<bool> Next(NdjsonRow& row);

  [[nodiscard]] Position position() const { return lines_.position(); }
  Result<> Resume(Position position) { return lines_.Resume(position); }

 private:
  LineReader lines_;
  std::size_t line_bytes_max_;
};

}  // namespace tenon::ingest

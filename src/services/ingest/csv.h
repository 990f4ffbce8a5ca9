// Comma-separated values by RFC 4180, read as a stream.
//
// Beyond the RFC: lines may end in LF alone, a byte order mark is skipped, the delimiter can be
// chosen, and blank lines are skipped (an empty value in a file of one column is written "").
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "services/ingest/input.h"

namespace tenon::ingest {

struct CsvOptions {
  char delimiter = ',';
  std::size_t field_bytes_max = limits::kCsvFieldBytesMax;
  std::size_t row_bytes_max = limits::kImportRowBytesMax;
  std::size_t fields_max = limits::kCsvFieldsMax;
};

struct CsvRow {
  Position at;                           // of its first byte
  std::vector<std::string_view> fields;  // unquoted; valid until the next call of the reader
  std::string problem;                   // why it cannot be read; empty: it can
  Position problem_at;                   // where; with a problem only
};

// Used by one thread at a time.
class CsvReader {
 public:
  explicit CsvReader(InputSource& source, CsvOptions options = {})
      : window_(source), options_(options) {}

  // Reads the next row; false at the end. An error is one of the source. A row with broken quotes
  // or over a bound comes with its problem, and the next call goes on at the line after the one
  // where that row began: one stray quote costs one row and not the rest of the file.
  Result<bool> Next(CsvRow& row);

  // Where the next row begins: what a checkpoint keeps.
  [[nodiscard]] Position position() const { return {window_.offset(), line_}; }
  Result<> Resume(Position position);

 private:
  enum class State { kFieldStart, kPlain, kQuoted, kQuoteInQuoted };

  struct Span {
    std::size_t begin = 0;  // from the start of the row
    std::size_t end = 0;
    bool doubled = false;  // holds "" that mean one quote
  };

  // What the scan of one row has found so far.
  struct Scan {
    State state = State::kFieldStart;
    std::size_t at = 0;
    std::uint64_t line = 0;
    bool done = false;
    bool has_text = false;  // anything but a line end
    std::size_t bytes = 0;  // with the line end, when done
    Span field;
    std::size_t field_at = 0;  // where the field begins, with its quote
    std::uint64_t field_line = 0;
    std::string problem;
    std::size_t problem_at = 0;
    std::uint64_t problem_line = 0;
  };

  Result<Scan> ScanRow();
  void SkipOrdinary(Scan& scan, std::string_view view) const;
  void Step(Scan& scan, char c);
  void AtEnd(Scan& scan);
  void EndField(Scan& scan, std::size_t end);
  void EndRow(Scan& scan);
  static void Problem(Scan& scan, std::string problem, std::size_t at, std::uint64_t line);
  void FillFields(CsvRow& row);
  Result<> SkipLine();

  Window window_;
  CsvOptions options_;
  std::uint64_t line_ = 1;
  bool ended_ = false;
  std::vector<Span> spans_;
};

}  // namespace tenon::ingest

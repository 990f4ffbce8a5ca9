#include "services/ingest/csv.h"

#include <algorithm>
#include <cstring>

namespace tenon::ingest {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Result<bool> CsvReader::Next(CsvRow& row) {
  row.fields.clear();
  row.problem.clear();
  while (true) {
    const Scan scan = TRY(ScanRow());
    if (!scan.has_text && scan.problem.empty()) {
      if (scan.bytes == 0) return false;
      window_.Consume(scan.bytes);  // a blank line
      line_ = scan.line;
      continue;
    }
    row.at = position();
    if (!scan.problem.empty()) {
      row.problem = scan.problem;
      row.problem_at = {row.at.offset + scan.problem_at, scan.problem_line};
      TRY(SkipLine());
      return true;
    }
    FillFields(row);
    window_.Consume(scan.bytes);
    line_ = scan.line;
    return true;
  }
}

// Finds the fields of the row at the front of the window without changing a byte of it, so that a
// broken one can be skipped by lines.
Result<CsvReader::Scan> CsvReader::ScanRow() {
  if (window_.offset() == 0) {
    while (window_.view().size() < kByteOrderMark.size() && !ended_) ended_ = !TRY(window_.More());
    if (window_.view().starts_with(kByteOrderMark)) window_.Consume(kByteOrderMark.size());
  }
  spans_.clear();
  Scan scan;
  scan.line = line_;
  while (!scan.done && scan.problem.empty()) {
    if (scan.at > options_.row_bytes_max) {
      Problem(
          scan,
          "the row is longer than " + std::to_string(options_.row_bytes_max) + " bytes" +
              (scan.state == State::kQuoted ? "; a quote that opens on line " +
                                                  std::to_string(scan.field_line) + " is not closed"
                                            : ""),
          0, line_);
    } else if (scan.at < window_.view().size()) {
      const std::string_view view = window_.view();
      const std::size_t stop = std::min(view.size(), options_.row_bytes_max + 1);
      while (scan.at < stop && !scan.done && scan.problem.empty()) {
        SkipOrdinary(scan, view.substr(0, stop));
        if (scan.at < stop) Step(scan, view[scan.at]);
      }
    } else if (ended_) {
      AtEnd(scan);
    } else {
      ended_ = !TRY(window_.More());
    }
  }
  return scan;
}

// Jumps over what means nothing in this state; most bytes of a file are that.
void CsvReader::SkipOrdinary(Scan& scan, std::string_view view) const {
  if (scan.state == State::kQuoted) {
    while (scan.at < view.size() && view[scan.at] != '"' && view[scan.at] != '\n') ++scan.at;
  } else if (scan.state == State::kPlain) {
    const std::size_t from = scan.at;
    while (scan.at < view.size() && view[scan.at] != options_.delimiter && view[scan.at] != '\n' &&
           view[scan.at] != '"' && view[scan.at] != '\r') {
      ++scan.at;
    }
    scan.has_text |= scan.at > from;
  }
}

void CsvReader::Step(Scan& scan, char c) {
  const std::size_t at = scan.at++;
  switch (scan.state) {
    case State::kFieldStart:
      scan.field = {at, at, false};
      scan.field_at = at;
      scan.field_line = scan.line;
      if (c == '"') {
        scan.field.begin = at + 1;
        scan.has_text = true;
        scan.state = State::kQuoted;
        return;
      }
      scan.state = State::kPlain;
      [[fallthrough]];
    case State::kPlain:
      if (c == options_.delimiter) {
        scan.has_text = true;
        EndField(scan, at);
      } else if (c == '\n') {
        const bool cr = at > scan.field.begin && window_.view()[at - 1] == '\r';
        EndField(scan, cr ? at - 1 : at);
        EndRow(scan);
      } else if (c == '"') {
        Problem(scan, "a quote stands inside a field that does not begin with one", at, scan.line);
      } else if (c != '\r') {
        scan.has_text = true;
      }
      return;
    case State::kQuoted:
      if (c == '"') scan.state = State::kQuoteInQuoted;
      if (c == '\n') ++scan.line;
      return;
    case State::kQuoteInQuoted: {
      const bool after_cr = window_.view()[at - 1] == '\r';  // then only LF may follow
      if (c == '\n') {
        EndField(scan, after_cr ? at - 2 : at - 1);
        EndRow(scan);
      } else if (c == '"' && !after_cr) {
        scan.field.doubled = true;
        scan.state = State::kQuoted;
      } else if (c == options_.delimiter && !after_cr) {
        EndField(scan, at - 1);
      } else if (c != '\r' || after_cr) {
        Problem(scan,
                "after the closing quote of the field that opens on line " +
                    std::to_string(scan.field_line) + " a delimiter or line end must follow",
                at, scan.line);
      }
      return;
    }
  }
}

// The input has ended: so has the row, when it is whole.
void CsvReader::AtEnd(Scan& scan) {
  const std::size_t at = scan.at;
  const auto byte_before = [&] { return window_.view()[at - 1]; };
  switch (scan.state) {
    case State::kFieldStart:
      if (at == 0) break;  // nothing at all
      scan.field = {at, at, false};
      scan.field_at = at;
      scan.field_line = scan.line;
      EndField(scan, at);
      break;
    case State::kPlain:
      EndField(scan, at > scan.field.begin && byte_before() == '\r' ? at - 1 : at);
      break;
    case State::kQuoted:
      Problem(scan,
              "the quote that opens on line " + std::to_string(scan.field_line) +
                  " is not closed before the end of the input",
              scan.field_at, scan.field_line);
      return;
    case State::kQuoteInQuoted:
      EndField(scan, byte_before() == '\r' ? at - 2 : at - 1);
      break;
  }
  scan.bytes = at;
  scan.done = true;
}

void CsvReader::EndField(Scan& scan, std::size_t end) {
  scan.field.end = end;
  if (end - scan.field.begin > options_.field_bytes_max) {
    Problem(scan, "a field is longer than " + std::to_string(options_.field_bytes_max) + " bytes",
            scan.field_at, scan.field_line);
  } else if (spans_.size() == options_.fields_max) {
    Problem(scan, "the row has more than " + std::to_string(options_.fields_max) + " fields",
            scan.field_at, scan.field_line);
  } else {
    spans_.push_back(scan.field);
  }
  scan.state = State::kFieldStart;
}

void CsvReader::EndRow(Scan& scan) {
  ++scan.line;
  scan.bytes = scan.at;
  scan.done = true;
}

void CsvReader::Problem(Scan& scan, std::string problem, std::size_t at, std::uint64_t line) {
  scan.problem = std::move(problem);
  scan.problem_at = at;
  scan.problem_line = line;
}

// Doubled quotes become one in place: the bytes of a whole row are not needed again.
void CsvReader::FillFields(CsvRow& row) {
  char* const bytes = window_.data();
  for (const Span& span : spans_) {
    std::size_t end = span.end;
    if (span.doubled) {
      end = span.begin;
      for (std::size_t from = span.begin; from < span.end; ++from) {
        bytes[end++] = bytes[from];
        if (bytes[from] == '"') ++from;  // quotes come in pairs here
      }
    }
    row.fields.emplace_back(bytes + span.begin, end - span.begin);
  }
}

Result<> CsvReader::SkipLine() {
  ++line_;
  while (true) {
    const std::string_view view = window_.view();
    const std::size_t end = view.find('\n');
    if (end != std::string_view::npos) {
      window_.Consume(end + 1);
      return {};
    }
    window_.Consume(view.size());
    if (ended_) return {};
    ended_ = !TRY(window_.More());
  }
}

Result<> CsvReader::Resume(Position position) {
  TRY(window_.Seek(position.offset));
  line_ = position.line;
  ended_ = false;
  return {};
}

}  // namespace tenon::ingest

#include "model/format_writer.h"

#include <algorithm>

namespace tenon::model {
namespace {

// A cell this wide does not push the others of its column away.
constexpr std::size_t kCellWidthMax = 30;

std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

std::string Flat(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), kBreak, ' ');
  std::replace(out.begin(), out.end(), kInnerBreak, ' ');
  return out;
}

std::string Inner(std::string text) {
  std::replace(text.begin(), text.end(), kBreak, kInnerBreak);
  return text;
}

std::size_t FormatWriter::NewlinesBetween(std::size_t from, std::size_t to) const {
  if (from >= to) return 0;
  const std::string_view between = source_.substr(from, to - from);
  return static_cast<std::size_t>(std::count(between.begin(), between.end(), '\n'));
}

void FormatWriter::BlankFor(std::uint32_t offset) {
  const bool wanted = blank_ || NewlinesBetween(last_end_, offset) >= 2;
  blank_ = false;
  if (!wanted || at_start_) return;
  FlushRows();
  if (!lines_.empty() && !lines_.back().empty()) lines_.emplace_back();
}

void FormatWriter::WriteComment(const Comment& comment) {
  FlushRows();
  Emit(std::string(source_.substr(comment.offset, comment.length)));
  at_start_ = false;
  last_end_ = std::max<std::size_t>(last_end_, comment.offset + comment.length);
}

void FormatWriter::Before(std::uint32_t start, std::uint32_t end, bool close) {
  while (next_comment_ < comments_.size() && comments_[next_comment_].offset < end) {
    const Comment& comment = comments_[next_comment_++];
    if (comment.offset < start && !close) BlankFor(comment.offset);
    WriteComment(comment);
  }
  if (!close) BlankFor(start);
}

void FormatWriter::Emit(std::string text) {
  lines_.push_back(text.empty() ? "" : std::string(2 * indent_, ' ') + text);
}

void FormatWriter::Line(std::string text, std::size_t hang) {
  FlushRows();
  at_start_ = false;
  if (Width(text) <= Room()) {
    Emit(Flat(text));
    return;
  }
  std::string line;
  bool first = true;
  Fill(text, kBreak, hang, line, first);
  Emit(std::string(first ? 0 : hang, ' ') + line);
}

// Each line takes as many pieces as fit; what is left stays in `line`.
void FormatWriter::Fill(std::string_view text, char at, std::size_t hang, std::string& line,
                        bool& first) {
  while (true) {
    const std::size_t end = text.find(at);
    const std::string_view piece = text.substr(0, end);
    const std::size_t lead = first ? 0 : hang;
    const bool inside = at == kBreak && hang + Width(piece) > Room() &&
                        piece.find(kInnerBreak) != std::string_view::npos;
    if (line.empty() && !(inside && Width(piece) > Room())) {
      line = Flat(piece);
    } else if (!line.empty() && lead + Width(line) + 1 + Width(piece) <= Room()) {
      line += ' ' + Flat(piece);
    } else if (inside) {
      Fill(piece, kInnerBreak, hang, line, first);
    } else {
      Emit(std::string(lead, ' ') + line);
      first = false;
      line = Flat(piece);
    }
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void FormatWriter::Row(std::vector<std::string> cells) {
  at_start_ = false;
  rows_.push_back({std::move(cells), ""});
}

void FormatWriter::FlushRows() {
  if (rows_.empty()) return;
  std::vector<PendingRow> rows = std::move(rows_);
  rows_.clear();
  std::vector<std::size_t> widths;
  for (const PendingRow& row : rows) {
    for (std::size_t i = 0; i + 1 < row.cells.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      const std::size_t width = Width(row.cells[i]);
      const bool last = row.cells[i + 1].empty() && i + 2 == row.cells.size();
      if (width <= kCellWidthMax && !last) widths[i] = std::max(widths[i], width);
    }
  }
  for (const PendingRow& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (row.cells[i].empty()) continue;
      line += row.cells[i];
      if (i + 1 == row.cells.size()) break;
      const bool rest_empty = std::all_of(row.cells.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                          row.cells.end(), [](const auto& c) { return c.empty(); });
      if (rest_empty) break;
      const std::size_t width = Width(row.cells[i]);
      line += std::string(width < widths[i] ? widths[i] - width + 2 : 2, ' ');
    }
    Line(std::move(line));
    if (!row.comment.empty()) lines_.back() += "  " + row.comment;
  }
}

void FormatWriter::After(std::uint32_t end) {
  last_end_ = std::max<std::size_t>(last_end_, end);
  if (next_comment_ >= comments_.size()) return;
  const Comment& comment = comments_[next_comment_];
  if (comment.own_line || comment.offset < end || NewlinesBetween(end, comment.offset) > 0) return;
  // Something else may stand between: then the comment is not this unit's.
  const std::string_view between = source_.substr(end, comment.offset - end);
  if (between.find_first_not_of(" \t\r,") != between.npos) return;
  ++next_comment_;
  last_end_ = comment.offset + comment.length;
  std::string text(source_.substr(comment.offset, comment.length));
  if (!rows_.empty()) {
    rows_.back().comment = std::move(text);
  } else if (!lines_.empty()) {
    lines_.back() += "  " + text;
  }
}

void FormatWriter::Open(std::uint32_t head_start) {
  ++indent_;
  last_end_ = std::max<std::size_t>(last_end_, head_start);
  // "entity X {  // why"
  if (next_comment_ < comments_.size()) {
    const Comment& comment = comments_[next_comment_];
    const std::size_t brace = source_.rfind('{', comment.offset);
    const bool behind =
        !comment.own_line && brace != source_.npos && brace >= head_start &&
        source_.substr(brace + 1, comment.offset - brace - 1).find_first_not_of(" \t\r") ==
            std::string_view::npos;
    if (behind) {
      ++next_comment_;
      lines_.back() += "  " + std::string(source_.substr(comment.offset, comment.length));
      last_end_ = comment.offset + comment.length;
    }
  }
  at_start_ = true;
  blank_ = false;
}

void FormatWriter::Close(std::uint32_t end, std::string text) {
  // Comments after the last unit still belong to the block.
  while (next_comment_ < comments_.size() && comments_[next_comment_].offset < end) {
    const Comment& comment = comments_[next_comment_++];
    BlankFor(comment.offset);
    WriteComment(comment);
  }
  FlushRows();
  --indent_;
  Emit(std::move(text));
  at_start_ = false;
  blank_ = false;
  last_end_ = std::max<std::size_t>(last_end_, end);
}

std::string FormatWriter::Finish() {
  while (next_comment_ < comments_.size()) {
    const Comment& comment = comments_[next_comment_++];
    BlankFor(comment.offset);
    WriteComment(comment);
  }
  FlushRows();
  std::string out;
  for (const std::string& line : lines_) {
    out += line;
    out += '\n';
  }
  return out;
}

}  // namespace tenon::model

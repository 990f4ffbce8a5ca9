#include "cli/table.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <numeric>

namespace tenon::cli {
namespace {

constexpr std::size_t kGap = 2;           // blanks between columns
constexpr std::size_t kNarrowest = 8;     // a cut column keeps this much
constexpr std::size_t kComfortable = 16;  // and this much while other columns can be left out
constexpr std::size_t kColumnsMin = 2;    // that are never left out
constexpr std::string_view kCutMark = "…";

// The next code point of `text` and its length in bytes; a broken byte is one column wide.
std::pair<utf8proc_int32_t, std::size_t> NextPoint(std::string_view text) {
  utf8proc_int32_t point = 0;
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(text.size()), &point);
  if (length <= 0) return {-1, 1};
  return {point, static_cast<std::size_t>(length)};
}

std::size_t PointWidth(utf8proc_int32_t point) {
  return point < 0 ? 1 : static_cast<std::size_t>(std::max(utf8proc_charwidth(point), 0));
}

std::size_t Total(const std::vector<std::size_t>& widths) {
  if (widths.empty()) return 0;
  return std::accumulate(widths.begin(), widths.end(), std::size_t{0}) + kGap * (widths.size() - 1);
}

// Takes from the widest column that may be cut until the table fits or all are at `narrowest`.
void Squeeze(const std::vector<Column>& columns, std::vector<std::size_t>& widths,
             std::size_t limit, std::size_t narrowest) {
  while (Total(widths) > limit) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (columns[i].keep || widths[i] <= narrowest) continue;
      if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == widths.size()) return;
    --widths[widest];
  }
}

void Fit(const std::vector<Column>& columns, std::vector<std::size_t>& widths, std::size_t limit,
         bool may_drop) {
  std::vector<std::size_t> whole = widths;
  while (may_drop) {
    Squeeze(columns, widths, limit, kComfortable);
    if (Total(widths) <= limit) return;
    if (whole.size() <= kColumnsMin) break;
    whole.pop_back();
    widths = whole;
  }
  Squeeze(columns, widths, limit, kNarrowest);
}

std::string Pad(std::string text, std::size_t width, bool right) {
  const std::size_t has = DisplayWidth(text);
  if (has >= width) return text;
  const std::string blanks(width - has, ' ');
  return right ? blanks + text : text + blanks;
}

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto [point, bytes] = NextPoint(text);
    width += PointWidth(point);
    text.remove_prefix(bytes);
  }
  return width;
}

std::string CutToWidth(std::string_view text, std::size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const auto [point, bytes] = NextPoint(text);
    if (used + PointWidth(point) > width - 1) break;
    used += PointWidth(point);
    out += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return out + std::string(kCutMark);
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [point, bytes] = NextPoint(text);
    if (point == '\n' || point == '\t' || point == '\r') {
      if (!out.ends_with(' ')) out += ' ';
    } else if (point < 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (point < 0x20 || (point >= 0x7f && point < 0xa0)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(point));
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

std::string RenderTable(const std::vector<Column>& columns,
                        const std::vector<std::vector<std::string>>& rows,
                        const TableOptions& options) {
  std::vector<std::vector<std::string>> cells;
  cells.reserve(rows.size());
  std::vector<std::size_t> widths;
  for (const Column& column : columns) widths.push_back(DisplayWidth(column.title));
  for (const std::vector<std::string>& row : rows) {
    std::vector<std::string>& line = cells.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      line.push_back(i < row.size() ? Printable(row[i]) : "");
      widths[i] = std::max(widths[i], DisplayWidth(line.back()));
    }
  }
  if (options.width > 0) Fit(columns, widths, options.width, options.may_drop);

  std::string out;
  auto add_line = [&](auto&& cell_of) {
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (i > 0) line += std::string(kGap, ' ');
      const bool last = i + 1 == widths.size() && !columns[i].right;
      std::string cell = CutToWidth(cell_of(i), widths[i]);
      line += last ? cell : Pad(std::move(cell), widths[i], columns[i].right);
    }
    while (line.ends_with(' ')) line.pop_back();
    return line;
  };
  if (options.title) {
    out += options.style.Bold(add_line([&](std::size_t i) { return columns[i].title; })) + "\n";
  }
  for (const std::vector<std::string>& line : cells) {
    out += add_line([&](std::size_t i) { return line[i]; }) + "\n";
  }
  return out;
}

}  // namespace tenon::cli

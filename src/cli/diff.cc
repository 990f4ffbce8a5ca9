#include "cli/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tenon::cli {
namespace {

constexpr std::size_t kContextLines = 3;
constexpr std::size_t kCellsMax = 4'000'000;

struct Line {
  char mark = ' ';  // ' ', '-', '+'
  std::string_view text;
};

std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The longest common subsequence, by the usual table.
std::vector<Line> Align(const std::vector<std::string_view>& a,
                        const std::vector<std::string_view>& b) {
  std::vector<Line> lines;
  if (a.size() * b.size() > kCellsMax) {
    for (std::string_view line : a) lines.push_back({'-', line});
    for (std::string_view line : b) lines.push_back({'+', line});
    return lines;
  }
  const std::size_t width = b.size() + 1;
  std::vector<std::uint32_t> common((a.size() + 1) * width, 0);
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      common[i * width + j] =
          a[i] == b[j] ? common[(i + 1) * width + j + 1] + 1
                       : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      lines.push_back({' ', a[i]});
      ++i;
      ++j;
    } else if (i < a.size() &&
               (j == b.size() || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      lines.push_back({'-', a[i++]});
    } else {
      lines.push_back({'+', b[j++]});
    }
  }
  return lines;
}

}  // namespace

std::string UnifiedDiff(std::string_view before, std::string_view after, const Style& style) {
  if (before == after) return "";
  const std::vector<Line> lines = Align(Split(before), Split(after));
  std::vector<bool> shown(lines.size(), false);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].mark == ' ') continue;
    const std::size_t from = i < kContextLines ? 0 : i - kContextLines;
    const std::size_t to = std::min(lines.size(), i + kContextLines + 1);
    std::fill(shown.begin() + static_cast<std::ptrdiff_t>(from),
              shown.begin() + static_cast<std::ptrdiff_t>(to), true);
  }
  std::string out;
  std::size_t line_before = 1;
  std::size_t line_after = 1;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (shown[i] && (i == 0 || !shown[i - 1])) {
      std::size_t removed = 0;
      std::size_t added = 0;
      for (std::size_t j = i; j < lines.size() && shown[j]; ++j) {
        removed += lines[j].mark != '+';
        added += lines[j].mark != '-';
      }
      out += style.Cyan(fmt::format("@@ -{},{} +{},{} @@", removed == 0 ? 0 : line_before, removed,
                                    added == 0 ? 0 : line_after, added)) +
             "\n";
    }
    if (shown[i]) {
      const std::string text = lines[i].mark + std::string(lines[i].text);
      out += (lines[i].mark == '-'   ? style.Red(text)
              : lines[i].mark == '+' ? style.Green(text)
                                     : text) +
             "\n";
    }
    line_before += lines[i].mark != '+';
    line_after += lines[i].mark != '-';
  }
  return out;
}

}  // namespace tenon::cli

#include "model/source.h"

#include <fmt/format.h>

#include <algorithm>

namespace tenon::model {
namespace {

// What a terminal line can show around the place; a hostile file may be one line of megabytes.
constexpr std::size_t kShownBytesMax = 160;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

int CodePoints(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

// Tabs and control characters become one blank each, so that the caret stands right.
std::string Printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) c = ' ';
  }
  return out;
}

}  // namespace

std::uint32_t Sources::Add(std::string path, std::string text) {
  files_.push_back({std::move(path), std::move(text)});
  return static_cast<std::uint32_t>(files_.size() - 1);
}

LineColumn Sources::Locate(Span span) const {
  const std::string_view text = files_[span.file].text;
  const std::string_view before = text.substr(0, std::min<std::size_t>(span.offset, text.size()));
  LineColumn at;
  at.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  at.column = 1 + CodePoints(before.substr(line_start));
  return at;
}

std::string_view Sources::Line(Span span) const {
  const std::string_view text = files_[span.file].text;
  const std::size_t offset = std::min<std::size_t>(span.offset, text.size());
  const std::size_t newline = offset == 0 ? text.npos : text.rfind('\n', offset - 1);
  const std::size_t start = newline == text.npos ? 0 : newline + 1;
  std::size_t end = text.find('\n', offset);
  if (end == text.npos) end = text.size();
  std::string_view line = text.substr(start, end - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string Render(const Sources& sources, const Diagnostic& diagnostic) {
  const LineColumn at = sources.Locate(diagnostic.span);
  std::string_view line = sources.Line(diagnostic.span);

  // Byte position of the place inside its line.
  const char* const text = sources.file(diagnostic.span.file).text.data();
  std::size_t start = static_cast<std::size_t>(text + diagnostic.span.offset - line.data());
  start = std::min(start, line.size());
  std::size_t cut = 0;
  if (line.size() > kShownBytesMax && start > kShownBytesMax / 2) {
    cut = start - kShownBytesMax / 2;
    while (cut > 0 && IsContinuation(line[cut])) --cut;
  }
  line.remove_prefix(cut);
  start -= cut;
  std::size_t shown = std::min(line.size(), kShownBytesMax);
  while (shown < line.size() && shown > 0 && IsContinuation(line[shown])) --shown;
  line = line.substr(0, shown);

  const std::size_t end = std::min<std::size_t>(line.size(), start + diagnostic.span.length);
  const int width = std::max(1, start < end ? CodePoints(line.substr(start, end - start)) : 1);
  const std::string number = std::to_string(at.line);
  std::string out = fmt::format("{}:{}:{}: error: {}\n", sources.file(diagnostic.span.file).path,
                                at.line, at.column, diagnostic.message);
  out += fmt::format("  {} | {}\n", number, Printable(line));
  out += fmt::format("  {} | {}^{}", std::string(number.size(), ' '),
                     std::string(static_cast<std::size_t>(CodePoints(line.substr(0, start))), ' '),
                     std::string(static_cast<std::size_t>(width - 1), '~'));
  if (!diagnostic.hint.empty()) out += " " + diagnostic.hint;
  out += '\n';
  return out;
}

}  // namespace tenon::model

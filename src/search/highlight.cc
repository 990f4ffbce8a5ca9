#include "search/highlight.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "search/tokens.h"

namespace tenon::search {
namespace {

constexpr std::string_view kMore = "\xE2\x80\xA6";  // …

void AppendEscaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
}

bool IsMarked(const std::string& token, std::span<const std::string> marks) {
  if (std::ranges::binary_search(marks, token)) return true;
  return std::ranges::any_of(marks, [&](const std::string& mark) {
    return !mark.empty() && mark.back() == '*' &&
           token.starts_with(std::string_view(mark).substr(0, mark.size() - 1));
  });
}

struct Range {
  std::size_t begin = 0, end = 0;
};

// Byte ranges of the hits, in order, none within another.
std::vector<Range> Hits(std::string_view text, std::span<const std::string> marks) {
  std::vector<Range> hits;
  for (const Token& token : Tokenize(text)) {
    if (!IsMarked(token.text, marks)) continue;
    if (!hits.empty() && token.begin < hits.back().end) {
      hits.back().end = std::max<std::size_t>(hits.back().end, token.end);
    } else {
      hits.push_back({token.begin, token.end});
    }
  }
  return hits;
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Goes `characters` from `at`, back or forth.
std::size_t Back(std::string_view text, std::size_t at, std::size_t characters) {
  while (at > 0 && characters > 0) {
    --at;
    if (!IsContinuation(text[at])) --characters;
  }
  return at;
}
std::size_t Forth(std::string_view text, std::size_t at, std::size_t characters) {
  while (at < text.size() && characters > 0) {
    ++at;
    while (at < text.size() && IsContinuation(text[at])) ++at;
    --characters;
  }
  return at;
}

}  // namespace

std::string Highlight(std::string_view text, std::span<const std::string> marks,
                      std::size_t characters_max) {
  const std::vector<Range> hits = Hits(text, marks);
  if (hits.empty()) return {};
  const bool fits = Forth(text, 0, characters_max) == text.size();
  const std::size_t begin = fits ? 0 : Back(text, hits.front().begin, characters_max / 4);
  const std::size_t end = std::max(Forth(text, begin, characters_max), hits.front().end);
  std::string out;
  if (begin > 0) out += kMore;
  std::size_t at = begin;
  for (const Range& hit : hits) {
    if (hit.end > end) break;
    AppendEscaped(text.substr(at, hit.begin - at), out);
    out += "<mark>";
    AppendEscaped(text.substr(hit.begin, hit.end - hit.begin), out);
    out += "</mark>";
    at = hit.end;
  }
  AppendEscaped(text.substr(at, end - at), out);
  if (end < text.size()) out += kMore;
  return out;
}

}  // namespace tenon::search

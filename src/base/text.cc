#include "base/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace tenon {
namespace {

constexpr std::size_t kNearestBytesMax = 64;

std::uint8_t Byte(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

bool IsContinuation(char c) { return (static_cast<std::uint8_t>(c) & 0xC0) == 0x80; }

// Bytes of the valid sequence at `at`, or 0. The bounds of the second byte keep out overlong
// forms, surrogates and what lies over U+10FFFF.
std::size_t SequenceBytes(std::string_view text, std::size_t at) {
  const std::uint8_t lead = Byte(text, at);
  std::size_t count = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) {
    count = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    count = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    count = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (count == 0 || at + count > text.size()) return 0;
  if (Byte(text, at + 1) < low || Byte(text, at + 1) > high) return 0;
  for (std::size_t i = 2; i < count; ++i) {
    if (!IsContinuation(text[at + i])) return 0;
  }
  return count;
}

// Length of the run of ASCII at `at`.
std::size_t AsciiRun(std::string_view text, std::size_t at) {
  const std::size_t start = at;
  while (at + 8 <= text.size()) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080u) != 0) break;
    at += 8;
  }
  while (at < text.size() && Byte(text, at) < 0x80) ++at;
  return at - start;
}

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Simple folding of one code point. utf8proc has the full table; where that gives one code point
// it is the simple one too, else the lower case is (U+1E9E, U+1F88, ...). U+0130 has neither.
utf8proc_int32_t FoldOne(utf8proc_int32_t code) {
  if (code == 0x130) return code;
  std::array<utf8proc_int32_t, 8> full{};
  int boundary = 0;
  const utf8proc_ssize_t count = utf8proc_decompose_char(
      code, full.data(), static_cast<utf8proc_ssize_t>(full.size()), UTF8PROC_CASEFOLD, &boundary);
  return count == 1 ? full[0] : utf8proc_tolower(code);
}

// Bytes to step over for one `_`: a code point, or one byte of what is not UTF-8.
std::size_t StepBytes(std::string_view text, std::size_t at) {
  return std::max<std::size_t>(SequenceBytes(text, at), 1);
}

// Optimal string alignment distance without regard to ASCII case, or `limit` + 1 when over it.
std::size_t Distance(std::string_view a, std::string_view b, std::size_t limit) {
  using Row = std::array<std::uint8_t, kNearestBytesMax + 1>;
  Row before{};
  Row last{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<std::uint8_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<std::uint8_t>(i);
    std::uint8_t best = row[0];
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char x = LowerAscii(a[i - 1]);
      const char y = LowerAscii(b[j - 1]);
      int cost = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (x == y ? 0 : 1)});
      if (i > 1 && j > 1 && x == LowerAscii(b[j - 2]) && LowerAscii(a[i - 2]) == y) {
        cost = std::min(cost, before[j - 2] + 1);
      }
      row[j] = static_cast<std::uint8_t>(cost);
      best = std::min(best, row[j]);
    }
    if (best > limit + 1) return limit + 1;  // a transposition can still win one back
    before = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::size_t> InvalidUtf8At(std::string_view text) {
  std::size_t at = 0;
  while (true) {
    at += AsciiRun(text, at);
    if (at == text.size()) return std::nullopt;
    const std::size_t count = SequenceBytes(text, at);
    if (count == 0) return at;
    at += count;
  }
}

std::size_t CountCodePoints(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += IsContinuation(c) ? 0 : 1;
  return count;
}

std::string Fold(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t run = AsciiRun(text, at);
    for (const std::size_t end = at + run; at < end; ++at) out.push_back(LowerAscii(text[at]));
    if (at == text.size()) break;
    const std::size_t count = SequenceBytes(text, at);
    if (count == 0) return std::string(text);
    utf8proc_int32_t code = 0;
    utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                     static_cast<utf8proc_ssize_t>(count), &code);
    std::array<utf8proc_uint8_t, 4> bytes{};
    const utf8proc_ssize_t length = utf8proc_encode_char(FoldOne(code), bytes.data());
    out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
    at += count;
  }
  return out;
}

bool Like(std::string_view text, std::string_view pattern) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star_p = kNone;  // after the last %, and where in the text it may stretch to next
  std::size_t star_t = 0;
  while (t < text.size()) {
    if (p < pattern.size()) {
      const char c = pattern[p];
      if (c == '%') {
        star_p = ++p;
        star_t = t;
        continue;
      }
      if (c == '_') {
        t += StepBytes(text, t);
        ++p;
        continue;
      }
      if (c != '\\' && c == text[t]) {
        ++p;
        ++t;
        continue;
      }
      if (c == '\\' && p + 1 < pattern.size() && pattern[p + 1] == text[t]) {
        p += 2;
        ++t;
        continue;
      }
    }
    // Only the last % needs to be tried again: what an earlier one could take, it can take too.
    if (star_p == kNone) return false;
    star_t += StepBytes(text, star_t);
    t = star_t;
    p = star_p;
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

std::string_view Nearest(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.size() > kNearestBytesMax) return {};
  std::string_view nearest;
  std::size_t limit = name.size() / 3;
  bool found = false;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kNearestBytesMax) continue;
    const std::size_t apart = candidate.size() > name.size() ? candidate.size() - name.size()
                                                             : name.size() - candidate.size();
    if (apart > limit) continue;
    const std::size_t distance = Distance(name, candidate, limit);
    if (distance > limit || (found && distance == limit)) continue;
    nearest = candidate;
    limit = distance;
    found = true;
    if (distance == 0) break;
  }
  return nearest;
}

std::string Ellipsis(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  const bool dots = bytes >= 3;
  std::size_t end = dots ? bytes - 3 : bytes;
  while (end > 0 && IsContinuation(text[end])) --end;
  std::string out(text.substr(0, end));
  if (dots) out += "...";
  return out;
}

}  // namespace tenon

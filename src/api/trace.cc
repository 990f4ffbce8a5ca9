#include "api/trace.h"

#include <algorithm>

namespace tenon {
namespace {

// 16 digits.
void PutHex(std::uint64_t value, char* out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) *out++ = kDigits[(value >> shift) & 15];
}

bool IsHex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool AllZero(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '0'; });
}

}  // namespace

std::uint64_t Tracer::Mixed() {
  // SplitMix64: a bijection, so ids of one process repeat only after 2^64 of them.
  std::uint64_t z = next_.fetch_add(0x9e3779b97f4a7c15ULL, std::memory_order_relaxed);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  z ^= z >> 31;
  return z == 0 ? 1 : z;
}

Trace Tracer::Begin(std::string_view header) {
  Trace trace;
  std::ranges::copy(std::string_view("00-"), trace.text_.data());
  trace.text_[35] = '-';
  PutHex(Mixed(), trace.text_.data() + 36);
  std::ranges::copy(std::string_view("-01"), trace.text_.data() + 52);
  // Version 00 is exactly 55 characters; later versions may add to it (W3C Trace Context, 3.2.4).
  const bool whole = header.size() >= 55 && header[2] == '-' && header[35] == '-' &&
                     header[52] == '-' && IsHex(header.substr(0, 2)) &&
                     IsHex(header.substr(3, 32)) && IsHex(header.substr(36, 16)) &&
                     IsHex(header.substr(53, 2)) && !header.starts_with("ff") &&
                     (header.size() == 55 || (!header.starts_with("00") && header[55] == '-'));
  if (whole && !AllZero(header.substr(3, 32)) && !AllZero(header.substr(36, 16))) {
    std::ranges::copy(header.substr(3, 32), trace.text_.data() + 3);
    const char flags = header[54];
    const int digit = flags <= '9' ? flags - '0' : flags - 'a' + 10;
    if ((digit & 1) == 0) trace.text_[54] = '0';
    return trace;
  }
  PutHex(seed_, trace.text_.data() + 3);
  PutHex(Mixed(), trace.text_.data() + 19);
  return trace;
}

}  // namespace tenon

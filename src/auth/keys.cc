#include "auth/keys.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/hash.h"

namespace tenon {
namespace {

constexpr std::string_view kAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kStart = "tnn_";
constexpr std::size_t kShown = 4 + kKeyPrefixLength;
constexpr std::size_t kLength = kShown + 1 + kKeySecretLength;
// Longer secrets of later versions still read as keys; nothing unbounded does.
constexpr std::size_t kLengthMax = 128;

bool IsBase62(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

std::string RandomBase62(Random& random, std::size_t count) {
  std::string text;
  text.reserve(count);
  std::array<std::uint8_t, 64> bytes{};
  while (text.size() < count) {
    random.Fill(bytes);
    for (const std::uint8_t byte : bytes) {
      // 248 is the largest multiple of 62: above it a letter would be likelier than another.
      if (byte >= 248 || text.size() == count) continue;
      text += kAlphabet[byte % 62];
    }
  }
  return text;
}

NewKey MakeKey(Random& random) {
  NewKey made;
  made.prefix = RandomBase62(random, kKeyPrefixLength);
  made.key = std::string(kStart) + made.prefix + "_" + RandomBase62(random, kKeySecretLength);
  made.hash = HashKey(made.key);
  return made;
}

bool LooksLikeKey(std::string_view text) {
  if (text.size() < kLength || text.size() > kLengthMax) return false;
  if (!text.starts_with(kStart) || text[kShown] != '_') return false;
  return std::ranges::all_of(text.substr(kStart.size(), kKeyPrefixLength), IsBase62) &&
         std::ranges::all_of(text.substr(kShown + 1), IsBase62);
}

std::string_view PrefixOf(std::string_view key) {
  return key.substr(kStart.size(), kKeyPrefixLength);
}

std::string HashKey(std::string_view key) { return ToHex(Sha256(key)); }

}  // namespace tenon

#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cassert>
#include <limits>
#include <memory>

namespace tenon {
namespace {

// Fetched once: OpenSSL 3 looks an algorithm up by name each time otherwise, which costs more than
// hashing a row does. Constant after the first call.
const EVP_MD* Sha256Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  assert(algorithm != nullptr);
  return algorithm;
}

constexpr char kHex[] = "0123456789abcdef";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase64Url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Table = std::array<std::int8_t, 256>;
constexpr Table MakeTable(const char* alphabet) {
  Table table{};
  table.fill(-1);
  for (int i = 0; i < 64; ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}
constexpr Table kBase64Values = MakeTable(kBase64);
constexpr Table kBase64UrlValues = MakeTable(kBase64Url);

std::string Encode(std::string_view bytes, const char* alphabet, bool padding) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  const auto at = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<std::uint8_t>(bytes[i]));
  };
  std::size_t i = 0;
  for (; i + 2 < bytes.size(); i += 3) {
    const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out.push_back(alphabet[group >> 18]);
    out.push_back(alphabet[group >> 12 & 63]);
    out.push_back(alphabet[group >> 6 & 63]);
    out.push_back(alphabet[group & 63]);
  }
  const std::size_t left = bytes.size() - i;
  if (left == 1) {
    out.push_back(alphabet[at(i) >> 2]);
    out.push_back(alphabet[(at(i) & 3) << 4]);
    if (padding) out += "==";
  } else if (left == 2) {
    out.push_back(alphabet[at(i) >> 2]);
    out.push_back(alphabet[(at(i) & 3) << 4 | at(i + 1) >> 4]);
    out.push_back(alphabet[(at(i + 1) & 15) << 2]);
    if (padding) out += "=";
  }
  return out;
}

// `text` without padding. Bits that no byte uses must be zero (RFC 4648, 3.5), so that one value
// has one text.
std::optional<std::string> Decode(std::string_view text, const Table& values) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  unsigned group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const int value = values[static_cast<std::uint8_t>(c)];
    if (value < 0) return std::nullopt;
    group = (group << 6 | static_cast<unsigned>(value)) & 0xFFFFFF;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>(group >> bits & 0xFF));
    }
  }
  if ((group & ((1u << bits) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace

Digest Sha256(std::string_view data) { return Sha256(data, {}, {}); }

Digest Sha256(std::string_view a, std::string_view b, std::string_view c) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  Digest digest{};
  const bool ok = EVP_DigestInit_ex(context.get(), Sha256Algorithm(), nullptr) == 1 &&
                  EVP_DigestUpdate(context.get(), a.data(), a.size()) == 1 &&
                  EVP_DigestUpdate(context.get(), b.data(), b.size()) == 1 &&
                  EVP_DigestUpdate(context.get(), c.data(), c.size()) == 1 &&
                  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  assert(ok);
  static_cast<void>(ok);
  return digest;
}

Digest HmacSha256(std::string_view key, std::string_view data) {
  assert(key.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  Digest digest{};
  // HMAC() takes a null key to mean "the key of before", so an empty one needs an address.
  const char* bytes = key.empty() ? "" : key.data();
  const unsigned char* done = HMAC(Sha256Algorithm(), bytes, static_cast<int>(key.size()),
                                   reinterpret_cast<const unsigned char*>(data.data()), data.size(),
                                   digest.data(), nullptr);
  assert(done != nullptr);
  static_cast<void>(done);
  return digest;
}

std::string ToHex(std::string_view bytes) {
  std::string out(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    out[2 * i] = kHex[byte >> 4];
    out[2 * i + 1] = kHex[byte & 15];
  }
  return out;
}

std::string ToHex(const Digest& digest) {
  return ToHex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

std::optional<std::string> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out(text.size() / 2, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = HexValue(text[2 * i]);
    const int low = HexValue(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out[i] = static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string ToBase64(std::string_view bytes) { return Encode(bytes, kBase64, true); }

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return Decode(text, kBase64Values);
}

std::string ToBase64Url(std::string_view bytes) { return Encode(bytes, kBase64Url, false); }

std::optional<std::string> FromBase64Url(std::string_view text) {
  return Decode(text, kBase64UrlValues);
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tenon

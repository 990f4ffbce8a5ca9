#include "base/seal.h"

#include <openssl/evp.h>

#include <cassert>
#include <limits>
#include <optional>

#include "base/hash.h"

namespace tenon {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kIvBytes = 12;
constexpr std::size_t kTagBytes = 16;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

CipherContext NewContext() {
  CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  assert(context != nullptr);
  return context;
}

const EVP_CIPHER* Algorithm() {
  static const EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  assert(algorithm != nullptr);
  return algorithm;
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text, std::size_t from = 0) {
  return reinterpret_cast<unsigned char*>(text.data() + from);
}

// `raw` is IV, tag and ciphertext; nullopt when the key is another or the bytes were changed.
std::optional<std::string> OpenWith(std::string_view key, std::string_view raw) {
  const std::string_view iv = raw.substr(0, kIvBytes);
  std::string tag(raw.substr(kIvBytes, kTagBytes));
  const std::string_view body = raw.substr(kIvBytes + kTagBytes);
  std::string plain(body.size(), '\0');
  const CipherContext context = NewContext();
  int count = 0;
  int more = 0;
  unsigned char none = 0;
  if (EVP_DecryptInit_ex(context.get(), Algorithm(), nullptr, Bytes(key), Bytes(iv)) != 1 ||
      (!body.empty() && EVP_DecryptUpdate(context.get(), Bytes(plain), &count, Bytes(body),
                                          static_cast<int>(body.size())) != 1) ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(context.get(), &none, &more) != 1) {
    return std::nullopt;
  }
  return plain;
}

Result<std::string> ParseKey(std::string_view hex, std::string_view name) {
  std::optional<std::string> key = FromHex(hex);
  if (!key || key->size() != kKeyBytes) {
    return Fail(Code::kInvalidArgument,
                std::string(name) + " must be 64 hex digits (32 bytes), but it has " +
                    std::to_string(hex.size()) + " characters" +
                    (hex.size() == 64 ? ", not all of them hex digits" : ""));
  }
  return *std::move(key);
}

// IV, tag and ciphertext out of the printed form.
Result<std::string> Unwrap(std::string_view sealed) {
  std::optional<std::string> raw = FromBase64(sealed);
  if (!raw) return Fail(Code::kInvalidArgument, "the sealed value is not base64");
  if (raw->size() < kIvBytes + kTagBytes) {
    return Fail(Code::kInvalidArgument,
                "the sealed value is shorter than its IV and authentication tag (28 bytes)");
  }
  if (raw->size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Fail(Code::kInvalidArgument, "the sealed value is larger than 2 GiB");
  }
  return *std::move(raw);
}

}  // namespace

Result<Vault> Vault::Create(std::string_view key_hex, std::string_view previous_hex,
                            Random& random) {
  std::string key = TRY(ParseKey(key_hex, "ENCRYPTION_KEY"));
  std::string previous;
  if (!previous_hex.empty()) previous = TRY(ParseKey(previous_hex, "ENCRYPTION_KEY_PREVIOUS"));
  return Vault(std::move(key), std::move(previous), random);
}

std::string Vault::Seal(std::string_view plain) const {
  assert(plain.size() < (1u << 30));  // bodies are bounded far below
  std::string raw(kIvBytes + kTagBytes + plain.size(), '\0');
  random_->Fill({Bytes(raw), kIvBytes});
  const CipherContext context = NewContext();
  int count = 0;
  int more = 0;
  unsigned char none = 0;
  const bool ok =
      EVP_EncryptInit_ex(context.get(), Algorithm(), nullptr, Bytes(key_), Bytes(raw)) == 1 &&
      (plain.empty() || EVP_EncryptUpdate(context.get(), Bytes(raw, kIvBytes + kTagBytes), &count,
                                          Bytes(plain), static_cast<int>(plain.size())) == 1) &&
      EVP_EncryptFinal_ex(context.get(), &none, &more) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, Bytes(raw, kIvBytes)) ==
          1;
  assert(ok);
  static_cast<void>(ok);
  return ToBase64(raw);
}

Result<std::string> Vault::Open(std::string_view sealed) const {
  const std::string raw = TRY(Unwrap(sealed));
  std::optional<std::string> plain = OpenWith(key_, raw);
  if (!plain && !previous_.empty()) plain = OpenWith(previous_, raw);
  if (!plain) {
    return Fail(Code::kInvalidArgument,
                previous_.empty()
                    ? "the sealed value was changed, or sealed with another key than ENCRYPTION_KEY"
                    : "the sealed value was changed, or sealed with a key that is neither "
                      "ENCRYPTION_KEY nor ENCRYPTION_KEY_PREVIOUS");
  }
  return *std::move(plain);
}

bool Vault::NeedsReseal(std::string_view sealed) const {
  if (previous_.empty()) return false;
  const Result<std::string> raw = Unwrap(sealed);
  return raw && !OpenWith(key_, *raw) && OpenWith(previous_, *raw).has_value();
}

}  // namespace tenon

#include "api/positions.h"

#include <openssl/evp.h>

#include <array>
#include <cassert>
#include <cstring>
#include <memory>
#include <utility>

#include "base/hash.h"

namespace tenon {
namespace {

using Block = std::array<unsigned char, 16>;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

// One block is a permutation of 128 bits; a mode of operation would have nothing to add.
bool Crypt(const std::string& key, bool encrypt, const Block& in, Block& out) {
  const std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context(EVP_CIPHER_CTX_new());
  int size = 0;
  return context != nullptr &&
         EVP_CipherInit_ex2(context.get(), EVP_aes_256_ecb(),
                            reinterpret_cast<const unsigned char*>(key.data()), nullptr,
                            encrypt ? 1 : 0, nullptr) == 1 &&
         EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
         EVP_CipherUpdate(context.get(), out.data(), &size, in.data(), 16) == 1 && size == 16;
}

void Put(std::uint64_t value, unsigned char* out) {
  for (int i = 7; i >= 0; --i, value >>= 8) out[i] = static_cast<unsigned char>(value & 0xff);
}

std::uint64_t Take(const unsigned char* in) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | in[i];
  return value;
}

}  // namespace

Positions::Positions(std::string key) : key_(std::move(key)) { assert(key_.size() == 32); }

std::uint64_t Positions::Mark(const Uuid& tenant) const {
  const Digest digest =
      HmacSha256(key_, {reinterpret_cast<const char*>(tenant.bytes.data()), tenant.bytes.size()});
  return Take(digest.data());
}

std::string Positions::Token(const Uuid& tenant, std::int64_t seq) const {
  Block plain{};
  Block sealed{};
  Put(static_cast<std::uint64_t>(seq), plain.data());
  Put(Mark(tenant), plain.data() + 8);
  if (!Crypt(key_, true, plain, sealed)) return {};
  return ToBase64Url({reinterpret_cast<const char*>(sealed.data()), sealed.size()});
}

Result<std::int64_t> Positions::Read(const Uuid& tenant, std::string_view token) const {
  const auto refuse = [] {
    return Fail(Code::kInvalidArgument,
                "is not a position of this tenant's log; use one that an answer gave");
  };
  if (token.size() != 22) return refuse();
  const auto bytes = FromBase64Url(token);
  if (!bytes || bytes->size() != 16) return refuse();
  Block sealed{};
  Block plain{};
  std::memcpy(sealed.data(), bytes->data(), 16);
  if (!Crypt(key_, false, sealed, plain) || Take(plain.data() + 8) != Mark(tenant)) {
    return refuse();
  }
  const auto seq = static_cast<std::int64_t>(Take(plain.data()));
  if (seq < 0) return refuse();
  return seq;
}

}  // namespace tenon

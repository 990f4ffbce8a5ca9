// Makes signed tokens for tests.
#pragma once

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>

#include "base/hash.h"
#include "base/json.h"

namespace tenon::testing {

struct FreePkey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Pkey = std::unique_ptr<EVP_PKEY, FreePkey>;

inline Pkey MakeRsa(unsigned bits = 2048) { return Pkey(EVP_RSA_gen(bits)); }
inline Pkey MakeEc(const char* curve = "P-256") { return Pkey(EVP_EC_gen(curve)); }

inline std::string BigNumber(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(number);
  return bytes;
}

inline std::string RsaJwk(EVP_PKEY* key, const std::string& id) {
  return R"({"kty":"RSA","use":"sig","kid":")" + id + R"(","n":")" +
         ToBase64Url(BigNumber(key, "n")) + R"(","e":")" + ToBase64Url(BigNumber(key, "e")) + "\"}";
}

inline std::string Padded(std::string bytes) {
  return std::string(32 - bytes.size(), '\0') + bytes;
}

inline std::string EcJwk(EVP_PKEY* key, const std::string& id) {
  return R"({"kty":"EC","crv":"P-256","kid":")" + id + R"(","x":")" +
         ToBase64Url(Padded(BigNumber(key, "qx"))) + R"(","y":")" +
         ToBase64Url(Padded(BigNumber(key, "qy"))) + "\"}";
}

inline std::string Sign(EVP_PKEY* key, const std::string& message) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key);
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  EVP_DigestSign(context, nullptr, &size, bytes, message.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                 message.size());
  signature.resize(size);
  EVP_MD_CTX_free(context);
  return signature;
}

// DER to r and s side by side.
inline std::string RawEc(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size()));
  std::string raw(64, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
  ECDSA_SIG_free(pair);
  return raw;
}

inline std::string Unsigned(const std::string& header, const std::string& payload) {
  return ToBase64Url(header) + "." + ToBase64Url(payload);
}

inline std::string RsaToken(EVP_PKEY* key, const std::string& header, const std::string& payload) {
  const std::string text = Unsigned(header, payload);
  return text + "." + ToBase64Url(Sign(key, text));
}

inline std::string EcToken(EVP_PKEY* key, const std::string& header, const std::string& payload) {
  const std::string text = Unsigned(header, payload);
  return text + "." + ToBase64Url(RawEc(Sign(key, text)));
}

inline std::string HsToken(const std::string& secret, const std::string& header,
                           const std::string& payload) {
  const std::string text = Unsigned(header, payload);
  const Digest mac = HmacSha256(secret, text);
  return text + "." + ToBase64Url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

}  // namespace tenon::testing

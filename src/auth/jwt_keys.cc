#include "auth/jwt_keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/json.h"

namespace tenon {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Pkey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using BigNumber = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;

constexpr std::size_t kCoordinateBytes = 32;  // of P-256
constexpr int kRsaBitsMin = 2048;
// A modulus over this only makes verification slow.
constexpr int kRsaBitsMax = 8192;
constexpr std::size_t kKeysMax = 100;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

BigNumber ToBigNumber(std::string_view bytes) {
  return BigNumber(BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

bool VerifyDigest(EVP_PKEY* key, std::string_view message, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                          message.size()) == 1;
}

class RsaKey final : public JwtKey {
 public:
  RsaKey(std::string id, Pkey key)
      : JwtKey(JwtAlgorithm::kRs256, std::move(id)), key_(std::move(key)) {}
  [[nodiscard]] bool Verify(std::string_view message, std::string_view signature) const override {
    return VerifyDigest(key_.get(), message, signature);
  }

 private:
  Pkey key_;
};

class EcKey final : public JwtKey {
 public:
  EcKey(std::string id, Pkey key)
      : JwtKey(JwtAlgorithm::kEs256, std::move(id)), key_(std::move(key)) {}
  [[nodiscard]] bool Verify(std::string_view message, std::string_view signature) const override {
    // A token has r and s side by side (RFC 7518, 3.4); OpenSSL wants them in DER.
    if (signature.size() != 2 * kCoordinateBytes) return false;
    BigNumber r = ToBigNumber(signature.substr(0, kCoordinateBytes));
    BigNumber s = ToBigNumber(signature.substr(kCoordinateBytes));
    const Signature pair(ECDSA_SIG_new());
    if (pair == nullptr || r == nullptr || s == nullptr ||
        ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) {
      return false;
    }
    // set0 took them over.
    static_cast<void>(r.release());
    static_cast<void>(s.release());
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &der);
    if (size <= 0) return false;
    const bool valid = VerifyDigest(
        key_.get(), message, {reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return valid;
  }

 private:
  Pkey key_;
};

class SecretKey final : public JwtKey {
 public:
  explicit SecretKey(std::string secret)
      : JwtKey(JwtAlgorithm::kHs256, ""), secret_(std::move(secret)) {}
  [[nodiscard]] bool Verify(std::string_view message, std::string_view signature) const override {
    const Digest mac = HmacSha256(secret_, message);
    return ConstantTimeEqual({reinterpret_cast<const char*>(mac.data()), mac.size()}, signature);
  }

 private:
  std::string secret_;
};

Pkey FromParams(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return Pkey(key);
}

std::string_view Member(const json::object& jwk, std::string_view name) {
  const json::value* value = jwk.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view{} : std::string_view(*text);
}

std::shared_ptr<const JwtKey> MakeRsa(const json::object& jwk) {
  const auto n = FromBase64Url(Member(jwk, "n"));
  const auto e = FromBase64Url(Member(jwk, "e"));
  if (!n || !e || n->empty() || e->empty() || e->size() > 8) return nullptr;
  const BigNumber modulus = ToBigNumber(*n);
  const BigNumber exponent = ToBigNumber(*e);
  if (modulus == nullptr || exponent == nullptr) return nullptr;
  const int bits = BN_num_bits(modulus.get());
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) return nullptr;
  // An exponent of 1 would make every signature its own message.
  if (BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) != 0) return nullptr;
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  Pkey key = FromParams("RSA", builder.get());
  if (key == nullptr) return nullptr;
  return std::make_shared<RsaKey>(std::string(Member(jwk, "kid")), std::move(key));
}

std::shared_ptr<const JwtKey> MakeEc(const json::object& jwk) {
  if (Member(jwk, "crv") != "P-256") return nullptr;
  const auto x = FromBase64Url(Member(jwk, "x"));
  const auto y = FromBase64Url(Member(jwk, "y"));
  if (!x || !y || x->size() != kCoordinateBytes || y->size() != kCoordinateBytes) return nullptr;
  const std::string point = "\x04" + *x + *y;  // SEC 1, 2.3.3: uncompressed
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  // fromdata refuses a point that is not on the curve.
  Pkey key = FromParams("EC", builder.get());
  if (key == nullptr) return nullptr;
  return std::make_shared<EcKey>(std::string(Member(jwk, "kid")), std::move(key));
}

// One JWK, or null when it is not for us.
std::shared_ptr<const JwtKey> MakeKey(const json::object& jwk) {
  const std::string_view use = Member(jwk, "use");
  if (!use.empty() && use != "sig") return nullptr;
  const std::string_view kind = Member(jwk, "kty");
  const std::string_view algorithm = Member(jwk, "alg");
  if (kind == "RSA" && (algorithm.empty() || algorithm == "RS256")) return MakeRsa(jwk);
  if (kind == "EC" && (algorithm.empty() || algorithm == "ES256")) return MakeEc(jwk);
  return nullptr;
}

}  // namespace

std::string_view Name(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::kRs256:
      return "RS256";
    case JwtAlgorithm::kEs256:
      return "ES256";
    case JwtAlgorithm::kHs256:
      return "HS256";
  }
  return "";
}

Result<JwtKeySet> ParseJwks(std::string_view text) {
  auto parsed = ParseJson(text);
  if (!parsed) return Fail(std::move(parsed).error().In("JWK Set"));
  const json::object* root = parsed->if_object();
  const json::value* list = root == nullptr ? nullptr : root->if_contains("keys");
  if (list == nullptr || !list->is_array()) {
    return Fail(Code::kInvalidArgument, "JWK Set: there is no list `keys` (RFC 7517, 5)");
  }
  JwtKeySet keys;
  for (const json::value& item : list->as_array()) {
    if (keys.size() == kKeysMax) break;
    if (!item.is_object()) continue;
    if (auto key = MakeKey(item.as_object())) keys.push_back(std::move(key));
  }
  if (keys.empty()) {
    return Fail(Code::kInvalidArgument,
                "JWK Set: no usable key; RSA of 2048 bits or more (RS256) and EC on P-256 (ES256) "
                "for signatures are taken");
  }
  return keys;
}

Result<std::shared_ptr<const JwtKey>> MakeHs256Key(std::string secret) {
  if (secret.size() < 32) {
    return Fail(Code::kInvalidArgument,
                "an HS256 secret needs at least 32 bytes (RFC 7518, 3.2); this one has " +
                    std::to_string(secret.size()));
  }
  return std::make_shared<const SecretKey>(std::move(secret));
}

}  // namespace tenon

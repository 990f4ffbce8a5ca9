// The keys that tokens may be signed with. The algorithm belongs to the key, never to the token:
// that is what stops `none`, and HS256 made with a public RSA key as its secret (RFC 8725, 3.1).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tenon {

enum class JwtAlgorithm { kRs256, kEs256, kHs256 };

// "RS256", as it stands in a token's header.
std::string_view Name(JwtAlgorithm algorithm);

// One key. Immutable; thread-safe.
class JwtKey {
 public:
  virtual ~JwtKey() = default;
  [[nodiscard]] JwtAlgorithm algorithm() const { return algorithm_; }
  [[nodiscard]] const std::string& id() const { return id_; }  // `kid`, or empty
  // True when `signature` (raw bytes, as RFC 7518 has them) is this key's over `message`.
  [[nodiscard]] virtual bool Verify(std::string_view message, std::string_view signature) const = 0;

 protected:
  JwtKey(JwtAlgorithm algorithm, std::string id) : algorithm_(algorithm), id_(std::move(id)) {}

 private:
  JwtAlgorithm algorithm_;
  std::string id_;
};

using JwtKeySet = std::vector<std::shared_ptr<const JwtKey>>;  // shared: a set is replaced whole
                                                               // while requests still use the old
// A JWK Set (RFC 7517) as an identity provider publishes it. RSA keys of at least 2048 bits and EC
// keys on P-256 are taken; keys for encryption, of other kinds or algorithms are passed over, as a
// provider may publish them too. kInvalidArgument when the text is no JWK Set or none is usable.
Result<JwtKeySet> ParseJwks(std::string_view text);

// A configured HS256 secret: at least 32 bytes (RFC 7518, 3.2).
Result<std::shared_ptr<const JwtKey>> MakeHs256Key(std::string secret);

}  // namespace tenon

// Sealing of secrets as seeds/deployments.md, "Secret Encryption" prints it: AES-256-GCM,
// base64(IV[12] + AuthTag[16] + Ciphertext), key of 32 bytes from ENCRYPTION_KEY (64 hex digits).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace tenon {

// Immutable after construction; thread-safe. Holds the key in force and, when configured, the one
// before it, which only opens.
class Vault {
 public:
  // Both as 64 hex digits; `previous` may be empty. kInvalidArgument when one is not.
  static Result<Vault> Create(std::string_view key_hex, std::string_view previous_hex,
                              Random& random);

  // A fresh IV each time, so equal secrets do not look equal.
  [[nodiscard]] std::string Seal(std::string_view plain) const;

  // kInvalidArgument when the text is not in the format or neither key opens it.
  [[nodiscard]] Result<std::string> Open(std::string_view sealed) const;

  // True when only the previous key opens it, and it should be sealed anew.
  [[nodiscard]] bool NeedsReseal(std::string_view sealed) const;

 private:
  Vault(std::string key, std::string previous, Random& random)
      : key_(std::move(key)), previous_(std::move(previous)), random_(&random) {}
  std::string key_;       // 32 bytes
  std::string previous_;  // 32 bytes, or empty
  Random* random_;
};

}  // namespace tenon

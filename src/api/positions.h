// Positions of the log as clients see them: opaque, and different for each tenant, because dense
// global numbers would tell one tenant how much another writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "store/store.h"

namespace tenon {

// A token is one AES-256 block over (seq, 8 bytes that stand for the tenant), base64url: 22
// characters. The tenant's bytes make it its own proof: a token that was made up or belongs to
// another tenant does not decrypt to them, but once in 2^64. Immutable; thread-safe.
class Positions {
 public:
  // `key` is 32 bytes and must stay the same over restarts, or clients cannot resume.
  explicit Positions(std::string key);

  // The nil tenant stands for streams across all tenants.
  [[nodiscard]] std::string Token(const Uuid& tenant, std::int64_t seq) const;
  // kInvalidArgument when it is no token of this tenant.
  [[nodiscard]] Result<std::int64_t> Read(const Uuid& tenant, std::string_view token) const;

 private:
  [[nodiscard]] std::uint64_t Mark(const Uuid& tenant) const;
  std::string key_;
};

}  // namespace tenon

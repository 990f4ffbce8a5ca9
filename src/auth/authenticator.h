// From a request's credentials to a Caller: API keys and JSON Web Tokens.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/accounts.h"
#include "auth/caller.h"
#include "auth/directory.h"
#include "auth/jwt.h"
#include "auth/token_buckets.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/result.h"
#include "http/message.h"

namespace tenon {

struct JwtOptions {
  std::string issuer;                               // empty: tokens are refused
  std::string audience;                             // must be set with the issuer
  std::string jwks;                                 // text of a JWK Set, or empty
  std::function<Result<std::string>()> fetch_jwks;  // where the set changes; may block
  std::function<void(const Error&)> fetch_failed;   // told of it; may be null
  std::string hs256_secret;                         // empty: HS256 is refused
  std::string tenant_claim = "tenant";              // id or slug of the tenant
  std::string groups_claim = "groups";
  std::string email_claim = "email";
  std::vector<std::pair<std::string, std::string>> group_roles;  // group -> role
  bool create_users = false;  // a users row for a subject seen for the first time
  std::chrono::seconds leeway{60};
};

struct AuthOptions {
  JwtOptions jwt;
  std::chrono::seconds cache_ttl{60};
  std::size_t cache_entries_max = 10000;
  // A key that only this process knows: whoever may open the data directory is its first
  // administrator, with the role system. Empty: none.
  std::string owner_key;
  BucketOptions failures{.per_second = 0.5, .burst = 20, .keys_max = 65536};  // per address
};

struct AuthDeps {
  const model::Model& model;
  Store& store;
  Clock& clock;
  IdSource& ids;
  CreateRows create;    // null: create_users has no effect
  NoteKeyUse key_used;  // null: last_used_at stays as it is
};

// What a request brings to be known by. Views into the request, which must live as long.
struct Credentials {
  std::string_view token;   // API key or JWT; empty: none
  std::string_view tenant;  // ?tenant=, or empty
  std::string_view address;
  std::string_view user_agent;

  // From Authorization: Bearer, or X-Api-Key.
  static Credentials Of(const http::Request& request);
};

// Thread-safe. Verified credentials are kept in memory for cache_ttl under their sha256, so that an
// I/O thread answers in about a microsecond; what is revoked or changed through this process is
// dropped at once by Invalidate.
class Authenticator {
 public:
  // kInvalidArgument when the model lacks what identity binds to, or the JWT options do not fit.
  static Result<std::unique_ptr<Authenticator>> Create(AuthDeps deps, AuthOptions options);

  // The answer from memory alone: a verified caller, or a refusal that needs no look-up. nullopt:
  // ask Authenticate, off the I/O thread.
  std::optional<Result<Caller>> Known(const Credentials& credentials);

  // kUnauthenticated; kForbidden when the tenant is suspended; kNotFound for a tenant that the
  // caller may not name; kTooManyRequests after too many failures from one address.
  Result<Caller> Authenticate(const Credentials& credentials);

  // Forget what is known: a key, a user or a tenant was changed. To be called after the commit.
  void Invalidate();
  // Grows with each Invalidate: long-lived streams look whether their caller must be asked again.
  [[nodiscard]] std::uint64_t generation() const { return generation_.load(); }

  [[nodiscard]] const Directory& directory() const { return directory_; }
  [[nodiscard]] std::int64_t failures_total() const { return failures_total_.load(); }

 private:
  struct Identity {
    Caller caller;
    std::optional<Time> expires;
  };
  struct Entry {
    std::shared_ptr<const Identity> identity;  // shared: used while the entry may be dropped
    std::chrono::steady_clock::time_point until;
  };
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<Digest, Entry, DigestHash> entries;
  };
  struct KnownTenant {
    std::optional<TenantRow> tenant;
    std::chrono::steady_clock::time_point until;
  };
  static constexpr std::size_t kShards = 16;

  Authenticator(AuthDeps deps, AuthOptions options, Directory directory);

  Result<Identity> Verify(std::string_view token);
  Result<Identity> VerifyKey(std::string_view token);
  Result<Identity> Owner();
  Result<Identity> VerifyToken(std::string_view token);
  Result<UserRow> UserOf(const JwtClaims& claims, const TenantRow& tenant);
  Result<UserRow> CreateUser(const JwtClaims& claims, const TenantRow& tenant,
                             std::string_view email);
  [[nodiscard]] std::optional<std::uint8_t> RolesOfGroups(const JwtClaims& claims,
                                                          const TenantRow& tenant) const;
  std::shared_ptr<const JwtKeySet> KeysFor(const JwtHeader& header);
  void FetchKeys();

  std::shared_ptr<const Identity> Find(const Digest& digest);
  void Keep(const Digest& digest, std::shared_ptr<const Identity> identity,
            std::uint64_t generation);
  // The caller in the tenant that the request names. nullopt: not known from memory.
  std::optional<Result<Caller>> Place(const Identity& identity, const Credentials& credentials,
                                      bool may_read);
  Result<std::optional<TenantRow>> TenantOf(std::string_view name);

  AuthDeps deps_;
  const AuthOptions options_;
  const Directory directory_;
  TokenBuckets failures_;
  std::atomic<std::int64_t> failures_total_{0};
  std::atomic<std::uint64_t> generation_{1};
  std::array<Shard, kShards> shards_;

  std::mutex tenants_mutex_;
  std::unordered_map<std::string, KnownTenant> tenants_;  // guarded by tenants_mutex_

  std::mutex jwks_mutex_;
  JwtKeySet configured_keys_;                           // constant after construction
  std::shared_ptr<const JwtKeySet> keys_;               // guarded by jwks_mutex_
  std::chrono::steady_clock::time_point keys_tried_{};  // guarded by jwks_mutex_
  bool fetching_ = false;                               // guarded by jwks_mutex_

  std::mutex used_mutex_;
  // When each key's use was last noted; guarded by used_mutex_.
  std::unordered_map<Uuid, std::chrono::steady_clock::time_point> used_;
  void NoteUse(const Caller& caller);
};

}  // namespace tenon

#include "auth/authenticator.h"

#include <arpa/inet.h>

#include <cstring>
#include <utility>

#include "auth/identity.h"
#include "auth/keys.h"
#include "auth/roles.h"
#include "base/text.h"

namespace tenon {
namespace {

constexpr std::string_view kNoCredentials =
    "send an API key or a token: Authorization: Bearer KEY, or X-Api-Key: KEY";
constexpr std::string_view kBadKey = "the API key is not known, has expired or was revoked";
// last_used_at is for people who look for unused keys; an hour is exact enough and costs nothing.
constexpr std::chrono::hours kNoteUseEvery{1};
constexpr std::size_t kUsedMax = 10000;
constexpr std::size_t kTenantsMax = 10000;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The credentials after "Bearer ", whose case does not matter (RFC 9110, 11.1).
std::string_view BearerToken(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  if (header.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    if (Lower(header[i]) != kScheme[i]) return {};
  }
  return Trim(header.substr(kScheme.size()));
}

// The user agent as it may be stored: it goes into every audit row, and header bytes may be
// anything.
std::string CleanAgent(std::string_view agent) {
  std::string clean(agent);
  if (InvalidUtf8At(clean)) {
    for (char& c : clean) {
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
  }
  std::erase(clean, '\0');
  return clean;
}

// The client's address in the one form that every store gives back; empty when it is none.
std::string CleanAddress(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));  // a zone means nothing elsewhere
  unsigned char bytes[sizeof(in6_addr)];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return text;
  char canonical[INET6_ADDRSTRLEN];
  if (inet_pton(AF_INET6, text.c_str(), bytes) != 1 ||
      inet_ntop(AF_INET6, bytes, canonical, sizeof canonical) == nullptr) {
    return {};
  }
  return canonical;
}

std::unexpected<Error> TooManyFailures(int seconds) {
  Error error(Code::kTooManyRequests, "too many failed attempts from this address; wait");
  error.retry_after_s = seconds;
  return Fail(std::move(error));
}

}  // namespace

Credentials Credentials::Of(const http::Request& request) {
  Credentials credentials;
  std::string_view token = BearerToken(request.headers.Get("Authorization"));
  if (token.empty()) token = Trim(request.headers.Get("X-Api-Key"));
  credentials.token = token;
  if (const auto tenant = request.Query("tenant")) credentials.tenant = *tenant;
  credentials.address = request.remote_address;
  credentials.user_agent = request.headers.Get("User-Agent");
  return credentials;
}

std::size_t Authenticator::DigestHash::operator()(const Digest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

Authenticator::Authenticator(AuthDeps deps, AuthOptions options, Directory directory)
    : deps_(std::move(deps)),
      options_(std::move(options)),
      directory_(directory),
      failures_(deps_.clock, options_.failures) {}

Result<std::unique_ptr<Authenticator>> Authenticator::Create(AuthDeps deps, AuthOptions options) {
  Directory directory = TRY(Directory::Create(deps.model, deps.store));
  JwtKeySet keys;
  if (!options.jwt.jwks.empty()) keys = TRY(ParseJwks(options.jwt.jwks));
  if (!options.jwt.hs256_secret.empty()) {
    keys.push_back(TRY(MakeHs256Key(options.jwt.hs256_secret)));
  }
  const bool any = !keys.empty() || options.jwt.fetch_jwks != nullptr;
  if (any && (options.jwt.issuer.empty() || options.jwt.audience.empty())) {
    return Fail(Code::kInvalidArgument,
                "tokens need jwt.issuer and jwt.audience: without them a token for another "
                "service would be let in");
  }
  if (!any && !options.jwt.issuer.empty()) {
    return Fail(Code::kInvalidArgument,
                "jwt.issuer is set, but there is no key to verify with: set jwt.jwks_file, "
                "jwt.jwks_url or jwt.hs256_secret");
  }
  for (const auto& [group, role] : options.jwt.group_roles) {
    if (RoleOfName(role)) continue;
    return Fail(Code::kInvalidArgument,
                "jwt.groups maps " + group + " to " + role + ", which is no role");
  }
  std::unique_ptr<Authenticator> made(
      new Authenticator(std::move(deps), std::move(options), directory));
  made->configured_keys_ = keys;
  made->keys_ = std::make_shared<const JwtKeySet>(std::move(keys));
  return made;
}

std::shared_ptr<const Authenticator::Identity> Authenticator::Find(const Digest& digest) {
  Shard& shard = shards_[digest[31] % kShards];
  std::shared_ptr<const Identity> identity;
  {
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.entries.find(digest);
    if (found == shard.entries.end()) return nullptr;
    if (found->second.until <= deps_.clock.Steady()) {
      shard.entries.erase(found);
      return nullptr;
    }
    identity = found->second.identity;
  }
  if (identity->expires && deps_.clock.Now() >= *identity->expires) return nullptr;
  return identity;
}

void Authenticator::Keep(const Digest& digest, std::shared_ptr<const Identity> identity,
                         std::uint64_t generation) {
  Shard& shard = shards_[digest[31] % kShards];
  const auto now = deps_.clock.Steady();
  const std::lock_guard lock(shard.mutex);
  // What was read before an Invalidate may be out of date.
  if (generation_.load() != generation) return;
  if (shard.entries.size() >= options_.cache_entries_max / kShards) {
    std::erase_if(shard.entries, [&](const auto& entry) { return entry.second.until <= now; });
    if (shard.entries.size() >= options_.cache_entries_max / kShards && !shard.entries.empty()) {
      shard.entries.erase(shard.entries.begin());
    }
  }
  shard.entries[digest] = Entry{std::move(identity), now + options_.cache_ttl};
}

void Authenticator::Invalidate() {
  ++generation_;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shard.entries.clear();
  }
  const std::lock_guard lock(tenants_mutex_);
  tenants_.clear();
}

std::optional<Result<Caller>> Authenticator::Known(const Credentials& credentials) {
  if (credentials.token.empty()) {
    return Fail(Code::kUnauthenticated, std::string(kNoCredentials));
  }
  if (const auto identity = Find(Sha256(credentials.token))) {
    return Place(*identity, credentials, false);
  }
  const std::string group = AddressGroup(credentials.address);
  if (const auto wait = failures_.Look(group)) return TooManyFailures(*wait);
  if (!LooksLikeKey(credentials.token) && !LooksLikeJwt(credentials.token)) {
    failures_.Spend(group);
    ++failures_total_;
    return Fail(Code::kUnauthenticated, std::string(kBadKey));
  }
  return std::nullopt;
}

Result<Caller> Authenticator::Authenticate(const Credentials& credentials) {
  if (auto known = Known(credentials)) return std::move(*known);
  const Digest digest = Sha256(credentials.token);
  std::shared_ptr<const Identity> identity = Find(digest);
  if (identity == nullptr) {
    const std::uint64_t generation = generation_.load();
    auto verified = Verify(credentials.token);
    if (!verified) {
      // A store that is away is no failure of the client's.
      if (verified.error().code == Code::kUnauthenticated) {
        failures_.Spend(AddressGroup(credentials.address));
        ++failures_total_;
      }
      return Fail(std::move(verified).error());
    }
    identity = std::make_shared<const Identity>(std::move(*verified));
    Keep(digest, identity, generation);
    NoteUse(identity->caller);
  }
  return *Place(*identity, credentials, true);
}

Result<Authenticator::Identity> Authenticator::Verify(std::string_view token) {
  return LooksLikeKey(token) ? VerifyKey(token) : VerifyToken(token);
}

Result<Authenticator::Identity> Authenticator::Owner() {
  const auto tenant = TRY(directory_.Tenant(kDefaultSlug));
  if (!tenant) return Fail(Code::kUnauthenticated, "there is no tenant default");
  Identity identity;
  identity.caller.tenant = tenant->id;
  identity.caller.tenant_slug = tenant->slug;
  identity.caller.namespaces = tenant->namespaces;
  identity.caller.user = AdminUserId();
  identity.caller.roles = static_cast<std::uint8_t>(Role::kSystem);
  return identity;
}

Result<Authenticator::Identity> Authenticator::VerifyKey(std::string_view token) {
  if (!options_.owner_key.empty() && ConstantTimeEqual(token, options_.owner_key)) return Owner();
  const std::string hash = HashKey(token);
  const auto key = TRY(directory_.KeyByHash(hash));
  const Time now = deps_.clock.Now();
  // One message for every reason: it must not tell a guesser that a key once was.
  if (!key || !ConstantTimeEqual(key->hash, hash) || key->revoked ||
      (key->expires && now >= *key->expires)) {
    return Fail(Code::kUnauthenticated, std::string(kBadKey));
  }
  if (key->tenant.status != "ACTIVE") {
    return Fail(Code::kForbidden, "the tenant " + key->tenant.slug + " is " + key->tenant.status);
  }
  Identity identity;
  identity.caller.tenant = key->tenant.id;
  identity.caller.tenant_slug = key->tenant.slug;
  identity.caller.namespaces = key->tenant.namespaces;
  identity.caller.tenant_requests_per_second = key->tenant.requests_per_second;
  identity.caller.user = key->user;
  identity.caller.roles = key->roles;
  identity.caller.key_id = key->id;
  identity.caller.connector = key->connector;
  identity.expires = key->expires;
  return identity;
}

Result<std::optional<TenantRow>> Authenticator::TenantOf(std::string_view name) {
  const std::uint64_t generation = generation_.load();
  auto tenant = TRY(directory_.Tenant(name));
  const std::lock_guard lock(tenants_mutex_);
  if (generation_.load() != generation) return tenant;
  if (tenants_.size() >= kTenantsMax) tenants_.clear();
  tenants_[std::string(name)] = {tenant, deps_.clock.Steady() + options_.cache_ttl};
  return tenant;
}

std::optional<Result<Caller>> Authenticator::Place(const Identity& identity,
                                                   const Credentials& credentials, bool may_read) {
  Caller caller = identity.caller;
  caller.address = CleanAddress(credentials.address);
  caller.user_agent = CleanAgent(credentials.user_agent);
  const std::string_view wanted = credentials.tenant;
  if (wanted.empty() || wanted == caller.tenant_slug) return caller;
  const auto unknown = [&]() -> Result<Caller> {
    return Fail(Code::kNotFound, "there is no tenant " + std::string(wanted.substr(0, 80)));
  };
  if (!caller.Has(Role::kSystem)) {
    // Another's tenant and none at all look the same.
    const auto id = Uuid::Parse(wanted);
    if (id && *id == caller.tenant) return caller;
    return unknown();
  }
  if (wanted == "*") {
    caller.across_tenants = true;
    caller.user_tenant = caller.tenant;
    return caller;
  }
  if (wanted.size() > 255) return unknown();
  std::optional<TenantRow> tenant;
  bool known = false;
  {
    const std::lock_guard lock(tenants_mutex_);
    const auto found = tenants_.find(std::string(wanted));
    if (found != tenants_.end() && found->second.until > deps_.clock.Steady()) {
      tenant = found->second.tenant;
      known = true;
    }
  }
  if (!known) {
    if (!may_read) return std::nullopt;
    auto read = TenantOf(wanted);
    if (!read) return Fail(std::move(read).error());
    tenant = std::move(*read);
  }
  if (!tenant) return unknown();
  if (tenant->id != caller.tenant) {
    caller.user_tenant = caller.tenant;
    caller.tenant_requests_per_second = 0;
  }
  caller.tenant = tenant->id;
  caller.tenant_slug = tenant->slug;
  caller.namespaces = tenant->namespaces;
  return caller;
}

void Authenticator::NoteUse(const Caller& caller) {
  if (!deps_.key_used || caller.key_id.IsNil()) return;
  {
    const auto now = deps_.clock.Steady();
    const std::lock_guard lock(used_mutex_);
    if (used_.size() >= kUsedMax) used_.clear();
    const auto [entry, fresh] = used_.try_emplace(caller.key_id, now);
    if (!fresh && now - entry->second < kNoteUseEvery) return;
    entry->second = now;
  }
  deps_.key_used(caller);
}

}  // namespace tenon

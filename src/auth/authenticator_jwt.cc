// The half of the authenticator that knows tokens: whose keys, which tenant, which user.
#include <algorithm>
#include <utility>

#include "auth/authenticator.h"
#include "auth/identity.h"
#include "auth/roles.h"

namespace tenon {
namespace {

// An unknown key id makes us fetch the set again, but not more often than this, whatever is sent.
constexpr std::chrono::seconds kFetchEvery{60};
// A set without surprises is fetched again, so that withdrawn keys go.
constexpr std::chrono::hours kKeysMaxAge{1};

std::string TextClaim(const JwtClaims& claims, std::string_view name) {
  const json::value* value = claims.all.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

// An address that the provider says is not verified could be anybody's.
std::string VerifiedEmail(const JwtClaims& claims, std::string_view name) {
  const json::value* verified = claims.all.if_contains("email_verified");
  if (verified != nullptr && !(verified->is_bool() && verified->as_bool())) return {};
  return TextClaim(claims, name);
}

bool Holds(const JwtKeySet& keys, const JwtHeader& header) {
  return std::ranges::any_of(keys, [&](const auto& key) {
    return Name(key->algorithm()) == header.algorithm &&
           (header.key_id.empty() || key->id().empty() || key->id() == header.key_id);
  });
}

}  // namespace

void Authenticator::FetchKeys() {
  auto text = options_.jwt.fetch_jwks();
  auto fetched = text ? ParseJwks(*text) : Result<JwtKeySet>(Fail(std::move(text).error()));
  if (!fetched && options_.jwt.fetch_failed) options_.jwt.fetch_failed(fetched.error());
  const std::lock_guard lock(jwks_mutex_);
  fetching_ = false;
  if (!fetched) return;  // the keys that are known go on; the next unknown one tries again
  fetched->insert(fetched->end(), configured_keys_.begin(), configured_keys_.end());
  keys_ = std::make_shared<const JwtKeySet>(std::move(*fetched));
}

std::shared_ptr<const JwtKeySet> Authenticator::KeysFor(const JwtHeader& header) {
  bool fetch = false;
  {
    const std::lock_guard lock(jwks_mutex_);
    const auto age = deps_.clock.Steady() - keys_tried_;
    const bool never = keys_tried_ == std::chrono::steady_clock::time_point{};
    const bool wanted = !Holds(*keys_, header) || age > kKeysMaxAge;
    fetch = options_.jwt.fetch_jwks && !fetching_ && wanted && (never || age > kFetchEvery);
    if (fetch) {
      fetching_ = true;
      keys_tried_ = deps_.clock.Steady();
    }
  }
  if (fetch) FetchKeys();
  const std::lock_guard lock(jwks_mutex_);
  return keys_;
}

std::optional<std::uint8_t> Authenticator::RolesOfGroups(const JwtClaims& claims,
                                                         const TenantRow& tenant) const {
  const json::value* groups = claims.all.if_contains(options_.jwt.groups_claim);
  if (groups == nullptr || options_.jwt.group_roles.empty()) return std::nullopt;
  std::uint8_t roles = 0;
  const auto add = [&](std::string_view name) {
    for (const auto& [group, role] : options_.jwt.group_roles) {
      if (group == name) roles = static_cast<std::uint8_t>(roles | Implied(*RoleOfName(role)));
    }
  };
  if (const json::string* one = groups->if_string()) add(*one);
  if (const json::array* many = groups->if_array()) {
    for (const json::value& item : *many) {
      if (const json::string* name = item.if_string()) add(*name);
    }
  }
  // A tenant's identity provider does not make callers of the whole server.
  if (tenant.id != SystemTenantId()) roles &= Implied(Role::kAdmin);
  return roles;
}

Result<UserRow> Authenticator::CreateUser(const JwtClaims& claims, const TenantRow& tenant,
                                          std::string_view email) {
  std::string name = TextClaim(claims, "name");
  if (name.empty()) name = email;
  const Uuid id = deps_.ids.V7();
  json::object body;
  body["id"] = id.ToString();
  body["email"] = email;
  body["name"] = name;
  body["roles"] = json::array();
  if (!claims.subject.empty()) body["subject"] = claims.subject;
  const auto created = deps_.create(SystemCaller(tenant.id, tenant.slug), {{"users", body}});
  if (created) return UserRow{id, 0};
  // Another request with the same token was faster.
  if (created.error().code == Code::kConflict) {
    if (const auto user = TRY(directory_.UserByEmail(tenant.id, email))) return *user;
  }
  return Fail(created.error());
}

Result<UserRow> Authenticator::UserOf(const JwtClaims& claims, const TenantRow& tenant) {
  if (!claims.subject.empty()) {
    if (const auto user = TRY(directory_.UserBySubject(tenant.id, claims.subject))) return *user;
  }
  const std::string email = VerifiedEmail(claims, options_.jwt.email_claim);
  if (!email.empty()) {
    if (const auto user = TRY(directory_.UserByEmail(tenant.id, email))) return *user;
    if (options_.jwt.create_users && deps_.create) return CreateUser(claims, tenant, email);
  }
  return Fail(Code::kUnauthenticated,
              "the token is valid, but its subject is no user of the tenant " + tenant.slug);
}

Result<Authenticator::Identity> Authenticator::VerifyToken(std::string_view token) {
  if (options_.jwt.issuer.empty()) {
    return Fail(Code::kUnauthenticated, "tokens are not accepted here; use an API key");
  }
  const JwtHeader header = TRY(ReadJwtHeader(token));
  const auto keys = KeysFor(header);
  const JwtPolicy policy{options_.jwt.issuer, options_.jwt.audience, options_.jwt.leeway};
  const JwtClaims claims = TRY(VerifyJwt(token, *keys, policy, deps_.clock.Now()));
  const std::string name = TextClaim(claims, options_.jwt.tenant_claim);
  if (name.empty() || name.size() > 255) {
    return Fail(Code::kUnauthenticated,
                "the token names no tenant (claim " + options_.jwt.tenant_claim + ")");
  }
  const auto tenant = TRY(directory_.Tenant(name));
  if (!tenant) return Fail(Code::kUnauthenticated, "the token names a tenant that is not known");
  if (tenant->status != "ACTIVE") {
    return Fail(Code::kForbidden, "the tenant " + tenant->slug + " is " + tenant->status);
  }
  const UserRow user = TRY(UserOf(claims, *tenant));
  Identity identity;
  identity.caller.tenant = tenant->id;
  identity.caller.tenant_slug = tenant->slug;
  identity.caller.namespaces = tenant->namespaces;
  identity.caller.tenant_requests_per_second = tenant->requests_per_second;
  identity.caller.user = user.id;
  identity.caller.roles = RolesOfGroups(claims, *tenant).value_or(user.roles);
  identity.expires = claims.expires + options_.jwt.leeway;
  return identity;
}

}  // namespace tenon

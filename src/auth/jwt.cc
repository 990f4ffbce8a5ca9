#include "auth/jwt.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/hash.h"

namespace tenon {
namespace {

// Years 1970 to 9999: outside a date of a token is an attack or a mistake of units.
constexpr double kSecondsMax = 253402300799.0;

std::unexpected<Error> Refuse(std::string why) {
  return Fail(Code::kUnauthenticated, "the token " + std::move(why));
}

struct Parts {
  std::string_view header, payload, signature, signed_part;
};

std::optional<Parts> Split(std::string_view token) {
  if (token.size() > kJwtBytesMax) return std::nullopt;
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  if (token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1), token.substr(0, second)};
}

// One part as a JSON object; duplicate members are refused, so that no two readers can differ.
Result<json::object> DecodePart(std::string_view part, std::string_view what) {
  const auto bytes = FromBase64Url(part);
  if (!bytes) return Refuse("has a " + std::string(what) + " that is not base64url");
  auto value = ParseJson(*bytes, {.depth_max = 16});
  if (!value || !value->is_object()) {
    return Refuse("has a " + std::string(what) + " that is not a JSON object");
  }
  return std::move(value->as_object());
}

std::string TextMember(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

// A NumericDate (RFC 7519, 2). Absent: nullopt. Not a date: an error.
Result<std::optional<Time>> DateMember(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr) return std::optional<Time>();
  if (!value->is_number()) return Refuse("has a claim " + std::string(name) + " that is no date");
  const double seconds = value->to_number<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > kSecondsMax) {
    return Refuse("has a claim " + std::string(name) + " out of range");
  }
  return std::optional(Time(Duration(static_cast<std::int64_t>(seconds * 1e6))));
}

bool AudienceHas(const json::object& claims, std::string_view wanted) {
  const json::value* value = claims.if_contains("aud");
  if (value == nullptr) return false;
  if (const json::string* one = value->if_string()) return std::string_view(*one) == wanted;
  const json::array* many = value->if_array();
  if (many == nullptr) return false;
  return std::ranges::any_of(*many, [&](const json::value& item) {
    const json::string* text = item.if_string();
    return text != nullptr && std::string_view(*text) == wanted;
  });
}

Result<JwtHeader> CheckHeader(const json::object& header) {
  // An extension that we would have to understand (RFC 7515, 4.1.11): we know none.
  if (header.contains("crit")) return Refuse("asks for an extension (crit) that is not known");
  JwtHeader known{TextMember(header, "alg"), TextMember(header, "kid")};
  if (known.algorithm.empty()) return Refuse("names no algorithm");
  return known;
}

// A key whose own algorithm is the one that the token names, and whose signature it is.
Result<void> CheckSignature(const Parts& parts, const JwtHeader& header, const JwtKeySet& keys) {
  const auto signature = FromBase64Url(parts.signature);
  if (!signature) return Refuse("has a signature that is not base64url");
  bool key_known = false;
  for (const auto& key : keys) {
    const bool named = header.key_id.empty() || key->id().empty() || key->id() == header.key_id;
    if (!named || Name(key->algorithm()) != header.algorithm) continue;
    key_known = true;
    if (key->Verify(parts.signed_part, *signature)) return {};
  }
  if (key_known) return Refuse("has a signature that is not valid");
  return Refuse("is signed with a key or an algorithm that is not accepted here");
}

Result<JwtClaims> CheckClaims(json::object claims, const JwtPolicy& policy, Time now) {
  if (TextMember(claims, "iss") != policy.issuer) return Refuse("is from another issuer (iss)");
  if (!AudienceHas(claims, policy.audience)) return Refuse("is for another audience (aud)");
  const auto expires = TRY(DateMember(claims, "exp"));
  if (!expires) return Refuse("has no expiry (exp)");
  if (now >= *expires + policy.leeway) return Refuse("has expired (exp)");
  const auto not_before = TRY(DateMember(claims, "nbf"));
  if (not_before && now + policy.leeway < *not_before) return Refuse("is not valid yet (nbf)");
  const auto issued = TRY(DateMember(claims, "iat"));
  if (issued && now + policy.leeway < *issued) return Refuse("was issued in the future (iat)");
  std::string subject = TextMember(claims, "sub");
  return JwtClaims{std::move(claims), std::move(subject), *expires};
}

}  // namespace

bool LooksLikeJwt(std::string_view token) {
  const auto parts = Split(token);
  return parts.has_value() && !parts->header.empty() && !parts->payload.empty();
}

Result<JwtHeader> ReadJwtHeader(std::string_view token) {
  const auto parts = Split(token);
  if (!parts) return Refuse("is not three parts with a dot between");
  return CheckHeader(TRY(DecodePart(parts->header, "header")));
}

Result<JwtClaims> VerifyJwt(std::string_view token, const JwtKeySet& keys, const JwtPolicy& policy,
                            Time now) {
  const auto parts = Split(token);
  if (!parts) return Refuse("is not three parts with a dot between");
  const JwtHeader header = TRY(CheckHeader(TRY(DecodePart(parts->header, "header"))));
  TRY(CheckSignature(*parts, header, keys));
  // Claims are read only once the signature has shown whose they are.
  return CheckClaims(TRY(DecodePart(parts->payload, "payload")), policy, now);
}

}  // namespace tenon

// Verification of JSON Web Tokens (RFC 7519, 7515) after the advice of RFC 8725.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "auth/jwt_keys.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace tenon {

// A token over this is no token of ours.
inline constexpr std::size_t kJwtBytesMax = 8u << 10;

struct JwtPolicy {
  std::string issuer;    // `iss` must be this
  std::string audience;  // `aud` must be or hold this
  std::chrono::seconds leeway{60};
};

struct JwtClaims {
  json::object all;
  std::string subject;  // `sub`; empty when absent
  Time expires{};       // `exp`
};

// What a header says before anything is trusted; the authenticator needs it to fetch newer keys.
struct JwtHeader {
  std::string algorithm;
  std::string key_id;
};

// True for three base64url parts: what a Bearer value that is no API key is taken for.
bool LooksLikeJwt(std::string_view token);

Result<JwtHeader> ReadJwtHeader(std::string_view token);

// The claims of a token that one of `keys` signed, with its own algorithm, and that `policy` lets
// in now. iss, aud and exp are demanded; nbf and iat are looked at when present. `crit`, embedded
// keys and key URLs are never followed. Everything else is kUnauthenticated, with the reason.
Result<JwtClaims> VerifyJwt(std::string_view token, const JwtKeySet& keys, const JwtPolicy& policy,
                            Time now);

}  // namespace tenon

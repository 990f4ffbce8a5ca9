// Token parsing never crashes and never accepts what no key signed.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/jwt.h"
#include "auth/keys.h"

namespace {

const tenon::JwtKeySet& Keys() {
  static const tenon::JwtKeySet keys = [] {
    auto set = tenon::ParseJwks(
        R"({"keys":[{"kty":"EC","crv":"P-256","kid":"e","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9u)"
        R"(PHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})");
    return set ? *set : tenon::JwtKeySet{};
  }();
  return keys;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const tenon::JwtPolicy policy{"joe", "tenon", std::chrono::seconds(60)};
  const tenon::Time now = *tenon::ParseTime("2011-03-22T18:00:00Z");
  // The signed example of RFC 7515 names no audience, so nothing at all may pass.
  if (tenon::VerifyJwt(text, Keys(), policy, now)) std::abort();
  static_cast<void>(tenon::ReadJwtHeader(text));
  static_cast<void>(tenon::ParseJwks(text));
  if (tenon::LooksLikeKey(text) && tenon::PrefixOf(text).size() != tenon::kKeyPrefixLength)
    std::abort();
  return 0;
}

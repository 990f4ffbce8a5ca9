#include "auth/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "auth/jwt_testing.h"

namespace tenon {
namespace {

using ::testing::HasSubstr;
using namespace tenon::testing;  // NOLINT: the makers of tokens

constexpr std::string_view kPayloadOfRfc =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";

const Time kNow = *ParseTime("2026-11-21T09:00:00Z");
const JwtPolicy kPolicy{"https://id.example", "tenon", std::chrono::seconds(60)};

std::int64_t Seconds(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string Payload(const std::string& more = "", std::int64_t expires_in_s = 300) {
  return R"({"iss":"https://id.example","aud":"tenon","sub":"ada","exp":)" +
         std::to_string(Seconds(kNow) + expires_in_s) + more + "}";
}

JwtKeySet Keys(const std::string& jwk) {
  auto keys = ParseJwks("{\"keys\":[" + jwk + "]}");
  return keys ? *keys : JwtKeySet{};
}

std::string Why(const Result<JwtClaims>& result) {
  return result ? "accepted" : result.error().message;
}

TEST(Jwt, VerifiesHs256OfRfc7515AppendixA1) {
  const auto secret = FromBase64Url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  ASSERT_TRUE(secret);
  const auto key = MakeHs256Key(*secret);
  ASSERT_TRUE(key);
  const std::string text = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + std::string(kPayloadOfRfc);
  EXPECT_TRUE((*key)->Verify(text, *FromBase64Url("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")));
}

TEST(Jwt, VerifiesRs256OfRfc7515AppendixA2) {
  const JwtKeySet keys = Keys(
      R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4)"
      R"(qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OM)"
      R"(g0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3)"
      R"(qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4F)"
      R"(RWyuXpoQ","e":"AQAB"})");
  ASSERT_EQ(keys.size(), 1u);
  const std::string text = "eyJhbGciOiJSUzI1NiJ9." + std::string(kPayloadOfRfc);
  const auto signature = FromBase64Url(
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2F"
      "p5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQB"
      "MHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeY"
      "I2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
  ASSERT_TRUE(signature);
  EXPECT_TRUE(keys[0]->Verify(text, *signature));
  EXPECT_FALSE(keys[0]->Verify(text + "x", *signature));
}

TEST(Jwt, VerifiesEs256OfRfc7515AppendixA3) {
  const JwtKeySet keys =
      Keys(R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
           R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
  ASSERT_EQ(keys.size(), 1u);
  const std::string text = "eyJhbGciOiJFUzI1NiJ9." + std::string(kPayloadOfRfc);
  const auto signature = FromBase64Url(
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  ASSERT_TRUE(signature);
  EXPECT_TRUE(keys[0]->Verify(text, *signature));
  EXPECT_FALSE(keys[0]->Verify(text, signature->substr(1)));
}

TEST(Jwt, AcceptsWhatIsSignedByAKnownKey) {
  const Pkey rsa = MakeRsa();
  const Pkey ec = MakeEc();
  const JwtKeySet keys = Keys(RsaJwk(rsa.get(), "r1") + "," + EcJwk(ec.get(), "e1"));
  ASSERT_EQ(keys.size(), 2u);
  const auto by_rsa = VerifyJwt(RsaToken(rsa.get(), R"({"alg":"RS256","kid":"r1"})", Payload()),
                                keys, kPolicy, kNow);
  ASSERT_TRUE(by_rsa) << by_rsa.error().message;
  EXPECT_EQ(by_rsa->subject, "ada");
  EXPECT_TRUE(VerifyJwt(EcToken(ec.get(), R"({"alg":"ES256"})", Payload()), keys, kPolicy, kNow));
}

TEST(Jwt, RefusesNone) {
  const Pkey rsa = MakeRsa();
  const JwtKeySet keys = Keys(RsaJwk(rsa.get(), "r1"));
  for (const char* name : {"none", "None", "NONE", "nOnE"}) {
    const std::string header = std::string(R"({"alg":")") + name + "\"}";
    EXPECT_FALSE(VerifyJwt(Unsigned(header, Payload()) + ".", keys, kPolicy, kNow)) << name;
  }
}

TEST(Jwt, RefusesHs256MadeWithThePublicRsaKey) {
  const Pkey rsa = MakeRsa();
  const JwtKeySet keys = Keys(RsaJwk(rsa.get(), "r1"));
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(memory, rsa.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  const std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  const std::string n = BigNumber(rsa.get(), "n");
  for (const std::string& secret : {pem, n, ToBase64Url(n)}) {
    for (const char* header : {R"({"alg":"HS256","kid":"r1"})", R"({"alg":"HS256"})"}) {
      const auto result = VerifyJwt(HsToken(secret, header, Payload()), keys, kPolicy, kNow);
      EXPECT_THAT(Why(result), HasSubstr("not accepted here"));
    }
  }
}

TEST(Jwt, PinsTheAlgorithmToTheKey) {
  const Pkey rsa = MakeRsa();
  const Pkey other = MakeRsa();
  const JwtKeySet keys = Keys(RsaJwk(rsa.get(), "r1"));
  EXPECT_FALSE(VerifyJwt(RsaToken(rsa.get(), R"({"alg":"RS384","kid":"r1"})", Payload()), keys,
                         kPolicy, kNow));
  EXPECT_FALSE(VerifyJwt(RsaToken(rsa.get(), R"({"alg":"ES256","kid":"r1"})", Payload()), keys,
                         kPolicy, kNow));
  EXPECT_FALSE(VerifyJwt(RsaToken(rsa.get(), R"({"alg":"RS256","kid":"r2"})", Payload()), keys,
                         kPolicy, kNow));
  EXPECT_FALSE(VerifyJwt(RsaToken(other.get(), R"({"alg":"RS256","kid":"r1"})", Payload()), keys,
                         kPolicy, kNow));
}

TEST(Jwt, NeverUsesAKeyFromTheToken) {
  const Pkey mine = MakeRsa();
  const Pkey theirs = MakeRsa();
  const JwtKeySet keys = Keys(RsaJwk(mine.get(), "r1"));
  const std::string header =
      R"({"alg":"RS256","jwk":)" + RsaJwk(theirs.get(), "r1") + R"(,"jku":"https://evil.example"})";
  EXPECT_FALSE(VerifyJwt(RsaToken(theirs.get(), header, Payload()), keys, kPolicy, kNow));
}

TEST(Jwt, RefusesWrongClaims) {
  const Pkey ec = MakeEc();
  const JwtKeySet keys = Keys(EcJwk(ec.get(), "e1"));
  const std::string exp = std::to_string(Seconds(kNow) + 300);
  const std::string late = std::to_string(Seconds(kNow) + 61);
  const struct {
    std::string payload;
    const char* why;
  } cases[] = {
      {R"({"aud":"tenon","exp":)" + exp + "}", "(iss)"},
      {R"({"iss":"https://evil.example","aud":"tenon","exp":)" + exp + "}", "(iss)"},
      {R"({"iss":["https://id.example"],"aud":"tenon","exp":)" + exp + "}", "(iss)"},
      {R"({"iss":"https://id.example","exp":)" + exp + "}", "(aud)"},
      {R"({"iss":"https://id.example","aud":"tenon2","exp":)" + exp + "}", "(aud)"},
      {R"({"iss":"https://id.example","aud":["a","b"],"exp":)" + exp + "}", "(aud)"},
      {R"({"iss":"https://id.example","aud":"tenon"})", "(exp)"},
      {R"({"iss":"https://id.example","aud":"tenon","exp":"soon"})", "exp"},
      {R"({"iss":"https://id.example","aud":"tenon","exp":1e300})", "exp"},
      {R"({"iss":"https://id.example","aud":"tenon","exp":-1})", "exp"},
      {Payload("", -60), "(exp)"},
      {Payload(R"(,"nbf":)" + late), "(nbf)"},
      {Payload(R"(,"iat":)" + late), "(iat)"},
      {Payload(R"(,"iss":"https://id.example")"), "not a JSON object"},  // a member twice
      {"[]", "not a JSON object"},
  };
  for (const auto& row : cases) {
    const auto result =
        VerifyJwt(EcToken(ec.get(), R"({"alg":"ES256"})", row.payload), keys, kPolicy, kNow);
    EXPECT_THAT(Why(result), HasSubstr(row.why)) << row.payload;
  }
}

TEST(Jwt, HasLeewayOfAMinute) {
  const Pkey ec = MakeEc();
  const JwtKeySet keys = Keys(EcJwk(ec.get(), "e1"));
  EXPECT_TRUE(
      VerifyJwt(EcToken(ec.get(), R"({"alg":"ES256"})", Payload("", -59)), keys, kPolicy, kNow));
  const std::string soon = R"(,"nbf":)" + std::to_string(Seconds(kNow) + 59);
  EXPECT_TRUE(
      VerifyJwt(EcToken(ec.get(), R"({"alg":"ES256"})", Payload(soon)), keys, kPolicy, kNow));
  EXPECT_TRUE(VerifyJwt(EcToken(ec.get(), R"({"alg":"ES256"})",
                                R"({"iss":"https://id.example","aud":["x","tenon"],"exp":)" +
                                    std::to_string(Seconds(kNow) + 5) + "}"),
                        keys, kPolicy, kNow));
}

TEST(Jwt, RefusesCritAndMalformedTokens) {
  const Pkey ec = MakeEc();
  const JwtKeySet keys = Keys(EcJwk(ec.get(), "e1"));
  EXPECT_THAT(Why(VerifyJwt(EcToken(ec.get(), R"({"alg":"ES256","crit":["b64"]})", Payload()), keys,
                            kPolicy, kNow)),
              HasSubstr("crit"));
  const std::string good = EcToken(ec.get(), R"({"alg":"ES256"})", Payload());
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("a.b"), good + ".x",
        good.substr(0, good.size() - 4), good + "=", "=" + good, std::string(20000, 'a'),
        good.substr(0, good.rfind('.') + 1)}) {
    EXPECT_FALSE(VerifyJwt(bad, keys, kPolicy, kNow)) << bad.substr(0, 80);
  }
}

TEST(Jwks, TakesOnlyFitKeys) {
  const Pkey weak = MakeRsa(1024);
  EXPECT_FALSE(ParseJwks("{\"keys\":[" + RsaJwk(weak.get(), "w") + "]}"));
  EXPECT_FALSE(ParseJwks("{}"));
  EXPECT_FALSE(ParseJwks("[]"));
  EXPECT_FALSE(ParseJwks("nonsense"));
  // A point that is not on the curve (the last digit of y changed).
  EXPECT_FALSE(ParseJwks(
      R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
      R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4"}]})"));
  EXPECT_FALSE(
      ParseJwks(R"({"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}]})"));
  EXPECT_FALSE(MakeHs256Key("short"));
}

}  // namespace
}  // namespace tenon

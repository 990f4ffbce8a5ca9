#include "base/seal.h"

#include <gtest/gtest.h>

#include <string>

#include "base/hash.h"
#include "base/testing.h"

namespace tenon {
namespace {

const std::string kKeyA(64, 'a');
const std::string kKeyB(64, 'b');

Vault MakeVault(std::string_view key, std::string_view previous, Random& random) {
  Result<Vault> vault = Vault::Create(key, previous, random);
  EXPECT_TRUE(vault);
  return *std::move(vault);
}

TEST(Vault, SealsInThePrintedFormat) {
  SeededRandom random(1);
  const Vault vault = MakeVault(kKeyA, "", random);
  for (const std::string& plain :
       {std::string(), std::string("x"), std::string("h\0i", 3), std::string(100'000, 's')}) {
    const std::string sealed = vault.Seal(plain);
    const std::optional<std::string> raw = FromBase64(sealed);
    ASSERT_TRUE(raw);
    EXPECT_EQ(raw->size(), 12 + 16 + plain.size());
    EXPECT_EQ(vault.Open(sealed), plain);
    EXPECT_NE(vault.Seal(plain), sealed);
  }
}

TEST(Vault, RefusesEveryChangedByte) {
  SeededRandom random(2);
  const Vault vault = MakeVault(kKeyA, "", random);
  const std::string raw = *FromBase64(vault.Seal("a secret"));
  for (std::size_t i = 0; i < raw.size(); ++i) {
    std::string changed = raw;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const Result<std::string> opened = vault.Open(ToBase64(changed));
    ASSERT_FALSE(opened) << i;
    EXPECT_EQ(opened.error().code, Code::kInvalidArgument);
  }
  EXPECT_FALSE(vault.Open(ToBase64(raw.substr(0, raw.size() - 1))));
  EXPECT_FALSE(vault.Open(ToBase64(raw + "x")));
}

TEST(Vault, SaysWhatIsWrong) {
  SeededRandom random(3);
  const Vault vault = MakeVault(kKeyA, "", random);
  EXPECT_EQ(vault.Open("not base64!").error().message, "the sealed value is not base64");
  EXPECT_EQ(vault.Open("").error().message,
            "the sealed value is shorter than its IV and authentication tag (28 bytes)");
  EXPECT_EQ(vault.Open(MakeVault(kKeyB, "", random).Seal("x")).error().message,
            "the sealed value was changed, or sealed with another key than ENCRYPTION_KEY");
  EXPECT_EQ(Vault::Create("abc", "", random).error().message,
            "ENCRYPTION_KEY must be 64 hex digits (32 bytes), but it has 3 characters");
  EXPECT_EQ(Vault::Create(std::string(64, 'x'), "", random).error().message,
            "ENCRYPTION_KEY must be 64 hex digits (32 bytes), but it has 64 characters, not all of "
            "them hex digits");
  EXPECT_FALSE(Vault::Create(kKeyA, "abc", random));
}

TEST(Vault, OpensWithThePreviousKeyAndAsksForANewSeal) {
  SeededRandom random(4);
  const std::string old = MakeVault(kKeyA, "", random).Seal("kept");
  const Vault vault = MakeVault(kKeyB, kKeyA, random);
  EXPECT_EQ(vault.Open(old), "kept");
  EXPECT_TRUE(vault.NeedsReseal(old));
  const std::string fresh = vault.Seal(*vault.Open(old));
  EXPECT_FALSE(vault.NeedsReseal(fresh));
  EXPECT_FALSE(vault.NeedsReseal("nonsense"));
  EXPECT_EQ(MakeVault(kKeyB, "", random).Open(fresh), "kept");
}

// Opens the vectors without associated data that have our IV and tag sizes.
TEST(Vault, WycheproofVectors) {
  const auto data = testing_data::Json("vectors/aes-256-gcm-wycheproof.json");
  if (!data) GTEST_SKIP() << data.error().message;
  SeededRandom random(5);
  int used = 0;
  for (const json::value& row : data->as_array()) {
    const auto text = [&](const char* key) { return std::string(row.at(key).as_string().c_str()); };
    if (row.at("ivSize") != 96 || row.at("tagSize") != 128 || !text("aad").empty()) continue;
    ++used;
    const Vault vault = MakeVault(text("key"), "", random);
    const auto opened = vault.Open(ToBase64(*FromHex(text("iv") + text("tag") + text("ct"))));
    ASSERT_EQ(opened.has_value(), text("result") == "valid") << row.at("id");
    if (opened) {
      EXPECT_EQ(ToHex(*opened), text("pt"));
    }
  }
  EXPECT_GT(used, 5);
}

TEST(Vault, NistVectors) {
  const auto data = testing_data::Json("vectors/aes-256-gcm-nist.json");
  if (!data) GTEST_SKIP() << data.error().message;
  SeededRandom random(6);
  int used = 0;
  for (const char* part : {"encrypt", "decrypt"}) {
    for (const json::value& row : data->at(part).as_array()) {
      const auto text = [&](const char* key) {
        return std::string(row.at(key).as_string().c_str());
      };
      if (text("iv").size() != 24 || text("tag").size() != 32 || !text("aad").empty()) continue;
      ++used;
      const json::value* fail = row.as_object().if_contains("fail");
      const bool valid = fail == nullptr || !fail->as_bool();
      const Vault vault = MakeVault(text("key"), "", random);
      const auto opened = vault.Open(ToBase64(*FromHex(text("iv") + text("tag") + text("ct"))));
      ASSERT_EQ(opened.has_value(), valid) << row.at("id");
      if (opened) {
        EXPECT_EQ(ToHex(*opened), text("pt"));
      }
    }
  }
  EXPECT_GT(used, 20);
}

}  // namespace
}  // namespace tenon

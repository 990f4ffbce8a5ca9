#include "base/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace tenon {
namespace {

TEST(Sha256, Fips180Examples) {
  EXPECT_EQ(ToHex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(ToHex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256("a", "b", "c"), Sha256("abc"));
  EXPECT_EQ(Sha256("ab", "c"), Sha256("abc"));
  EXPECT_EQ(ToHex(Sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(HmacSha256, Rfc4231Cases) {
  EXPECT_EQ(ToHex(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(ToHex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(ToHex(HmacSha256(std::string(131, '\xaa'),
                             "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(ToHex(HmacSha256("", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hex, BothWays) {
  EXPECT_EQ(ToHex(std::string_view("\x00\x0f\xff", 3)), "000fff");
  EXPECT_EQ(FromHex("000fFF"), std::string("\x00\x0f\xff", 3));
  EXPECT_EQ(FromHex(""), "");
  EXPECT_FALSE(FromHex("0"));
  EXPECT_FALSE(FromHex("0g"));
  EXPECT_FALSE(FromHex("0x10"));
}

TEST(Base64, Rfc4648Vectors) {
  const char* const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
  const char* const coded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  const char* const url[] = {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(ToBase64(plain[i]), coded[i]);
    EXPECT_EQ(FromBase64(coded[i]), plain[i]);
    EXPECT_EQ(ToBase64Url(plain[i]), url[i]);
    EXPECT_EQ(FromBase64Url(url[i]), plain[i]);
  }
  EXPECT_EQ(ToBase64("\xfb\xff"), "+/8=");
  EXPECT_EQ(ToBase64Url("\xfb\xff"), "-_8");
}

TEST(Base64, IsStrict) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8==", "====", "=",
                           "Zm\n8=", "Zm8 ", "-_8=", "Zg==Zg==", "Z===", "Zm9vYg="}) {
    EXPECT_FALSE(FromBase64(text)) << text;
  }
  for (const char* text : {"Z", "Zg==", "Zh", "Zm9", "+/8", "Zm9v "}) {
    EXPECT_FALSE(FromBase64Url(text)) << text;
  }
}

TEST(Base64, EveryByteAndLength) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(FromBase64(ToBase64(bytes)), bytes);
    ASSERT_EQ(FromBase64Url(ToBase64Url(bytes)), bytes);
    ASSERT_EQ(FromHex(ToHex(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 37));
  }
}

TEST(ConstantTimeEqual, Compares) {
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_TRUE(ConstantTimeEqual("secret", "secret"));
  EXPECT_FALSE(ConstantTimeEqual("secret", "secreT"));
  EXPECT_FALSE(ConstantTimeEqual("secret", "secret1"));
}

}  // namespace
}  // namespace tenon

#include "engine/page_token.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

model::Type Kind(model::TypeKind kind) {
  model::Type type;
  type.kind = kind;
  return type;
}

TEST(PageToken, ComesBackAsItWas) {
  const std::vector<Value> values = {Value("Ünal"), Value(std::int64_t{7}), Value(),
                                     Value(*ParseTime("2026-11-21T08:50:00.000001Z")),
                                     Value(*Uuid::Parse("01890a5d-ac96-774b-bcce-b302099a8057"))};
  const std::string token = EncodePageToken("assets\nname", values);
  const auto back = DecodePageToken(
      "assets\nname", token,
      {Kind(model::TypeKind::kText), Kind(model::TypeKind::kInt), Kind(model::TypeKind::kText),
       Kind(model::TypeKind::kTime), Kind(model::TypeKind::kUuid)});
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(*back, values);
}

TEST(PageToken, OfAnotherQueryIsRefused) {
  const std::string token = EncodePageToken("a", {Value("x")});
  const auto back = DecodePageToken("b", token, {Kind(model::TypeKind::kText)});
  ASSERT_FALSE(back.has_value());
  EXPECT_EQ(back.error().code, Code::kInvalidArgument);
}

TEST(PageToken, WithOtherTypesIsRefused) {
  const std::string token = EncodePageToken("a", {Value("x")});
  EXPECT_FALSE(DecodePageToken("a", token, {Kind(model::TypeKind::kInt)}).has_value());
  EXPECT_FALSE(DecodePageToken("a", token, {}).has_value());
}

TEST(PageToken, GarbageIsRefused) {
  for (const char* token : {"", "x", "////", "AAAA", "e30", "bm90IGpzb24gYXQgYWxs"}) {
    EXPECT_FALSE(DecodePageToken("a", token, {Kind(model::TypeKind::kInt)}).has_value()) << token;
  }
}

}  // namespace
}  // namespace tenon

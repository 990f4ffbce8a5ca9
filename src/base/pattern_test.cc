#include "base/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tenon {
namespace {

using ::testing::HasSubstr;

TEST(Pattern, IsFoundAnywhereUnlessItSaysWhere) {
  const auto pattern = Pattern::Compile("b+c");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE((*pattern)->IsFoundIn("abbbcd"));
  EXPECT_FALSE((*pattern)->IsFoundIn("abd"));
  EXPECT_FALSE((*pattern)->IsFoundIn(""));
  EXPECT_FALSE((*Pattern::Compile("^b+c$"))->IsFoundIn("abc"));
  EXPECT_TRUE((*Pattern::Compile("^\\pL+$"))->IsFoundIn("Größe"));
}

TEST(Pattern, SaysWhatIsWrongWithIt) {
  const auto open = Pattern::Compile("a(b");
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, Code::kInvalidArgument);
  EXPECT_THAT(open.error().message, HasSubstr("missing ): a(b"));
  EXPECT_THAT(Pattern::Compile(std::string(1001, 'a')).error().message, HasSubstr("1000 bytes"));
  // Short to write, large to match with.
  EXPECT_FALSE(Pattern::Compile("((a{100}){100}){100}"));
  EXPECT_FALSE(Pattern::Compile("(a)\\1")) << "back references are not of RE2";
}

}  // namespace
}  // namespace tenon

#include "base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/result.h"

namespace tenon {
namespace {

TEST(Info, HasARowForEveryCodeInOrder) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Code::kOutcomeUnknown); ++i) {
    const Code code = static_cast<Code>(i);
    EXPECT_EQ(Info(code).code, code);
    names.insert(Info(code).name);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Code::kOutcomeUnknown) + 1);
}

TEST(CodeOfHttpStatus, FindsTheCode) {
  EXPECT_EQ(CodeOfHttpStatus(404), Code::kNotFound);
  EXPECT_EQ(CodeOfHttpStatus(503), Code::kUnavailable);
  EXPECT_EQ(CodeOfHttpStatus(418), Code::kInternal);
}

Result<int> Half(int value) {
  if (value % 2 != 0) return Fail(Code::kInvalidArgument, "odd");
  return value / 2;
}

Result<int> Quarter(int value) {
  const int half = TRY(Half(value));
  return TRY(Half(half));
}

TEST(Try, PassesValuesAndErrorsOn) {
  EXPECT_EQ(Quarter(12), 3);
  ASSERT_FALSE(Quarter(6));
  EXPECT_EQ(Quarter(6).error().message, "odd");
  EXPECT_EQ(Quarter(6).error().In("half of 3").message, "half of 3: odd");
}

}  // namespace
}  // namespace tenon

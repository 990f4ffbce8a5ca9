#include "base/backoff.h"

#include <gtest/gtest.h>

#include <vector>

namespace tenon {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, SaysWhenFailuresBeginAndEnd) {
  std::vector<std::string> said;
  Backoff backoff("tasks", [&](std::string_view level, const std::string& message) {
    said.push_back(std::string(level) + " " + message.substr(0, 12));
  });
  backoff.Succeeded();
  EXPECT_TRUE(said.empty());
  for (int i = 0; i < 3; ++i) backoff.Failed(Error(Code::kUnavailable, std::to_string(i)));
  EXPECT_EQ(said, std::vector<std::string>{"error tasks: 0; it"});
  backoff.Failed(Error(Code::kInternal, "x"));
  EXPECT_EQ(said.back(), "error tasks: x; it");
  backoff.Succeeded();
  backoff.Succeeded();
  EXPECT_EQ(said.size(), 3u);
  EXPECT_EQ(said.back(), "info tasks: works");
  backoff.Failed(Error(Code::kInternal, "x"));
  EXPECT_EQ(said.size(), 4u);
}

TEST(Backoff, WaitsLongerUpToItsMaximum) {
  Backoff backoff("x", {}, {milliseconds(90), milliseconds(300)});
  const Error error(Code::kUnavailable, "away");
  for (const std::int64_t whole : {90, 180, 300, 300}) {
    const milliseconds pause = backoff.Failed(error);
    EXPECT_LE(pause.count(), whole);
    EXPECT_GT(pause.count(), whole - whole / 3 - 1);
  }
  backoff.Succeeded();
  EXPECT_LE(backoff.Failed(error).count(), 90);
}

}  // namespace
}  // namespace tenon

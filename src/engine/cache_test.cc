#include "engine/cache.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

std::shared_ptr<const GetResult> RowOf(std::string body) {
  return std::make_shared<GetResult>(GetResult{std::move(body), "1"});
}

class CacheTest : public ::testing::Test {
 protected:
  ManualClock clock_{Time(std::chrono::hours(1))};
  Cache cache_{1u << 20, std::chrono::seconds(60), clock_};
};

TEST_F(CacheTest, FillsAndFinds) {
  EXPECT_EQ(cache_.Find("t:A:1"), nullptr);
  cache_.Fill("t:A:1", RowOf("{}"), cache_.Ticket("t:A:1"));
  ASSERT_NE(cache_.Find("t:A:1"), nullptr);
  EXPECT_EQ(cache_.Find("t:A:1")->body, "{}");
  EXPECT_EQ(cache_.stats().entries, 1);
}

TEST_F(CacheTest, ForgetsAfterItsTime) {
  cache_.Fill("k", RowOf("{}"), cache_.Ticket("k"));
  clock_.Advance(std::chrono::seconds(61));
  EXPECT_EQ(cache_.Find("k"), nullptr);
}

TEST_F(CacheTest, RefusesAFillThatIsOlderThanAnInvalidation) {
  const auto ticket = cache_.Ticket("k");  // a read begins
  cache_.Invalidate("k");                  // a write commits meanwhile
  cache_.Fill("k", RowOf("old"), ticket);  // the read comes back with the old row
  EXPECT_EQ(cache_.Find("k"), nullptr);
}

TEST_F(CacheTest, StaysWithinItsBytesAndKeepsWhatIsUsed) {
  Cache small(256u << 10, std::chrono::seconds(60), clock_);
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "key" + std::to_string(i);
    small.Fill(key, RowOf(std::string(100, 'x')), small.Ticket(key));
  }
  EXPECT_LE(small.stats().bytes, 256 << 10);
  EXPECT_GT(small.stats().entries, 10);
  EXPECT_EQ(small.Find("key0"), nullptr);
}

TEST_F(CacheTest, DoesNotKeepWhatWouldPushEverythingElseOut) {
  cache_.Fill("big", RowOf(std::string(1u << 20, 'x')), cache_.Ticket("big"));
  EXPECT_EQ(cache_.Find("big"), nullptr);
}

}  // namespace
}  // namespace tenon

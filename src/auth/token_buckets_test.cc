#include "auth/token_buckets.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TokenBuckets, AllowABurstThenTheRate) {
  ManualClock clock(Time{});
  TokenBuckets buckets(clock, {.per_second = 2, .burst = 3, .keys_max = 100});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(buckets.Take("a"));
  EXPECT_EQ(buckets.Take("a"), 1);
  EXPECT_FALSE(buckets.Take("b"));
  clock.Advance(milliseconds(500));
  EXPECT_FALSE(buckets.Take("a"));
  EXPECT_TRUE(buckets.Take("a"));
  clock.Advance(seconds(60));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(buckets.Take("a"));
  EXPECT_TRUE(buckets.Take("a"));
}

TEST(TokenBuckets, LookTakesNothingAndSpendNeverGoesBelowEmpty) {
  ManualClock clock(Time{});
  TokenBuckets buckets(clock, {.per_second = 0.5, .burst = 2, .keys_max = 100});
  EXPECT_FALSE(buckets.Look("a"));
  for (int i = 0; i < 10; ++i) buckets.Spend("a");
  EXPECT_EQ(buckets.Look("a"), 2);
  clock.Advance(seconds(2));
  EXPECT_FALSE(buckets.Look("a"));
}

TEST(TokenBuckets, StayBounded) {
  ManualClock clock(Time{});
  TokenBuckets buckets(clock, {.per_second = 1, .burst = 5, .keys_max = 1600});
  for (int i = 0; i < 100000; ++i) buckets.Spend("key" + std::to_string(i));
  EXPECT_LE(buckets.size(), 1600u);
  // Who is being held back is not forgotten for strangers who come once.
  for (int i = 0; i < 10; ++i) buckets.Spend("bad");
  for (int i = 0; i < 100000; ++i) buckets.Spend("other" + std::to_string(i));
  EXPECT_TRUE(buckets.Look("bad"));
}

TEST(TokenBuckets, AddressesOfOneClientAreOne) {
  EXPECT_EQ(AddressGroup("10.1.2.3"), "10.1.2.3");
  EXPECT_NE(AddressGroup("10.1.2.3"), AddressGroup("10.1.2.4"));
  EXPECT_EQ(AddressGroup("2001:db8:1:2:3::4"), AddressGroup("2001:db8:1:2:ffff:1:2:3"));
  EXPECT_NE(AddressGroup("2001:db8:1:2::1"), AddressGroup("2001:db8:1:3::1"));
  EXPECT_EQ(AddressGroup("2001:db8::1"), AddressGroup("2001:db8::ffff"));
  EXPECT_EQ(AddressGroup("::ffff:10.1.2.3"), "10.1.2.3");
}

}  // namespace
}  // namespace tenon

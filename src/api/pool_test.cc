#include "api/pool.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "api/tenant_slots.h"

namespace tenon {
namespace {

Uuid Tenant(std::uint8_t number) {
  Uuid id;
  id.bytes[0] = number;
  return id;
}

// Holds the pool's one thread until it is released.
class Gate {
 public:
  explicit Gate(Pool& pool) {
    std::promise<void> entered;
    auto inside = entered.get_future();
    EXPECT_TRUE(pool.Submit(Tenant(9), [&entered, open = open_.get_future().share()] {
      entered.set_value();
      open.wait();
    }));
    inside.wait();
  }
  void Open() { open_.set_value(); }

 private:
  std::promise<void> open_;
};

TEST(Pool, TenantsTakeTurns) {
  Pool pool({.threads = 1, .queue_max = 100, .queue_per_tenant_max = 100});
  Gate gate(pool);
  std::string order;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pool.Submit(Tenant(1), [&] { order += 'a'; }));
  }
  ASSERT_TRUE(pool.Submit(Tenant(2), [&] { order += 'b'; }));
  gate.Open();
  pool.Stop();
  EXPECT_EQ(order, "abaa");
}

TEST(Pool, IsBounded) {
  Pool pool({.threads = 1, .queue_max = 3, .queue_per_tenant_max = 2});
  Gate gate(pool);
  EXPECT_TRUE(pool.Submit(Tenant(1), [] {}));
  EXPECT_TRUE(pool.Submit(Tenant(1), [] {}));
  const auto own = pool.Submit(Tenant(1), [] {});
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().code, Code::kTooManyRequests);
  EXPECT_TRUE(pool.Submit(Tenant(2), [] {}));
  const auto all = pool.Submit(Tenant(3), [] {});
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code, Code::kUnavailable);
  gate.Open();
  pool.Stop();
  EXPECT_FALSE(pool.Submit(Tenant(1), [] {}));
  EXPECT_EQ(pool.queued(), 0u);
}

TEST(TenantSlots, AreGivenBack) {
  TenantSlots slots(1);
  auto first = slots.Take(Tenant(1));
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(slots.Take(Tenant(1)), nullptr);
  EXPECT_NE(slots.Take(Tenant(2)), nullptr);
  first.reset();
  EXPECT_NE(slots.Take(Tenant(1)), nullptr);
  EXPECT_EQ(slots.total(), 0u);
}

}  // namespace
}  // namespace tenon

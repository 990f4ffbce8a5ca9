// How many of something (streams, exports) each tenant has open, and no more than it may.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

#include "base/ids.h"

namespace tenon {

// Thread-safe.
class TenantSlots {
 public:
  explicit TenantSlots(int per_tenant_max) : per_tenant_max_(per_tenant_max) {}

  // Holds one place until it is dropped.
  using Slot = std::shared_ptr<void>;
  // Null when the tenant has no place left.
  Slot Take(const Uuid& tenant) {
    {
      const std::lock_guard lock(mutex_);
      int& open = open_[tenant];
      if (open >= per_tenant_max_) return nullptr;
      ++open;
      ++total_;
    }
    // The deleter gives the place back; there is no object behind it.
    return {static_cast<void*>(this), [this, tenant](void*) { Give(tenant); }};
  }

  [[nodiscard]] std::size_t total() {
    const std::lock_guard lock(mutex_);
    return total_;
  }

 private:
  void Give(const Uuid& tenant) {
    const std::lock_guard lock(mutex_);
    --total_;
    const auto found = open_.find(tenant);
    if (found != open_.end() && --found->second == 0) open_.erase(found);
  }

  const int per_tenant_max_;
  std::mutex mutex_;
  std::map<Uuid, int> open_;  // guarded by mutex_
  std::size_t total_ = 0;     // guarded by mutex_
};

}  // namespace tenon

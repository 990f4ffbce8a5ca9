// System callers may look into any tenant, and that is written down: a READ row in their own
// tenant's log.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "auth/caller.h"
#include "base/result.h"
#include "engine/engine.h"

namespace tenon {

// Thread-safe.
class ReadAudit {
 public:
  explicit ReadAudit(Engine& engine) : engine_(engine) {}

  // A read across all tenants: durable before it is answered. Blocks.
  Result<void> Across(const Caller& caller, const std::string& path);

  // A read in one other tenant: noted once an hour for each actor and tenant, without waiting, as
  // an administrator who works there reads a lot.
  void Elsewhere(const Caller& caller, const std::string& path);

 private:
  [[nodiscard]] LogEntry EntryFor(const Caller& caller, const std::string& path) const;

  Engine& engine_;
  std::mutex mutex_;
  // When it was last noted, by actor and tenant; guarded by mutex_.
  std::map<std::pair<Uuid, Uuid>, std::chrono::steady_clock::time_point> noted_;
};

}  // namespace tenon

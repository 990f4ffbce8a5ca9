// The parts of an Engine, shared by the files that implement it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/attempt.h"
#include "engine/cache.h"
#include "engine/engine.h"
#include "engine/group_reads.h"
#include "engine/plan.h"
#include "engine/remote_changes.h"
#include "engine/row_writer.h"
#include "engine/tenants.h"
#include "store/lease.h"

namespace tenon {

struct Engine::Impl {
  Impl(EngineDeps dependencies, EngineOptions engine_options)
      : deps(std::move(dependencies)),
        options(engine_options),
        plans(*deps.model, deps.store.dialect()),
        cache(options.cache_bytes, options.cache_ttl, deps.clock),
        writer(deps, plans, tenants, options),
        clock_lease(deps.store, {.name = "clock",
                                 .holder = deps.ids.V4().ToString(),
                                 .ttl = std::chrono::seconds(10)}) {}

  EngineDeps deps;
  EngineOptions options;
  Plans plans;
  Tenants tenants;
  Cache cache;
  RowWriter writer;

  // Who is told when another node changed users, keys or tenants.
  std::mutex identity_mutex;
  std::function<void()> identity_changed;  // guarded by identity_mutex
  bool identity_touched = false;           // the follower's thread

  // Timed events and purges are one node's at a time. Each job looks at its row again, so that one
  // who overstays its lease does nothing twice.
  Lease clock_lease;
  // The clock's work is called from one thread at a time (TakeDueEvents, Purge).
  std::chrono::steady_clock::time_point last_steady{};
  Time last_wall{};
  std::chrono::steady_clock::time_point hold_until{};
  std::map<std::string, Time> last_purge;

  // Last, as their threads use what is above; null where the store is in this process.
  std::unique_ptr<RemoteChanges> remote;
  std::unique_ptr<GroupReads> group_reads;

  // Engine::Apply. `in_order`: after the items of its batch that were handed in before it.
  void Apply(const Caller& caller, Command command, Idempotent replay, Done done, ApplyOptions how,
             bool in_order);
  // Runs the attempt as a write job; see engine/attempt.h.
  void Submit(std::shared_ptr<Attempt> attempt);
  void Finish(std::shared_ptr<Attempt> attempt, Result<void> result);
  void ExplainAndFinish(std::shared_ptr<Attempt> attempt, Error error);
  void TellIdentityChanged();
  // Follows what other nodes write and drops what it makes stale.
  void FollowOthers();
  [[nodiscard]] bool MayCache(const model::Entity& entity) const;
  // After the commit, before the answer: what the writes made stale is dropped.
  void Committed(const Stale& stale);
  // Global and engine-written entities are logged and cached under the system's tenant.
  [[nodiscard]] std::string CacheKey(const Caller& caller, const model::Entity& entity,
                                     std::string_view id) const;
  // Scope of a read by this caller.
  [[nodiscard]] static Scope ScopeOf(const Caller& caller);
};

}  // namespace tenon

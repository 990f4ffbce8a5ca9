// The parts of an Engine, shared by the files that implement it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "engine/attempt.h"
#include "engine/cache.h"
#include "engine/engine.h"
#include "engine/plan.h"
#include "engine/row_writer.h"
#include "engine/tenants.h"

namespace tenon {

struct Engine::Impl {
  Impl(EngineDeps dependencies, EngineOptions engine_options)
      : deps(std::move(dependencies)),
        options(engine_options),
        plans(*deps.model, deps.store.dialect()),
        cache(options.cache_bytes, options.cache_ttl, deps.clock),
        writer(deps, plans, tenants, options) {}

  EngineDeps deps;
  EngineOptions options;
  Plans plans;
  Tenants tenants;
  Cache cache;
  RowWriter writer;

  // The clock's work is called from one thread at a time (TakeDueEvents, Purge).
  std::chrono::steady_clock::time_point last_steady{};
  Time last_wall{};
  std::chrono::steady_clock::time_point hold_until{};
  std::map<std::string, Time> last_purge;

  // Engine::Apply. `in_order`: after the items of its batch that were handed in before it.
  void Apply(const Caller& caller, Command command, Idempotent replay, Done done, Lane lane,
             bool in_order);
  // Runs the attempt as a write job; see engine/attempt.h.
  void Submit(std::shared_ptr<Attempt> attempt);
  void Finish(const std::shared_ptr<Attempt>& attempt, Result<void> result);
  void ExplainAndFinish(const std::shared_ptr<Attempt>& attempt, Error error);
  // After the commit, before the answer: what the writes made stale is dropped.
  void Committed(const Stale& stale);
  // Global and engine-written entities are logged and cached under the system's tenant.
  [[nodiscard]] std::string CacheKey(const Caller& caller, const model::Entity& entity,
                                     std::string_view id) const;
  // Scope of a read by this caller.
  [[nodiscard]] static Scope ScopeOf(const Caller& caller);
};

}  // namespace tenon

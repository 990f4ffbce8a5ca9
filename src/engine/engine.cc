#include "engine/engine.h"

#include <fmt/format.h>

#include <future>
#include <utility>

#include "base/json.h"
#include "base/limits.h"
#include "engine/impl.h"
#include "engine/permit.h"
#include "engine/replay.h"

namespace tenon {
namespace {

// One command, from the caller's thread to the writer and back.
struct Single final : Attempt {
  Single(Engine::Impl& engine, const Caller& who) : impl(engine), caller(who) {}

  Result<void> Work(Transaction& transaction) override {
    WriteContext context{.caller = caller,
                         .transaction = transaction,
                         .now = now,
                         .trusted = command.trusted,
                         .careful = careful};
    auto done = Run(context);
    Take(context);
    return done;
  }

  void Expect(Reader& reader) override {
    if (!replay.key.empty()) ExpectReplay(reader, caller, replay, now);
    impl.writer.Expect(reader, caller, command, Creates() ? &prepared : nullptr);
  }

  [[nodiscard]] bool Creates() const { return command.op == Command::Op::kCreate; }

  Result<void> Run(WriteContext& context) {
    Transaction& transaction = context.transaction;
    if (!replay.key.empty()) {
      auto earlier = TRY(FindReplay(transaction, caller, replay, now));
      if (earlier && !earlier->empty()) {
        outcome = std::move(earlier->front());
        return {};
      }
    }
    outcome = Creates() ? TRY(impl.writer.Create(context, command, prepared))
                        : TRY(impl.writer.Run(context, command));
    if (replay.key.empty()) return {};
    return SaveReplay(transaction, caller, replay, std::span(&outcome, 1), now);
  }

  void Done(Result<void> result) override {
    if (!result) return done(std::unexpected(std::move(result).error()));
    done(std::move(outcome));
  }

  Engine::Impl& impl;
  const Caller caller;
  Command command;
  Idempotent replay;
  Time now;
  PreparedCreate prepared;
  Engine::Done done;
  Outcome outcome;  // set by each run anew
};

// Plain commands fail at their first statement or not at all, and so do upserts: an insert that
// meets a taken key has changed nothing when the update begins. Deletes may fail later.
bool NeedsSavepoint(const Plans& plans, const Command& command) {
  return command.op == Command::Op::kDelete && !plans.Referrers(*command.entity).empty();
}

}  // namespace

Engine::Engine(EngineDeps deps, EngineOptions options)
    : impl_(std::make_unique<Impl>(std::move(deps), options)) {
  if (impl_->deps.store.dialect() == Dialect::kSqlite) return;
  impl_->FollowOthers();
  impl_->group_reads = std::make_unique<GroupReads>(
      impl_->deps.store, GroupReadsOptions{.deadline = limits::kReadDeadline});
}
Engine::~Engine() = default;

const model::Model& Engine::model() const { return *impl_->deps.model; }
Store& Engine::store() { return impl_->deps.store; }
Log& Engine::log() { return impl_->deps.log; }
Clock& Engine::clock() { return impl_->deps.clock; }

Engine::CacheStats Engine::cache_stats() const {
  const Cache::Stats stats = impl_->cache.stats();
  return {stats.hits, stats.misses, stats.bytes, stats.entries};
}

void Engine::Impl::Committed(const Stale& stale) {
  deps.log.Wrote();
  for (const std::string& key : stale.cache_keys) cache.Invalidate(key);
  for (const Uuid& tenant : stale.tenants) tenants.Forget(tenant);
  for (const Uuid& tenant : stale.service_users) tenants.SetServiceUser(tenant);
}

void Engine::Impl::FollowOthers() {
  RemoteChanges::Hooks hooks;
  hooks.changed = [this](const RemoteChange& change) {
    cache.Invalidate(change.tenant.ToString() + ":" + change.entity_type + ":" + change.key);
    const std::string& type = change.entity_type;
    if (type == "TENANT") {
      if (const auto tenant = Uuid::Parse(change.key)) tenants.Forget(*tenant);
    }
    identity_touched |= type == "TENANT" || type == "USER" || type == "API_KEY";
  };
  hooks.page_done = [this] {
    if (std::exchange(identity_touched, false)) TellIdentityChanged();
  };
  hooks.lost_track = [this] {
    cache.Clear();
    tenants.ForgetAll();
    TellIdentityChanged();
  };
  remote = std::make_unique<RemoteChanges>(deps.store, deps.log, std::move(hooks));
}

void Engine::Impl::TellIdentityChanged() {
  const std::lock_guard lock(identity_mutex);
  if (identity_changed) identity_changed();
}

void Engine::OnIdentityChange(std::function<void()> changed) {
  const std::lock_guard lock(impl_->identity_mutex);
  impl_->identity_changed = std::move(changed);
}

void Engine::Stop() {
  if (impl_->group_reads) impl_->group_reads->Stop();
  if (impl_->remote) impl_->remote->Stop();
}

bool Engine::Impl::MayCache(const model::Entity& entity) const {
  // A quiet event has no log row, so that no other node would hear of it.
  return remote == nullptr || (remote->Fresh() && !plans.Of(entity).has_quiet_events);
}

std::string Engine::Impl::CacheKey(const Caller& caller, const model::Entity& entity,
                                   std::string_view id) const {
  const EntityPlan& plan = plans.Of(entity);
  std::string key = (entity.tenant == nullptr ? options.system_tenant : caller.tenant).ToString();
  key.reserve(key.size() + plan.type_name.size() + id.size() + 2);
  key += ':';
  key += plan.type_name;
  key += ':';
  key += id;
  return key;
}

Scope Engine::Impl::ScopeOf(const Caller& caller) {
  return {.tenant = caller.tenant,
          .across_tenants = caller.across_tenants,
          .deadline = limits::kReadDeadline};
}

void Engine::Apply(const Caller& caller, Command command, Idempotent replay, Done done,
                   ApplyOptions options) {
  impl_->Apply(caller, std::move(command), std::move(replay), std::move(done), std::move(options),
               false);
}

void Engine::Impl::Apply(const Caller& caller, Command command, Idempotent replay, Done done,
                         ApplyOptions how, bool in_order) {
  if (auto permitted = PermitCommand(caller, command); !permitted) {
    return done(std::unexpected(std::move(permitted).error()));
  }
  auto single = std::make_shared<Single>(*this, caller);
  single->command = std::move(command);
  single->replay = std::move(replay);
  single->now = deps.clock.Now();
  if (single->command.op == Command::Op::kCreate) {
    auto prepared = writer.Prepare(single->caller, single->command, single->now);
    if (!prepared) return done(std::unexpected(std::move(prepared).error()));
    single->prepared = *std::move(prepared);
  }
  single->done = std::move(done);
  single->scope = {.tenant = caller.tenant, .across_tenants = caller.Has(Role::kSystem)};
  single->options = std::move(how);
  single->savepoint = NeedsSavepoint(plans, single->command);
  single->in_order = in_order;
  Submit(std::move(single));
}

Result<Outcome> Engine::ApplyAndWait(const Caller& caller, Command command, Lane lane) {
  // Shared: `done` may still be returning from set_value when the waiter wakes and leaves.
  auto promise = std::make_shared<std::promise<Result<Outcome>>>();
  auto future = promise->get_future();
  Apply(caller, std::move(command), {},
        [promise](Result<Outcome> outcome) { promise->set_value(std::move(outcome)); },
        {.lane = lane});
  return future.get();
}

}  // namespace tenon

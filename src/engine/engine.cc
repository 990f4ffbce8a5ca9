#include "engine/engine.h"

#include <fmt/format.h>

#include <atomic>
#include <future>

#include "base/json.h"
#include "base/limits.h"
#include "engine/impl.h"
#include "engine/permit.h"
#include "engine/replay.h"

namespace tenon {
namespace {

// What one job carries from the caller's thread to the writer and back.
struct Pending {
  Caller caller;
  Command command;
  Idempotent replay;
  Time now;
  PreparedCreate prepared;
  // Set by the work, read by done; the work may run again and sets them anew.
  Outcome outcome;
  Stale stale;
};

// Plain commands fail at their first statement or not at all, and so do upserts: an insert that
// meets a taken key has changed nothing when the update begins. Deletes may fail later.
bool NeedsSavepoint(const Plans& plans, const Command& command) {
  return command.op == Command::Op::kDelete && !plans.Referrers(*command.entity).empty();
}

// "$2.id" -> the member of an earlier outcome; anything else stays.
Result<void> ResolveEarlier(json::value& value, const std::vector<Outcome>& earlier, int depth) {
  if (depth > static_cast<int>(limits::kJsonDepthMax)) return {};
  if (value.is_object()) {
    for (auto& member : value.as_object()) TRY(ResolveEarlier(member.value(), earlier, depth + 1));
  } else if (value.is_array()) {
    for (auto& item : value.as_array()) TRY(ResolveEarlier(item, earlier, depth + 1));
  } else if (value.is_string()) {
    const std::string_view text = value.as_string();
    const std::size_t dot = text.find('.');
    if (text.size() < 4 || text[0] != '$' || dot == std::string_view::npos) return {};
    std::size_t index = 0;
    for (const char c : text.substr(1, dot - 1)) {
      if (c < '0' || c > '9' || index > limits::kBatchCommandsMax) return {};
      index = index * 10 + static_cast<std::size_t>(c - '0');
    }
    if (index >= earlier.size()) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("'{}' names a command that is not before it", text));
    }
    auto row = TRY(ParseJson(earlier[index].body));
    const json::value* member =
        row.is_object() ? row.as_object().if_contains(text.substr(dot + 1)) : nullptr;
    if (member == nullptr) {
      return Fail(Code::kInvalidArgument, fmt::format("'{}': that row has no such field", text));
    }
    value = json::value(*member);
  }
  return {};
}

}  // namespace

Engine::Engine(EngineDeps deps, EngineOptions options)
    : impl_(std::make_unique<Impl>(std::move(deps), options)) {}
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
  for (const std::string& key : stale.cache_keys) cache.Invalidate(key);
  for (const Uuid& tenant : stale.tenants) tenants.Forget(tenant);
  for (const Uuid& tenant : stale.service_users) tenants.SetServiceUser(tenant);
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

void Engine::Apply(const Caller& caller, Command command, Idempotent replay, Done done, Lane lane) {
  Impl& impl = *impl_;
  if (auto permitted = PermitCommand(caller, command); !permitted) {
    return done(std::unexpected(std::move(permitted).error()));
  }
  auto pending = std::make_shared<Pending>();
  pending->caller = caller;
  pending->command = std::move(command);
  pending->replay = std::move(replay);
  pending->now = impl.deps.clock.Now();
  if (pending->command.op == Command::Op::kCreate) {
    auto prepared = impl.writer.Prepare(pending->caller, pending->command, pending->now);
    if (!prepared) return done(std::unexpected(std::move(prepared).error()));
    pending->prepared = *std::move(prepared);
  }
  WriteJob job;
  job.scope = {.tenant = caller.tenant, .across_tenants = caller.Has(Role::kSystem)};
  job.lane = lane;
  job.savepoint = NeedsSavepoint(impl.plans, pending->command);
  job.work = [&impl, pending](Transaction& transaction) -> Result<void> {
    if (!pending->replay.key.empty()) {
      auto earlier = TRY(FindReplay(transaction, pending->caller, pending->replay, pending->now));
      if (earlier && !earlier->empty()) {
        pending->outcome = std::move(earlier->front());
        return {};
      }
    }
    WriteContext context{.caller = pending->caller,
                         .transaction = transaction,
                         .now = pending->now,
                         .trusted = pending->command.trusted};
    pending->outcome = pending->command.op == Command::Op::kCreate
                           ? TRY(impl.writer.Create(context, pending->command, pending->prepared))
                           : TRY(impl.writer.Run(context, pending->command));
    if (!pending->replay.key.empty()) {
      TRY(SaveReplay(transaction, pending->caller, pending->replay, std::span(&pending->outcome, 1),
                     pending->now));
    }
    pending->stale = std::move(context.stale);
    return {};
  };
  job.done = [&impl, pending, done = std::move(done)](Result<void> result) {
    if (!result) {
      impl.tenants.ForgetCounts();
      return done(std::unexpected(std::move(result).error()));
    }
    impl.Committed(pending->stale);
    done(std::move(pending->outcome));
  };
  impl.deps.store.Submit(std::move(job));
}

Result<Outcome> Engine::ApplyAndWait(const Caller& caller, Command command, Lane lane) {
  // Shared: `done` may still be returning from set_value when the waiter wakes and leaves.
  auto promise = std::make_shared<std::promise<Result<Outcome>>>();
  auto future = promise->get_future();
  Apply(
      caller, std::move(command), {},
      [promise](Result<Outcome> outcome) { promise->set_value(std::move(outcome)); }, lane);
  return future.get();
}

namespace {

// An atomic batch: all commands in one job.
struct Batch {
  Caller caller;
  std::vector<Command> commands;
  Idempotent replay;
  Time now;
  std::vector<Outcome> outcomes;
  Stale stale;
};

Result<void> RunBatch(RowWriter& writer, Batch& batch, Transaction& transaction) {
  batch.outcomes.clear();
  if (!batch.replay.key.empty()) {
    auto earlier = TRY(FindReplay(transaction, batch.caller, batch.replay, batch.now));
    if (earlier) {
      batch.outcomes = *std::move(earlier);
      return {};
    }
  }
  WriteContext context{.caller = batch.caller, .transaction = transaction, .now = batch.now};
  for (std::size_t i = 0; i < batch.commands.size(); ++i) {
    Command command = batch.commands[i];
    context.trusted = command.trusted;
    context.rows = 0;
    const auto run = [&]() -> Result<Outcome> {
      json::value body = std::move(command.body);
      TRY(ResolveEarlier(body, batch.outcomes, 0));
      json::value id = json::string(command.id);
      TRY(ResolveEarlier(id, batch.outcomes, 0));
      command.body = std::move(body.as_object());
      command.id = id.is_string() ? std::string(id.as_string()) : command.id;
      return writer.Run(context, command);
    };
    auto outcome = run();
    if (!outcome) {
      Error error = std::move(outcome).error();
      error.details["index"] = i;
      error.message = fmt::format("command {}: {}", i, error.message);
      return Fail(std::move(error));
    }
    batch.outcomes.push_back(*std::move(outcome));
  }
  if (!batch.replay.key.empty()) {
    TRY(SaveReplay(transaction, batch.caller, batch.replay, batch.outcomes, batch.now));
  }
  batch.stale = std::move(context.stale);
  return {};
}

}  // namespace

void Engine::ApplyBatch(const Caller& caller, std::vector<Command> commands, bool atomic,
                        Idempotent replay, BatchDone done, Lane lane) {
  Impl& impl = *impl_;
  if (commands.size() > limits::kBatchCommandsMax) {
    return done(Fail(Code::kTooLarge, fmt::format("a batch has at most {} commands; this has {}",
                                                  limits::kBatchCommandsMax, commands.size())));
  }
  if (commands.empty()) return done(std::vector<Result<Outcome>>{});
  if (!atomic) {
    // Item by item: each its own job with its own key, so that a repeated request does again only
    // what was not done.
    struct Items {
      std::vector<Result<Outcome>> results;
      std::atomic<std::size_t> left;
      BatchDone done;
    };
    auto items = std::make_shared<Items>();
    items->results.assign(commands.size(), Result<Outcome>());
    items->left = commands.size();
    items->done = std::move(done);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      Idempotent own;
      // An upsert repeated is an upsert that changes nothing; it needs no key.
      if (!replay.key.empty() && !commands[i].upsert) {
        own = {replay.key + "#" + std::to_string(i), replay.route, replay.request_hash};
      }
      Apply(
          caller, std::move(commands[i]), std::move(own),
          [items, i](Result<Outcome> outcome) {
            items->results[i] = std::move(outcome);
            if (items->left.fetch_sub(1) == 1) items->done(std::move(items->results));
          },
          lane);
    }
    return;
  }
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (auto permitted = PermitCommand(caller, commands[i]); !permitted) {
      Error error = std::move(permitted).error();
      error.details["index"] = i;
      return done(Fail(std::move(error)));
    }
  }
  auto batch = std::make_shared<Batch>();
  batch->caller = caller;
  batch->commands = std::move(commands);
  batch->replay = std::move(replay);
  batch->now = impl.deps.clock.Now();
  WriteJob job;
  job.scope = {.tenant = caller.tenant, .across_tenants = caller.Has(Role::kSystem)};
  job.lane = lane;
  job.savepoint = true;
  job.work = [&impl, batch](Transaction& transaction) {
    return RunBatch(impl.writer, *batch, transaction);
  };
  job.done = [&impl, batch, done = std::move(done)](Result<void> result) {
    if (!result) {
      impl.tenants.ForgetCounts();
      return done(std::unexpected(std::move(result).error()));
    }
    impl.Committed(batch->stale);
    std::vector<Result<Outcome>> results;
    for (Outcome& outcome : batch->outcomes) results.emplace_back(std::move(outcome));
    done(std::move(results));
  };
  impl.deps.store.Submit(std::move(job));
}

}  // namespace tenon

#include "engine/engine_writer.h"

#include <future>
#include <memory>
#include <utility>

#include "engine/impl.h"
#include "engine/permit.h"

namespace tenon {

WriteContext EngineWriter::ContextFor(const Caller& caller, bool trusted) const {
  WriteContext context{.caller = caller,
                       .transaction = transaction_,
                       .now = now_,
                       .trusted = trusted,
                       .careful = careful_};
  // A service user that an earlier command of this transaction made is not known to be there yet.
  context.stale.service_users = stale_.service_users;
  return context;
}

void EngineWriter::Take(WriteContext& context) {
  const auto append = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  append(stale_.cache_keys, context.stale.cache_keys);
  append(stale_.tenants, context.stale.tenants);
  stale_.service_users = std::move(context.stale.service_users);
}

Result<Outcome> EngineWriter::Run(const Caller& caller, const Command& command) {
  TRY(PermitCommand(caller, command));
  WriteContext context = ContextFor(caller, command.trusted);
  auto outcome = writer_.Run(context, command);
  blamed_ = std::move(context.blamed);
  if (outcome) Take(context);
  return outcome;
}

Result<void> EngineWriter::Purge(const Caller& caller, const Record& row) {
  WriteContext context = ContextFor(caller, true);
  auto purged = writer_.Purge(context, row);
  blamed_ = std::move(context.blamed);
  if (purged) Take(context);
  return purged;
}

// Work of somebody else's, from its thread to the writer and back.
struct EngineWriter::Job final : Attempt {
  Job(Engine::Impl& engine, const std::function<Result<void>(EngineWriter&)>& of)
      : impl(engine), work(of), now(engine.deps.clock.Now()) {}

  Result<void> Work(Transaction& transaction) override {
    EngineWriter writer(impl.writer, transaction, now);
    writer.careful_ = careful;
    auto done = work(writer);
    stale = std::move(writer.stale_);
    blamed = std::move(writer.blamed_);
    return done;
  }
  void Done(Result<void> result) override { promise.set_value(std::move(result)); }

  Engine::Impl& impl;
  const std::function<Result<void>(EngineWriter&)>& work;  // the waiter keeps it
  const Time now;
  std::promise<Result<void>> promise;
};

Result<void> Engine::Write(const std::function<Result<void>(EngineWriter&)>& work, Lane lane) {
  // Shared: `Done` may still be returning when the waiter wakes and leaves.
  auto job = std::make_shared<EngineWriter::Job>(*impl_, work);
  auto future = job->promise.get_future();
  job->scope = {.tenant = {}, .across_tenants = true};
  job->options.lane = lane;
  job->savepoint = true;
  impl_->Submit(std::move(job));
  return future.get();
}

Caller ServiceCaller(const Uuid& tenant, std::string origin) {
  Caller caller;
  caller.tenant = tenant;
  caller.user = ServiceUserOf(tenant);
  caller.roles = static_cast<std::uint8_t>(Role::kSystem);
  caller.user_agent = "tenon/" + origin;
  caller.origin = std::move(origin);
  return caller;
}

}  // namespace tenon

#include "engine/attempt.h"

#include <fmt/format.h>

#include <utility>

#include "engine/impl.h"

namespace tenon {
namespace {

bool BrokeConstraint(const Error& error) {
  return error.code == Code::kConflict && error.details.contains("constraint");
}

// "command 3: ..." of a batch.
Error WithIndex(Error error) {
  if (const json::value* index = error.details.if_contains("index")) {
    error.message = fmt::format("command {}: {}", index->to_number<std::size_t>(), error.message);
  }
  return error;
}

}  // namespace

void Engine::Impl::Submit(std::shared_ptr<Attempt> attempt) {
  WriteJob job;
  job.scope = attempt->scope;
  job.lane = attempt->lane;
  job.savepoint = attempt->savepoint;
  job.in_order = attempt->in_order;
  job.work = [attempt](Transaction& transaction) {
    attempt->blamed = nullptr;
    return attempt->Work(transaction);
  };
  job.expect = [attempt](Reader& reader) { attempt->Expect(reader); };
  job.done = [this, attempt](Result<void> result) { Finish(attempt, std::move(result)); };
  deps.store.Submit(std::move(job));
}

void Engine::Impl::Finish(const std::shared_ptr<Attempt>& attempt, Result<void> result) {
  if (result) {
    Committed(attempt->stale);
    return attempt->Done({});
  }
  tenants.ForgetCounts();
  if (!BrokeConstraint(result.error())) {
    return attempt->Done(Fail(WithIndex(std::move(result).error())));
  }
  if (attempt->blamed == nullptr && !attempt->careful) {
    attempt->careful = true;
    return Submit(attempt);
  }
  if (attempt->blamed == nullptr) return attempt->Done(Fail(WithIndex(std::move(result).error())));
  ExplainAndFinish(attempt, std::move(result).error());
}

void Engine::Impl::ExplainAndFinish(const std::shared_ptr<Attempt>& attempt, Error error) {
  auto explained = std::make_shared<Error>(std::move(error));
  WriteJob job;
  job.scope = attempt->scope;
  job.lane = attempt->lane;
  job.work = [this, attempt, explained,
              raw = *explained](Transaction& transaction) -> Result<void> {
    *explained = writer.Explain(transaction, *attempt->blamed, raw);
    return {};
  };
  // Also when the store has no time for it: then the constraint's own words must do.
  job.done = [attempt, explained](const Result<void>&) {
    attempt->Done(Fail(WithIndex(std::move(*explained))));
  };
  deps.store.Submit(std::move(job));
}

}  // namespace tenon

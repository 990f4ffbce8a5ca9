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

// The job ends where its command wants to.
void Conclude(std::shared_ptr<Attempt> attempt, Result<void> result) {
  const std::shared_ptr<Executor> place = attempt->options.finish_on;
  if (place == nullptr) return attempt->Done(std::move(result));
  place->Post([attempt = std::move(attempt), result = std::move(result)]() mutable {
    attempt->Done(std::move(result));
  });
}

}  // namespace

void Engine::Impl::Submit(std::shared_ptr<Attempt> attempt) {
  Attempt* const job_of = attempt.get();  // lives as long as `done`, the last thing that is called
  WriteJob job;
  job.scope = attempt->scope;
  job.lane = attempt->options.lane;
  job.savepoint = attempt->savepoint;
  job.in_order = attempt->in_order;
  job.work = [job_of](Transaction& transaction) {
    job_of->blamed = nullptr;
    return job_of->Work(transaction);
  };
  job.expect = [job_of](Reader& reader) { job_of->Expect(reader); };
  job.done = [this, attempt = std::move(attempt)](Result<void> result) mutable {
    Finish(std::move(attempt), std::move(result));
  };
  deps.store.Submit(std::move(job));
}

void Engine::Impl::Finish(std::shared_ptr<Attempt> attempt, Result<void> result) {
  if (result) {
    Committed(attempt->stale);
    return Conclude(std::move(attempt), {});
  }
  tenants.ForgetCounts();
  if (!BrokeConstraint(result.error())) {
    return Conclude(std::move(attempt), Fail(WithIndex(std::move(result).error())));
  }
  if (attempt->blamed == nullptr && !attempt->careful) {
    attempt->careful = true;
    return Submit(std::move(attempt));
  }
  if (attempt->blamed == nullptr) {
    return Conclude(std::move(attempt), Fail(WithIndex(std::move(result).error())));
  }
  ExplainAndFinish(std::move(attempt), std::move(result).error());
}

void Engine::Impl::ExplainAndFinish(std::shared_ptr<Attempt> attempt, Error error) {
  auto explained = std::make_shared<Error>(std::move(error));
  WriteJob job;
  job.scope = attempt->scope;
  job.lane = attempt->options.lane;
  job.work = [this, failed = attempt.get(), explained,
              raw = *explained](Transaction& transaction) -> Result<void> {
    *explained = writer.Explain(transaction, *failed->blamed, raw);
    return {};
  };
  // Also when the store has no time for it: then the constraint's own words must do.
  job.done = [attempt = std::move(attempt), explained](const Result<void>&) mutable {
    Conclude(std::move(attempt), Fail(WithIndex(std::move(*explained))));
  };
  deps.store.Submit(std::move(job));
}

}  // namespace tenon

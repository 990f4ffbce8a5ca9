#include "store/store.h"

#include <memory>
#include <semaphore>
#include <utility>

namespace tenon {

Result<void> Store::Write(const Scope& scope, std::function<Result<void>(Transaction&)> work,
                          Lane lane, bool savepoint) {
  // Shared with `done`: release() may still touch the semaphore after the waiter has gone on.
  struct Answer {
    std::binary_semaphore ready{0};
    Result<void> result;
  };
  auto answer = std::make_shared<Answer>();
  WriteJob job;
  job.scope = scope;
  job.lane = lane;
  job.work = std::move(work);
  job.savepoint = savepoint;
  job.done = [answer](Result<void> result) {
    answer->result = std::move(result);
    answer->ready.release();
  };
  Submit(std::move(job));
  answer->ready.acquire();
  return std::move(answer->result);
}

Result<void> Store::RunAlone(std::string_view statement) {
  return ChangeSchema(
      [&](SchemaTransaction& transaction) { return transaction.RunScript(statement); });
}

Result<std::unique_ptr<StoreLock>> Store::TryLock(std::string_view) {
  return std::make_unique<StoreLock>();
}

}  // namespace tenon

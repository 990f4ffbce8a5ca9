#include "store/sqlite/write_queue.h"

#include <utility>

namespace tenon {
namespace {

// Queues of tenants that have nothing waiting are kept up to this many, to be used again.
constexpr std::size_t kIdleTenantsMax = 256;

Error Full(const char* what) {
  Error error(Code::kTooManyRequests, what);
  error.retry_after_s = 1;
  return error;
}

}  // namespace

std::optional<Error> WriteQueue::Push(WriteJob& job) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Error(Code::kUnavailable, "the store is closing");
    LaneQueue& lane = Of(job.lane);
    if (lane.size >= limits_.lane_max) return Full("too many writes are waiting");
    std::unique_ptr<Tenant>& tenant = lane.tenants[job.scope.tenant];
    if (tenant == nullptr) tenant = std::make_unique<Tenant>(Tenant{job.scope.tenant, {}});
    if (tenant->jobs.size() >= limits_.tenant_max) {
      return Full("too many writes of this tenant are waiting");
    }
    if (tenant->jobs.empty()) lane.turns.push_back(tenant.get());
    tenant->jobs.push_back(std::move(job));
    ++lane.size;
    wake = std::exchange(waiting_, false);
  }
  if (wake) changed_.notify_one();
  return std::nullopt;
}

void WriteQueue::Take(Lane which, std::size_t max, std::vector<WriteJob>& out) {
  const std::lock_guard lock(mutex_);
  LaneQueue& lane = Of(which);
  for (std::size_t taken = 0; taken < max && !lane.turns.empty(); ++taken) {
    Tenant* tenant = lane.turns.front();
    lane.turns.pop_front();
    out.push_back(std::move(tenant->jobs.front()));
    tenant->jobs.pop_front();
    --lane.size;
    if (!tenant->jobs.empty()) {
      lane.turns.push_back(tenant);
    } else if (lane.tenants.size() > kIdleTenantsMax) {
      lane.tenants.erase(tenant->id);
    }
  }
}

void WriteQueue::Wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const auto ready = [this]() { return lanes_[0].size + lanes_[1].size > 0 || woken_ || closed_; };
  waiting_ = !ready();
  changed_.wait_for(lock, timeout, ready);
  waiting_ = false;
  woken_ = false;
}

void WriteQueue::Wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void WriteQueue::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_one();
}

bool WriteQueue::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::size_t WriteQueue::Waiting(Lane lane) const {
  const std::lock_guard lock(mutex_);
  return Of(lane).size;
}

}  // namespace tenon

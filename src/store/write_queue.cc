#include "store/write_queue.h"

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

std::size_t WriteQueue::TrackOf(const WriteJob& job) const {
  if (job.lane == Lane::kBulk) return kBulk;
  return job.in_order && takers_ == Takers::kMany ? kOrdered : kFree;
}

std::size_t WriteQueue::SizeOf(Lane lane) const {
  return lane == Lane::kBulk ? tracks_[kBulk].size : tracks_[kFree].size + tracks_[kOrdered].size;
}

bool WriteQueue::ReadyLocked(Lane lane) const {
  if (lane == Lane::kBulk) return !tracks_[kBulk].turns.empty();
  return !tracks_[kFree].turns.empty() || !tracks_[kOrdered].turns.empty();
}

// Who sleeps is woken at most once until it has run, which saves a system call for each push.
// Not every taker takes every lane, so all must look.
bool WriteQueue::MustNotify() {
  if (waiting_ <= notified_) return false;
  notified_ = waiting_;
  return true;
}

std::optional<Error> WriteQueue::Push(WriteJob& job) {
  std::unique_lock lock(mutex_);
  if (closed_) return Error(Code::kUnavailable, "the store is closing");
  if (SizeOf(job.lane) >= limits_.lane_max) return Full("too many writes are waiting");
  Track& track = tracks_[TrackOf(job)];
  std::unique_ptr<Tenant>& tenant = track.tenants[job.scope.tenant];
  if (tenant == nullptr) tenant = std::make_unique<Tenant>(Tenant{job.scope.tenant, {}});
  if (tenant->jobs.size() >= limits_.tenant_max) {
    return Full("too many writes of this tenant are waiting");
  }
  if (tenant->jobs.empty() && !tenant->held) track.turns.push_back(tenant.get());
  tenant->jobs.push_back(std::move(job));
  ++track.size;
  // A held tenant's further jobs are for its holder, who looks by himself.
  const bool wake = !tenant->held && MustNotify();
  lock.unlock();
  if (wake) changed_.notify_all();
  return std::nullopt;
}

void WriteQueue::Pop(Track& track, Tenant& tenant, WriteJob& out) {
  out = std::move(tenant.jobs.front());
  tenant.jobs.pop_front();
  --track.size;
}

void WriteQueue::Take(Lane lane, std::size_t max, std::vector<WriteJob>& out) {
  const std::lock_guard lock(mutex_);
  Track& track = tracks_[lane == Lane::kBulk ? kBulk : kFree];
  for (std::size_t taken = 0; taken < max && !track.turns.empty(); ++taken) {
    Tenant* tenant = track.turns.front();
    track.turns.pop_front();
    Pop(track, *tenant, out.emplace_back());
    if (!tenant->jobs.empty()) {
      track.turns.push_back(tenant);
    } else if (track.tenants.size() > kIdleTenantsMax) {
      track.tenants.erase(tenant->id);
    }
  }
}

std::optional<WriteQueue::Held> WriteQueue::Hold(Lane lane, WriteJob& out) {
  const std::lock_guard lock(mutex_);
  const std::size_t which = lane == Lane::kBulk ? kBulk : kOrdered;
  Track& track = tracks_[which];
  if (track.turns.empty()) return std::nullopt;
  Tenant* tenant = track.turns.front();
  track.turns.pop_front();
  tenant->held = true;
  Pop(track, *tenant, out);
  return Held{which, tenant->id};
}

bool WriteQueue::TakeHeld(const Held& held, const Scope& like, WriteJob& out) {
  const std::lock_guard lock(mutex_);
  Track& track = tracks_[held.track];
  Tenant& tenant = *track.tenants.at(held.tenant);
  if (tenant.jobs.empty()) return false;
  // One transaction has one role and one isolation.
  const Scope& scope = tenant.jobs.front().scope;
  if (scope.across_tenants != like.across_tenants || scope.by_locks != like.by_locks) return false;
  Pop(track, tenant, out);
  return true;
}

void WriteQueue::Release(const Held& held) {
  const std::lock_guard lock(mutex_);
  Track& track = tracks_[held.track];
  Tenant& tenant = *track.tenants.at(held.tenant);
  tenant.held = false;
  if (!tenant.jobs.empty()) {
    track.turns.push_back(&tenant);
    if (MustNotify()) changed_.notify_all();
  } else if (track.tenants.size() > kIdleTenantsMax) {
    track.tenants.erase(held.tenant);
  }
}

void WriteQueue::Wait(std::chrono::milliseconds timeout, bool bulk) {
  std::unique_lock lock(mutex_);
  const auto ready = [&]() {
    return ReadyLocked(Lane::kInteractive) || (bulk && ReadyLocked(Lane::kBulk)) || woken_ ||
           closed_;
  };
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!ready()) {
    ++waiting_;
    const std::cv_status status = changed_.wait_until(lock, end);
    --waiting_;
    if (notified_ > 0) --notified_;
    if (status == std::cv_status::timeout) break;
  }
  woken_ = false;
}

void WriteQueue::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void WriteQueue::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

bool WriteQueue::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::size_t WriteQueue::Waiting(Lane lane) const {
  const std::lock_guard lock(mutex_);
  return SizeOf(lane);
}

bool WriteQueue::Ready(Lane lane) const {
  const std::lock_guard lock(mutex_);
  return ReadyLocked(lane);
}

}  // namespace tenon

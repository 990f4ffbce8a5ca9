#include "api/pool.h"

#include <utility>

namespace tenon {

Pool::Pool(PoolOptions options) : options_(options) {
  threads_.reserve(static_cast<std::size_t>(options_.threads));
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Work(); });
}

Pool::~Pool() { Stop(); }

Result<void> Pool::Submit(const Uuid& tenant, std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Fail(Code::kUnavailable, "the server is shutting down");
    if (queued_ >= options_.queue_max) {
      Error error(Code::kUnavailable, "the server is busy: its queue of reads is full");
      error.retry_after_s = 1;
      return Fail(std::move(error));
    }
    auto& queue = queues_[tenant];
    if (queue.size() >= options_.queue_per_tenant_max) {
      Error error(Code::kTooManyRequests, "this tenant has too many reads waiting");
      error.retry_after_s = 1;
      return Fail(std::move(error));
    }
    if (queue.empty()) turns_.push_back(tenant);
    queue.push_back(std::move(work));
    ++queued_;
  }
  wake_.notify_one();
  return {};
}

std::function<void()> Pool::TakeNext() {
  const Uuid tenant = turns_.front();
  turns_.pop_front();
  const auto found = queues_.find(tenant);
  std::function<void()> work = std::move(found->second.front());
  found->second.pop_front();
  if (found->second.empty()) {
    queues_.erase(found);
  } else {
    turns_.push_back(tenant);
  }
  --queued_;
  return work;
}

void Pool::Work() {
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || !turns_.empty(); });
      if (turns_.empty()) return;
      work = TakeNext();
    }
    ++busy_;
    work();
    --busy_;
  }
}

void Pool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace tenon

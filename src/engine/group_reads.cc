#include "engine/group_reads.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <iterator>

#include "engine/load.h"
#include "record/array_text.h"

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Failures that are no member's own: asking for each by itself would only fail as often.
bool OfTheStore(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDeadline;
}

// One call of foreign code. No exception of it may end a thread; who asked finds `found` dropped.
void Tell(const GroupReads::Found& found, Result<std::optional<Record>> row) {
  try {
    found(std::move(row));
  } catch (const std::exception&) {
  }
}

}  // namespace

GroupReads::GroupReads(Store& store, GroupReadsOptions options) : store_(store), options_(options) {
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { Work(); });
    pthread_setname_np(threads_.back().native_handle(), "tenon-reads");
  }
}

GroupReads::~GroupReads() { Stop(); }

void GroupReads::Find(const EntityPlan& plan, const Uuid& tenant, Value key, Found found) {
  const char* refused = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      refused = "the server is shutting down";
    } else if (waiting_ >= options_.waiting_max) {
      refused = "the server is busy: its queue of reads is full";
    } else {
      auto& queue = *queues_.try_emplace({&plan, tenant}).first;
      queue.second.waiting.push_back(
          {std::move(key), std::move(found), steady_clock::now() + options_.deadline});
      ++waiting_;
      GiveTurn(queue);
    }
  }
  if (refused == nullptr) return;
  Error error(Code::kUnavailable, refused);
  error.retry_after_s = 1;
  found(Fail(std::move(error)));
}

// Has a thread look at the queue when it may. REQUIRES: the mutex is held.
void GroupReads::GiveTurn(Queues::value_type& queue) {
  Queue& reads = queue.second;
  if (reads.waiting.empty() || reads.has_turn || reads.under_way >= options_.beside) return;
  reads.has_turn = true;
  turns_.push_back(&queue);
  wake_.notify_one();
}

// REQUIRES: the mutex is held.
std::vector<GroupReads::Wanted> GroupReads::Take(Queue& queue) {
  const std::size_t count = std::min(options_.rows_max, queue.waiting.size());
  const auto end = queue.waiting.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Wanted> taken(std::move_iterator(queue.waiting.begin()), std::move_iterator(end));
  queue.waiting.erase(queue.waiting.begin(), end);
  waiting_ -= count;
  return taken;
}

void GroupReads::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !turns_.empty(); });
    if (stopping_) return;
    Queues::value_type& queue = *turns_.front();
    turns_.pop_front();
    queue.second.has_turn = false;
    std::vector<Wanted> wanted = Take(queue.second);
    ++queue.second.under_way;
    GiveTurn(queue);
    lock.unlock();
    Run(queue.first, wanted);
    wanted.clear();
    lock.lock();
    --queue.second.under_way;
    GiveTurn(queue);
    if (queue.second.waiting.empty() && queue.second.under_way == 0) {
      queues_.erase(queues_.find(queue.first));
    }
  }
}

void GroupReads::Run(const Place& place, std::span<Wanted> wanted) {
  std::vector<std::optional<Record>> rows(wanted.size());
  const Result<void> asked = Ask(place, wanted, rows);
  if (!asked && wanted.size() > 1 && !OfTheStore(asked.error())) {
    // One of them cannot be asked, or its row not be read; the others shall not know.
    for (Wanted& one : wanted) Run(place, std::span(&one, 1));
    return;
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (asked) {
      Tell(wanted[i].found, std::move(rows[i]));
    } else {
      Tell(wanted[i].found, Fail(asked.error()));
    }
  }
}

// One statement, until the time of the one that has waited longest.
Result<void> GroupReads::Ask(const Place& place, std::span<Wanted> wanted,
                             std::vector<std::optional<Record>>& rows) {
  const auto left = std::chrono::ceil<milliseconds>(wanted.front().until - steady_clock::now());
  if (left <= milliseconds(0)) return Fail(Code::kDeadline, "the read had to wait too long");
  const int found_by = static_cast<int>(place.plan->entity->fields.size());
  const Scope scope{.tenant = place.tenant, .deadline = left, .one_query = true};
  if (wanted.size() == 1) {  // the plain statement costs a quarter less
    return store_.Read(scope, [&](Reader& reader) -> Result<void> {
      rows.front() =
          TRY(LoadRow(reader, *place.plan, std::span(&wanted.front().key, 1), place.tenant));
      return {};
    });
  }
  ArrayText keys;
  for (const Wanted& one : wanted) keys.AddValue(one.key);
  std::vector<Value> parameters = {keys.Take()};
  if (place.plan->entity->tenant != nullptr) parameters.emplace_back(place.tenant);
  return store_.Read(scope, [&](Reader& reader) {
    return reader.Query(place.plan->load_each, parameters, [&](const Row& row) -> Result<bool> {
      const auto index = static_cast<std::size_t>(row.Int(found_by)) - 1;
      if (index < rows.size()) rows[index] = TRY(RecordOf(row, *place.plan->entity));
      return true;
    });
  });
}

void GroupReads::Stop() {
  std::vector<Wanted> left;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [place, queue] : queues_) {
      while (!queue.waiting.empty()) {
        left.push_back(std::move(queue.waiting.front()));
        queue.waiting.pop_front();
      }
      queue.has_turn = false;
    }
    turns_.clear();
    waiting_ = 0;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  for (Wanted& one : left) {
    Tell(one.found, Fail(Code::kUnavailable, "the server is shutting down"));
  }
}

}  // namespace tenon

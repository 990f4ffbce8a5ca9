// Reads of single rows that come together go out together: the reading side of group commit, for a
// store where a statement costs more than a row. While statements are under way, further reads
// wait; whichever thread is free next takes all that wait for one table of one tenant as one
// statement. A read that comes alone goes at once: nothing waits for company.
//
// What was waiting is read on a snapshot of afterwards, so a read sees every write that was
// answered before it came.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "engine/plan.h"
#include "record/record.h"
#include "store/store.h"

namespace tenon {

struct GroupReadsOptions {
  int threads = 4;                  // statements at once, at most
  int beside = 2;                   // of those for one table of one tenant: one more reads ahead
  std::size_t rows_max = 64;        // in one statement
  std::size_t waiting_max = 16384;  // over it: kUnavailable
  std::chrono::milliseconds deadline{5000};  // from Find to the answer
};

// Thread-safe. Tenants and tables take turns.
class GroupReads {
 public:
  // Nothing where there is no such row. Called once, on a thread of this or the caller's own.
  using Found = std::function<void(Result<std::optional<Record>>)>;

  explicit GroupReads(Store& store, GroupReadsOptions options = {});
  ~GroupReads();  // as Stop

  // The row with this key in the tenant, softly deleted or not, with the rights of the tenant.
  // `plan` has a load_each and outlives this.
  void Find(const EntityPlan& plan, const Uuid& tenant, Value key, Found found);

  // What waits fails with kUnavailable, and so does what comes later; what is under way ends.
  void Stop();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Wanted {
    Value key;
    Found found;
    TimePoint until;
  };
  // What is read of one table for one tenant.
  struct Place {
    const EntityPlan* plan;
    Uuid tenant;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Queue {
    std::deque<Wanted> waiting;
    int under_way = 0;
    bool has_turn = false;  // it stands in turns_
  };
  using Queues = std::map<Place, Queue>;

  void Work();
  void GiveTurn(Queues::value_type& queue);
  std::vector<Wanted> Take(Queue& queue);
  void Run(const Place& place, std::span<Wanted> wanted);
  Result<void> Ask(const Place& place, std::span<Wanted> wanted,
                   std::vector<std::optional<Record>>& rows);

  Store& store_;
  const GroupReadsOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  Queues queues_;  // those with something waiting or under way
  std::deque<Queues::value_type*> turns_;
  std::size_t waiting_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // last: they use all of the above
};

}  // namespace tenon

// The threads that write. Interactive jobs are transactions of their own, side by side; jobs that
// must keep their order (bulk work, the items of a batch) are taken tenant by tenant, many to a
// transaction, by one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "store/postgres/catalog.h"
#include "store/postgres/health.h"
#include "store/postgres/options.h"
#include "store/postgres/pool.h"
#include "store/postgres/transaction.h"
#include "store/postgres/turnstile.h"
#include "store/postgres/witness.h"
#include "store/write_queue.h"

namespace tenon {

// What the threads work with; all of it outlives them.
struct PgWriteTools {
  PgPool& own;     // of the application's role, as many connections as threads
  PgPool& system;  // for work across tenants
  PgHealth& health;
  ConstraintCatalog& catalog;
  CommitWitness& witness;
};

class PgWriters {
 public:
  PgWriters(PgWriteTools tools, const PostgresOptions& options);
  ~PgWriters();
  PgWriters(const PgWriters&) = delete;
  PgWriters& operator=(const PgWriters&) = delete;

  // Any thread. As Store::Submit says; a refused job is answered on the caller's thread.
  void Submit(WriteJob job);
  // Fills in what the writers know.
  void AddStats(StoreStats& stats) const;
  // Finishes what is queued and ends the threads. Any thread, once.
  void Close();

 private:
  struct Entry {
    WriteJob job;
    Result<void> outcome;
  };
  // Jobs of one tenant that share a transaction.
  struct Group {
    WriteQueue::Held held;
    bool interactive = false;
    std::vector<Entry> entries;
    bool savepoints = false;  // each job has one, and its failures are known before the next
    bool one_by_one = false;  // even so it could not be told whose failure it is
  };
  // How one thread goes about its turns.
  struct Worker {
    bool takes_bulk = true;
    int streak = 0;             // interactive turns since the last bulk one
    bool ordered_next = false;  // of free and in-order interactive jobs, which go in turn
    int careful_groups = 0;     // groups that begin with savepoints, because one just failed
  };
  // What became of one try. Unless kDone nothing was kept and all of it must run again: after a
  // while because of others, or at once in another way.
  enum class Try { kDone, kAgain, kAtOnce, kInDoubt };
  struct Verdict {
    Try result = Try::kDone;
    std::optional<Error> error = {};  // why; with kDone: what the jobs get
    // kInDoubt: the transaction of which nobody knows whether it was committed.
    std::string xid = {};
    PgConnection::TimePoint begun_at = {};
  };

  void Run(Worker worker);
  bool TakeTurn(Worker& worker);
  bool TakeFree();
  bool TakeOrdered(Worker& worker, Lane lane);

  void RunSingle(Entry& entry);
  Verdict TrySingle(PgConnection& connection, Entry& entry);
  void RunGroup(Worker& worker, Group& group);
  Verdict TryGroup(PgConnection& connection, Group& group, bool collect);
  bool RunInGroup(PgTransaction& transaction, Group& group, std::size_t index);
  bool TakeMore(Group& group, PgConnection::TimePoint start);

  // Runs `once` on a connection for `scope` until it is done, at most so often as makes sense; the
  // error when it never was.
  template <typename Once>
  Result<void> Insist(const Scope& scope, Once once);
  // What a failure of a transaction comes to.
  Verdict Judge(PgTransaction& transaction, PgConnection& connection);
  // Finds out what became of a transaction in doubt, which may take long: not while a connection is
  // held that others wait for. kDone without an error: it was committed after all.
  Verdict Resolve(const Verdict& doubt);
  void Answer(std::vector<Entry>& entries);

  PgWriteTools tools_;
  const std::chrono::milliseconds outage_patience_;
  WriteQueue queue_;
  Turnstile turnstile_;

  std::atomic<std::int64_t> commits_{0}, jobs_{0}, failed_jobs_{0}, retries_{0}, round_trips_{0};
  std::vector<std::thread> threads_;  // last: they use all of the above
};

}  // namespace tenon

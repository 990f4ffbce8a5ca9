#include "store/postgres/writers.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/limits.h"

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using TimePoint = PgConnection::TimePoint;

// Interactive turns of a thread before waiting bulk work gets one.
constexpr int kStreakMax = 16;
// Jobs in one transaction of a tenant's in-order work, and how long they may take: with others
// waiting for the thread, and without.
constexpr std::size_t kGroupMax = 250;
constexpr milliseconds kGroupAlone{20};
// After a group in which a job failed, so many begin with savepoints: failures come in rows.
constexpr int kCarefulGroups = 16;

// Tries of a job against others' writes; from the fourth it goes alone (turnstile.h). Beyond the
// last something is wrong that trying does not mend.
constexpr int kTriesMax = 12;
constexpr int kTriesTogether = 3;
constexpr milliseconds kBackoffMax{50};
// For a cut off commit: how long its fate is asked after.
constexpr milliseconds kDoubtTime{10000};
// How long a thread waits for one of the connections for work across tenants.
constexpr milliseconds kBorrowTime{10000};

// One call of foreign code. No exception of a job may end a thread.
Result<void> Guarded(const WriteJob& job, Transaction& transaction) {
  try {
    return job.work(transaction);
  } catch (const std::exception& e) {
    return Fail(Code::kInternal, std::string("a write threw: ") + e.what());
  }
}

void Foretell(const WriteJob& job, Reader& reader) {
  if (!job.expect) return;
  try {
    job.expect(reader);
  } catch (const std::exception&) {  // the work asks then, and says what is wrong
  }
}

}  // namespace

PgWriters::PgWriters(PgWriteTools tools, const PostgresOptions& options)
    : tools_(tools),
      outage_patience_(options.outage_patience),
      queue_(options.queue, WriteQueue::Takers::kMany) {
  const std::size_t count = std::max<std::size_t>(1, options.writers_max);
  for (std::size_t i = 0; i < count; ++i) {
    // One thread takes no bulk work, so that interactive jobs always find one soon.
    threads_.emplace_back(
        [this, worker = Worker{.takes_bulk = i > 0 || count == 1}]() { Run(worker); });
    pthread_setname_np(threads_.back().native_handle(), "tenon-writer");
  }
}

PgWriters::~PgWriters() { Close(); }

void PgWriters::Close() {
  queue_.Close();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void PgWriters::Submit(WriteJob job) {
  if (std::optional<Error> refused = queue_.Push(job)) job.done(Fail(std::move(*refused)));
}

void PgWriters::Run(Worker worker) {
  for (;;) {
    const bool closing = queue_.closed();
    if (TakeTurn(worker)) continue;
    if (closing) return;
    queue_.Wait(milliseconds(3'600'000), worker.takes_bulk);
  }
}

bool PgWriters::TakeTurn(Worker& worker) {
  const bool bulk_is_due =
      worker.takes_bulk && worker.streak >= kStreakMax && queue_.Ready(Lane::kBulk);
  if (!bulk_is_due) {
    worker.ordered_next = !worker.ordered_next;
    const bool taken = worker.ordered_next ? TakeOrdered(worker, Lane::kInteractive) || TakeFree()
                                           : TakeFree() || TakeOrdered(worker, Lane::kInteractive);
    if (taken) {
      ++worker.streak;
      return true;
    }
  }
  worker.streak = 0;
  return worker.takes_bulk && TakeOrdered(worker, Lane::kBulk);
}

bool PgWriters::TakeFree() {
  std::vector<WriteJob> taken;
  queue_.Take(Lane::kInteractive, 1, taken);
  if (taken.empty()) return false;
  std::vector<Entry> entries;
  entries.push_back({std::move(taken.front()), {}});
  RunSingle(entries.front());
  Answer(entries);
  return true;
}

bool PgWriters::TakeOrdered(Worker& worker, Lane lane) {
  WriteJob first;
  const std::optional<WriteQueue::Held> held = queue_.Hold(lane, first);
  if (!held) return false;
  Group group{*held, lane == Lane::kInteractive, {}, worker.careful_groups > 0};
  group.entries.push_back({std::move(first), {}});
  RunGroup(worker, group);
  Answer(group.entries);
  queue_.Release(*held);
  return true;
}

template <typename Once>
Result<void> PgWriters::Insist(const Scope& scope, Once once) {
  PgPool& pool = scope.across_tenants ? tools_.system : tools_.own;
  for (int tries = 1;; ++tries) {
    Verdict verdict;
    {
      const Turnstile::Pass pass = turnstile_.Enter(tries > kTriesTogether);
      PgPool::Loan connection = TRY(pool.Borrow(steady_clock::now() + kBorrowTime));
      verdict = once(*connection, tries);
      round_trips_.fetch_add(connection->TakeRoundTrips(), std::memory_order_relaxed);
    }
    if (verdict.result == Try::kInDoubt) {
      verdict = Resolve(verdict);
      if (verdict.result == Try::kDone && verdict.error) return Fail(std::move(*verdict.error));
    }
    if (verdict.result == Try::kDone) return {};
    if (tries == kTriesMax) return Fail(std::move(*verdict.error));
    if (verdict.result == Try::kAtOnce) continue;
    retries_.fetch_add(1, std::memory_order_relaxed);
    // Each thread waits a little differently, or they would meet again.
    const auto jitter = steady_clock::now().time_since_epoch().count() % 1000;
    const auto backoff = std::chrono::microseconds((500 << std::min(tries, 7)) + jitter);
    tools_.health.Pause(
        std::chrono::ceil<milliseconds>(std::min<std::chrono::microseconds>(backoff, kBackoffMax)));
  }
}

PgWriters::Verdict PgWriters::Resolve(const Verdict& doubt) {
  switch (tools_.witness.Ask(doubt.xid, doubt.begun_at, steady_clock::now() + kDoubtTime)) {
    case CommitWitness::Verdict::kCommitted:
      commits_.fetch_add(1, std::memory_order_relaxed);
      return {};
    case CommitWitness::Verdict::kAborted:
      return {Try::kAgain, doubt.error};
    case CommitWitness::Verdict::kUnknown:
      break;
  }
  return {Try::kDone, Error(Code::kOutcomeUnknown,
                            "the write may or may not have been kept: " + doubt.error->message)};
}

PgWriters::Verdict PgWriters::Judge(PgTransaction& transaction, PgConnection& connection) {
  const Failure& failure = *transaction.failure();
  if (transaction.in_doubt()) {
    return {Try::kInDoubt, failure.error, transaction.xid(), transaction.begun_at()};
  }
  switch (failure.kind) {
    case Failure::Kind::kStale:
      connection.ForgetStatements();
      return {Try::kAgain, failure.error};
    case Failure::Kind::kAgain:
    case Failure::Kind::kLost:
      return {Try::kAgain, failure.error};
    case Failure::Kind::kAway:
      tools_.health.Sick(failure.error.message);
      break;
    case Failure::Kind::kFinal:
      break;
  }
  return {Try::kDone, failure.error};
}

void PgWriters::RunSingle(Entry& entry) {
  const auto once = [&](PgConnection& connection, int) { return TrySingle(connection, entry); };
  if (Result<void> done = Insist(entry.job.scope, once); !done) {
    entry.outcome = Fail(std::move(done).error());
  }
}

PgWriters::Verdict PgWriters::TrySingle(PgConnection& connection, Entry& entry) {
  PgTransaction transaction(connection, PgTransaction::Mode::kWrite, entry.job.scope,
                            TimePoint::max(), &tools_.catalog);
  Foretell(entry.job, transaction);
  entry.outcome = Guarded(entry.job, transaction);
  std::optional<Failure> failure = transaction.failure();
  if (!failure && entry.outcome) failure = transaction.Commit();
  if (!failure && entry.outcome) {
    commits_.fetch_add(1, std::memory_order_relaxed);
    tools_.health.Committed();
    return {};
  }
  transaction.Rollback();
  if (!failure) return {};  // the job's own error
  Verdict verdict = Judge(transaction, connection);
  // A job that failed with the statement has explained it in its own words.
  const bool explained = !entry.outcome && failure->kind == Failure::Kind::kFinal;
  if (verdict.result == Try::kDone && verdict.error && !explained) {
    entry.outcome = Fail(*verdict.error);
  }
  return verdict;
}

void PgWriters::Answer(std::vector<Entry>& entries) {
  const auto failed = std::count_if(entries.begin(), entries.end(),
                                    [](const Entry& entry) { return !entry.outcome; });
  jobs_.fetch_add(static_cast<std::int64_t>(entries.size()), std::memory_order_relaxed);
  if (failed > 0) failed_jobs_.fetch_add(failed, std::memory_order_relaxed);
  for (Entry& entry : entries) {
    if (entry.job.done) entry.job.done(std::move(entry.outcome));
  }
}

void PgWriters::RunGroup(Worker& worker, Group& group) {
  const auto once = [&](PgConnection& connection, int tries) {
    return TryGroup(connection, group, tries == 1);
  };
  const bool began_with_savepoints = group.savepoints;
  Result<void> done = Insist(group.entries.front().job.scope, once);
  if (group.savepoints && !began_with_savepoints) {
    worker.careful_groups = kCarefulGroups;
  } else if (worker.careful_groups > 0) {
    --worker.careful_groups;
  }
  if (!done) {
    for (Entry& entry : group.entries) entry.outcome = Fail(done.error());
  } else if (group.one_by_one) {
    for (Entry& entry : group.entries) RunSingle(entry);
  }
}

// Takes as many again as the group has done, since what is taken is done before others have their
// turn; false when nothing waits, or when the group has had its time.
bool PgWriters::TakeMore(Group& group, TimePoint start) {
  const auto spent = steady_clock::now() - start;
  if (spent >= kGroupAlone) return false;
  if (!group.interactive && spent >= limits::kBulkSlice && queue_.Ready(Lane::kInteractive)) {
    return false;
  }
  const std::size_t before = group.entries.size();
  const std::size_t enough = std::min(kGroupMax, 2 * before);
  WriteJob next;
  while (group.entries.size() < enough &&
         queue_.TakeHeld(group.held, group.entries.front().job.scope, next)) {
    group.entries.push_back({std::move(next), {}});
  }
  return group.entries.size() > before;
}

// Runs the job `index` inside the group's transaction. False when the group cannot go on so.
bool PgWriters::RunInGroup(PgTransaction& transaction, Group& group, std::size_t index) {
  Entry& entry = group.entries[index];
  const std::size_t number = index + 1;
  transaction.StartJob(number, group.savepoints);
  entry.outcome = Guarded(entry.job, transaction);
  if (group.savepoints && entry.outcome) transaction.Settle();
  const std::optional<Failure>& failure = transaction.failure();
  if (!failure && entry.outcome) {
    if (group.savepoints) transaction.EndJob();
    return true;
  }
  if (failure && (failure->kind != Failure::Kind::kFinal || !group.savepoints ||
                  transaction.failed_job() != number)) {
    return false;
  }
  // A job that failed before it wrote anything leaves nothing to undo.
  if (!failure && !transaction.JobWrote() && !group.savepoints) return true;
  if (!group.savepoints) return false;
  if (entry.outcome) entry.outcome = Fail(failure->error);
  transaction.UndoJob();
  transaction.EndJob();
  return true;
}

PgWriters::Verdict PgWriters::TryGroup(PgConnection& connection, Group& group, bool collect) {
  const TimePoint start = steady_clock::now();
  PgTransaction transaction(connection, PgTransaction::Mode::kWrite,
                            group.entries.front().job.scope, TimePoint::max(), &tools_.catalog);
  if (collect) TakeMore(group, start);
  bool whole = true;
  std::size_t foretold = 0;
  for (std::size_t i = 0; whole; ++i) {
    if (i == group.entries.size() && !(collect && TakeMore(group, start))) break;
    // All that the jobs will ask goes out together.
    for (; foretold < group.entries.size(); ++foretold) {
      Foretell(group.entries[foretold].job, transaction);
    }
    whole = RunInGroup(transaction, group, i);
  }
  std::optional<Failure> failure = transaction.failure();
  if (whole && !failure) failure = transaction.Commit();
  if (whole && !failure) {
    commits_.fetch_add(1, std::memory_order_relaxed);
    tools_.health.Committed();
    return {};
  }
  transaction.Rollback();
  // Some job failed on its own account. Which, and whether only that, shows with savepoints; and
  // what even they do not tell apart (a constraint that is checked at the commit) shows one by one.
  if (!failure || (failure->kind == Failure::Kind::kFinal && !transaction.in_doubt())) {
    group.one_by_one = std::exchange(group.savepoints, true);
    return {group.one_by_one ? Try::kDone : Try::kAtOnce};
  }
  Verdict verdict = Judge(transaction, connection);
  if (verdict.result == Try::kDone && verdict.error) {
    for (Entry& entry : group.entries) entry.outcome = Fail(*verdict.error);
  }
  return verdict;
}

void PgWriters::AddStats(StoreStats& stats) const {
  stats.queued_interactive = static_cast<std::int64_t>(queue_.Waiting(Lane::kInteractive));
  stats.queued_bulk = static_cast<std::int64_t>(queue_.Waiting(Lane::kBulk));
  stats.commits = commits_.load(std::memory_order_relaxed);
  stats.jobs = jobs_.load(std::memory_order_relaxed);
  stats.failed_jobs = failed_jobs_.load(std::memory_order_relaxed);
  stats.retries = retries_.load(std::memory_order_relaxed);
  stats.write_round_trips = round_trips_.load(std::memory_order_relaxed);
}

}  // namespace tenon

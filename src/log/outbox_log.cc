#include "log/outbox_log.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "log/append.h"
#include "log/seal_chain.h"

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The order of the outbox is that of a sequence: rows of one transaction that waited for a row of
// another come after it, whatever the clocks of the nodes say.
constexpr std::string_view kInsertPending =
    "INSERT INTO audit_pending (ordinal, tenant_id, audit_id, salt, payload_digest) "
    "VALUES (nextval('audit_order'), $1, $2, $3, $4)";
constexpr std::string_view kLook =
    "SELECT (SELECT coalesce(max(seq), 0) FROM audit_seals), "
    "(SELECT coalesce(min(ordinal), 0) FROM audit_pending)";
// What the tenant has in the outbox now, and the last position of all that it has not. One
// statement, so that both are of one moment.
constexpr std::string_view kTail =
    "SELECT (SELECT coalesce(max(seq), 0) FROM audit_seals), "
    "(SELECT coalesce(max(ordinal), 0) FROM audit_pending WHERE tenant_id = $1)";
constexpr std::string_view kTailOfAll =
    "SELECT (SELECT coalesce(max(seq), 0) FROM audit_seals), "
    "(SELECT coalesce(max(ordinal), 0) FROM audit_pending)";
constexpr std::string_view kLeft =
    "SELECT (SELECT coalesce(max(seq), 0) FROM audit_seals), EXISTS (SELECT 1 FROM audit_pending "
    "WHERE ordinal <= $1 AND tenant_id = $2)";
constexpr std::string_view kLeftOfAll =
    "SELECT (SELECT coalesce(max(seq), 0) FROM audit_seals), EXISTS (SELECT 1 FROM audit_pending "
    "WHERE ordinal <= $1)";

// Between two looks: soon after something happened, and seldom when nothing has for a while.
constexpr milliseconds kLookSoonest{2};
constexpr milliseconds kLookLatest{20};
// So long after rows came the sealer looks for more by itself.
constexpr milliseconds kBusy{10};
// After an error of the store.
constexpr milliseconds kLookAfterError{200};

const Scope kOneLook{.tenant = {}, .across_tenants = true, .one_query = true};

std::int64_t NowNs() { return steady_clock::now().time_since_epoch().count(); }

}  // namespace

OutboxLog::OutboxLog(Store& store, IdSource& ids, Random& random, OutboxLogOptions options)
    : Log(store),
      ids_(ids),
      random_(random),
      options_(options),
      // A holder is a process, not a machine: one that was restarted is another.
      sealer_(store,
              {.name = "sealer", .holder = ToHex(random.Bytes(8)), .ttl = options.lease_ttl}),
      followed_at_ns_(NowNs()) {}

OutboxLog::~OutboxLog() { Stop(); }

Result<void> OutboxLog::Open() {
  Publish(TRY(LookAt()).last);
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "tenon-log");
  return {};
}

void OutboxLog::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  // Another node goes on at once; without this it would wait for the end of the lease.
  static_cast<void>(sealer_.Release());
}

Result<void> OutboxLog::Append(Transaction& transaction, LogEntry& entry) {
  TRY(InsertAudit(transaction, ids_, entry));
  const std::string salt = ToHex(random_.Bytes(16));
  const Value values[] = {Value(entry.tenant), Value(entry.id), Value(salt),
                          Value(ToHex(PayloadDigest(salt, entry)))};
  return transaction.Queue(kInsertPending, values, {.anything = false, .apart = true});
}

Result<OutboxLog::Look> OutboxLog::LookAt() {
  Look look;
  TRY(store().Read(kOneLook, [&](Reader& reader) {
    return reader.Query(kLook, {}, [&](const Row& row) -> Result<bool> {
      look = {row.Int(0), row.Int(1)};
      return false;
    });
  }));
  return look;
}

// Positions follow the commits while the outbox is empty or its oldest row changes.
void OutboxLog::Judge(const Look& look) {
  const bool follows = look.oldest_pending == 0 || look.oldest_pending != oldest_pending_;
  oldest_pending_ = look.oldest_pending;
  if (follows) followed_at_ns_.store(NowNs(), std::memory_order_release);
}

milliseconds OutboxLog::Lag() const {
  const std::int64_t since = NowNs() - followed_at_ns_.load(std::memory_order_acquire);
  return std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(since));
}

void OutboxLog::Wrote() {
  {
    const std::lock_guard lock(mutex_);
    if (hint_) return;
    hint_ = true;
  }
  wake_.notify_one();
}

void OutboxLog::Run() {
  for (;;) {
    const bool moved = Step();
    Wait(moved);
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

// One look, and what follows from it. Whether to look again soon.
bool OutboxLog::Step() {
  const auto now = steady_clock::now();
  // Where rows came a moment ago more have come, most likely. The look's search for the oldest one
  // would walk over all that were just taken out.
  if (options_.seal && now - moved_at_ < kBusy) {
    const auto round = sealer_.Run();
    if (round && round->sealed > 0) {
      Publish(round->last);
      oldest_pending_ = 0;
      followed_at_ns_.store(NowNs(), std::memory_order_release);
      moved_at_ = now;
      return true;
    }
  }
  const auto look = LookAt();
  if (!look) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kLookAfterError, [this] { return stopping_; });
    return false;
  }
  Judge(*look);
  bool moved = look->last > Last();
  Publish(look->last);
  if (options_.seal) {
    if (look->oldest_pending != 0) {
      const auto round = sealer_.Run();
      if (round && round->sealed > 0) {
        moved = true;
        Publish(round->last);
      }
    } else {
      static_cast<void>(sealer_.Hold());  // kept warm: no write waits for a lease to run out
    }
  }
  if (moved) moved_at_ = now;
  return moved;
}

void OutboxLog::Wait(bool moved) {
  const auto quiet = std::chrono::duration_cast<milliseconds>(steady_clock::now() - moved_at_);
  const milliseconds pause = std::clamp(quiet / 10, kLookSoonest, kLookLatest);
  std::unique_lock lock(mutex_);
  if (!moved) wake_.wait_for(lock, pause, [this] { return stopping_ || hint_; });
  hint_ = false;
}

Result<Position> OutboxLog::Settle(const Scope& whose, milliseconds patience) {
  Scope scope = whose;
  scope.one_query = true;
  const auto until = steady_clock::now() + patience;
  const bool all = scope.across_tenants;
  std::int64_t last = 0;
  std::int64_t ordinal = 0;
  std::vector<Value> parameters;
  if (!all) parameters.emplace_back(scope.tenant);
  TRY(store().Read(scope, [&](Reader& reader) {
    return reader.Query(all ? kTailOfAll : kTail, parameters, [&](const Row& row) -> Result<bool> {
      last = row.Int(0);
      ordinal = row.Int(1);
      return false;
    });
  }));
  bool left = ordinal != 0;
  std::vector<Value> rest = {Value(ordinal)};
  if (!all) rest.emplace_back(scope.tenant);
  while (left) {
    if (steady_clock::now() >= until) {
      return Fail(Code::kDeadline, "the log has not been sealed up to now; try again");
    }
    Wrote();
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kLookSoonest, [this] { return stopping_; });
      if (stopping_) return Fail(Code::kUnavailable, "the log is closing");
    }
    TRY(store().Read(scope, [&](Reader& reader) {
      return reader.Query(all ? kLeftOfAll : kLeft, rest, [&](const Row& row) -> Result<bool> {
        last = row.Int(0);
        left = row.Int(1) != 0;
        return false;
      });
    }));
  }
  // This node may know of the rows a moment later than the one that sealed them.
  Publish(last);
  return Position{last};
}

}  // namespace tenon

#include "store/postgres/witness.h"

#include <array>

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLookAgainAfter{20};
constexpr milliseconds kLookTime{2000};

}  // namespace

Result<void> CommitWitness::Stand() {
  const std::lock_guard lock(mutex_);
  return StandLocked();
}

Result<void> CommitWitness::StandLocked() {
  if (closed_) return Fail(Code::kUnavailable, "the store is closing");
  if (connection_ != nullptr && connection_->LooksAlive()) return {};
  connection_.reset();
  connection_ = TRY(PgConnection::Open(options_));
  return {};
}

CommitWitness::State CommitWitness::Look(const std::string& xid, TimePoint deadline) {
  const std::array<Value, 1> values = {Value(xid)};
  PgResult rows;
  const auto until = std::min(deadline, steady_clock::now() + kLookTime);
  if (!connection_->Queue("SELECT pg_xact_status($1::text::xid8)", values, &rows)) {
    return State::kCannotAsk;
  }
  if (connection_->Flush(until)) {
    // On a living connection: an id in the future, which no transaction has had.
    return connection_->broken() ? State::kCannotAsk : State::kNeverHeardOf;
  }
  const PgRow row(rows.get(), 0);
  if (row.IsNull(0)) return State::kNeverHeardOf;
  if (row.Text(0) == "committed") return State::kCommitted;
  if (row.Text(0) == "aborted") return State::kAborted;
  return State::kInProgress;
}

CommitWitness::Verdict CommitWitness::Ask(const std::string& xid, TimePoint begun_at,
                                          TimePoint deadline) {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return Verdict::kUnknown;
      if (StandLocked()) {
        const bool stood_by = connection_->opened_at() < begun_at;
        switch (Look(xid, deadline)) {
          case State::kCommitted:
            return stood_by ? Verdict::kCommitted : Verdict::kUnknown;
          case State::kAborted:
            return Verdict::kAborted;
          case State::kNeverHeardOf:
            // Never null for an id so young; so the server lost it, and with it the transaction.
            return Verdict::kAborted;
          case State::kInProgress:
          case State::kCannotAsk:
            break;
        }
      }
    }
    if (steady_clock::now() >= deadline) return Verdict::kUnknown;
    health_.Pause(kLookAgainAfter);
  }
}

void CommitWitness::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  connection_.reset();
}

}  // namespace tenon

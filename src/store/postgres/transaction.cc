#include "store/postgres/transaction.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tenon {
namespace {

using std::chrono::steady_clock;

// Rows between two looks at the clock while the caller's code runs; the server's statement time-out
// watches the rest.
constexpr int kRowsPerLook = 32;

constexpr std::string_view kBeginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr std::string_view kBeginWrite = "BEGIN ISOLATION LEVEL SERIALIZABLE";
constexpr std::string_view kBeginByLocks = "BEGIN ISOLATION LEVEL READ COMMITTED";
// Both settings end with the transaction, so a pooled connection carries no tenant from one user to
// the next.
constexpr std::string_view kScopeOfRead =
    "SELECT set_config('tenon.tenant', $1, true), set_config('statement_timeout', $2, true)";
constexpr std::string_view kScopeOfWrite =
    "SELECT set_config('tenon.tenant', $1, true), pg_current_xact_id()::text";

bool OnlyReads(std::string_view sql) {
  return sql.starts_with("SELECT") || sql.starts_with("select");
}

std::size_t HashOf(std::string_view sql, std::span<const Value> parameters) {
  std::size_t hash = std::hash<std::string_view>()(sql);
  for (const Value& value : parameters) hash = hash * 31 + value.Hash();
  return hash;
}

std::int64_t RowsChanged(PGresult* result) {
  if (std::string_view(PQcmdStatus(result)).starts_with("SELECT")) return 0;
  const std::string_view text = PQcmdTuples(result);
  std::int64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

}  // namespace

PgTransaction::PgTransaction(PgConnection& connection, Mode mode, const Scope& scope,
                             TimePoint deadline, ConstraintCatalog* catalog, Renew renew)
    : connection_(&connection),
      mode_(mode),
      scope_(scope),
      deadline_(deadline),
      catalog_(catalog),
      renew_(std::move(renew)) {}

PgTransaction::~PgTransaction() {
  if (mode_ == Mode::kRead) {
    End();
  } else {
    Rollback();
  }
}

Result<void> PgTransaction::Begin() {
  if (failure_) return Fail(failure_->error);
  if (begun_) return {};
  begun_ = true;
  begun_at_ = steady_clock::now();
  switch (mode_) {
    case Mode::kSchema:
      return Send("BEGIN", {}, nullptr);
    case Mode::kRead: {
      // What goes out together is a transaction of its own to PostgreSQL.
      if (!scope_.one_query) TRY(Send(kBeginRead, {}, nullptr));
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - begun_at_).count();
      const Value values[] = {scope_.tenant, std::max<std::int64_t>(left, 1)};
      return Send(kScopeOfRead, values, nullptr);
    }
    case Mode::kWrite: {
      TRY(Send(scope_.by_locks ? kBeginByLocks : kBeginWrite, {}, nullptr));
      const Value values[] = {scope_.tenant};
      return Send(kScopeOfWrite, values, &scope_answer_);
    }
  }
  return {};
}

Result<void> PgTransaction::Send(std::string_view sql, std::span<const Value> parameters,
                                 PgResult* answer) {
  if (mode_ == Mode::kRead && !answered_) {
    first_.push_back({std::string(sql), {parameters.begin(), parameters.end()}, answer});
  }
  if (Result<void> queued = connection_->Queue(sql, parameters, answer, job_); !queued) {
    // Nothing was sent and the transaction is sound, but what the work does next would build on it.
    return Fail(Note({Failure::Kind::kFinal, std::move(queued).error()}, job_));
  }
  return {};
}

// Rows of the INSERT that came last go with it; those of another one go out first, since a row may
// refer to one of them.
InsertRows& PgTransaction::HeldFor(std::string_view sql, bool apart) {
  if (!apart) {
    if (rows_ && rows_->sql() != sql) SendRows();
    if (!rows_) rows_.emplace(sql);
    return *rows_;
  }
  const auto known = std::ranges::find(apart_, sql, &InsertRows::sql);
  return known != apart_.end() ? *known : apart_.emplace_back(sql);
}

Result<void> PgTransaction::Hold(std::string_view sql, std::span<const Value> parameters,
                                 bool apart) {
  InsertRows& rows = HeldFor(sql, apart);
  if (Result<void> added = rows.Add(parameters); !added) {
    return Fail(Note({Failure::Kind::kFinal, std::move(added).error()}, job_));
  }
  if (rows.full()) {
    SendLookUps();
    rows.Send(*connection_, job_);
  }
  return {};
}

void PgTransaction::SendLookUps() {
  for (LookUps& some : look_ups_) some.Send(*connection_, job_);
}

void PgTransaction::SendRows() {
  SendLookUps();
  if (rows_) rows_->Send(*connection_, job_);
  rows_.reset();
}

// Before anything that could see the rows, or that ends them.
void PgTransaction::SendHeld() {
  SendRows();
  for (InsertRows& rows : apart_) rows.Send(*connection_, job_);
}

void PgTransaction::DropHeld() {
  look_ups_.clear();
  rows_.reset();
  apart_.clear();
}

// The error that the caller gets. The first failure is the transaction's.
Error PgTransaction::Note(Failure failure, std::size_t job) {
  if (failure.error.code == Code::kConflict && catalog_ != nullptr) {
    catalog_->Complete(failure.error);
  }
  if (!failure_) {
    failure_ = std::move(failure);
    failed_job_ = job;
  }
  return failure_->error;
}

// A read whose first round trip failed through no fault of its own may go again: nobody has seen
// anything of it.
bool PgTransaction::Resend(const Failure& failure) {
  if (mode_ != Mode::kRead || answered_ || resent_ || failure.error.code == Code::kDeadline) {
    return false;
  }
  resent_ = true;
  if (failure.kind == Failure::Kind::kStale) {
    if (connection_->Script("ROLLBACK")) return false;
    connection_->ForgetStatements();
  } else if (failure.kind == Failure::Kind::kLost && renew_) {
    PgConnection* renewed = renew_();
    if (renewed == nullptr) {
      over_ = true;  // the old one is gone as well
      return false;
    }
    connection_ = renewed;
  } else {
    return false;
  }
  for (const Sent& sent : first_) {
    if (!connection_->Queue(sent.sql, sent.parameters, sent.answer)) return false;
  }
  return true;
}

Result<void> PgTransaction::Flush() {
  if (failure_) return Fail(failure_->error);
  SendHeld();
  std::optional<PgConnection::Failed> failed = connection_->Flush(deadline_);
  if (failed && Resend(failed->failure)) failed = connection_->Flush(deadline_);
  if (failed) return Fail(Note(std::move(failed->failure), failed->tag));
  answered_ = true;
  first_.clear();
  if (scope_answer_ != nullptr) {
    xid_ = PgRow(scope_answer_.get(), 0).Text(1);
    scope_answer_.reset();
  }
  return {};
}

PgTransaction::Expectations::iterator PgTransaction::FindExpected(
    std::string_view sql, std::span<const Value> parameters) {
  auto [at, end] = expected_.equal_range(HashOf(sql, parameters));
  for (; at != end; ++at) {
    const Expected& expected = *at->second;
    if (expected.forgotten || expected.sql != sql) continue;
    if (std::ranges::equal(expected.parameters, parameters)) return at;
  }
  return expected_.end();
}

void PgTransaction::ForgetExpected(const Changes& changes) {
  for (const auto& expected : about_anything_) expected->forgotten = true;
  about_anything_.clear();
  if (changes.anything) {
    for (const auto& [topic, expected] : by_topic_) expected->forgotten = true;
    by_topic_.clear();
    return;
  }
  for (const Topic topic : changes.topics) {
    const auto [begin, end] = by_topic_.equal_range(topic);
    for (auto at = begin; at != end; ++at) at->second->forgotten = true;
    by_topic_.erase(begin, end);
  }
}

void PgTransaction::Expect(std::string_view sql, std::span<const Value> parameters,
                           std::optional<Topic> about) {
  if (!Begin()) return;
  if (const auto known = FindExpected(sql, parameters); known != expected_.end()) {
    ++known->second->uses;
    return;
  }
  const auto expected = std::make_shared<Expected>(
      Expected{std::string(sql), {parameters.begin(), parameters.end()}});
  expected_.emplace(HashOf(sql, parameters), expected);
  if (about) {
    by_topic_.emplace(*about, expected);
  } else {
    about_anything_.push_back(expected);
  }
  SendHeld();
  // A failure is told by the next call.
  if (mode_ == Mode::kWrite && LookUps::Fits(sql)) return AskTogether(sql, parameters, *expected);
  expected->found.result = std::make_shared<PgResult>();
  static_cast<void>(Send(sql, parameters, expected->found.result.get()));
}

void PgTransaction::AskTogether(std::string_view sql, std::span<const Value> parameters,
                                Expected& expected) {
  auto some = std::ranges::find(look_ups_, sql, &LookUps::sql);
  if (some == look_ups_.end()) some = look_ups_.insert(some, LookUps(sql));
  if (Result<void> added = some->Add(parameters, expected.found); !added) {
    Note({Failure::Kind::kFinal, std::move(added).error()}, job_);
  } else if (some->full()) {
    some->Send(*connection_, job_);
  }
}

Result<void> PgTransaction::Query(std::string_view sql, std::span<const Value> parameters,
                                  const Each& each) {
  if (OnlyOne() && answered_) {
    return Fail(Code::kInternal, "a read of one query asks a second time");
  }
  TRY(Begin());
  FoundRows rows;
  if (const auto found = FindExpected(sql, parameters); found != expected_.end()) {
    const std::shared_ptr<Expected> expected = found->second;
    if (!expected->found.there()) TRY(Flush());
    rows = expected->found;
    if (--expected->uses == 0) expected_.erase(found);
  } else {
    if (!OnlyReads(sql)) {
      ForgetExpected({});
      job_wrote_ = true;
    }
    SendHeld();
    rows.result = std::make_shared<PgResult>();
    TRY(Send(sql, parameters, rows.result.get()));
    TRY(Flush());
  }
  return Hand(rows, each);
}

Result<void> PgTransaction::Hand(const FoundRows& found, const Each& each) {
  const PgResult& rows = *found.result;
  const int number = PQnfields(rows.get()) - 1;
  const int count = PQntuples(rows.get());
  for (int i = 0; i < count; ++i) {
    const PgRow row(rows.get(), i);
    if (found.number != 0 && row.Int(number) != found.number) continue;
    if (!TRY(each(row))) return {};
    if (mode_ == Mode::kRead && (i + 1) % kRowsPerLook == 0 && steady_clock::now() >= deadline_) {
      return Fail(Code::kDeadline, "the query did not end in its time");
    }
  }
  return {};
}

Result<std::int64_t> PgTransaction::Execute(std::string_view sql,
                                            std::span<const Value> parameters) {
  TRY(Begin());
  ForgetExpected({});
  job_wrote_ = true;
  SendHeld();
  PgResult answer;
  TRY(Send(sql, parameters, &answer));
  TRY(Flush());
  return RowsChanged(answer.get());
}

Result<void> PgTransaction::Queue(std::string_view sql, std::span<const Value> parameters,
                                  const Changes& changes) {
  TRY(Begin());
  ForgetExpected(changes);
  job_wrote_ = true;
  if (mode_ == Mode::kWrite && InsertRows::Fits(sql)) return Hold(sql, parameters, changes.apart);
  SendRows();
  return Send(sql, parameters, nullptr);
}

Result<void> PgTransaction::RunScript(std::string_view statements) {
  TRY(Begin());
  if (connection_->Queued()) TRY(Flush());
  if (std::optional<Failure> failure = connection_->Script(statements)) {
    return Fail(Note(std::move(*failure), job_));
  }
  return {};
}

std::optional<Failure> PgTransaction::Commit() {
  if (failure_) return failure_;
  if (!begun_) return std::nullopt;
  SendHeld();
  // Whether a cut off COMMIT was kept can be asked only by an id that is here already.
  if (mode_ == Mode::kWrite && xid_.empty() && !Flush()) return failure_;
  PgResult answer;
  if (!connection_->Queue("COMMIT", {}, &answer, job_)) return failure_;
  std::optional<PgConnection::Failed> failed = connection_->Flush(deadline_);
  if (failed) {
    in_doubt_ = failed->failure.kind == Failure::Kind::kLost;
    Note(std::move(failed->failure), failed->tag);
    return failure_;
  }
  over_ = true;
  if (std::string_view(PQcmdStatus(answer.get())) != "COMMIT") {
    Note({Failure::Kind::kFinal, Error(Code::kInternal, "the transaction was rolled back")}, job_);
  }
  return failure_;
}

void PgTransaction::Rollback() {
  DropHeld();
  if (!begun_ || over_ || connection_->broken()) return;
  over_ = true;
  if (!connection_->Queue("ROLLBACK", {}, nullptr)) return;
  // What was queued and fails only now is undone as well.
  if (connection_->Flush(deadline_) && !connection_->broken()) {
    static_cast<void>(connection_->Script("ROLLBACK"));
  }
}

void PgTransaction::End() {
  if (!begun_ || over_ || connection_->broken()) return;
  over_ = true;
  if (OnlyOne()) {
    if (connection_->Queued()) connection_->Post();
  } else if (connection_->Queue("COMMIT", {}, nullptr)) {
    connection_->Post();
  }
}

void PgTransaction::StartJob(std::size_t number, bool savepoint) {
  job_ = number;
  job_wrote_ = false;
  if (!savepoint || !Begin()) return;
  SendHeld();
  static_cast<void>(Send("SAVEPOINT job", {}, nullptr));
}

void PgTransaction::Settle() {
  if (!failure_) SendHeld();
  if (!failure_ && connection_->Queued()) static_cast<void>(Flush());
}

void PgTransaction::UndoJob() {
  failure_.reset();
  DropHeld();
  ForgetExpected({});
  static_cast<void>(Send("ROLLBACK TO job", {}, nullptr));
}

void PgTransaction::EndJob() {
  SendHeld();
  static_cast<void>(Send("RELEASE job", {}, nullptr));
}

}  // namespace tenon

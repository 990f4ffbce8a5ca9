#include "store/postgres/connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <utility>

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kServerVersionMin = 150000;

// What a column's text means depends on these (record/column.h); nobody's defaults may change it.
// Commits that are answered before they are durable would break what Store promises.
std::string SettingsSql(const PgConnectionOptions& options) {
  std::string sql = fmt::format(
      "SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601';"
      "SET default_transaction_isolation = 'read committed';"
      "SET bytea_output = 'hex'; SET extra_float_digits = 1; SET standard_conforming_strings = on;"
      "SET statement_timeout = {}; SET lock_timeout = {};"
      // Requests are short and many: starting helpers for one takes longer than its answer, and so
      // does compiling what the planner thinks is long.
      "SET max_parallel_workers_per_gather = 0; SET jit = off;"
      // So that what a session holds is free soon after its machine died.
      "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;"
      // Ours never think for long inside a transaction, unless the process is stopped.
      "SET idle_in_transaction_session_timeout = 60000;",
      options.statement_timeout.count(), options.lock_timeout.count());
  if (!options.role.empty()) sql += "SET ROLE " + QuoteName(options.role) + ";";
  sql +=
      "SELECT set_config('synchronous_commit', 'on', false) "
      "WHERE current_setting('synchronous_commit') = 'off'";
  return sql;
}

PGconn* Connect(const PgConnectionOptions& options) {
  const std::string timeout =
      std::to_string(std::max<std::int64_t>(2, (options.connect_timeout.count() + 999) / 1000));
  // What stands before the URL are defaults that it may change. The time-outs notice a network that
  // swallows packets; of several hosts the primary is taken.
  const char* keywords[] = {"application_name",     "connect_timeout",
                            "keepalives_idle",      "keepalives_count",
                            "keepalives_interval",  "tcp_user_timeout",
                            "target_session_attrs", "dbname",
                            "client_encoding",      nullptr};
  const char* values[] = {"tenon",      timeout.c_str(),     "10",   "3",    "5", "15000",
                          "read-write", options.url.c_str(), "UTF8", nullptr};
  return PQconnectdbParams(keywords, values, 1);
}

}  // namespace

PgConnection::PgConnection(PGconn* connection, std::size_t statements_max)
    : connection_(connection), statements_max_(statements_max), opened_at_(steady_clock::now()) {}

PgConnection::~PgConnection() { PQfinish(connection_); }

Result<std::unique_ptr<PgConnection>> PgConnection::Open(const PgConnectionOptions& options) {
  PGconn* raw = Connect(options);
  if (raw == nullptr) return Fail(Code::kUnavailable, "out of memory");
  std::unique_ptr<PgConnection> connection(new PgConnection(raw, options.statements_max));
  PQsetNoticeProcessor(raw, [](void*, const char*) {}, nullptr);
  if (PQstatus(raw) != CONNECTION_OK) return Fail(ConnectError(PQerrorMessage(raw)));
  TRY(connection->Configure(options));
  return connection;
}

Result<void> PgConnection::Configure(const PgConnectionOptions& options) {
  if (PQserverVersion(connection_) < kServerVersionMin) {
    return Fail(Code::kUnavailable, fmt::format("the database server is PostgreSQL {}; Tenon needs "
                                                "15 or newer",
                                                PQserverVersion(connection_) / 10000));
  }
  const auto status = [this](const char* name) -> std::string_view {
    const char* value = PQparameterStatus(connection_, name);
    return value == nullptr ? "" : value;
  };
  if (status("server_encoding") != "UTF8") {
    return Fail(Code::kUnavailable,
                fmt::format("the database's encoding is {}; make it with ENCODING 'UTF8'",
                            status("server_encoding")));
  }
  if (status("in_hot_standby") == "on") {
    return Fail(Code::kUnavailable, "the database server is a standby; name the primary");
  }
  const PgResult set(PQexec(connection_, SettingsSql(options).c_str()));
  if (PQresultStatus(set.get()) != PGRES_TUPLES_OK) {
    Error error = ConnectError(PQerrorMessage(connection_));
    if (!options.role.empty() && error.message.find("role") != std::string::npos) {
      error.message += fmt::format("; the owner of the tables runs once: GRANT {} TO {}",
                                   QuoteName(options.role), QuoteName(PQuser(connection_)));
    }
    return Fail(std::move(error));
  }
  // Lets the server end a statement whose asker has gone. Not every platform of a server can.
  const PgResult optional(PQexec(connection_, "SET client_connection_check_interval = 1000"));
  if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) {
    return Fail(ConnectError(PQerrorMessage(connection_)));
  }
  return {};
}

bool PgConnection::broken() const { return PQstatus(connection_) != CONNECTION_OK; }

bool PgConnection::InTransaction() const {
  // What was posted ends its transaction.
  if (!pending_.empty() && pending_.back().posted) return false;
  const PGTransactionStatusType status = PQtransactionStatus(connection_);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

void PgConnection::Break() {
  PQfinish(std::exchange(connection_, nullptr));
  pending_.clear();
}

PgConnection::Statements::iterator PgConnection::Find(std::string_view sql, std::size_t tag) {
  const auto found = by_sql_.find(sql);
  if (found != by_sql_.end()) {
    statements_.splice(statements_.begin(), statements_, found->second);
    return found->second;
  }
  if (statements_.size() >= statements_max_) DropLeastUsed();
  statements_.push_front({std::string(sql), "s" + std::to_string(++named_), 0});
  const auto added = statements_.begin();
  by_sql_.emplace(added->sql, added);
  // Its answer comes before that of its first use. The types of parameters are left to the server,
  // so that the statement does not depend on the values it was first used with.
  PQsendPrepare(connection_, added->name.c_str(), added->sql.c_str(), 0, nullptr);
  ++added->in_flight;
  pending_.push_back({.kind = Pending::Kind::kPrepare, .statement = added, .tag = tag});
  return added;
}

void PgConnection::DropLeastUsed() {
  for (auto statement = statements_.end(); statement != statements_.begin();) {
    --statement;
    if (statement->in_flight > 0) continue;
    dropped_.push_back(statement->name);
    by_sql_.erase(statement->sql);
    statements_.erase(statement);
    return;
  }
}

void PgConnection::SendDeallocations() {
  for (std::string& name : std::exchange(dropped_, {})) {
    PQsendQueryParams(connection_, ("DEALLOCATE " + name).c_str(), 0, nullptr, nullptr, nullptr,
                      nullptr, 0);
    pending_.push_back({.kind = Pending::Kind::kDeallocate, .name = std::move(name)});
  }
}

Result<void> PgConnection::Queue(std::string_view sql, std::span<const Value> parameters,
                                 PgResult* answer, std::size_t tag) {
  TRY(parameters_.Encode(parameters));
  QueueEncoded(sql, parameters_.pointers(), answer, tag);
  return {};
}

void PgConnection::QueueEncoded(std::string_view sql, std::span<const char* const> parameters,
                                PgResult* answer, std::size_t tag) {
  if (broken()) return;  // Flush will say so
  const auto statement = Find(sql, tag);
  PQsendQueryPrepared(connection_, statement->name.c_str(), static_cast<int>(parameters.size()),
                      parameters.data(), nullptr, nullptr, 0);
  ++statement->in_flight;
  pending_.push_back(
      {.kind = Pending::Kind::kRun, .statement = statement, .answer = answer, .tag = tag});
  if (!dropped_.empty()) SendDeallocations();
}

void PgConnection::Sync(bool posted) {
  if (broken()) return;
  PQpipelineSync(connection_);
  pending_.push_back({.kind = Pending::Kind::kSync, .posted = posted});
  if (posted) {
    for (Pending& pending : pending_) pending.posted = true;
  }
}

void PgConnection::Post() {
  Sync(true);
  if (!broken()) PQflush(connection_);
}

std::optional<PgConnection::Failed> PgConnection::Flush(TimePoint deadline) {
  ++round_trips_;
  Sync(false);
  if (broken()) return Lost();
  std::optional<Failed> first;
  while (!pending_.empty()) {
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    std::optional<Failed> failed = Answer(pending, deadline);
    if (broken()) return failed ? failed : Lost();
    if (failed && !first && !pending.posted) first = std::move(failed);
  }
  return first;
}

// All that the server answers to one statement.
std::optional<PgConnection::Failed> PgConnection::Answer(Pending& pending, TimePoint deadline) {
  std::optional<Failed> failed;
  for (;;) {
    if (!Wait(deadline)) {
      Break();
      return Failed{
          {Failure::Kind::kLost, Error(Code::kDeadline, "the database did not answer in time")},
          pending.tag};
    }
    PgResult result(PQgetResult(connection_));
    if (result == nullptr) return broken() ? Lost() : std::move(failed);
    if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) return failed;
    std::optional<Failed> settled = Settle(pending, std::move(result));
    if (settled && settled->failure.kind == Failure::Kind::kLost) {
      // The server's last words ("terminating connection ...") tell more than the end itself.
      Break();
      return settled;
    }
    if (settled && !failed) failed = std::move(settled);
  }
}

std::optional<PgConnection::Failed> PgConnection::Settle(Pending& pending, PgResult result) {
  const ExecStatusType status = PQresultStatus(result.get());
  const bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  std::optional<Failed> failed;
  const std::string_view sql =
      pending.statement ? std::string_view((*pending.statement)->sql) : "DEALLOCATE";
  if (!done && status != PGRES_PIPELINE_ABORTED) {
    failed = Failed{PQresultErrorField(result.get(), PG_DIAG_SQLSTATE) == nullptr
                        ? LostConnection(PQresultErrorMessage(result.get()))
                        : FailureOf(result.get(), sql),
                    pending.tag};
  }
  switch (pending.kind) {
    case Pending::Kind::kDeallocate:
      if (!done) dropped_.push_back(pending.name);
      break;
    case Pending::Kind::kPrepare: {
      Statement& statement = **pending.statement;
      --statement.in_flight;
      // Not there: whoever uses the text next prepares it again. Uses that are queued already fail
      // with this one.
      if (!done) by_sql_.erase(statement.sql);
      break;
    }
    case Pending::Kind::kRun: {
      if (done && pending.answer != nullptr) *pending.answer = std::move(result);
      const auto statement = *pending.statement;
      const auto known = by_sql_.find(statement->sql);
      const bool prepared = known != by_sql_.end() && known->second == statement;
      if (--statement->in_flight == 0 && !prepared) statements_.erase(statement);
      break;
    }
    case Pending::Kind::kSync:
      break;
  }
  return failed;
}

PgConnection::Failed PgConnection::Lost() {
  Failed lost{LostConnection(connection_ == nullptr ? "" : PQerrorMessage(connection_)), 0};
  Break();
  return lost;
}

// Until libpq can hand out a result without blocking; false when the deadline came first.
bool PgConnection::Wait(TimePoint deadline) {
  while (PQisBusy(connection_) != 0) {
    const int unsent = PQflush(connection_);
    pollfd socket{PQsocket(connection_), POLLIN, 0};
    if (unsent > 0) socket.events |= POLLOUT;
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    const int ready = poll(&socket, 1, static_cast<int>(std::min<std::int64_t>(left, 60000)));
    if (ready > 0 && (socket.revents & ~POLLOUT) != 0) PQconsumeInput(connection_);
  }
  return true;
}

// Takes what was posted and is answered by now.
void PgConnection::DrainReady() {
  while (!pending_.empty() && PQisBusy(connection_) == 0) {
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    static_cast<void>(Answer(pending, TimePoint::max()));
    if (broken()) return;
  }
}

bool PgConnection::LooksAlive() {
  constexpr int kLooksMax = 4;
  for (int look = 0; look < kLooksMax && !broken(); ++look) {
    pollfd socket{PQsocket(connection_), POLLIN, 0};
    if (poll(&socket, 1, 0) <= 0) return true;
    if (PQconsumeInput(connection_) == 0) break;
    DrainReady();
  }
  return !broken();
}

std::optional<Failure> PgConnection::Script(std::string_view statements) {
  if (broken()) return Lost().failure;
  if (PQexitPipelineMode(connection_) != 1) return Lost().failure;
  const PgResult result(PQexec(connection_, std::string(statements).c_str()));
  ++round_trips_;
  const ExecStatusType status = PQresultStatus(result.get());
  const bool done =
      status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
  if (broken() || PQenterPipelineMode(connection_) != 1) return Lost().failure;
  if (done) return std::nullopt;
  return FailureOf(result.get(), statements);
}

std::optional<Failure> PgConnection::Copy(std::string_view statement, std::string_view rows) {
  if (broken()) return Lost().failure;
  if (PQexitPipelineMode(connection_) != 1) return Lost().failure;
  // Blocking: libpq sends and waits by itself.
  if (PQsetnonblocking(connection_, 0) != 0) return Lost().failure;
  std::optional<Failure> failure = CopyRows(statement, rows);
  ++round_trips_;
  if (broken() || PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) {
    return Lost().failure;
  }
  return failure;
}

std::optional<Failure> PgConnection::CopyRows(std::string_view statement, std::string_view rows) {
  // libpq keeps a copy of what is not sent yet, and takes an int.
  constexpr std::size_t kPieceBytes = 1 << 20;
  const PgResult started(PQexec(connection_, std::string(statement).c_str()));
  if (PQresultStatus(started.get()) != PGRES_COPY_IN) return FailureOf(started.get(), statement);
  for (std::size_t at = 0; at < rows.size(); at += kPieceBytes) {
    const std::string_view piece = rows.substr(at, kPieceBytes);
    if (PQputCopyData(connection_, piece.data(), static_cast<int>(piece.size())) != 1) break;
  }
  PQputCopyEnd(connection_, nullptr);
  std::optional<Failure> failure;
  while (const PgResult result{PQgetResult(connection_)}) {
    if (PQresultStatus(result.get()) == PGRES_COMMAND_OK || failure) continue;
    if (PQresultErrorField(result.get(), PG_DIAG_SQLSTATE) == nullptr) {
      failure = LostConnection(PQresultErrorMessage(result.get()));
      continue;
    }
    failure = FailureOf(result.get(), statement);
    const char* where = PQresultErrorField(result.get(), PG_DIAG_CONTEXT);
    if (where != nullptr) failure->error.message += fmt::format(" ({})", where);
  }
  return failure;
}

void PgConnection::ForgetStatements() {
  if (statements_.empty() && dropped_.empty()) return;
  // What was posted must be answered first.
  if (!pending_.empty() && Flush(steady_clock::now() + milliseconds(5000))) return;
  if (Script("DEALLOCATE ALL")) return Break();
  by_sql_.clear();
  statements_.clear();
  dropped_.clear();
}

}  // namespace tenon

#include "store/postgres/postgres_store.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How often the tender tries a server that is away: at first, and at most.
constexpr milliseconds kTryAgainFirst{50};
constexpr milliseconds kTryAgainMax{2000};
// How often it measures the database when all is well.
constexpr milliseconds kMeasureEvery{60000};
constexpr milliseconds kMeasureTime{2000};
// Past a read's deadline the server should have ended it by itself; then the connection is given
// up.
constexpr milliseconds kDeadlineGrace{500};

// What runs outside a transaction waits for every transaction that is older, and keeps out nobody
// meanwhile.
constexpr milliseconds kAloneLockTime{300'000};

const std::string& FirstNamed(const std::string& first, const std::string& second,
                              const std::string& third) {
  return !first.empty() ? first : !second.empty() ? second : third;
}

Result<void> CheckUrl(const std::string& url, const char* name) {
  char* message = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(url.c_str(), &message);
  if (parsed != nullptr) {
    PQconninfoFree(parsed);
    return {};
  }
  Error error = UrlError(name, message == nullptr ? "out of memory" : message);
  PQfreemem(message);
  return Fail(std::move(error));
}

}  // namespace

PostgresStore::PostgresStore(PostgresOptions options)
    : options_(std::move(options)),
      health_(options_.outage_patience),
      readers_(Login(options_.url, options_.role), std::max<std::size_t>(1, options_.readers_max),
               health_, schema_),
      write_pool_(Login(options_.url, options_.role),
                  std::max<std::size_t>(1, options_.writers_max), health_, schema_),
      system_(Login(FirstNamed(options_.system_url, options_.url, {}), options_.system_role),
              std::max<std::size_t>(2, options_.system_max), health_, schema_),
      catalog_(system_),
      witness_(Login(FirstNamed(options_.system_url, options_.url, {}), options_.system_role),
               health_) {}

PostgresStore::~PostgresStore() { Close(); }

PgConnectionOptions PostgresStore::Login(const std::string& url, const std::string& role) const {
  return {.url = url,
          .role = role,
          .connect_timeout = options_.connect_timeout,
          .statement_timeout = options_.statement_timeout,
          .lock_timeout = options_.lock_timeout,
          .statements_max = options_.statements_max};
}

PgConnectionOptions PostgresStore::SchemaLogin() const {
  PgConnectionOptions login = Login(
      FirstNamed(options_.schema_url, options_.system_url, options_.url), options_.schema_role);
  login.statement_timeout = milliseconds(0);
  login.lock_timeout = options_.schema_lock_timeout;
  return login;
}

Result<std::unique_ptr<PostgresStore>> PostgresStore::Open(PostgresOptions options) {
  TRY(CheckUrl(options.url, "the database URL"));
  TRY(CheckUrl(options.system_url, "the database URL of the system role"));
  TRY(CheckUrl(options.schema_url, "the database URL of the schema's owner"));
  std::unique_ptr<PostgresStore> store(new PostgresStore(std::move(options)));
  TRY(store->Start());
  return store;
}

Result<void> PostgresStore::ConnectOnce() {
  const auto deadline = steady_clock::now() + options_.connect_timeout;
  TRY(write_pool_.Borrow(deadline));
  TRY(system_.Borrow(deadline));
  return witness_.Stand();
}

Result<void> PostgresStore::Start() {
  const auto end = steady_clock::now() + options_.open_patience;
  for (milliseconds pause = kTryAgainFirst;; pause = std::min(pause * 2, kTryAgainMax)) {
    health_.Back();
    const Result<void> connected = ConnectOnce();
    if (connected) break;
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    if (left <= milliseconds(0)) return connected;
    if (options_.keep_waiting && !options_.keep_waiting(connected.error())) return connected;
    health_.Pause(std::min(pause, left));
  }
  writers_ = std::make_unique<PgWriters>(
      PgWriteTools{write_pool_, system_, health_, catalog_, witness_}, options_);
  tender_ = std::thread([this]() { Tend(); });
  pthread_setname_np(tender_.native_handle(), "tenon-tender");
  return {};
}

Result<void> PostgresStore::Read(const Scope& scope,
                                 const std::function<Result<void>(Reader&)>& work) {
  const auto patience = scope.long_snapshot
                            ? scope.deadline
                            : std::min<milliseconds>(scope.deadline, limits::kSnapshotMax);
  const auto deadline = steady_clock::now() + patience;
  PgPool& pool = scope.across_tenants ? system_ : readers_;
  std::optional<PgPool::Loan> connection(TRY(pool.Borrow(deadline)));
  const auto renew = [&]() -> PgConnection* {
    connection.reset();
    Result<PgPool::Loan> renewed = pool.Borrow(deadline);
    if (!renewed) return nullptr;
    connection.emplace(std::move(*renewed));
    return &**connection;
  };
  Result<void> result;
  {
    PgTransaction transaction(**connection, PgTransaction::Mode::kRead, scope, deadline, &catalog_,
                              renew);
    result = work(transaction);
  }
  if (connection) {
    read_round_trips_.fetch_add((*connection)->TakeRoundTrips(), std::memory_order_relaxed);
  }
  return result;
}

void PostgresStore::SchemaChanged() {
  schema_.fetch_add(1, std::memory_order_release);
  catalog_.Forget();
}

Result<void> PostgresStore::ChangeSchema(
    const std::function<Result<void>(SchemaTransaction&)>& work) {
  const std::lock_guard lock(schema_mutex_);
  if (closed_) return Fail(Code::kUnavailable, "the store is closing");
  const std::unique_ptr<PgConnection> connection = TRY(PgConnection::Open(SchemaLogin()));
  PgTransaction transaction(*connection, PgTransaction::Mode::kSchema, {},
                            PgConnection::TimePoint::max(), nullptr);
  Result<void> changed = work(transaction);
  if (changed) {
    if (std::optional<Failure> failure = transaction.Commit()) {
      changed = Fail(
          transaction.in_doubt()
              ? Error(Code::kOutcomeUnknown,
                      "the schema change may or may not have been kept: " + failure->error.message)
              : std::move(failure->error));
    }
  }
  SchemaChanged();
  return changed;
}

Result<void> PostgresStore::RunAlone(std::string_view statement) {
  const std::lock_guard lock(schema_mutex_);
  if (closed_) return Fail(Code::kUnavailable, "the store is closing");
  PgConnectionOptions login = SchemaLogin();
  login.lock_timeout = kAloneLockTime;
  const std::unique_ptr<PgConnection> connection = TRY(PgConnection::Open(login));
  std::optional<Failure> failure = connection->Script(statement);
  SchemaChanged();
  if (failure) return Fail(std::move(failure->error));
  return {};
}

// An advisory lock of a session of its own.
struct SessionLock final : StoreLock {
  std::unique_ptr<PgConnection> connection;
};

Result<std::unique_ptr<StoreLock>> PostgresStore::TryLock(std::string_view name) {
  auto lock = std::make_unique<SessionLock>();
  lock->connection = TRY(PgConnection::Open(SchemaLogin()));
  const Value key("tenon " + std::string(name));
  PgResult answer;
  TRY(lock->connection->Queue(
      "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' ' || $1, 0))::int",
      std::span(&key, 1), &answer));
  const auto deadline = steady_clock::now() + options_.connect_timeout;
  if (auto failed = lock->connection->Flush(deadline)) {
    return Fail(std::move(failed->failure.error));
  }
  if (PgRow(answer.get(), 0).Int(0) == 0) return nullptr;
  return lock;
}

// Looks after the server: finds out that it is back, keeps the witness, measures the database.
void PostgresStore::Tend() {
  auto measured = steady_clock::time_point{};
  milliseconds pause = kTryAgainFirst;
  for (;;) {
    const auto now = steady_clock::now();
    if (now - measured >= kMeasureEvery && !health_.away()) {
      measured = now;
      Measure();
    }
    if (!health_.WaitForTrouble(kMeasureEvery)) return;
    const Result<void> stands = witness_.Stand();
    if (stands) {
      health_.Back();
      pause = kTryAgainFirst;
      continue;
    }
    health_.Away(stands.error());
    health_.Pause(pause);
    pause = std::min(pause * 2, kTryAgainMax);
  }
}

void PostgresStore::Measure() {
  const auto deadline = steady_clock::now() + kMeasureTime;
  Result<PgPool::Loan> connection = system_.Borrow(deadline);
  if (!connection) return;
  PgResult rows;
  if ((*connection)->Queue("SELECT pg_database_size(current_database())", {}, &rows) &&
      !(*connection)->Flush(deadline)) {
    database_bytes_ = PgRow(rows.get(), 0).Int(0);
  }
  (*connection)->TakeRoundTrips();  // they are nobody's command
}

StoreStats PostgresStore::Stats() {
  StoreStats stats;
  writers_->AddStats(stats);
  for (const PgPool* pool : {&readers_, &write_pool_, &system_}) {
    stats.connections_open += pool->open();
    stats.connections_busy += pool->busy();
    stats.connections_max += static_cast<std::int64_t>(pool->connections_max());
  }
  stats.read_round_trips = read_round_trips_.load(std::memory_order_relaxed);
  stats.database_bytes = database_bytes_.load(std::memory_order_relaxed);
  stats.fault = health_.Fault();
  return stats;
}

void PostgresStore::Close() {
  if (closed_.exchange(true)) return;
  if (writers_ != nullptr) writers_->Close();
  readers_.Close();
  health_.Close();
  if (tender_.joinable()) tender_.join();
  write_pool_.Close();
  system_.Close();
  witness_.Close();
}

}  // namespace tenon

// The store at scale: a PostgreSQL server, 15 or newer, through libpq.
//
// Writes run on threads of the store, one transaction a command (writers.h); reads run on the
// caller's thread, each on a snapshot. Commands take at most three round trips: what they read,
// what they write, the commit. Every transaction says for which tenant it is, and the application's
// role sees no other (row-level security). README.md lists what a DBA should know.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "store/postgres/catalog.h"
#include "store/postgres/health.h"
#include "store/postgres/options.h"
#include "store/postgres/pool.h"
#include "store/postgres/witness.h"
#include "store/postgres/writers.h"
#include "store/store.h"

namespace tenon {

class PostgresStore final : public Store {
 public:
  // Connects once with each role. kUnavailable, with the reason and what to do, when that is not
  // possible within options.open_patience; kInvalidArgument for a URL that is none.
  static Result<std::unique_ptr<PostgresStore>> Open(PostgresOptions options);
  ~PostgresStore() override;

  [[nodiscard]] Dialect dialect() const override { return Dialect::kPostgres; }
  Result<void> Read(const Scope& scope, const std::function<Result<void>(Reader&)>& work) override;
  void Submit(WriteJob job) override { writers_->Submit(std::move(job)); }
  Result<void> ChangeSchema(const std::function<Result<void>(SchemaTransaction&)>& work) override;
  Result<void> RunAlone(std::string_view statement) override;
  Result<std::unique_ptr<StoreLock>> TryLock(std::string_view name) override;
  void SetObserver(WriteObserver*) override {}
  [[nodiscard]] StoreStats Stats() override;
  void Close() override;

 private:
  explicit PostgresStore(PostgresOptions options);
  Result<void> Start();
  Result<void> ConnectOnce();
  [[nodiscard]] PgConnectionOptions Login(const std::string& url, const std::string& role) const;
  [[nodiscard]] PgConnectionOptions SchemaLogin() const;
  void Tend();
  void Measure();
  void SchemaChanged();

  // Constant after construction.
  const PostgresOptions options_;

  PgHealth health_;
  std::atomic<std::int64_t> schema_{0};  // changes of the schema by this store
  PgPool readers_;
  PgPool write_pool_;
  PgPool system_;
  ConstraintCatalog catalog_;
  CommitWitness witness_;
  std::unique_ptr<PgWriters> writers_;

  std::mutex schema_mutex_;  // one schema change at a time
  std::atomic<bool> closed_{false};
  std::atomic<std::int64_t> read_round_trips_{0}, database_bytes_{0};
  std::thread tender_;  // last: it uses all of the above
};

}  // namespace tenon

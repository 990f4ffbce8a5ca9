// What a migration on PostgreSQL does beside its steps. All of it runs as the owner of the tables.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/migrations/roles.h"
#include "store/migrations/schema.h"
#include "store/store.h"

namespace tenon {

// Reads with the rights of ChangeSchema where the other roles may not be there yet; plainly on
// SQLite.
Result<void> ReadAsOwner(Store& store, const std::function<Result<void>(Reader&)>& work);

// ChangeSchema, again a few times when a lock was not to be had: a schema change that waits for one
// lets everybody else wait behind it, so it gives way and comes back.
Result<void> ChangeSchemaPatiently(Store& store,
                                   const std::function<Result<void>(SchemaTransaction&)>& work);

// One migrator at a time: a lock of the store, which is free when its holder dies, and the row of
// `schema_migrator`, which names the holder and stops one that lost the lock without noticing. On
// SQLite, which has one process, it is always free.
class MigratorLock {
 public:
  // Waits for another migrator up to `wait`. kUnavailable names who has it.
  static Result<MigratorLock> Take(Store& store, std::chrono::milliseconds wait);
  MigratorLock(MigratorLock&& other) noexcept;
  MigratorLock& operator=(MigratorLock&&) = delete;
  ~MigratorLock();

  // At the beginning of each transaction. kConflict when another has taken it meanwhile.
  Result<void> Confirm(Transaction& transaction) const;

 private:
  explicit MigratorLock(Store* store) : store_(store) {}
  Store* store_;  // null: nothing to release
  std::string holder_;
  std::unique_ptr<StoreLock> alive_;
};

// The functions when they are older than ours, the roles, and as a superuser the leakproof
// operators.
Result<void> PreparePostgres(Store& store, const PostgresRoles& roles);

// The statements that give those of the tables which are there and lack them their grants and the
// system's policy; empty when none does.
Result<std::string> MissingGrantsSql(Reader& reader, const PhysicalSchema& wanted,
                                     const PostgresRoles& roles);
// Runs them.
Result<void> EnsureGrants(Store& store, const PhysicalSchema& wanted, const PostgresRoles& roles);

// Partitions for the months to come. Quick when they are there; the clock calls it once a day.
// Returns how many were made.
Result<std::int64_t> MakePartitions(Store& store, const PhysicalSchema& wanted);

// Whether 'tenon migrate --to' is filling this database, or was and has not ended (services/move).
// Nobody serves from it or migrates it then.
Result<bool> MoveIsUnderWay(Store& store);

// Builds the indexes that the remembered schema has and the database lacks or has half, drops those
// that were replaced, adds the references that waited for an index, validates constraints. Each by
// itself and without keeping writers out; what fails is found again at the next run.
Result<void> FinishSchema(Store& store);

}  // namespace tenon

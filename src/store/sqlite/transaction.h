// Reader and Transaction over a SQLite connection.
#pragma once

#include <optional>

#include "store/sqlite/connection.h"
#include "store/store.h"

namespace tenon {

// One object serves reads (on a read-only connection) and writes. Not thread-safe.
class SqliteTransaction final : public SchemaTransaction {
 public:
  explicit SqliteTransaction(Connection& connection) : connection_(&connection) {}

  Result<void> Query(std::string_view sql, std::span<const Value> parameters,
                     const Each& each) override;
  Result<std::int64_t> Execute(std::string_view sql, std::span<const Value> parameters) override;
  Result<void> RunScript(std::string_view statements) override;
  [[nodiscard]] Dialect dialect() const override { return Dialect::kSqlite; }

  // The failure of the file or of memory that one of the calls met, after which the transaction
  // must be rolled back whatever its work answers.
  [[nodiscard]] const std::optional<Error>& fatal() const { return fatal_; }

  // Rows changed on the connection since it was opened, triggers included.
  [[nodiscard]] std::int64_t ChangesSoFar() const {
    return sqlite3_total_changes64(connection_->handle());
  }

 private:
  Error Failed(int rc, std::string_view sql);

  Connection* connection_;
  std::optional<Error> fatal_;
};

}  // namespace tenon

// One table changed into another: on SQLite often by a rebuild, on PostgreSQL in place.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/migrations/plan.h"
#include "store/migrations/schema.h"

namespace tenon {

struct TableEdit {
  PhysicalTable from;
  PhysicalTable to;
  std::vector<std::pair<std::string, std::string>> renamed;  // column of from -> column of to
  struct RenamedValue {
    std::string column;  // of to
    std::string old_value;
    std::string new_value;
  };
  std::vector<RenamedValue> renamed_values;

  [[nodiscard]] TableEdit Reversed() const;
};

struct AlterSql {
  std::string sql;
  bool rebuilds = false;  // the whole table is written anew
  std::vector<MigrationGuard> guards;
  // PostgreSQL: what is done after the transaction, each statement by itself (indexes.h).
  std::vector<std::string> after = {};
};

// The statements. `others` are all tables as they are beside this one; their triggers on it are
// made again when it is rebuilt. Values that need a conversion which may lose some are guarded,
// so that such a change is made on an empty table only, or taken back.
AlterSql AlterTable(const TableEdit& edit, const PhysicalSchema& others);

// CREATE TABLE with its indexes and those triggers whose tables are there, its own and others'.
std::string CreateTableWithAll(const PhysicalTable& table, const PhysicalSchema& others);
std::string DropTableWithAll(const PhysicalTable& table, const PhysicalSchema& others);

// PostgreSQL's part of the above.
AlterSql PostgresAlterTable(const TableEdit& edit, const PhysicalSchema& others);
std::string PostgresDropTable(const PhysicalTable& table, const PhysicalSchema& others);

// CREATE INDEX CONCURRENTLY, where the table lets it.
std::string BuildIndexSql(const PhysicalTable& table, const PhysicalIndex& index);
// What an index is called from when it was replaced until its successor is built.
std::string ReplacedIndexName(const std::string& name);

// "rebuild": add column, drop index and so on, for people.
std::string DescribeEdit(const TableEdit& edit);

}  // namespace tenon

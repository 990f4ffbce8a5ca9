// One table changed into another, on SQLite.
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
  bool rebuilds = false;
  std::vector<MigrationGuard> guards;
};

// The statements. `others` are all tables as they are beside this one; their triggers on it are
// made again when it is rebuilt. Values that need a conversion which may lose some are guarded,
// so that such a change is made on an empty table only, or taken back.
AlterSql AlterTable(const TableEdit& edit, const PhysicalSchema& others);

// CREATE TABLE with its indexes and those triggers whose tables are there, its own and others'.
std::string CreateTableWithAll(const PhysicalTable& table, const PhysicalSchema& others);
std::string DropTableWithAll(const PhysicalTable& table, Dialect dialect);

// "rebuild": add column, drop index and so on, for people.
std::string DescribeEdit(const TableEdit& edit);

}  // namespace tenon

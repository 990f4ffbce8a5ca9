// The physical schema as SQL. Stable: the goldens in tests/sql hold its text for every model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/migrations/schema.h"

namespace tenon {

// Partitions by month are made for the present month and this many after it; what falls outside
// goes to the default partition until they are made.
inline constexpr int kPartitionMonthsAhead = 3;

// CREATE TABLE under another name when `name` is given; without its indexes and triggers.
std::string CreateTableSql(const PhysicalTable& table, Dialect dialect, std::string_view name = {});

// `"name" TYPE NOT NULL DEFAULT ... CHECK (...)`, as it stands in CREATE TABLE and ADD COLUMN.
std::string ColumnSql(const PhysicalTable& table, const PhysicalColumn& column, Dialect dialect);

// The name of a column's CHECK.
std::string ColumnCheckName(const PhysicalTable& table, const PhysicalColumn& column);

// CREATE TABLE with indexes, policies, partitions and, on PostgreSQL, those references that could
// not be made before: `made` are the tables that are there already. Each statement ends in ";\n".
std::string CreateTableWithIndexes(const PhysicalTable& table, const PhysicalSchema& made);

// ALTER TABLE ... ADD CONSTRAINT; PostgreSQL.
std::string AddReferenceSql(const PhysicalTable& table, const PhysicalReference& reference);

// Whether PostgreSQL lets the reference be made to the table as it stands: it wants a unique index
// there, and one that is pending is none.
bool CanReferTo(const PhysicalTable& target, const PhysicalReference& reference);
// References whose target is there and whose target's index is not: FinishSchema makes them. Each
// is two statements, the second of which looks at the rows.
std::vector<std::string> AddReferenceLaterSql(const PhysicalTable& table,
                                              const PhysicalReference& reference);

std::string CreateIndexSql(const PhysicalTable& table, const PhysicalIndex& index);
std::string DropIndexSql(const PhysicalIndex& index);
std::string DropTriggerSql(const PhysicalTrigger& trigger, Dialect dialect);

// The whole schema of one model, or of all when `model` is empty: each statement with its
// semicolon, a blank line between tables.
std::string Ddl(const PhysicalSchema& schema, std::string_view model = {});

}  // namespace tenon

// What tables on PostgreSQL need beside themselves: functions, installed by migration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon {

// Of the functions below and those of record/postgres_functions.h together. Goes up with every
// change of one of them; tests/sql/functions.postgres.txt holds it to that.
inline constexpr int kPostgresFunctionsVersion = 2;

// CREATE OR REPLACE of all of them, and of tenon_functions_version(). A function that was released
// keeps its name, arguments and result, so that older nodes work on.
//
//   tenon_uuid7()                            default of keys, for rows that a DBA inserts
//   audit_order                              a sequence: the order of log rows that wait for a seal
//   tenon_make_partitions(table, months)     partitions by month ahead; how many it made
//   tenon_drop_partitions(table, months)     for a DBA: drops what is older, rows and all
//   pg_stat_user_tables, pg_stat_user_indexes  views with the seeds' names of their columns
std::string PostgresSupportSql();

// Functions behind operators that filters and declared indexes use. Row-level security keeps an
// operator away from an index unless its function is leakproof, which only a superuser can say.
// "jsonb_contains(jsonb, jsonb)".
const std::vector<std::string_view>& LeakproofFunctions();

// ALTER FUNCTION ... LEAKPROOF for all of them.
std::string LeakproofSql();
// A query for those that are not.
std::string LeakySql();

}  // namespace tenon

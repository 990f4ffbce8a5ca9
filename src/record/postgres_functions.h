// The functions that compiled expressions call on PostgreSQL, as the script that creates them. What
// SQLite gets from sqlite_functions.h PostgreSQL gets from here, under the same names, in SQL.
//
// Differences that remain: whole numbers beyond 2^53 meet floats as floats, not by exact value;
// numbers inside JSON are computed with as numeric, not as doubles; concat() writes floats and JSON
// as PostgreSQL does.
#pragma once

#include <string>

namespace tenon {

// CREATE OR REPLACE FUNCTION ..., for one run in a migration. Case is mapped by the engine's own
// tables (base/text.h), written into the functions; making the script walks all of Unicode once.
std::string PostgresFunctions();

}  // namespace tenon

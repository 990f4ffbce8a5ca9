// SQLite's values as ours and back, for the functions that we register. Internal to record/.
#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "base/value.h"
#include "record/operators.h"

namespace tenon {

std::string_view SqliteText(sqlite3_value* value);

// INTEGER, REAL and TEXT as they are; null for anything else.
Value SqliteValue(sqlite3_value* value);

// As what the letter says (sqlite_functions.h); null when it is not.
Value SqliteValueAs(sqlite3_value* value, std::string_view letter);

void SetResult(sqlite3_context* context, const Value& value);

// A fault is null: on this side nothing is an assignment.
void SetResult(sqlite3_context* context, const Computed& computed);

// The aggregates, registered by RegisterSqlFunctions. SQLite's code of the outcome.
int RegisterSqlAggregates(sqlite3* connection);

}  // namespace tenon

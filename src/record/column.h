// What each model type is stored as, and how values go into a driver's columns and come back. The
// store adapters use nothing else, so that a column means the same wherever it is read.
//
//   type                    SQLite                              PostgreSQL
//   uuid                    TEXT, 36 characters                 uuid
//   text, enum, url, ...    TEXT                                text, varchar(n)
//   int, bool               INTEGER                             bigint, boolean
//   decimal(p,s)            INTEGER, units of 10^-s             numeric(p,s)
//   float                   REAL                                double precision
//   time                    TEXT, 27 characters                 timestamptz
//   duration                TEXT "PT0000000000.000000S"         interval
//   json, [T], map T        TEXT, canonical (RFC 8785)          jsonb
//   ip                      TEXT                                inet
//   secret                  TEXT, base64                        bytea, of the same base64
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "model/type.h"
#include "record/sql.h"

namespace tenon {

// The type of the column, as CREATE TABLE has it: "TEXT", "varchar(100)".
std::string ColumnType(const model::Type& type, Dialect dialect);

// A value in a driver's terms. Text may be borrowed from the Value it was made of, which must
// outlive it.
struct ColumnValue {
  enum class Kind { kNull, kInt, kFloat, kText };
  Kind kind = Kind::kNull;
  std::int64_t integer = 0;
  double number = 0;
  std::string_view borrowed;
  std::string owned;
  bool is_owned = false;

  [[nodiscard]] std::string_view text() const { return is_owned ? owned : borrowed; }
};

// What a parameter is bound as. Needs no type: the Value's own kind decides. Decimals are bound as
// their units on SQLite, so they must have the scale of their column (DecodeValue sees to it).
ColumnValue ToColumn(const Value& value, Dialect dialect);

// A column as the driver hands it out. `text` is valid as long as the row is. PostgreSQL's text
// format comes as kText whatever the type.
struct ColumnView {
  ColumnValue::Kind kind = ColumnValue::Kind::kNull;
  std::int64_t integer = 0;
  double number = 0;
  std::string_view text;
};

// The column as a value of `type`; kInternal when what is stored is not of it. A computed duration
// may be an integer, in microseconds; computed numbers may be whole or not whatever the type.
Result<Value> FromColumn(const ColumnView& column, const model::Type& type, Dialect dialect);

// The column as JSON, without a Value between. Secrets, also those inside shapes, come out as
// kSealedMark. What is not of the type comes out as null: a reader must not fail over one cell.
void AppendColumnJson(const ColumnView& column, const model::Type& type, Dialect dialect,
                      std::string& out);

// Durations in SQLite: "PT0000000123.000456S", so that text order is order in time. Not negative,
// at most 9,999,999,999 seconds; nullopt otherwise.
std::optional<std::string> DurationToColumn(Duration duration);
std::optional<Duration> DurationFromColumn(std::string_view text);

}  // namespace tenon

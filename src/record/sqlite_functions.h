// The functions that compiled expressions call on SQLite and that SQLite does not have, or has with
// another meaning. All are deterministic and harmless; they share their code with record/eval.h,
// which is what keeps the two back ends equal. A null argument makes the result null.
//
//   tenon_fold(t) tenon_lower(t) tenon_upper(t)
//   tenon_like(t, pattern) tenon_starts_with(t, prefix) tenon_substr(t, from[, count])
//   tenon_add(a, b) tenon_sub tenon_mul     numbers; null on overflow
//   tenon_div(a, b) tenon_fdiv(a, b)        whole and floating division; null on zero
//   tenon_floor_div(a, b) tenon_neg(a) tenon_abs(a) tenon_round(a, digits[, scale])
//   tenon_time_add(time, us) tenon_time_diff(a, b) tenon_bucket(time, us)
//   tenon_duration_scale(us, number, divide)
//   tenon_uuid(t) tenon_time(t) tenon_micros(t) tenon_number(t)     out of text, or null
//   tenon_decimal_cmp(a, scale, b, scale)   -1, 0, 1
//   tenon_decimal_op(sign, a, scale, b, scale, scale of the result)
//   tenon_decimal_float(units, scale)
//   tenon_text(x, letter)                   empty for null
//   tenon_json_get(json, keys)              the value at a path that SQLite's own cannot spell
//   tenon_member(array, x, letter)          whether x is among its elements
//   tenon_sum(x) tenon_avg(x) tenon_avg_us(us)                      aggregates
//   tenon_list(x, letter, distinct)         a JSON array in ascending order
//   tenon_rows(columns, x...)               a JSON array of objects, for views
//
// A letter says what a value is: b bool, n number, d2 decimal of scale 2, t text, p duration in
// microseconds, j JSON, s a secret (masked).
#pragma once

#include <sqlite3.h>

#include "base/result.h"

namespace tenon {

// Registers all of them on a connection. kInternal when SQLite refuses.
Result<void> RegisterSqlFunctions(sqlite3* connection);

}  // namespace tenon

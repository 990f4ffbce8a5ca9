// The functions that compiled expressions call on SQLite and that SQLite does not have, or has with
// another meaning. All are deterministic and harmless; they share their code with record/eval.h,
// which is what keeps the two back ends equal.
//
//   tenon_fold(t) tenon_lower(t) tenon_upper(t) tenon_like(t, pattern) tenon_substr(t, from, n)
//   tenon_add(a, b) tenon_sub tenon_mul tenon_div tenon_fdiv    null on overflow or division by 0
//   tenon_neg(a) tenon_abs(a) tenon_round(a, digits)
//   tenon_time_add(time, us) tenon_time_diff(a, b) tenon_bucket(time, us)
//   tenon_uuid(t) tenon_time(t) tenon_micros(t)     canonical form of text, or null
//   tenon_duration_scale(us, number, divide)
//   tenon_decimal(x, scale) tenon_decimal_cmp(a, sa, b, sb) tenon_decimal_op(op, a, sa, b, sb, s)
//   tenon_decimal_float(a, sa) tenon_text(x, kind)
//   tenon_json_get(json, keys)     the value at a path whose keys SQLite's own paths cannot spell
//   tenon_sum(x) tenon_avg(x, scale) tenon_list(x, kind, distinct)     aggregates
#pragma once

#include <sqlite3.h>

#include "base/result.h"

namespace tenon {

// Registers all of them on a connection. kInternal when SQLite refuses.
Result<void> RegisterSqlFunctions(sqlite3* connection);

}  // namespace tenon

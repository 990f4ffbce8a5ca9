// The limit that Tenon's writes are held against: SQLite itself, writing the same rows into tables
// made by the DDL dumped from Tenon's own file, with the same settings and full fsync.
#pragma once

#include <string>

#include "base/result.h"

namespace tenon::bench {

struct RawResult {
  double rows_per_second = 0;  // audited rows: one row of the table, its audit row and its seal
  std::int64_t rows = 0;
};

// Copies up to `rows` rows of `table`, with the audits and audit_seals that made them, out of
// `source` and inserts them into a fresh file at `target`, `group` to a transaction.
Result<RawResult> InsertRaw(const std::string& source, const std::string& target,
                            const std::string& table, std::int64_t rows, int group);

// Runs one query `times` times through the C interface on a prepared statement and returns the
// median time in microseconds and the number of rows it gave.
struct RawQuery {
  double median_us = 0;
  std::int64_t rows = 0;
};
Result<RawQuery> QueryRaw(const std::string& file, const std::string& sql, int times);

}  // namespace tenon::bench

// What a job row keeps in `metrics` (shape JobMetrics of the graph model).
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>

namespace tenon::ingest {

struct JobMetrics {
  std::int64_t rows_total = 0;  // 0: the source does not tell
  std::int64_t rows_read = 0;
  std::int64_t rows_written = 0;
  std::int64_t rows_skipped = 0;  // already there, unchanged
  std::int64_t rows_failed = 0;
  std::int64_t rows_ended = 0;   // which the input no longer has
  std::int64_t bytes_total = 0;  // 0: the source does not tell
  std::int64_t bytes_read = 0;

  // With the counts of an earlier run of the job added; the rate is of this run.
  [[nodiscard]] boost::json::object ToJson(std::chrono::milliseconds took,
                                           const JobMetrics& before) const;
  // The counts of an earlier run.
  static JobMetrics FromJson(const boost::json::object& object);
};

}  // namespace tenon::ingest

#include "services/ingest/metrics.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace tenon::ingest {
namespace {

namespace json = boost::json;

std::int64_t IntOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

}  // namespace

json::object JobMetrics::ToJson(std::chrono::milliseconds took, const JobMetrics& before) const {
  const double seconds = std::max(static_cast<double>(took.count()) / 1000.0, 0.001);
  const std::int64_t read = before.rows_read + rows_read;
  const std::int64_t failed = before.rows_failed + rows_failed;
  const double error_rate =
      read == 0 ? 0.0 : static_cast<double>(failed) / static_cast<double>(read);
  json::object metrics = {{"rows_read", read},
                          {"rows_written", before.rows_written + rows_written},
                          {"rows_skipped", before.rows_skipped + rows_skipped},
                          {"rows_failed", failed},
                          {"bytes_read", bytes_read},
                          {"rows_per_second", std::floor(static_cast<double>(rows_read) / seconds)},
                          {"error_rate", error_rate}};
  if (const std::int64_t ended = before.rows_ended + rows_ended; ended > 0) {
    metrics["rows_ended"] = ended;
  }
  if (rows_total > 0) metrics["rows_total"] = rows_total;
  if (bytes_total > 0) metrics["bytes_total"] = bytes_total;
  return metrics;
}

JobMetrics JobMetrics::FromJson(const json::object& object) {
  JobMetrics metrics;
  metrics.rows_read = IntOf(object, "rows_read");
  metrics.rows_written = IntOf(object, "rows_written");
  metrics.rows_skipped = IntOf(object, "rows_skipped");
  metrics.rows_failed = IntOf(object, "rows_failed");
  metrics.rows_ended = IntOf(object, "rows_ended");
  return metrics;
}

}  // namespace tenon::ingest

// What the imports of this node did, for /metrics.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "services/ingest/metrics.h"

namespace tenon::jobs {

// Thread-safe.
class IngestMetrics {
 public:
  // The job has come so far since `before` was counted.
  void Count(const std::string& source, const ingest::JobMetrics& before,
             const ingest::JobMetrics& now);
  // "succeeded", "failed" or "released".
  void CountEnd(const std::string& source, std::string_view outcome);
  // In Prometheus' text format, by source.
  void Append(std::string& out) const;

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_: by name of the metric and labels.
  std::map<std::pair<std::string, std::string>, std::int64_t> counts_;
};

}  // namespace tenon::jobs

// A migration_jobs row while an import runs: created, started, told how far it is, ended.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "cli/api.h"
#include "services/ingest/metrics.h"

namespace tenon::cli {

using ingest::JobMetrics;

// Not thread-safe.
class Job {
 public:
  // A new row in state running.
  static Result<Job> Begin(Api& api, Clock& clock, const std::string& source,
                           const json::object& options);
  // An earlier row, running again. kConflict when it has succeeded or is of another source.
  static Result<Job> Resume(Api& api, Clock& clock, const std::string& id,
                            const std::string& source);

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const json::object& options() const { return options_; }
  // Where to go on; empty for a new job.
  [[nodiscard]] const json::object& checkpoint() const { return checkpoint_; }
  [[nodiscard]] std::chrono::milliseconds took() const;

  // Sends numbers and position, at most once every kReportEvery. A failure to report is not a
  // failure to import: it is returned for --verbose only.
  Result<void> Report(const JobMetrics& metrics, const json::object& checkpoint);
  Result<void> Succeed(const JobMetrics& metrics, const json::object& checkpoint);
  // The position stays, so that the job can be resumed.
  Result<void> Fail(const JobMetrics& metrics, const json::object& checkpoint,
                    const std::string& why);

  static constexpr std::chrono::seconds kReportEvery{2};

 private:
  Job(Api& api, Clock& clock) : api_(&api), clock_(&clock), began_(clock.Steady()) {}
  Result<json::value> Event(const std::string& name, const json::object& body);

  Api* api_;
  Clock* clock_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point reported_{};
  std::string id_;
  json::object options_;
  json::object checkpoint_;
  JobMetrics before_;  // of the run that this one resumes
};

}  // namespace tenon::cli

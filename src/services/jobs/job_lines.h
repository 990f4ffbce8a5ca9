// The log and the rejects of a job, in migration_job_lines, which every node and every backup has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "store/store.h"

namespace tenon::jobs {

// Not thread-safe. Nothing here fails a job: what cannot be written is dropped, and counted.
class JobLines {
 public:
  // What is kept of one job; the metrics count the rest.
  static constexpr std::int64_t kLogMax = 10000;
  static constexpr std::int64_t kRejectsMax = 100000;

  // Goes on after what the job has already.
  JobLines(Store& store, Clock& clock, const Uuid& tenant, std::string job);

  void Log(std::string_view level, const std::string& message);
  void Reject(json::object reject);
  // Writes what has gathered; also called by the others now and then.
  void Flush();

 private:
  struct Line {
    std::string_view kind;
    std::int64_t n;
    Time at;
    json::value line;
  };
  void Add(std::string_view kind, std::int64_t& n, std::int64_t most, json::object line);

  Store& store_;
  Clock& clock_;
  const Uuid tenant_;
  const std::string job_;
  std::int64_t logs_ = 0, rejects_ = 0;
  std::vector<Line> lines_;
};

// {"items": [{"n", "at", ...}], "next": n}: lines of one kind after `after`, at most `limit`.
Result<json::object> ReadJobLines(Store& store, const Uuid& tenant, const std::string& job,
                                  std::string_view kind, std::int64_t after, std::int64_t limit);

}  // namespace tenon::jobs

// One import from its first row to its last: the job row, the numbers, the progress line, the
// rejects file. What is read and how it becomes rows is the source's (dpkg.cc, rows.cc).
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "cli/import/job.h"
#include "cli/import/uploader.h"
#include "cli/progress.h"
#include "cli/session.h"

namespace tenon::cli {

// Not thread-safe.
class ImportRun {
 public:
  // Begins a job, or with --resume takes one up again. With --dry-run there is none.
  static Result<std::unique_ptr<ImportRun>> Begin(Session& session, const Arguments& arguments,
                                                  const std::string& source,
                                                  const json::object& options);

  [[nodiscard]] Session& session() { return session_; }
  [[nodiscard]] bool dry_run() const { return dry_run_; }
  // What the job was asked to do; for a resumed job, what it was asked then.
  [[nodiscard]] const json::object& options() const { return options_; }
  [[nodiscard]] const json::object& checkpoint() const { return checkpoint_; }
  [[nodiscard]] JobMetrics& metrics() { return metrics_; }
  [[nodiscard]] std::string job_id() const { return job_ ? job_->id() : ""; }

  // A new part of the work; `total` 0: not known.
  void Phase(std::string name, std::int64_t total);
  void EndPhase();
  // Rows of a phase that reads only, which are no rows of the import yet.
  void CountIndexed() { ++indexed_; }

  // An uploader for the entity, whose results are counted and rejected rows written down before
  // `each` (which may be empty) sees them. A dry run has none: nullptr.
  Result<std::unique_ptr<Uploader>> Upload(const EntityInfo& entity, Uploader::Each each);

  // A row that could not even be sent.
  void Reject(std::uint64_t line, std::uint64_t offset, const std::string& reason,
              std::string_view text);
  // A reject that a source has written down and counted itself: {"where", "reason", ...}.
  void Rejected(json::object reject);
  // A row of a dry run: counted, not sent.
  void CountDry();

  // Moves the position from which a resumed job goes on.
  void SetCheckpoint(json::object checkpoint) { checkpoint_ = std::move(checkpoint); }
  // Redraws and reports when it is time to.
  void Tick();

  // Ends the job with `result` and says what was done. The exit code: 0, or 3 when rows failed.
  Result<int> End(Result<void> result);

 private:
  ImportRun(Session& session, std::string source);
  void Count(UploadRow& row, UploadResult& result);
  Result<void> OpenRejects(bool again);
  void WriteReject(json::object line);
  [[nodiscard]] ProgressState State() const;

  Session& session_;
  std::string source_;
  bool dry_run_ = false;
  json::object options_;
  json::object checkpoint_;
  JobMetrics metrics_;
  std::unique_ptr<Job> job_;
  std::unique_ptr<Progress> progress_;
  std::string phase_;
  std::int64_t phase_total_ = 0;
  std::int64_t phase_start_ = 0;  // rows_read when it began
  std::int64_t indexed_ = 0;
  std::size_t batch_rows_ = 500;
  std::size_t in_flight_ = 4;
  std::string rejects_path_;
  std::ofstream rejects_;
  int shown_rejects_ = 0;
  std::chrono::steady_clock::time_point began_;
};

// Options that every import takes.
std::vector<Option> ImportOptions();

}  // namespace tenon::cli

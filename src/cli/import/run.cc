#include "cli/import/run.h"

#include <fmt/format.h>

#include <cerrno>
#include <iostream>
#include <system_error>

#include "base/json_text.h"
#include "base/limits.h"
#include "base/text.h"
#include "services/ingest/reason.h"

namespace tenon::cli {
namespace {

// Rejects that are shown as they happen; the file has them all.
constexpr int kShownRejectsMax = 5;
constexpr std::size_t kRejectTextMax = 64u << 10;

}  // namespace

ImportRun::ImportRun(Session& session, std::string source)
    : session_(session), source_(std::move(source)), began_(session.environment().clock->Steady()) {
  const Environment& environment = session.environment();
  ProgressOptions options;
  options.out = session.quiet() ? nullptr : environment.err;
  options.terminal = environment.err_terminal;
  options.columns = environment.columns > 0 ? environment.columns : 80;
  options.style = session.err_style();
  progress_ = std::make_unique<Progress>(options, began_);
}

Result<std::unique_ptr<ImportRun>> ImportRun::Begin(Session& session, const Arguments& arguments,
                                                    const std::string& source,
                                                    const json::object& options) {
  auto run = std::unique_ptr<ImportRun>(new ImportRun(session, source));
  run->dry_run_ = arguments.Has("dry-run");
  run->batch_rows_ = static_cast<std::size_t>(TRY(
      arguments.Int("batch-size", 500, 1, static_cast<std::int64_t>(limits::kBatchCommandsMax))));
  run->in_flight_ = static_cast<std::size_t>(TRY(arguments.Int("parallel", 4, 1, 32)));
  run->rejects_path_ = arguments.Get("rejects");
  run->options_ = options;
  Clock& clock = *session.environment().clock;
  const std::string resume = arguments.Get("resume");
  TRY(run->OpenRejects(!resume.empty()));
  if (run->dry_run_) {
    if (!resume.empty()) {
      return Fail(Code::kInvalidArgument, "--dry-run and --resume do not go together");
    }
    return run;
  }
  Api* api = TRY(session.api());
  if (resume.empty()) {
    run->job_ = std::make_unique<Job>(TRY(Job::Begin(*api, clock, source, options)));
  } else {
    run->job_ = std::make_unique<Job>(TRY(Job::Resume(*api, clock, resume, source)));
    // What the command line says now wins over what it said then.
    run->options_ = run->job_->options();
    for (const auto& member : options) run->options_[member.key()] = member.value();
    run->checkpoint_ = run->job_->checkpoint();
  }
  if (session.verbose()) session.Note("job " + run->job_->id());
  return run;
}

void ImportRun::Phase(std::string name, std::int64_t total) {
  EndPhase();
  phase_ = std::move(name);
  indexed_ = 0;
  phase_total_ = total;
  phase_start_ = metrics_.rows_read;
  ProgressOptions options;
  options.out = session_.quiet() ? nullptr : session_.environment().err;
  options.terminal = session_.environment().err_terminal;
  options.columns = session_.environment().columns > 0 ? session_.environment().columns : 80;
  progress_ = std::make_unique<Progress>(options, session_.environment().clock->Steady());
}

void ImportRun::EndPhase() {
  if (!phase_.empty()) progress_->End(State(), session_.environment().clock->Steady());
  phase_.clear();
}

Result<std::unique_ptr<Uploader>> ImportRun::Upload(const EntityInfo& entity, Uploader::Each each) {
  if (dry_run_) return std::unique_ptr<Uploader>();
  UploaderOptions options;
  options.batch_rows = batch_rows_;
  options.in_flight = in_flight_;
  options.job = job_->id();
  options.interrupted = [this] { return session_.Interrupted(); };
  Api* api = TRY(session_.api());
  return Uploader::Open(*api, entity, std::move(options),
                        [this, each = std::move(each)](UploadRow& row, UploadResult& result) {
                          Count(row, result);
                          if (each) each(row, result);
                          Tick();
                        });
}

void ImportRun::Count(UploadRow& row, UploadResult& result) {
  ++metrics_.rows_read;
  switch (result.kind) {
    case UploadResult::Kind::kCreated:
    case UploadResult::Kind::kUpdated:
      ++metrics_.rows_written;
      return;
    case UploadResult::Kind::kUnchanged:
      ++metrics_.rows_skipped;
      return;
    case UploadResult::Kind::kFailed:
      break;
  }
  ++metrics_.rows_failed;
  json::array errors;
  for (const FieldError& field : result.error.fields) {
    errors.push_back(
        json::object{{"path", field.path}, {"code", field.code}, {"message", field.message}});
  }
  if (shown_rejects_++ < kShownRejectsMax) {
    session_.Note(fmt::format("{}{}: {}", phase_.empty() ? "row" : phase_,
                              row.line > 0 ? fmt::format(", line {}", row.line) : "",
                              ingest::ReasonOf(result.error)));
  }
  WriteReject({{"line", row.line},
               {"offset", row.offset},
               {"reason", result.error.message},
               {"errors", std::move(errors)},
               {"row", row.fields}});
}

void ImportRun::Reject(std::uint64_t line, std::uint64_t offset, const std::string& reason,
                       std::string_view text) {
  ++metrics_.rows_read;
  ++metrics_.rows_failed;
  if (shown_rejects_++ < kShownRejectsMax) {
    session_.Note(fmt::format("line {}: {}", line, reason));
  }
  // Bytes that are no text cannot stand in JSON.
  const std::string kept = InvalidUtf8At(text) ? "" : Ellipsis(text, kRejectTextMax);
  WriteReject({{"line", line}, {"offset", offset}, {"reason", reason}, {"text", kept}});
  Tick();
}

void ImportRun::Rejected(json::object reject) {
  const auto text = [&](std::string_view name) {
    const json::value* value = reject.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  };
  if (shown_rejects_++ < kShownRejectsMax) {
    session_.Note(fmt::format("{}: {}", text("where"), text("reason")));
  }
  WriteReject(std::move(reject));
}

// Before anything is sent: rejects that cannot be written would be lost.
Result<void> ImportRun::OpenRejects(bool again) {
  if (rejects_path_.empty()) return {};
  rejects_.open(rejects_path_, std::ios::binary | (again ? std::ios::app : std::ios::trunc));
  if (rejects_) return {};
  return Fail(Code::kInvalidArgument, fmt::format("--rejects: cannot write {}: {}", rejects_path_,
                                                  std::generic_category().message(errno)));
}

void ImportRun::WriteReject(json::object line) {
  if (rejects_path_.empty()) return;
  rejects_ << JsonText(line) << "\n";
}

void ImportRun::CountDry() {
  ++metrics_.rows_read;
  Tick();
}

ProgressState ImportRun::State() const {
  ProgressState state;
  state.done = metrics_.rows_read - phase_start_ + indexed_;
  state.total = phase_total_;
  state.bytes = metrics_.bytes_read;
  state.bytes_total = metrics_.bytes_total;
  state.failed = metrics_.rows_failed;
  state.phase = phase_;
  return state;
}

void ImportRun::Tick() {
  progress_->Update(State(), session_.environment().clock->Steady());
  if (!job_) return;
  // Not being able to report is no reason to stop: the rows themselves arrive or fail.
  const Result<void> told = job_->Report(metrics_, checkpoint_);
  if (!told && session_.verbose()) session_.Note("cannot report progress: " + told.error().message);
}

Result<int> ImportRun::End(Result<void> result) {
  const auto now = session_.environment().clock->Steady();
  EndPhase();
  if (rejects_.is_open()) {
    rejects_.close();
    if (!rejects_ && result) result = Fail(Code::kUnavailable, "cannot write " + rejects_path_);
  }
  if (result && session_.Interrupted()) result = Fail(Code::kUnavailable, "interrupted");
  if (job_ && !result) {
    Error error = std::move(result).error();
    (void)job_->Fail(metrics_, checkpoint_, error.message);
    session_.Note(fmt::format("job {} stopped; go on with --resume {}", job_->id(), job_->id()));
    return Fail(std::move(error));
  }
  if (!result) return Fail(std::move(result).error());
  if (job_) TRY(job_->Succeed(metrics_, checkpoint_));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_);
  if (session_.format() == Format::kTable) {
    if (dry_run_) {
      session_.Note(fmt::format("{} rows would be sent, {} cannot be read",
                                Grouped(metrics_.rows_read - metrics_.rows_failed),
                                Grouped(metrics_.rows_failed)));
    } else {
      session_.out() << fmt::format(
          "job {}: {} written, {} unchanged, {} failed{} in {}\n", job_->id(),
          Grouped(metrics_.rows_written), Grouped(metrics_.rows_skipped),
          Grouped(metrics_.rows_failed),
          metrics_.rows_ended > 0 ? fmt::format(", {} ended", Grouped(metrics_.rows_ended)) : "",
          Spoken(took));
    }
  } else {
    json::object summary = metrics_.ToJson(took, {});
    summary["job_id"] = job_id();
    session_.out() << JsonText(summary) << "\n";
  }
  if (metrics_.rows_failed > 0 && rejects_path_.empty()) {
    session_.Note("name a file with --rejects to keep every rejected row and its reason");
  }
  return metrics_.rows_failed > 0 ? Info(Code::kInvalidField).exit_code : 0;
}

std::vector<Option> ImportOptions() {
  return {{"rejects",
           "FILE",
           "write rejected rows here, one JSON object a line with the reason",
           "",
           false,
           {},
           Completes::kFile},
          {"resume", "JOB", "go on where this job stopped"},
          {"dry-run", "", "read and map everything, send nothing"},
          {"batch-size", "N", "rows a request (default 500, at most 1000)"},
          {"parallel", "N", "requests at once (default 4)"}};
}

}  // namespace tenon::cli

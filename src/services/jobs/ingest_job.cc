#include "services/jobs/ingest_job.h"

#include <fmt/format.h>

#include <array>
#include <thread>

#include "auth/identity.h"
#include "base/text.h"
#include "services/ingest/pipeline.h"
#include "services/ingest/reason.h"
#include "services/jobs/engine_target.h"
#include "services/jobs/job_lines.h"

namespace tenon::jobs {
namespace {

using ingest::JobMetrics;

constexpr std::chrono::seconds kReportEvery{2};
// Well above kReportEvery, and below the lease of a task.
constexpr std::chrono::seconds kAliveFor{45};
constexpr std::chrono::milliseconds kWaitSlice{50};
constexpr std::size_t kErrorBytesMax = 2000;

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

json::object ObjectOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : json::object();
}

class IngestJob {
 public:
  IngestJob(const IngestDeps& deps, const IngestRequest& request)
      : deps_(deps),
        request_(request),
        entity_(deps.engine.model().FindTable("migration_jobs")),
        service_(SystemCaller(request.tenant, "")),
        lines_(deps.engine.store(), deps.engine.clock(), request.tenant, request.job) {
    service_.user_agent = "tenon tasks";
  }

  Result<json::value> Run() {
    if (entity_ == nullptr) return Fail(Code::kNotFound, "the models have no migration_jobs");
    const GetResult found = TRY(deps_.engine.Get(service_, *entity_, request_.job, {}));
    const json::value row = TRY(ParseJson(found.body));
    const json::object& job = row.as_object();
    const std::string status = TextOf(job, "status");
    if (status == "succeeded") {
      return Fail(Code::kConflict, fmt::format("job {} has ended well already", request_.job));
    }
    if (status == "running" && IsAlive(job)) {
      return Fail(Code::kConflict, fmt::format("job {} runs already", request_.job));
    }
    source_ = TextOf(job, "source");
    options_ = ObjectOf(job, "options");
    checkpoint_ = ObjectOf(job, "checkpoint");
    before_ = JobMetrics::FromJson(ObjectOf(job, "metrics"));
    began_ = deps_.engine.clock().Steady();
    TRY(Fire(status == "queued" ? "start" : "resume", {}));
    lines_.Log("info", fmt::format("{} {}", checkpoint_.empty() ? "started" : "resumed", source_));
    Result<json::object> metrics = Read(job);
    Result<json::value> result = metrics ? Result<json::value>(*metrics)
                                         : Result<json::value>(Fail(std::move(metrics).error()));
    End(result);
    return result;
  }

 private:
  // Whether another worker reported lately. One that stopped reporting is dead: its task has come
  // back to us.
  bool IsAlive(const json::object& job) const {
    const auto heartbeat = ParseTime(TextOf(job, "heartbeat_at"));
    return heartbeat && deps_.engine.clock().Now() - *heartbeat < kAliveFor;
  }

  Result<void> Fire(const std::string& event, json::object body) {
    Command command;
    command.op = Command::Op::kEvent;
    command.entity = entity_;
    command.id = request_.job;
    command.event = event;
    command.body = std::move(body);
    auto fired = deps_.engine.ApplyAndWait(service_, std::move(command));
    if (!fired) return Fail(std::move(fired).error());
    return {};
  }

  // The job's user as a writer: an import may do what anybody who may write can do.
  Result<Caller> Writer(const json::object& job, const std::string& source) const {
    Caller caller = service_;
    const auto user = Uuid::Parse(TextOf(job, "created_by"));
    if (user && !user->IsNil()) {
      const auto known = TRY(deps_.directory.UserById(request_.tenant, *user));
      if (!known) {
        return Fail(Code::kForbidden, "the user who asked for the job is gone");
      }
      caller.user = *user;
      caller.user_tenant = Uuid();
    }
    caller.roles =
        static_cast<std::uint8_t>(Role::kReader) | static_cast<std::uint8_t>(Role::kWriter);
    caller.user_agent = "tenon import " + source;
    caller.job = request_.job;
    return caller;
  }

  // Opened here and nowhere else; the row itself shows them as sealed.
  Result<ingest::SourceSecrets> Secrets() const {
    ingest::SourceSecrets secrets;
    std::string text;
    const std::array<Value, 2> parameters = {Value(request_.tenant), Value(request_.job)};
    TRY(deps_.engine.store().Read(
        {.tenant = request_.tenant, .across_tenants = true}, [&](Reader& reader) {
          return reader.Query(
              "SELECT secrets FROM migration_jobs WHERE tenant_id = $1 AND job_id = $2", parameters,
              [&](const Row& row) -> Result<bool> {
                if (!row.IsNull(0)) text = row.Text(0);
                return false;
              });
        }));
    if (text.empty()) return secrets;
    if (deps_.vault == nullptr) {
      return Fail(Code::kUnavailable, "ENCRYPTION_KEY is not set: the job's secrets stay sealed");
    }
    const json::value sealed = TRY(ParseJson(text));
    if (!sealed.is_object()) return secrets;
    if (const json::value* headers = sealed.as_object().if_contains("headers")) {
      for (const json::value& item : headers->as_array()) {
        const json::object& header = item.as_object();
        secrets.headers.emplace_back(TextOf(header, "name"),
                                     TRY(deps_.vault->Open(TextOf(header, "value"))));
      }
    }
    const std::string password = TextOf(sealed.as_object(), "password");
    if (!password.empty()) secrets.password = TRY(deps_.vault->Open(password));
    return secrets;
  }

  bool Wait(std::chrono::milliseconds time) const {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
      if (request_.cancelled()) return false;
      std::this_thread::sleep_for(kWaitSlice);
    }
    return !request_.cancelled();
  }

  ingest::PipelineHooks Hooks() {
    ingest::PipelineHooks hooks;
    hooks.cancelled = request_.cancelled;
    hooks.progress = [this](const JobMetrics& metrics, const json::object& checkpoint) {
      Report(metrics, checkpoint, false);
    };
    hooks.phase = [this](const std::string& name, std::int64_t) { lines_.Log("info", name); };
    hooks.reject = [this](json::object reject) { lines_.Reject(std::move(reject)); };
    hooks.note = [this](std::string_view level, const std::string& message) {
      lines_.Log(level, message);
    };
    hooks.wait = [this](std::chrono::milliseconds time) { return Wait(time); };
    return hooks;
  }

  Result<json::object> Read(const json::object& job) {
    const ingest::SourceKind* kind = ingest::FindSource(source_);
    if (kind == nullptr) {
      return Fail(Code::kInvalidField, fmt::format("the server has no source '{}'", source_));
    }
    TRY(kind->check(options_));
    const Caller writer = TRY(Writer(job, source_));
    const ingest::SourceSecrets secrets = TRY(Secrets());
    EngineTarget target(deps_.engine, writer);
    ingest::PipelineOptions options;
    options.job = request_.job;
    options.checkpoint = checkpoint_;
    options.fail_on_reject = ingest::FailsOnReject(*kind, options_);
    options.keep_missing = ingest::OptionFlag(options_, "keep_missing", false);
    ingest::Pipeline pipeline(target, std::move(options), Hooks());
    Report(pipeline.metrics(), checkpoint_, true);
    const json::object checkpoint = ingest::SourceCheckpoint(checkpoint_);
    ingest::SourceContext context{.options = options_,
                                  .secrets = secrets,
                                  .checkpoint = checkpoint,
                                  .files = deps_.files,
                                  .net = deps_.net,
                                  .clock = deps_.engine.clock(),
                                  .random = deps_.random,
                                  .wait = [this](std::chrono::milliseconds t) { return Wait(t); },
                                  .sink = pipeline};
    Result<> done = kind->read(context);
    if (done) done = pipeline.Finish();
    last_ = pipeline.metrics();
    last_checkpoint_ = pipeline.checkpoint();
    if (!done) return Fail(std::move(done).error());
    return last_.ToJson(Took(), before_);
  }

  [[nodiscard]] std::chrono::milliseconds Took() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(deps_.engine.clock().Steady() -
                                                                 began_);
  }

  // A failure to report is not a failure to import: the next report says it all again.
  void Report(const JobMetrics& metrics, const json::object& checkpoint, bool first) {
    if (!first) CountSince(metrics);
    const auto now = deps_.engine.clock().Steady();
    if (!first && now - reported_ < kReportEvery) return;
    reported_ = now;
    lines_.Flush();
    if (metrics.bytes_total > 0) {
      request_.progress(static_cast<int>(metrics.bytes_read * 100 / metrics.bytes_total));
    }
    json::object body{{"metrics", metrics.ToJson(Took(), before_)}};
    if (!checkpoint.empty()) body["checkpoint"] = checkpoint;
    if (first) {
      body["logs_url"] = fmt::format("/v1/migration_jobs/{}/log", request_.job);
      if (!deps_.image_digest.empty()) body["image_digest"] = deps_.image_digest;
    }
    (void)Fire("progress", std::move(body));
  }

  void CountSince(const JobMetrics& metrics) {
    deps_.stats.Count(source_, counted_, metrics);
    counted_ = metrics;
  }

  void End(const Result<json::value>& result) {
    CountSince(last_);
    json::object body{{"metrics", last_.ToJson(Took(), before_)}};
    if (!last_checkpoint_.empty()) body["checkpoint"] = last_checkpoint_;
    if (result) {
      lines_.Log(
          "info",
          fmt::format("succeeded: {} written, {} unchanged, {} rejected{}", last_.rows_written,
                      last_.rows_skipped, last_.rows_failed,
                      last_.rows_ended > 0 ? fmt::format(", {} ended", last_.rows_ended) : ""));
      lines_.Flush();
      deps_.stats.CountEnd(source_, "succeeded");
      (void)Fire("succeed", std::move(body));
      return;
    }
    if (request_.stopping() && result.error().code == Code::kUnavailable) {
      lines_.Log("info", "the server stops; another worker goes on");
      lines_.Flush();
      deps_.stats.CountEnd(source_, "released");
      (void)Fire("release", std::move(body));
      return;
    }
    const std::string message = Ellipsis(ingest::ReasonOf(result.error()), kErrorBytesMax);
    lines_.Log("error", message);
    lines_.Flush();
    body["error_message"] = message;
    deps_.stats.CountEnd(source_, "failed");
    (void)Fire("fail", std::move(body));
  }

  const IngestDeps& deps_;
  const IngestRequest& request_;
  const model::Entity* entity_;
  Caller service_;
  JobLines lines_;
  json::object options_, checkpoint_, last_checkpoint_;
  JobMetrics before_, last_, counted_;
  std::string source_;
  std::chrono::steady_clock::time_point began_{}, reported_{};
};

}  // namespace

Result<json::value> RunIngestJob(const IngestDeps& deps, const IngestRequest& request) {
  return IngestJob(deps, request).Run();
}

}  // namespace tenon::jobs

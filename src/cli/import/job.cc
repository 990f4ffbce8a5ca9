#include "cli/import/job.h"

#include <fmt/format.h>

namespace tenon::cli {
namespace {

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

json::object ObjectOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : json::object();
}

}  // namespace

Result<json::value> Job::Event(const std::string& name, const json::object& body) {
  Target target("/v1/migration_jobs");
  target.Segment(id_).Text(":" + name);
  return api_->Call("POST", target, json::value(body));
}

Result<Job> Job::Begin(Api& api, Clock& clock, const std::string& source,
                       const json::object& options) {
  Job job(api, clock);
  const json::value row = TRY(api.Call("POST", Target("/v1/migration_jobs"),
                                       json::value{{"source", source}, {"options", options}}));
  if (row.is_object()) job.id_ = TextOf(row.get_object(), "job_id");
  if (job.id_.empty()) return tenon::Fail(Code::kInternal, "the server's job has no id");
  job.options_ = options;
  TRY(job.Event("start", {}));
  return job;
}

Result<Job> Job::Resume(Api& api, Clock& clock, const std::string& id, const std::string& source) {
  Job job(api, clock);
  Target target("/v1/migration_jobs");
  target.Segment(id);
  const json::value row = TRY(api.Call("GET", target));
  if (!row.is_object()) return tenon::Fail(Code::kInternal, "the server's job is not an object");
  const json::object& object = row.get_object();
  if (TextOf(object, "source") != source) {
    return tenon::Fail(Code::kConflict, fmt::format("job {} is an import of {}, not of {}", id,
                                                    TextOf(object, "source"), source));
  }
  if (TextOf(object, "status") == "succeeded") {
    return tenon::Fail(Code::kConflict, fmt::format("job {} has ended well; there is nothing to "
                                                    "resume",
                                                    id));
  }
  job.id_ = id;
  job.options_ = ObjectOf(object, "options");
  job.checkpoint_ = ObjectOf(object, "checkpoint");
  job.before_ = JobMetrics::FromJson(ObjectOf(object, "metrics"));
  TRY(job.Event(TextOf(object, "status") == "queued" ? "start" : "resume", {}));
  return job;
}

std::chrono::milliseconds Job::took() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_->Steady() - began_);
}

Result<void> Job::Report(const JobMetrics& metrics, const json::object& checkpoint) {
  const auto now = clock_->Steady();
  if (reported_ != std::chrono::steady_clock::time_point{} && now - reported_ < kReportEvery) {
    return {};
  }
  reported_ = now;
  json::object body = {{"metrics", metrics.ToJson(took(), before_)}};
  if (!checkpoint.empty()) body["checkpoint"] = checkpoint;
  TRY(Event("progress", body));
  return {};
}

Result<void> Job::Succeed(const JobMetrics& metrics, const json::object& checkpoint) {
  json::object body = {{"metrics", metrics.ToJson(took(), before_)}};
  if (!checkpoint.empty()) body["checkpoint"] = checkpoint;
  TRY(Event("succeed", body));
  return {};
}

Result<void> Job::Fail(const JobMetrics& metrics, const json::object& checkpoint,
                       const std::string& why) {
  json::object body = {{"metrics", metrics.ToJson(took(), before_)}, {"error_message", why}};
  if (!checkpoint.empty()) body["checkpoint"] = checkpoint;
  TRY(Event("fail", body));
  return {};
}

}  // namespace tenon::cli

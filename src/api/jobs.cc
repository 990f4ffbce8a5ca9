// POST /v1/migration_jobs/{id}:run, GET /v1/migration_jobs/{id}/log and /rejects.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <utility>

#include "api/endpoints.h"
#include "api/query.h"
#include "api/writes.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/text.h"
#include "engine/permit.h"
#include "services/ingest/source.h"
#include "services/jobs/job_lines.h"

namespace tenon {
namespace {

Result<json::object> JobOf(const ApiContext& api, const Exchange& exchange) {
  const GetResult found = TRY(api.engine.Get(exchange.caller, *exchange.entity, exchange.id, {}));
  json::value row = TRY(ParseJson(found.body));
  return std::move(row.as_object());
}

std::unexpected<Error> BadMember(std::string path, std::string code, std::string message) {
  Error error(Code::kInvalidField, path + " " + message);
  error.fields.push_back({std::move(path), std::move(code), std::move(message)});
  return Fail(std::move(error));
}

// Everything that can be known to be wrong before the work begins.
Result<void> CheckJob(const json::object& job) {
  const std::string source = ingest::OptionText(job, "source");
  const ingest::SourceKind* kind = ingest::FindSource(source);
  if (kind == nullptr) {
    std::vector<std::string_view> names;
    for (const ingest::SourceKind& known : ingest::SourceKinds()) names.push_back(known.name);
    return BadMember("source", "enum",
                     fmt::format("'{}' is none that the server reads, which are {}",
                                 Ellipsis(source, 64), fmt::join(names, ", ")));
  }
  const json::value* options = job.if_contains("options");
  TRY(kind->check(options != nullptr && options->is_object() ? options->get_object()
                                                             : json::object()));
  return {};
}

Result<Command> TaskOf(const ApiContext& api, const Exchange& exchange) {
  const model::Entity* tasks = api.engine.model().FindTable("background_tasks");
  if (tasks == nullptr) return Fail(Code::kNotFound, "the models have no background_tasks");
  TRY(Permit(exchange.caller, *exchange.entity, "start"));
  const json::object body = TRY(exchange.JsonBody());
  std::int64_t priority = 0;
  for (const auto& member : body) {
    if (member.key() != "priority") {
      return BadMember(Ellipsis(member.key(), 64), "unknown",
                       "is not known here; there is only priority");
    }
    if (!member.value().is_int64()) return BadMember("priority", "type", "must be a whole number");
    priority = member.value().get_int64();
  }
  const json::object job = TRY(JobOf(api, exchange));
  const std::string status = ingest::OptionText(job, "status");
  if (status != "queued" && status != "failed" && status != "running") {
    Error error(Code::kConflict, fmt::format("job {} has {}; make another one to import again",
                                             exchange.id, status));
    error.details["state"] = status;
    return Fail(std::move(error));
  }
  TRY(CheckJob(job));
  Command command;
  command.op = Command::Op::kCreate;
  command.entity = tasks;
  command.body = {
      {"type", "BULK_INGESTION"},
      {"priority", priority},
      {"payload", json::object{{"job_id", job.at("job_id")}, {"source", job.at("source")}}}};
  return command;
}

void SendLines(const ApiContext& api, const ExchangePtr& exchange, std::string_view kind) {
  const auto read = [&]() -> Result<json::object> {
    const std::int64_t after = TRY(
        IntParameter(exchange->request, "after", 0, std::numeric_limits<std::int64_t>::max(), 0));
    const std::int64_t limit = TRY(IntParameter(exchange->request, "page_size", 1,
                                                limits::kPageSizeMax, limits::kPageSizeMax));
    // Who may read the job may read its lines.
    const json::object job = TRY(JobOf(api, *exchange));
    const json::value* owner = job.if_contains("tenant_id");
    const auto tenant = owner != nullptr && owner->is_string()
                            ? Uuid::Parse(std::string_view(owner->get_string()))
                            : std::nullopt;
    return jobs::ReadJobLines(api.engine.store(), tenant.value_or(exchange->caller.tenant),
                              ingest::OptionText(job, "job_id"), kind, after, limit);
  };
  auto page = read();
  if (!page) return exchange->Fail(page.error());
  exchange->SendJson(200, JsonText(*page));
}

}  // namespace

void HandleRunJob(const ApiContext& api, const ExchangePtr& exchange) {
  auto command = TaskOf(api, *exchange);
  if (!command) return exchange->Fail(command.error());
  exchange->entity = command->entity;  // the answer's Location is the task's
  ApplyAndAnswer(api, exchange, *std::move(command));
}

void HandleJobLog(const ApiContext& api, const ExchangePtr& exchange) {
  SendLines(api, exchange, "log");
}

void HandleJobRejects(const ApiContext& api, const ExchangePtr& exchange) {
  SendLines(api, exchange, "reject");
}

}  // namespace tenon

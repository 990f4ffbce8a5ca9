// tenon import openlineage: a file of events, as clients write them with the file transport or as
// they were kept by another server.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <filesystem>

#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/import/run.h"
#include "services/ingest/ndjson.h"

namespace tenon::cli {
namespace {

constexpr std::size_t kBatchEvents = 500;
constexpr std::size_t kBatchBytes = 2u << 20;

struct At {
  std::uint64_t line = 0;
  std::uint64_t offset = 0;
};

// Gathers lines into requests; what fails is rejected with its line.
class EventSender {
 public:
  explicit EventSender(ImportRun& run) : run_(run) {}

  Result<void> Add(std::string text, At at) {
    if (run_.dry_run()) {
      run_.CountDry();
      return {};
    }
    bytes_ += text.size();
    events_.push_back(std::move(text));
    at_.push_back(at);
    if (events_.size() < kBatchEvents && bytes_ < kBatchBytes) return {};
    return Flush();
  }

  Result<void> Flush() {
    if (events_.empty()) return {};
    std::string body = "[";
    for (const std::string& event : events_) body += (body.size() > 1 ? "," : "") + event;
    body += "]";
    Api* api = TRY(run_.session().api());
    const auto response = TRY(api->Send("POST", Target("/api/v1/lineage/batch"), body, [] {
      http::Headers headers;
      headers.Set("Content-Type", "application/json");
      return headers;
    }()));
    const auto answer = ParseJson(response.body);
    const json::value* failed =
        answer && answer->is_object() ? answer->get_object().if_contains("failed_events") : nullptr;
    if (failed == nullptr || !failed->is_array()) return std::unexpected(ErrorOf(response));
    std::size_t rejected = 0;
    for (const json::value& item : failed->get_array()) {
      const auto index = item.at("index").to_number<std::size_t>();
      if (index >= events_.size()) continue;
      run_.Reject(at_[index].line, at_[index].offset, std::string(item.at("reason").as_string()),
                  events_[index]);
      ++rejected;
    }
    const auto good = static_cast<std::int64_t>(events_.size() - rejected);
    run_.metrics().rows_read += good;
    run_.metrics().rows_written += good;
    events_.clear();
    at_.clear();
    bytes_ = 0;
    run_.Tick();
    return {};
  }

 private:
  ImportRun& run_;
  std::vector<std::string> events_;
  std::vector<At> at_;
  std::size_t bytes_ = 0;
};

// A whole file that is one event or an array of them, however it is laid out. False: it is not.
Result<bool> SendDocument(ImportRun& run, const std::string& file, EventSender& sender) {
  if (file == "-" || !file.ends_with(".json")) return false;
  const std::string text = TRY(run.session().ReadFile(file));
  const auto document = ParseJson(text);
  if (!document) return false;
  if (document->is_array()) {
    for (const json::value& event : document->get_array()) {
      TRY(sender.Add(JsonText(event), {1, 0}));
    }
  } else {
    TRY(sender.Add(JsonText(*document), {1, 0}));
  }
  TRY(sender.Flush());
  return true;
}

Result<void> SendEvents(ImportRun& run, const std::string& file) {
  run.Phase("events", 0);
  EventSender sender(run);
  if (TRY(SendDocument(run, file, sender))) return {};
  auto source = file == "-" ? ingest::OpenStdin() : TRY(ingest::OpenFile(file));
  run.metrics().bytes_total = static_cast<std::int64_t>(source->Size().value_or(0));
  ingest::NdjsonReader reader(*source);
  ingest::NdjsonRow line;
  while (!run.session().Interrupted() && TRY(reader.Next(line))) {
    run.metrics().bytes_read = static_cast<std::int64_t>(reader.position().offset);
    std::string problem = line.problem;
    if (problem.empty()) {
      // One line that is no JSON must not take its batch with it.
      if (const auto value = ParseJson(line.text); !value) problem = value.error().message;
    }
    if (!problem.empty()) {
      run.Reject(line.at.line, line.at.offset, problem, line.text);
      continue;
    }
    TRY(sender.Add(std::string(line.text), {line.at.line, line.at.offset}));
  }
  return sender.Flush();
}

Result<int> Run(Session& session, const Arguments& arguments) {
  const std::string given = arguments.Get("FILE");
  std::error_code problem;
  const std::filesystem::path whole = std::filesystem::absolute(given, problem);
  const std::string file = given == "-" || problem ? given : whole.string();
  auto run = TRY(ImportRun::Begin(session, arguments, "openlineage", {{"file", file}}));
  return run->End(SendEvents(*run, file));
}

}  // namespace

Command ImportOpenLineageCommand() {
  return {.name = "import openlineage",
          .group = "Data",
          .summary = "Import OpenLineage events from a file",
          .details =
              "One event a line, or a .json file with one event or an array of them. Jobs and\n"
              "datasets become assets, runs workflow_executions, what is read and written\n"
              "relationships. Events may come in any order and more than once.",
          .examples = {"tenon import openlineage events.ndjson",
                       "zcat lineage.log.gz | tenon import openlineage -"},
          .positionals = {{"FILE", "file of events, - for standard input", true, false,
                           Completes::kFile}},
          .options = ImportOptions(),
          .run = Run};
}

}  // namespace tenon::cli

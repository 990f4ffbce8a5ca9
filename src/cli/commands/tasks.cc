// tenon tasks: the queue of background work.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include <chrono>
#include <iostream>
#include <map>
#include <thread>

#include "base/json_text.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/rows.h"
#include "cli/table.h"

namespace tenon::cli {
namespace {

constexpr std::string_view kGroup = "Tasks";
constexpr std::string_view kPath = "/v1/background_tasks";
constexpr std::chrono::milliseconds kPoll{500};
constexpr std::chrono::milliseconds kWaitSlice{50};

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::int64_t IntOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

bool HasEnded(const std::string& status, const json::object& task) {
  if (status == "COMPLETED" || status == "CANCELLED") return true;
  // A worker that gives up takes the time of the next attempt away.
  return status == "FAILED" && (IntOf(task, "retry_count") >= IntOf(task, "max_retries") ||
                                TextOf(task, "run_after").empty());
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

std::string FilterOf(const Arguments& arguments) {
  std::string filter;
  const auto add = [&](const std::string& part) {
    filter += (filter.empty() ? "" : " and ") + part;
  };
  if (arguments.Has("status")) {
    add("status = " + Quoted(arguments.Get("status")));
  } else if (!arguments.Has("all")) {
    add("status in (PENDING, RUNNING, FAILED)");
  }
  if (arguments.Has("type")) add("type = " + Quoted(arguments.Get("type")));
  return filter;
}

Result<json::array> ReadPage(Api& api, const std::string& filter, std::string& token) {
  Target target{std::string(kPath)};
  target.AddIf("filter", filter).Add("order_by", "created_at desc").Add("page_size", "200");
  target.AddIf("page_token", token);
  json::value page = TRY(api.Call("GET", target));
  json::value* items = page.is_object() ? page.get_object().if_contains("items") : nullptr;
  if (items == nullptr || !items->is_array()) {
    return Fail(Code::kInternal, "the server's page has no items");
  }
  token = TextOf(page.get_object(), "next_page_token");
  return std::move(items->get_array());
}

// What is to be done about a task that a person has to see to, below the list.
void PrintAdvice(Session& session, const json::array& tasks) {
  if (session.format() != Format::kTable) return;
  for (const json::value& item : tasks) {
    const json::object& task = item.as_object();
    const json::value* payload = task.if_contains("payload");
    if (payload == nullptr || !payload->is_object()) continue;
    const json::value* advice = payload->get_object().if_contains("try");
    if (advice == nullptr || !advice->is_array()) continue;
    session.out() << fmt::format("\n{}  {}\n", TextOf(task, "id"),
                                 Printable(TextOf(payload->get_object(), "what")));
    for (const json::value& line : advice->get_array()) {
      if (line.is_string()) session.out() << "  - " << Printable(line.get_string()) << "\n";
    }
    session.out() << fmt::format("  - then: tenon tasks resolve {}\n", TextOf(task, "id"));
  }
}

Result<int> RunList(Session& session, const Arguments& arguments) {
  Api* api = TRY(session.api());
  RowPrinter printer(session, nullptr,
                     {"id", "type", "status", "progress", "priority", "retry_count", "created_at",
                      "error_message"},
                     true);
  const std::string filter = FilterOf(arguments);
  std::string token;
  json::array remediations;
  do {
    const json::array tasks = TRY(ReadPage(*api, filter, token));
    printer.Page(tasks);
    for (const json::value& item : tasks) {
      const std::string status = TextOf(item.as_object(), "status");
      if (TextOf(item.as_object(), "type") == "REMEDIATION" && status != "COMPLETED") {
        remediations.push_back(item);
      }
    }
  } while (!token.empty() && !session.Interrupted());
  printer.End();
  if (printer.count() == 0 && session.format() == Format::kTable) session.Note("no rows");
  PrintAdvice(session, remediations);
  return 0;
}

Result<json::object> ReadTask(Api& api, const std::string& id) {
  Target target{std::string(kPath)};
  json::value row = TRY(api.Call("GET", target.Segment(id)));
  if (!row.is_object()) return Fail(Code::kInternal, "the server's task is not an object");
  return std::move(row.get_object());
}

void Pause(const Session& session) {
  const auto until = std::chrono::steady_clock::now() + kPoll;
  while (std::chrono::steady_clock::now() < until && !session.Interrupted()) {
    std::this_thread::sleep_for(kWaitSlice);
  }
}

// One line whenever something of it changed.
void PrintTask(Session& session, const json::object& task) {
  if (session.format() != Format::kTable) {
    session.out() << JsonText(json::value(task)) << "\n" << std::flush;
    return;
  }
  const Style style = session.out_style();
  const std::string status = TextOf(task, "status");
  const std::string painted = status == "COMPLETED" ? style.Green(status)
                              : status == "FAILED"  ? style.Red(status)
                                                    : style.Yellow(status);
  session.out() << TextOf(task, "id") << "  " << TextOf(task, "type") << "  " << painted;
  if (status == "RUNNING") session.out() << fmt::format("  {} %", IntOf(task, "progress"));
  if (const std::string error = TextOf(task, "error_message"); !error.empty()) {
    session.out() << "  " << Printable(error);
  }
  session.out() << "\n" << std::flush;
}

Result<int> WatchOne(Session& session, const std::string& id) {
  Api* api = TRY(session.api());
  std::string shown;
  while (!session.Interrupted()) {
    const json::object task = TRY(ReadTask(*api, id));
    const std::string status = TextOf(task, "status");
    const std::string now =
        fmt::format("{} {} {}", status, IntOf(task, "progress"), IntOf(task, "retry_count"));
    if (now != shown) PrintTask(session, task);
    shown = now;
    if (HasEnded(status, task)) return status == "COMPLETED" ? 0 : 1;
    Pause(session);
  }
  return 0;
}

Result<int> RunWatch(Session& session, const Arguments& arguments) {
  if (arguments.Has("ID")) return WatchOne(session, arguments.Get("ID"));
  Api* api = TRY(session.api());
  const std::string filter = FilterOf(arguments);
  std::map<std::string, std::string> shown;  // by id
  bool first = true;
  while (!session.Interrupted()) {
    std::string token;
    // The newest page is enough: what changes stands in it, or ends and leaves it.
    const json::array tasks = TRY(ReadPage(*api, filter, token));
    std::map<std::string, std::string> seen;
    for (const json::value& item : tasks) {
      const json::object& task = item.as_object();
      const std::string id = TextOf(task, "id");
      seen[id] = fmt::format("{} {}", TextOf(task, "status"), IntOf(task, "progress"));
      const auto before = shown.find(id);
      if (before == shown.end() || before->second != seen[id]) PrintTask(session, task);
    }
    for (const auto& [id, what] : shown) {
      if (seen.contains(id) || first) continue;
      const Result<json::object> task = ReadTask(*api, id);
      if (task) PrintTask(session, *task);
    }
    shown = std::move(seen);
    first = false;
    Pause(session);
  }
  return 0;
}

Result<int> FireAll(Session& session, const Arguments& arguments, std::string_view event,
                    const json::object& body, std::string_view done) {
  Api* api = TRY(session.api());
  for (const std::string& id : arguments.All("ID")) {
    Target target{std::string(kPath)};
    target.Segment(id).Text(fmt::format(":{}", event));
    TRY(api->Call("POST", target, json::value(body)));
    session.Note(fmt::format("task {} {}", id, done));
  }
  return 0;
}

Result<int> RunCancel(Session& session, const Arguments& arguments) {
  json::object body;
  if (arguments.Has("reason")) body["reason"] = arguments.Get("reason");
  return FireAll(session, arguments, "cancel", body, "is cancelled");
}

Result<int> RunRerun(Session& session, const Arguments& arguments) {
  return FireAll(session, arguments, "rerun", {}, "will run again");
}

Result<int> RunResolve(Session& session, const Arguments& arguments) {
  Api* api = TRY(session.api());
  for (const std::string& id : arguments.All("ID")) {
    const json::object task = TRY(ReadTask(*api, id));
    if (TextOf(task, "type") != "REMEDIATION") {
      return Fail(Code::kConflict,
                  fmt::format("task {} is of type {}, which workers do; only REMEDIATION tasks are "
                              "a person's to resolve",
                              id, TextOf(task, "type")));
    }
    if (TextOf(task, "status") == "PENDING") {
      Target claim{std::string(kPath)};
      TRY(api->Call("POST", claim.Segment(id).Text(":claim"), json::value(json::object{})));
    }
    Target complete{std::string(kPath)};
    json::object body;
    if (arguments.Has("note")) body["result"] = json::object{{"note", arguments.Get("note")}};
    TRY(api->Call("POST", complete.Segment(id).Text(":complete"), json::value(body)));
    session.Note(fmt::format("task {} is resolved", id));
  }
  return 0;
}

std::vector<Option> Filters() {
  return {{"status",
           "STATUS",
           "PENDING, RUNNING, COMPLETED, FAILED or CANCELLED",
           "",
           false,
           {"PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"}},
          {"type", "TYPE", "such as BULK_INGESTION"}};
}

}  // namespace

Command TasksListCommand() {
  Command command{
      .name = "tasks list",
      .group = std::string(kGroup),
      .summary = "List what waits, runs or failed; the same as tenon tasks",
      .details = "Below the list stands what to try for tasks that a person has to see to.",
      .examples = {"tenon tasks", "tenon tasks list --status FAILED",
                   "tenon tasks list --all --type BULK_INGESTION -o json"},
      .positionals = {},
      .options = Filters(),
      .run = RunList,
      .is_default = true};
  command.options.push_back({"all", "", "also what is done or cancelled"});
  return command;
}

Command TasksWatchCommand() {
  return {.name = "tasks watch",
          .group = std::string(kGroup),
          .summary = "Follow a task until it ends, or all tasks until Ctrl-C",
          .details = "Of one task the exit code is 0 when it completed, else 1.",
          .examples = {"tenon tasks watch", "tenon tasks watch ID"},
          .positionals = {{"ID", "the task; all without it", false}},
          .options = Filters(),
          .run = RunWatch};
}

Command TasksCancelCommand() {
  return {.name = "tasks cancel",
          .group = std::string(kGroup),
          .summary = "Cancel tasks that wait or run",
          .details = "",
          .examples = {"tenon tasks cancel ID --reason 'wrong file'"},
          .positionals = {{"ID", "the task", true, true}},
          .options = {{"reason", "TEXT", "kept in the audit log"}},
          .run = RunCancel};
}

Command TasksRerunCommand() {
  return {.name = "tasks rerun",
          .group = std::string(kGroup),
          .summary = "Begin failed or cancelled tasks anew",
          .details = "",
          .examples = {"tenon tasks rerun ID"},
          .positionals = {{"ID", "the task", true, true}},
          .options = {},
          .run = RunRerun};
}

Command TasksResolveCommand() {
  return {.name = "tasks resolve",
          .group = std::string(kGroup),
          .summary = "Say that a remediation task is done",
          .details = "",
          .examples = {"tenon tasks resolve ID --note 'renewed the broker certificate'"},
          .positionals = {{"ID", "the task", true, true}},
          .options = {{"note", "TEXT", "what helped; kept as the task's result"}},
          .run = RunResolve};
}

}  // namespace tenon::cli

// tenon connectors: sources that are read continuously, as users of Kafka Connect know them.
#include <fmt/format.h>

#include <iostream>

#include "base/json_text.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/rows.h"
#include "cli/table.h"

namespace tenon::cli {
namespace {

constexpr std::string_view kGroup = "Connectors";
constexpr std::string_view kPath = "/v1/connector_configs";

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

json::array ListOf(const json::value& value, std::string_view name) {
  const json::value* list = value.is_object() ? value.get_object().if_contains(name) : nullptr;
  return list != nullptr && list->is_array() ? list->get_array() : json::array();
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

// An id, or a name that only one connector has.
Result<std::string> IdOf(Api& api, const std::string& word) {
  if (Uuid::Parse(word)) return word;
  Target target{std::string(kPath)};
  target.Add("filter", "name = " + Quoted(word)).Add("page_size", "2");
  const json::array found = ListOf(TRY(api.Call("GET", target)), "items");
  if (found.empty()) {
    return Fail(Code::kNotFound, "there is no connector with the id or name " + Printable(word));
  }
  if (found.size() > 1) {
    return Fail(Code::kConflict,
                "more than one connector is called " + Printable(word) + "; give its id");
  }
  return TextOf(found[0].as_object(), "connector_id");
}

Result<json::value> Ask(Session& session, const Arguments& arguments, std::string_view what,
                        std::string_view page_size = {}) {
  Api* api = TRY(session.api());
  Target target{std::string(kPath)};
  target.Segment(TRY(IdOf(*api, arguments.Get("ID")))).Segment(what).AddIf("page_size", page_size);
  return api->Call("GET", target);
}

Result<int> RunList(Session& session, const Arguments& arguments) {
  Api* api = TRY(session.api());
  RowPrinter printer(
      session, nullptr,
      {"connector_id", "name", "type", "status", "last_heartbeat", "next_poll_at", "error_message"},
      true);
  std::string token;
  do {
    Target target{std::string(kPath)};
    target.Add("order_by", "name").Add("page_size", "200").AddIf("page_token", token);
    if (arguments.Has("status"))
      target.Add("filter", "status = " + Quoted(arguments.Get("status")));
    const json::value page = TRY(api->Call("GET", target));
    printer.Page(ListOf(page, "items"));
    token = page.is_object() ? TextOf(page.get_object(), "next_page_token") : "";
  } while (!token.empty() && !session.Interrupted());
  printer.End();
  if (printer.count() == 0 && session.format() == Format::kTable) session.Note("no rows");
  return 0;
}

// Exit code 1 when it is in error, for scripts.
Result<int> RunStatus(Session& session, const Arguments& arguments) {
  const json::value status = TRY(Ask(session, arguments, "status"));
  if (!status.is_object()) return Fail(Code::kInternal, "the server's status is not an object");
  const json::object& document = status.get_object();
  const json::value* connector = document.if_contains("connector");
  const json::object state =
      connector != nullptr && connector->is_object() ? connector->get_object() : json::object();
  const int code = TextOf(state, "state") == "FAILED" ? 1 : 0;
  if (session.format() != Format::kTable) {
    PrintValue(session, status);
    return code;
  }
  const Style style = session.out_style();
  const std::string word = TextOf(state, "state");
  session.out() << fmt::format("{}  {}  {}\n", Printable(TextOf(document, "name")),
                               TextOf(document, "connector_type"),
                               word == "RUNNING"  ? style.Green(word)
                               : word == "FAILED" ? style.Red(word)
                                                  : style.Yellow(word));
  if (const std::string trace = TextOf(state, "trace"); !trace.empty()) {
    session.out() << "  " << Printable(trace) << "\n";
  }
  for (const std::string_view name :
       {"validated_at", "last_heartbeat", "heartbeat_due", "next_poll_at"}) {
    if (const std::string at = TextOf(document, name); !at.empty()) {
      session.out() << fmt::format("  {:<15} {}\n", name, Cell(json::value(at)));
    }
  }
  for (const json::value& item : ListOf(status, "tasks")) {
    const json::object& task = item.as_object();
    session.out() << fmt::format("  task {}  {}  {}  {}", Cell(task.at("id")),
                                 TextOf(task, "state"), Printable(TextOf(task, "worker_id")),
                                 Cell(json::value(TextOf(task, "reported_at"))));
    if (const std::string trace = TextOf(task, "trace"); !trace.empty()) {
      session.out() << "  " << Printable(trace);
    }
    session.out() << "\n";
  }
  return code;
}

Result<int> RunLag(Session& session, const Arguments& arguments) {
  const json::value lag = TRY(Ask(session, arguments, "lag"));
  if (session.format() != Format::kTable || !lag.is_object()) {
    PrintValue(session, lag);
    return 0;
  }
  if (!lag.get_object().contains("partitions")) {
    PrintRow(session, lag.get_object());
    return 0;
  }
  RowPrinter printer(session, nullptr,
                     {"topic", "partition", "offset", "end", "lag", "worker_id", "at"}, true);
  printer.Page(ListOf(lag, "partitions"));
  printer.End();
  if (ListOf(lag, "partitions").empty()) {
    session.Note("nothing was consumed yet");
    return 0;
  }
  session.Note(fmt::format(
      "{} messages behind{}", Cell(lag.at("lag")),
      lag.get_object().contains("partial") ? "; of some partitions it is not known yet" : ""));
  return 0;
}

Result<int> RunErrors(Session& session, const Arguments& arguments) {
  const bool rejects = arguments.Has("rejects");
  const json::value page =
      TRY(Ask(session, arguments, rejects ? "rejects" : "errors", arguments.Get("limit", "50")));
  const json::array items = ListOf(page, "items");
  std::vector<std::string> columns{"at", "code", "message", "worker"};
  if (rejects) {
    // A topic's messages, or items of pages and pushes.
    const bool topic = !items.empty() && items[0].as_object().contains("topic");
    columns = topic ? std::vector<std::string>{"at", "topic", "partition", "offset", "reason"}
                    : std::vector<std::string>{"at", "where", "item", "reason"};
  }
  RowPrinter printer(session, nullptr, columns, true);
  printer.Page(items);
  printer.End();
  if (items.empty() && session.format() == Format::kTable) session.Note("none");
  return 0;
}

Result<int> FireAll(Session& session, const Arguments& arguments, std::string_view event,
                    std::string_view done) {
  Api* api = TRY(session.api());
  for (const std::string& word : arguments.All("ID")) {
    Target target{std::string(kPath)};
    target.Segment(TRY(IdOf(*api, word))).Text(fmt::format(":{}", event));
    const json::value row = TRY(api->Call("POST", target, json::value(json::object{})));
    if (event == "validate") {
      session.Note(fmt::format("task {} tries it; follow it with: tenon tasks watch {}",
                               TextOf(row.as_object(), "id"), TextOf(row.as_object(), "id")));
    } else {
      session.Note(fmt::format("connector {} {}", Printable(word), done));
    }
  }
  return 0;
}

Result<int> RunKey(Session& session, const Arguments& arguments) {
  Api* api = TRY(session.api());
  Target target{std::string(kPath)};
  target.Segment(TRY(IdOf(*api, arguments.Get("ID")))).Text(":key");
  json::object body;
  for (const std::string name : {"overlap", "name"}) {
    if (arguments.Has(name)) body[name] = arguments.Get(name);
  }
  const json::value row = TRY(api->Call("POST", target, json::value(body)));
  if (session.format() != Format::kTable || !row.is_object()) {
    PrintValue(session, row);
    return 0;
  }
  session.out() << TextOf(row.get_object(), "key") << "\n" << std::flush;
  session.Note(
      "this is the only time that the key is shown; it may push to this connector, and "
      "nothing else");
  return 0;
}

Command Base(std::string_view verb, std::string summary, std::string details,
             Result<int> (*run)(Session&, const Arguments&), bool many = false) {
  Command command;
  command.run = run;
  command.name = fmt::format("connectors {}", verb);
  command.group = std::string(kGroup);
  command.summary = std::move(summary);
  command.details = std::move(details);
  command.examples = {fmt::format("tenon connectors {} catalogue", verb)};
  command.positionals = {{"ID", "the connector, by id or name", true, many}};
  return command;
}

Result<int> RunValidate(Session& session, const Arguments& arguments) {
  return FireAll(session, arguments, "validate", "");
}

Result<int> RunActivate(Session& session, const Arguments& arguments) {
  return FireAll(session, arguments, "activate", "is active");
}

Result<int> RunPause(Session& session, const Arguments& arguments) {
  return FireAll(session, arguments, "pause", "is paused");
}

Result<int> RunResume(Session& session, const Arguments& arguments) {
  return FireAll(session, arguments, "resume", "goes on");
}

// One that is in error begins anew by being resumed.
Result<int> RunRestart(Session& session, const Arguments& arguments) {
  Api* api = TRY(session.api());
  for (const std::string& word : arguments.All("ID")) {
    const std::string id = TRY(IdOf(*api, word));
    Target row{std::string(kPath)};
    const json::value connector = TRY(api->Call("GET", row.Segment(id)));
    const bool failed = TextOf(connector.as_object(), "status") == "error";
    Target target{std::string(kPath)};
    target.Segment(id).Text(failed ? ":resume" : ":restart");
    TRY(api->Call("POST", target, json::value(json::object{})));
    session.Note(fmt::format("connector {} begins anew", Printable(word)));
  }
  return 0;
}

}  // namespace

Command ConnectorsListCommand() {
  Command list = Base("list", "List connectors; the same as tenon connectors", "", RunList);
  list.examples = {"tenon connectors", "tenon connectors list --status error"};
  list.positionals = {};
  list.options = {{"status",
                   "STATUS",
                   "draft, active, paused or error",
                   "",
                   false,
                   {"draft", "active", "paused", "error"}}};
  list.is_default = true;
  return list;
}

Command ConnectorsStatusCommand() {
  return Base(
      "status", "Show how a connector and each of its workers does",
      "States as in Kafka Connect: RUNNING, PAUSED, FAILED, UNASSIGNED. Exit code 1 when FAILED.",
      RunStatus);
}

Command ConnectorsValidateCommand() {
  return Base("validate", "Try a connector's settings",
              "A task does it; when it completes, the connector may be activated.", RunValidate,
              true);
}

Command ConnectorsActivateCommand() {
  return Base("activate", "Begin to read, once the settings were tried", "", RunActivate, true);
}

Command ConnectorsPauseCommand() {
  return Base("pause", "Stop reading until it is resumed", "", RunPause, true);
}

Command ConnectorsResumeCommand() {
  return Base("resume", "Go on with paused connectors, or those in error", "", RunResume, true);
}

Command ConnectorsRestartCommand() {
  return Base("restart", "Begin a connector anew, with new connections",
              "Of one that polls, a turn is due at once.", RunRestart, true);
}

Command ConnectorsLagCommand() {
  return Base("lag", "Show how far a connector is behind its source",
              "Of kafka connectors by partition, in messages; of http ones the time since the last "
              "turn.",
              RunLag);
}

Command ConnectorsErrorsCommand() {
  Command errors = Base("errors", "List what went wrong lately, newest first", "", RunErrors);
  errors.examples.emplace_back("tenon connectors errors catalogue --rejects");
  errors.options = {
      {"rejects", "", "what was refused instead: messages and items, with the reason"},
      {"limit", "N", "at most so many, up to 1000 (default 50)"}};
  return errors;
}

Command ConnectorsKeyCommand() {
  Command key =
      Base("key", "Make the key with which others push to an http connector",
           "Keys that it had before end at once, or after --overlap. It is shown once.", RunKey);
  key.examples.emplace_back("tenon connectors key catalogue --overlap 24h");
  key.options = {{"overlap", "DURATION", "how long earlier keys go on working"},
                 {"name", "TEXT", "what the key is called in tenon keys"}};
  return key;
}

}  // namespace tenon::cli

// tenon audit show, tenon audit export.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/diff.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

constexpr int kPageRows = 1000;

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? "" : Cell(*value);
}

// One member a line, so that a line of the difference is a field.
void AppendPretty(const json::value& value, int indent, std::string& out) {
  const std::string pad(static_cast<std::size_t>(indent) * 2, ' ');
  if (value.is_object() && !value.get_object().empty()) {
    out += "{\n";
    std::size_t left = value.get_object().size();
    for (const auto& member : value.get_object()) {
      out += pad + "  ";
      AppendJsonString(member.key(), out);
      out += ": ";
      AppendPretty(member.value(), indent + 1, out);
      out += --left > 0 ? ",\n" : "\n";
    }
    out += pad + "}";
  } else if (value.is_array() && !value.get_array().empty()) {
    out += "[\n";
    std::size_t left = value.get_array().size();
    for (const json::value& item : value.get_array()) {
      out += pad + "  ";
      AppendPretty(item, indent + 1, out);
      out += --left > 0 ? ",\n" : "\n";
    }
    out += pad + "]";
  } else {
    out += JsonText(value);
  }
}

std::string Pretty(const json::object& entry, std::string_view member) {
  const json::value* value = entry.if_contains(member);
  if (value == nullptr || value->is_null()) return "";
  std::string text;
  AppendPretty(*value, 0, text);
  return text + "\n";
}

Result<int> RunShow(Session& session, const Arguments& arguments) {
  Api* api = TRY(session.api());
  const json::value answer =
      TRY(api->Call("GET", Target("/v1/audits").Segment(arguments.Get("ID"))));
  if (session.format() != Format::kTable) {
    PrintValue(session, answer);
    return 0;
  }
  if (!answer.is_object()) return Fail(Code::kInternal, "the server's answer is not an object");
  const json::object& entry = answer.get_object();
  const auto line = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) session.out() << fmt::format("{:<8}{}\n", name, text);
  };
  std::string action = TextOf(entry, "action");
  if (const json::value* metadata = entry.if_contains("metadata");
      metadata != nullptr && metadata->is_object()) {
    const json::object& object = metadata->get_object();
    if (const std::string event = TextOf(object, "event"); !event.empty()) {
      action = fmt::format("{} ({} -> {})", event, TextOf(object, "from"), TextOf(object, "to"));
    }
  }
  line("what",
       fmt::format("{} {} {}", action, TextOf(entry, "entity_type"), TextOf(entry, "entity_id")));
  line("who", TextOf(entry, "user_id"));
  line("when", TextOf(entry, "timestamp"));
  line("from", TextOf(entry, "ip_address"));
  line("with", TextOf(entry, "user_agent"));
  const std::string difference =
      UnifiedDiff(Pretty(entry, "before_state"), Pretty(entry, "after_state"), session.out_style());
  session.out() << (difference.empty() ? "no state was logged, or it was erased\n" : difference);
  return 0;
}

// Where an export goes on: the file's one line. Empty: from the beginning.
Result<std::string> ReadState(const Session& session, const std::string& file) {
  if (!std::filesystem::exists(file)) return std::string();
  std::string text = TRY(session.ReadFile(file));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// Written aside and renamed, so that a crash leaves the old position or the new one.
Result<void> WriteState(const std::string& file, const std::string& position) {
  const std::string aside = file + ".tmp";
  std::ofstream out(aside, std::ios::binary | std::ios::trunc);
  out << position << "\n";
  out.close();
  std::error_code problem;
  if (out) std::filesystem::rename(aside, file, problem);
  if (!out || problem) return Fail(Code::kUnavailable, "cannot write " + file);
  return {};
}

Result<int> RunExport(Session& session, const Arguments& arguments) {
  const std::string state = arguments.Get("state");
  std::string position = arguments.Get("after");
  if (!state.empty()) {
    if (!position.empty()) {
      return Fail(Code::kInvalidArgument, "--state has a position of its own; leave out --after");
    }
    position = TRY(ReadState(session, state));
  }
  const std::string file = arguments.Get("file", "-");
  std::ofstream out;
  if (file != "-") {
    out.open(file, std::ios::binary | std::ios::app);
    if (!out) return Fail(Code::kUnavailable, "cannot write " + file);
  }
  std::ostream& to = file == "-" ? session.out() : out;
  Api* api = TRY(session.api());
  std::int64_t rows = 0;
  while (!session.Interrupted()) {
    Target target("/v1/changes");
    target.AddIf("after", position).Add("page_size", fmt::format("{}", kPageRows));
    target.AddIf("entity", arguments.Get("entity"));
    const json::value page = TRY(api->Call("GET", target));
    const json::object& answer = page.as_object();
    for (const json::value& item : answer.at("items").as_array()) {
      to << JsonText(item) << "\n";
      ++rows;
    }
    to.flush();
    if (!to) return Fail(Code::kUnavailable, "cannot write " + file);
    const std::string next(answer.at("next_position").as_string());
    const bool end = answer.at("items").as_array().empty() && next == position;
    position = next;
    // The rows are out before the position says so: cut off in between, some come twice.
    if (!state.empty()) TRY(WriteState(state, position));
    if (end) break;
  }
  session.Note(fmt::format("{} log rows; go on with --after {}", rows, position));
  return 0;
}

}  // namespace

Command AuditShowCommand() {
  return {.name = "audit show",
          .group = "Log",
          .summary = "Show one row of the log and what it changed",
          .details = "",
          .examples = {"tenon audit show ID"},
          .positionals = {{"ID", "id of the log row, as tenon audit list -o json gives it"}},
          .options = {},
          .run = RunShow};
}

Command AuditExportCommand() {
  return {.name = "audit export",
          .group = "Log",
          .summary = "Write the log as NDJSON, oldest first, for a SIEM",
          .details =
              "One change a line, as GET /v1/changes has it. With --state FILE the position is\n"
              "kept there, and the next run goes on after it: run it from cron. A run that was\n"
              "cut off may write its last rows again; their id tells.",
          .examples = {"tenon audit export --state siem.position --file audit.ndjson",
                       "tenon audit export --after POSITION --entity assets"},
          .positionals = {},
          .options =
              {{"state", "FILE", "file that keeps the position", "", false, {}, Completes::kFile},
               {"after", "POSITION", "only what came after it"},
               {"entity", "TABLE", "only of these tables, with commas"},
               {"file",
                "FILE",
                "file to append to (default: standard output)",
                "o",
                false,
                {},
                Completes::kFile}},
          .run = RunExport};
}

}  // namespace tenon::cli

#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/match.h"
#include "cli/progress.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? "" : Cell(*value);
}

Result<int> RunVerify(Session& session, const Arguments& arguments) {
  // Some 80,000 rows are verified in a second, and a log may have hundreds of millions.
  session.SetPatience(std::chrono::hours(12));
  Api* api = TRY(session.api());
  json::object body;
  if (arguments.Has("checkpoint")) {
    const std::string file = arguments.Get("checkpoint");
    const std::string text = TRY(session.ReadFile(file));
    Result<json::value> checkpoint = ParseJson(text);
    if (!checkpoint) return Fail(std::move(checkpoint).error().In(file));
    body["checkpoint"] = *std::move(checkpoint);
  }
  const json::value answer = TRY(api->Call("POST", Target("/v1/audit:verify"), json::value(body)));
  if (!answer.is_object()) return Fail(Code::kInternal, "the server's answer is not an object");
  const json::object& result = answer.get_object();
  const json::value* whole = result.if_contains("whole");
  const bool is_whole = whole != nullptr && whole->is_bool() && whole->get_bool();
  if (session.format() != Format::kTable) {
    PrintValue(session, answer);
    return is_whole ? 0 : 1;
  }
  const Style style = session.out_style();
  if (is_whole) {
    const json::value* rows = result.if_contains("rows");
    session.out() << style.Green("whole") << ": "
                  << (rows != nullptr && rows->is_int64() ? Grouped(rows->get_int64()) + " rows"
                                                          : std::string("every row"))
                  << " of the audit log verified\n";
    return 0;
  }
  const json::value* fault = result.if_contains("fault");
  const json::object& first = fault != nullptr && fault->is_object() ? fault->get_object() : result;
  session.out() << style.Red("broken") << ": " << TextOf(first, "what");
  if (const std::string id = TextOf(first, "audit_id"); !id.empty()) {
    session.out() << " (audit row " << id << ")";
  }
  session.out() << "\n";
  return 1;
}

// "24h" before now, or a time, as a time.
Result<std::string> WhenOf(Session& session, const Arguments& arguments, const char* option) {
  const std::string text = arguments.Get(option);
  const std::optional<Duration> ago = ParseShortDuration(text);
  const std::optional<Time> time =
      ago ? std::optional<Time>(session.environment().clock->Now() - *ago) : ParseTime(text);
  if (time) return FormatTime(*time);
  return Fail(Code::kInvalidArgument, fmt::format("--{} takes a duration such as 24h or a time "
                                                  "such as 2026-11-01T00:00:00Z, not '{}'",
                                                  option, text));
}

// What the filter of a list cannot ask: which fields were changed.
Result<int> RunQuestion(Session& session, const Arguments& arguments) {
  Target base("/v1/audit/entries");
  if (arguments.Has("entity")) {
    base.Add("table", TRY(session.Entity(arguments.Get("entity")))->table);
  }
  for (const char* name : {"id", "user", "action", "field", "address"}) {
    base.AddIf(name, arguments.Get(name));
  }
  if (arguments.Has("since")) base.Add("from", TRY(WhenOf(session, arguments, "since")));
  if (arguments.Has("until")) base.Add("to", TRY(WhenOf(session, arguments, "until")));
  const std::int64_t limit = TRY(arguments.Int("limit", 50, 1, 1'000'000'000));
  Api* api = TRY(session.api());
  RowPrinter printer(session, nullptr,
                     {"timestamp", "action", "entity_type", "entity_id", "user_id", "fields"});
  std::string token;
  do {
    const std::int64_t left = limit - static_cast<std::int64_t>(printer.count());
    Target target = base;
    target.Add("page_size", fmt::format("{}", std::min<std::int64_t>(left, 1000)));
    target.AddIf("page_token", token);
    json::value page = TRY(api->Call("GET", target));
    if (!page.is_object() || !page.get_object().contains("items")) break;
    for (json::value& item : page.at("items").as_array()) {
      std::string fields;
      for (const json::value& change : item.at("changes").as_array()) {
        fields += (fields.empty() ? "" : ", ") + std::string(change.at("path").as_string());
      }
      item.as_object()["fields"] = fields;
    }
    printer.Page(page.at("items").as_array());
    const json::value* next = page.get_object().if_contains("next_page_token");
    token = next != nullptr && next->is_string() ? std::string(next->get_string()) : "";
  } while (!token.empty() && static_cast<std::int64_t>(printer.count()) < limit &&
           !session.Interrupted());
  printer.End();
  return 0;
}

Result<int> RunList(Session& session, const Arguments& arguments) {
  if (arguments.Has("field") || arguments.Has("address") || arguments.Has("until")) {
    return RunQuestion(session, arguments);
  }
  std::vector<std::string> terms;
  if (arguments.Has("entity")) {
    const EntityInfo* entity = TRY(session.Entity(arguments.Get("entity")));
    terms.push_back("entity_type = " + Quoted(entity->log_name));
  }
  if (arguments.Has("id")) terms.push_back("entity_id = " + Quoted(arguments.Get("id")));
  if (arguments.Has("user")) terms.push_back("user_id = " + Quoted(arguments.Get("user")));
  if (arguments.Has("action")) terms.push_back("action = " + Quoted(arguments.Get("action")));
  if (arguments.Has("since")) {
    terms.push_back("timestamp >= " + Quoted(TRY(WhenOf(session, arguments, "since"))));
  }
  std::string filter;
  for (const std::string& term : terms) filter += (filter.empty() ? "" : " and ") + term;
  const std::int64_t limit = TRY(arguments.Int("limit", 50, 1, 1'000'000'000));
  Api* api = TRY(session.api());
  RowPrinter printer(session, nullptr,
                     {"timestamp", "action", "entity_type", "entity_id", "user_id", "ip_address"});
  std::string token;
  do {
    const std::int64_t left = limit - static_cast<std::int64_t>(printer.count());
    Target target("/v1/audits");
    target.AddIf("filter", filter).Add("order_by", "timestamp desc");
    target.Add("page_size", fmt::format("{}", std::min<std::int64_t>(left, 1000)));
    target.AddIf("page_token", token);
    const json::value page = TRY(api->Call("GET", target));
    if (!page.is_object() || !page.get_object().contains("items")) break;
    printer.Page(page.at("items").as_array());
    const json::value* next = page.get_object().if_contains("next_page_token");
    token = next != nullptr && next->is_string() ? std::string(next->get_string()) : "";
  } while (!token.empty() && static_cast<std::int64_t>(printer.count()) < limit &&
           !session.Interrupted());
  printer.End();
  return 0;
}

Result<int> RunCheckpoint(Session& session, const Arguments& arguments) {
  Api* api = TRY(session.api());
  const json::value answer = TRY(api->Call("GET", Target("/v1/audit/checkpoint")));
  const std::string text = JsonText(answer) + "\n";
  const std::string file = arguments.Get("file", "-");
  if (file == "-") {
    session.out() << text;
    return 0;
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return Fail(Code::kUnavailable, "cannot write " + file);
  session.Note("wrote " + file + "; keep it where nobody who can change the data can change it");
  return 0;
}

// Whether to go on: --yes, or a yes typed at the terminal.
Result<void> Confirm(Session& session, const Arguments& arguments, const std::string& question) {
  if (arguments.Has("yes")) return {};
  const Environment& environment = session.environment();
  if (!environment.in_terminal || environment.in == nullptr) {
    return Fail(Code::kInvalidArgument, "this cannot be undone: confirm it with --yes");
  }
  *environment.err << question << " This cannot be undone. Type yes to go on: " << std::flush;
  std::string answer;
  std::getline(*environment.in, answer);
  if (answer != "yes") return Fail(Code::kInvalidArgument, "nothing was erased");
  return {};
}

Result<int> RunErase(Session& session, const Arguments& arguments) {
  const EntityInfo* entity = TRY(session.Entity(arguments.Get("ENTITY")));
  const std::string id = arguments.Get("ID");
  TRY(Confirm(session, arguments,
              "Erase what the log says of " + entity->table + " " + id +
                  (arguments.Has("written") ? " and of all that this user wrote?" : "?")));
  json::object body{{"table", entity->table}, {"id", id}};
  if (arguments.Has("written")) body["written"] = true;
  if (arguments.Has("reason")) body["reason"] = arguments.Get("reason");
  session.SetPatience(std::chrono::hours(1));
  Api* api = TRY(session.api());
  const json::value answer = TRY(api->Call("POST", Target("/v1/audit:erase"), json::value(body)));
  if (session.format() != Format::kTable) {
    PrintValue(session, answer);
    return 0;
  }
  const json::value* rows = answer.is_object() ? answer.get_object().if_contains("rows") : nullptr;
  session.out() << (rows != nullptr && rows->is_int64() ? Grouped(rows->get_int64()) : "0")
                << " rows of the log lost their payload; tenon audit verify still holds\n";
  return 0;
}

}  // namespace

Command AuditEraseCommand() {
  return {
      .name = "audit erase",
      .group = "Log",
      .summary = "Erase what the log says of one row",
      .details =
          "The log rows stay and stay sealed, with who, when and what event; the states\n"
          "before and after, client addresses and user agents go, for good. The row itself is\n"
          "not touched: change or delete it first. Backups and archives keep what they have.",
      .examples = {"tenon audit erase assets ID --reason 'ticket 4711'",
                   "tenon audit erase users ID --written --yes"},
      .positionals = {{"ENTITY", "an entity, by name or table", true, false, Completes::kEntity},
                      {"ID", "key of the row; it may be gone already"}},
      .options = {{"written", "", "of a user: also the payloads of all rows that it wrote"},
                  {"reason", "TEXT", "kept in the log row that records the erasure"},
                  {"yes", "", "do not ask"}},
      .run = RunErase};
}

Command AuditVerifyCommand() {
  return {.name = "audit verify",
          .group = "Log",
          .summary = "Check that no audit row was altered, removed or reordered",
          .details =
              "Walks the chain of seals. With a checkpoint that was kept elsewhere, rows cut\n"
              "off the end are found too. Exits 1 when something is wrong.",
          .examples = {"tenon audit verify", "tenon audit verify --checkpoint audit-2026-11.json"},
          .positionals = {},
          .options = {{"checkpoint",
                       "FILE",
                       "what tenon audit checkpoint wrote",
                       "",
                       false,
                       {},
                       Completes::kFile}},
          .run = RunVerify};
}

Command AuditListCommand() {
  return {.name = "audit list",
          .group = "Log",
          .summary = "List who did what, the latest first",
          .details = "",
          .examples = {"tenon audit list --entity Asset --since 24h",
                       "tenon audit list --entity assets --field metadata.owner --until 7d",
                       "tenon audit list --user ID -o ndjson --limit 1000"},
          .positionals = {},
          .options =
              {{"entity", "ENTITY", "only rows of this entity", "", false, {}, Completes::kEntity},
               {"id", "ID", "only this row (its UUID)"},
               {"user", "ID", "only by this user"},
               {"action", "NAME", "CREATE, UPDATE, DELETE, RESTORE or an event"},
               {"field", "PATH", "only what changed this field: name, metadata.owner"},
               {"address", "IP", "only from this client address"},
               {"since", "WHEN", "a duration such as 24h, or a time"},
               {"until", "WHEN", "only before then"},
               {"limit", "N", "at most N rows (default 50)"}},
          .run = RunList};
}

Command AuditCheckpointCommand() {
  return {.name = "audit checkpoint",
          .group = "Log",
          .summary = "Write the present end of the audit chain, to be kept elsewhere",
          .details = "",
          .examples = {"tenon audit checkpoint -o audit-2026-11.json"},
          .positionals = {},
          .options = {{"file",
                       "FILE",
                       "file to write (default: standard output)",
                       "o",
                       false,
                       {},
                       Completes::kFile}},
          .run = RunCheckpoint};
}

}  // namespace tenon::cli

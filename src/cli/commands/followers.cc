#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <iostream>
#include <thread>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

Result<json::array> Ask(Session& session) {
  Api* api = TRY(session.api());
  const json::value answer = TRY(api->Call("GET", Target("/v1/followers")));
  const json::value* items =
      answer.is_object() ? answer.get_object().if_contains("items") : nullptr;
  if (items == nullptr || !items->is_array()) {
    return Fail(Code::kInternal, "the server's answer has no items");
  }
  return items->get_array();
}

Result<int> RunList(Session& session, const Arguments&) {
  const json::array rows = TRY(Ask(session));
  RowPrinter printer(
      session, nullptr,
      {"name", "state", "lag_rows", "lag_seconds", "position", "last_error", "description"}, true);
  printer.Page(rows);
  printer.End();
  return 0;
}

// The follower's row; null when the server has none of that name.
const json::object* Find(const json::array& rows, std::string_view name) {
  for (const json::value& row : rows) {
    if (!row.is_object()) continue;
    const json::value* known = row.get_object().if_contains("name");
    if (known != nullptr && known->is_string() && known->get_string() == name) {
      return &row.get_object();
    }
  }
  return nullptr;
}

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? "" : Cell(*value);
}

// Until the follower has rebuilt and caught up, or fails.
Result<int> Wait(Session& session, const std::string& name) {
  for (std::string shown; !session.Interrupted();) {
    const json::array rows = TRY(Ask(session));
    const json::object* row = Find(rows, name);
    if (row == nullptr) return Fail(Code::kNotFound, "the follower " + name + " is gone");
    const std::string state = TextOf(*row, "state");
    if (state == "failing") {
      return Fail(Code::kUnavailable, name + " failed: " + TextOf(*row, "last_error"));
    }
    if (state != "rebuilding") {
      session.Note(name + " is built");
      return 0;
    }
    std::string text = TextOf(*row, "rebuild_done") + " of " + TextOf(*row, "rebuild_total");
    if (text != shown && session.environment().err_terminal) session.Note(text);
    shown = std::move(text);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return 0;
}

Result<int> RunReindex(Session& session, const Arguments& arguments) {
  const std::string name = arguments.Get("NAME");
  Api* api = TRY(session.api());
  session.SetPatience(std::chrono::hours(1));
  TRY(api->Call("POST", Target("/v1/followers:reindex"),
                json::value(json::object{{"name", name}})));
  if (arguments.Has("no-wait")) {
    session.Note(name + " is being built anew; tenon followers tells how far it is");
    return 0;
  }
  return Wait(session, name);
}

}  // namespace

Command FollowersCommand() {
  return {.name = "followers",
          .group = "Log",
          .summary = "Show who follows the log, and how far each has come",
          .details = "",
          .examples = {"tenon followers", "tenon followers -o json"},
          .positionals = {},
          .options = {},
          .run = RunList};
}

Command ReindexCommand() {
  return {.name = "reindex",
          .group = "Log",
          .summary = "Build an index anew from the tables",
          .details =
              "Nothing is lost by it: indexes are made from the tables. The server goes on\n"
              "answering meanwhile, search from the old index.",
          .examples = {"tenon reindex search", "tenon reindex graph"},
          .positionals = {{"NAME", "graph or search; tenon followers lists them"}},
          .options = {{"no-wait", "", "do not wait until it is done"}},
          .run = RunReindex};
}

}  // namespace tenon::cli

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <iostream>

#include "cli/commands.h"
#include "cli/rows.h"
#include "cli/table.h"

namespace tenon::cli {
namespace {

constexpr std::size_t kValueColumnsMax = 60;

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? "" : Cell(*value);
}

std::string Short(const json::object& change, std::string_view name) {
  const json::value* value = change.if_contains(name);
  if (value == nullptr) return "-";
  return CutToWidth(Printable(Cell(*value)), kValueColumnsMax);
}

// What was done: an event goes by its own name.
std::string Action(const json::object& entry) {
  const std::string event = TextOf(entry, "event");
  return event.empty() ? TextOf(entry, "action") : event;
}

bool IsNull(const json::object& change, std::string_view name) {
  const json::value* value = change.if_contains(name);
  return value == nullptr || value->is_null();
}

void PrintEntry(Session& session, const json::object& entry) {
  const Style style = session.out_style();
  session.out() << style.Dim(TextOf(entry, "timestamp")) << "  " << style.Bold(Action(entry));
  if (const std::string user = TextOf(entry, "user_id"); !user.empty()) {
    session.out() << "  by " << user;
  }
  session.out() << "\n";
  const json::value* transition = entry.if_contains("transition");
  if (transition != nullptr && transition->is_object()) {
    const json::object& move = transition->get_object();
    const std::string from = TextOf(move, "from");
    const std::string to = TextOf(move, "to");
    session.out() << "    " << from << " -> " << style.Cyan(to) << "\n";
  }
  const json::value* changes = entry.if_contains("changes");
  if (changes == nullptr || !changes->is_array()) return;
  for (const json::value& item : changes->get_array()) {
    if (!item.is_object()) continue;
    const json::object& change = item.get_object();
    // What is null on both sides was not touched: a new row lists every field.
    if (IsNull(change, "before") && IsNull(change, "after")) continue;
    session.out() << "    " << TextOf(change, "path") << ": ";
    if (change.contains("before")) {
      session.out() << style.Red(Short(change, "before")) << " -> ";
    }
    session.out() << style.Green(Short(change, "after")) << "\n";
  }
}

Result<int> Run(Session& session, const Arguments& arguments) {
  const EntityInfo* entity = TRY(session.Entity(arguments.Get("ENTITY")));
  const std::int64_t limit = TRY(arguments.Int("limit", 50, 1, 1'000'000));
  Api* api = TRY(session.api());
  RowPrinter printer(session, nullptr, {});
  std::string token;
  std::int64_t shown = 0;
  do {
    Target target("/v1");
    target.Segment(entity->table).Segment(arguments.Get("ID")).Text("/history");
    target.Add("page_size", fmt::format("{}", std::min<std::int64_t>(limit - shown, 1000)));
    target.AddIf("page_token", token);
    const json::value page = TRY(api->Call("GET", target));
    if (!page.is_object()) return Fail(Code::kInternal, "the server's page is not an object");
    const json::value* items = page.get_object().if_contains("items");
    if (items == nullptr || !items->is_array()) break;
    shown += static_cast<std::int64_t>(items->get_array().size());
    if (session.format() != Format::kTable) {
      printer.Page(items->get_array());
    } else {
      for (const json::value& item : items->get_array()) {
        if (item.is_object()) PrintEntry(session, item.get_object());
      }
    }
    const json::value* next = page.get_object().if_contains("next_page_token");
    token = next != nullptr && next->is_string() ? std::string(next->get_string()) : "";
  } while (!token.empty() && shown < limit && !session.Interrupted());
  printer.End();
  return 0;
}

}  // namespace

Command HistoryCommand() {
  return {
      .name = "history",
      .group = "Rows",
      .summary = "Show what happened to a row: every change, by whom, field by field",
      .details = "",
      .examples = {"tenon history assets ID", "tenon history deployments ID -o json"},
      .positionals = {{"ENTITY", "an entity, by name or table", true, false, Completes::kEntity},
                      {"ID", "key of the row"}},
      .options = {{"limit", "N", "at most N entries (default 50)"}},
      .run = Run};
}

}  // namespace tenon::cli

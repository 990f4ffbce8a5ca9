#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/commands/write.h"

namespace tenon::cli {
namespace {

Result<std::string> EventOf(const EntityInfo& entity, const std::string& word) {
  std::vector<std::string_view> names;
  for (const EventInfo& event : entity.events) names.emplace_back(event.name);
  if (!entity.soft_delete.empty()) names.emplace_back("restore");
  if (std::ranges::find(names, word) != names.end()) return word;
  const std::string_view nearest = Nearest(word, names);
  std::string all;
  for (std::string_view name : names) {
    if (all.find(name) == std::string::npos) all += (all.empty() ? "" : ", ") + std::string(name);
  }
  return Fail(Code::kNotFound,
              fmt::format("{} has no event '{}'; {}", entity.name, word,
                          !nearest.empty() ? fmt::format("did you mean {}?", nearest)
                          : all.empty()    ? "it has none at all"
                                           : "it has " + all));
}

Result<int> Run(Session& session, const Arguments& arguments) {
  const EntityInfo* entity = TRY(session.Entity(arguments.Get("ENTITY")));
  const std::string event = TRY(EventOf(*entity, arguments.Get("EVENT")));
  // Many events take nothing, so standard input is read only when -f - asks for it.
  const json::object body = TRY(ReadBody(session, *entity, arguments, false));
  Api* api = TRY(session.api());
  Target target("/v1");
  target.Segment(entity->table).Segment(arguments.Get("ID")).Text(":" + event);
  const json::value row = TRY(api->Call("POST", target, json::value(body), IfMatch(arguments)));
  std::string done = event + " done";
  if (row.is_object() && !entity->lifecycle.empty()) {
    const json::value* state = row.get_object().if_contains(entity->lifecycle);
    if (state != nullptr && state->is_string()) {
      done += fmt::format(": {} is {}", entity->lifecycle, std::string_view(state->get_string()));
    }
  }
  PrintWritten(session, *entity, row, done);
  return 0;
}

}  // namespace

Command DoCommand() {
  return {
      .name = "do",
      .group = "Rows",
      .summary = "Take an event of a row's lifecycle",
      .details =
          "The words are what the event takes; tenon models ENTITY lists the events.\n"
          "A soft-deleted row comes back with the event restore.",
      .examples = {"tenon do workflow_executions ID start",
                   "tenon do workflow_executions ID fail error_message='out of disk'",
                   "tenon do assets ID restore"},
      .positionals = {{"ENTITY", "an entity, by name or table", true, false, Completes::kEntity},
                      {"ID", "key of the row"},
                      {"EVENT", "the event"},
                      {"NAME=VALUE", "what the event takes", false, true}},
      .options = {FileOption(), IfMatchOption()},
      .run = Run};
}

}  // namespace tenon::cli

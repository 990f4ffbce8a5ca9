#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/rows.h"
#include "cli/sse.h"
#include "cli/table.h"

namespace tenon::cli {
namespace {

// A stream that was cut (a restart, a proxy) is taken up again this often before giving up.
constexpr int kRetriesMax = 10;
constexpr std::chrono::milliseconds kRetryFirst{250};
constexpr std::chrono::milliseconds kRetryLast{10'000};
constexpr std::size_t kChangedNamesMax = 6;

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// Names of the fields in which before and after differ, the engine's stamps left out.
std::string Changed(const json::object& change) {
  const json::value* before = change.if_contains("before");
  const json::value* after = change.if_contains("after");
  if (after == nullptr || !after->is_object()) return "";
  const bool fresh = before == nullptr || !before->is_object();
  std::string names;
  std::size_t count = 0;
  for (const auto& member : after->get_object()) {
    if (member.key() == "updated_at" || member.key() == "version") continue;
    if (fresh) {
      // Of a new row, what it is called says most.
      if (member.key() != "name" && member.key() != "qualified_name") continue;
    } else {
      const json::value* was = before->get_object().if_contains(member.key());
      if (was != nullptr && *was == member.value()) continue;
    }
    if (++count > kChangedNamesMax) continue;
    names += (names.empty() ? "" : ", ") + std::string(member.key()) + "=" +
             CutToWidth(Printable(Cell(member.value())), 40);
  }
  if (count > kChangedNamesMax) names += fmt::format(", and {} more", count - kChangedNamesMax);
  return names;
}

void PrintChange(Session& session, const json::value& event) {
  std::ostream& out = session.out();
  if (session.format() != Format::kTable) {
    // One change a line whatever the format, so that a program can read it as it comes.
    out << JsonText(event) << "\n" << std::flush;
    return;
  }
  if (!event.is_object()) return;
  const json::object& outer = event.get_object();
  const json::value* data = outer.if_contains("data");
  const json::object& change = data != nullptr && data->is_object() ? data->get_object() : outer;
  const Style style = session.out_style();
  std::string action = TextOf(change, "action");
  const json::value* metadata = change.if_contains("metadata");
  if (action == "EVENT" && metadata != nullptr && metadata->is_object()) {
    const std::string event = TextOf(metadata->get_object(), "event");
    if (!event.empty()) action = event;
  }
  const std::string painted = action == "CREATE"   ? style.Green(action)
                              : action == "DELETE" ? style.Red(action)
                                                   : style.Yellow(action);
  out << style.Dim(Cell(json::value(TextOf(change, "time")))) << "  " << TextOf(change, "entity")
      << " " << TextOf(change, "key") << "  " << painted;
  if (const std::string names = Changed(change); !names.empty()) out << "  " << names;
  out << "\n" << std::flush;
}

struct Watch {
  Session& session;
  Target target;
  std::int64_t limit;  // 0: none
  std::int64_t seen = 0;
  bool enough = false;
};

// One connection, until it ends.
Result<void> Once(Watch& watch, Api& api, SseReader& reader) {
  http::Headers headers;
  headers.Set("Accept", "text/event-stream");
  if (!reader.last_id().empty()) headers.Set("Last-Event-ID", reader.last_id());
  return api.Stream(watch.target, headers, [&](std::string_view piece) {
    const bool more = reader.Take(piece, [&](const SseEvent& event) {
      if (Result<json::value> value = ParseJson(event.data); value) {
        PrintChange(watch.session, *value);
        ++watch.seen;
      }
      watch.enough = watch.limit > 0 && watch.seen >= watch.limit;
      return !watch.enough;
    });
    return more && !watch.session.Interrupted();
  });
}

Result<int> Run(Session& session, const Arguments& arguments) {
  Target target("/v1/changes");
  if (arguments.Has("ENTITY")) {
    std::string tables;
    for (const std::string& word : arguments.All("ENTITY")) {
      const EntityInfo* entity = TRY(session.Entity(word));
      tables += (tables.empty() ? "" : ",") + entity->table;
    }
    target.Add("entity", tables);
  }
  target.AddIf("filter", arguments.Get("filter"));
  const std::string from = arguments.Get("from", "now");
  if (from != "beginning") target.Add("after", from);
  Watch watch{session, target, TRY(arguments.Int("limit", 0, 1, INT64_MAX))};
  Api* api = TRY(session.api());
  SseReader reader;
  int failures = 0;
  while (!watch.enough && !session.Interrupted()) {
    const std::int64_t before = watch.seen;
    const Result<void> ended = Once(watch, *api, reader);
    if (watch.enough || session.Interrupted()) break;
    if (watch.seen > before) failures = 0;
    const bool may_retry = !ended ? ended.error().code == Code::kUnavailable : true;
    // Before the first event an error is most likely the user's: a wrong URL, no server.
    if (!ended && (!may_retry || (reader.last_id().empty() && failures == 0 && watch.seen == 0))) {
      return Fail(ended.error());
    }
    if (++failures > kRetriesMax) {
      return Fail(ended ? Error(Code::kUnavailable, "the server keeps closing the stream")
                        : ended.error());
    }
    std::this_thread::sleep_for(std::min(kRetryLast, kRetryFirst * (1 << std::min(failures, 6))));
    if (session.verbose()) session.Note("the stream ended; taking it up again");
  }
  return 0;
}

}  // namespace

Command WatchCommand() {
  return {.name = "watch",
          .group = "Log",
          .summary = "Follow changes as they happen, one a line",
          .details =
              "Every write is one line. A cut stream is taken up where it ended; no change is\n"
              "missed or shown twice. With -o json each line is the CloudEvent.",
          .examples = {"tenon watch", "tenon watch assets --filter 'type = \"TABLE\"'",
                       "tenon watch deployments --from beginning -o json"},
          .positionals = {{"ENTITY", "only these", false, true, Completes::kEntity}},
          .options = {{"filter", "EXPR", "only changes for which this holds; needs one ENTITY"},
                      {"from", "POSITION", "now (default), beginning, or a position's token"},
                      {"limit", "N", "end after N changes"}},
          .run = Run};
}

}  // namespace tenon::cli

// tenon tenants erase.
#include <fmt/format.h>

#include <iostream>

#include "cli/commands.h"
#include "cli/match.h"
#include "cli/progress.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

// The tenant's id by its slug, or as given.
Result<std::string> IdOf(Api& api, const std::string& name) {
  if (Uuid::Parse(name)) return name;
  Target target("/v1/tenants");
  target.Add("filter", "slug = " + Quoted(name)).Add("tenant", "*");
  const json::value page = TRY(api.Call("GET", target));
  const json::array& items = page.at("items").as_array();
  if (items.empty()) return Fail(Code::kNotFound, "there is no tenant " + name);
  return std::string(items[0].at("id").as_string());
}

Result<void> Confirm(Session& session, const Arguments& arguments, const std::string& name) {
  if (arguments.Has("yes")) return {};
  const Environment& environment = session.environment();
  if (!environment.in_terminal || environment.in == nullptr) {
    return Fail(Code::kInvalidArgument, "this cannot be undone: confirm it with --yes");
  }
  *environment.err << "Erase the tenant " << name
                   << " with all its rows? This cannot be undone. Type its name to go on: "
                   << std::flush;
  std::string answer;
  std::getline(*environment.in, answer);
  if (answer != name) return Fail(Code::kInvalidArgument, "nothing was erased");
  return {};
}

Result<int> Run(Session& session, const Arguments& arguments) {
  const std::string name = arguments.Get("TENANT");
  Api* api = TRY(session.api());
  const std::string id = TRY(IdOf(*api, name));
  TRY(Confirm(session, arguments, name));
  session.SetPatience(std::chrono::hours(12));
  json::object body;
  if (arguments.Has("reason")) body["reason"] = arguments.Get("reason");
  const json::value answer =
      TRY(api->Call("POST", Target("/v1/tenants").Segment(id).Text(":erase"), json::value(body)));
  if (session.format() != Format::kTable) {
    PrintValue(session, answer);
    return 0;
  }
  session.out() << Grouped(answer.at("rows").as_int64()) << " rows erased, "
                << Grouped(answer.at("log_rows").as_int64())
                << " rows of the log lost their payload; tenon audit verify still holds\n";
  return 0;
}

}  // namespace

Command TenantsEraseCommand() {
  return {.name = "tenants erase",
          .group = "Log",
          .summary = "Erase a closed tenant: its rows, names and the log's payloads",
          .details =
              "Export it first with tenon export --all --tenant SLUG, close it with\n"
              "tenon --tenant SLUG do tenants ID close. Log rows stay and stay sealed, with when\n"
              "and what kind of change; users stay as rows without a name, as the log refers to\n"
              "them. Cut off in the middle, run it again. Backups and archives keep what they\n"
              "have.",
          .examples = {"tenon tenants erase acme --reason 'contract ended' --yes"},
          .positionals = {{"TENANT", "its slug or id"}},
          .options = {{"reason", "TEXT", "kept in the log row that records the erasure"},
                      {"yes", "", "do not ask"}},
          .run = Run};
}

}  // namespace tenon::cli

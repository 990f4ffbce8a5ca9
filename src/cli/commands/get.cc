#include "cli/commands.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

Result<int> Run(Session& session, const Arguments& arguments) {
  const EntityInfo* entity = TRY(session.Entity(arguments.Get("ENTITY")));
  Api* api = TRY(session.api());
  for (const std::string& id : arguments.All("ID")) {
    Target target("/v1");
    target.Segment(entity->table).Segment(id);
    target.AddIf("fields", arguments.Get("fields"));
    target.AddIf("expand", arguments.Get("expand"));
    target.AddIf("as_of", arguments.Get("as-of"));
    if (arguments.Has("deleted")) target.Add("deleted", "true");
    const json::value row = TRY(api->Call("GET", target));
    if (!row.is_object()) return Fail(Code::kInternal, "the server's row is not an object");
    PrintRow(session, row.get_object());
  }
  return 0;
}

}  // namespace

Command GetCommand() {
  return {
      .name = "get",
      .group = "Rows",
      .summary = "Show one row",
      .details = "",
      .examples = {"tenon get assets 0190a3c4-7b1e-7c3a-9d55-2f1c7f0e4a11",
                   "tenon get assets ID --as-of 2026-11-01T00:00:00Z -o json"},
      .positionals = {{"ENTITY", "an entity, by name or table", true, false, Completes::kEntity},
                      {"ID", "key of the row; parts of a composite key joined by ~", true, true}},
      .options = {{"fields", "NAMES", "only these fields"},
                  {"expand", "NAMES", "rows that these references point to, inside the row"},
                  {"as-of", "TIME", "as it was at that time (RFC 3339)"},
                  {"deleted", "", "also when it is soft-deleted"}},
      .run = Run};
}

}  // namespace tenon::cli

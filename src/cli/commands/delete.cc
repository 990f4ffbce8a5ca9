#include "cli/commands.h"
#include "cli/commands/write.h"

namespace tenon::cli {
namespace {

Result<int> Run(Session& session, const Arguments& arguments) {
  const EntityInfo* entity = TRY(session.Entity(arguments.Get("ENTITY")));
  Api* api = TRY(session.api());
  for (const std::string& id : arguments.All("ID")) {
    Target target("/v1");
    target.Segment(entity->table).Segment(id);
    TRY(api->Call("DELETE", target, std::string_view(), IfMatch(arguments)));
    session.Note(entity->name + " " + id + " deleted" +
                 (entity->soft_delete.empty()
                      ? ""
                      : "; back with: tenon do " + entity->table + " " + id + " restore"));
  }
  return 0;
}

}  // namespace

Command DeleteCommand() {
  return {
      .name = "delete",
      .group = "Rows",
      .summary = "Delete rows",
      .details = "Where the model says so the row is only marked, and can be restored.",
      .examples = {"tenon delete assets ID"},
      .positionals = {{"ENTITY", "an entity, by name or table", true, false, Completes::kEntity},
                      {"ID", "keys of rows", true, true}},
      .options = {IfMatchOption()},
      .run = Run};
}

}  // namespace tenon::cli

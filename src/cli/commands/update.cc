#include "cli/commands.h"
#include "cli/commands/write.h"

namespace tenon::cli {
namespace {

Result<int> Run(Session& session, const Arguments& arguments) {
  const EntityInfo* entity = TRY(session.Entity(arguments.Get("ENTITY")));
  const json::object body = TRY(ReadBody(session, *entity, arguments, true));
  if (body.empty()) {
    return Fail(Code::kInvalidArgument, "there is nothing to change; give NAME=VALUE words");
  }
  Api* api = TRY(session.api());
  Target target("/v1");
  target.Segment(entity->table).Segment(arguments.Get("ID"));
  http::Headers headers = IfMatch(arguments);
  headers.Set("Content-Type", "application/merge-patch+json");
  const json::value row = TRY(api->Call("PATCH", target, json::value(body), headers));
  PrintWritten(session, *entity, row, "updated");
  return 0;
}

}  // namespace

Command UpdateCommand() {
  return {
      .name = "update",
      .group = "Rows",
      .summary = "Change fields of a row",
      .details =
          "Fields that are not named stay as they are; inside JSON fields, members that\n"
          "are not named stay too (merge patch), and null removes one.",
      .examples = {"tenon update assets ID description='All orders' metadata.owner=sales",
                   "tenon update assets ID metadata.owner:=null --if-match 3"},
      .positionals = {{"ENTITY", "an entity, by name or table", true, false, Completes::kEntity},
                      {"ID", "key of the row"},
                      {"NAME=VALUE", "fields", false, true}},
      .options = {FileOption(), IfMatchOption()},
      .run = Run};
}

}  // namespace tenon::cli

#include "cli/commands.h"
#include "cli/commands/write.h"

namespace tenon::cli {
namespace {

Result<int> Run(Session& session, const Arguments& arguments) {
  const EntityInfo* entity = TRY(session.Entity(arguments.Get("ENTITY")));
  const json::object body = TRY(ReadBody(session, *entity, arguments, true));
  Api* api = TRY(session.api());
  Target target("/v1");
  target.Segment(entity->table);
  const json::value row = TRY(api->Call("POST", target, json::value(body)));
  PrintWritten(session, *entity, row, "created");
  return 0;
}

}  // namespace

Command CreateCommand() {
  return {
      .name = "create",
      .group = "Rows",
      .summary = "Create a row",
      .details =
          "The fields are words, a file, or an object on standard input;\n"
          "tenon help fields says how words are read. Prints the new row's key.",
      .examples = {"tenon create assets type=TABLE name=orders qualified_name=shop.orders",
                   "tenon create deployments -f deployment.yaml system_slug=nightly",
                   "echo '{\"name\": \"pii\", \"category\": \"Sensitive\"}' | tenon create tags"},
      .positionals = {{"ENTITY", "an entity, by name or table", true, false, Completes::kEntity},
                      {"NAME=VALUE", "fields", false, true}},
      .options = {FileOption()},
      .run = Run};
}

}  // namespace tenon::cli

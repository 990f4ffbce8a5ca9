#include <boost/json/array.hpp>

#include "cli/commands.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

Result<int> Run(Session& session, const Arguments&) {
  if (!session.environment().show_config) {
    return Fail(Code::kUnavailable, "this build has no configuration");
  }
  json::array rows;
  for (const SettingRow& row : TRY(session.environment().show_config(session.settings()))) {
    rows.push_back(json::object{{"key", row.key}, {"value", row.value}, {"source", row.source}});
  }
  RowPrinter printer(session, nullptr, {"key", "value", "source"});
  printer.Page(rows);
  printer.End();
  return 0;
}

}  // namespace

Command ConfigCommand() {
  return {.name = "config",
          .group = "Server",
          .summary = "Show every setting in force and where it comes from",
          .details = "Secrets are shown as ****. An unknown key in tenon.toml is an error.",
          .examples = {"tenon config", "tenon config --config /etc/tenon/tenon.toml -o json"},
          .positionals = {},
          .options = {},
          .run = Run};
}

}  // namespace tenon::cli

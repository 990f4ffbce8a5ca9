#include <boost/json/array.hpp>

#include "cli/commands.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

Result<int> ListViews(Session& session) {
  const Catalog* catalog = TRY(session.catalog());
  json::array rows;
  for (const ViewInfo& view : catalog->views) {
    std::string parameters;
    for (const auto& [name, type] : view.parameters) {
      parameters += (parameters.empty() ? "" : ", ") + name + " " + type;
    }
    rows.push_back(json::object{
        {"view", view.name}, {"parameters", parameters}, {"description", view.description}});
  }
  RowPrinter printer(session, nullptr, {"view", "parameters", "description"});
  printer.Page(rows);
  printer.End();
  return 0;
}

Result<int> Run(Session& session, const Arguments& arguments) {
  if (!arguments.Has("NAME")) return ListViews(session);
  const Catalog* catalog = TRY(session.catalog());
  const ViewInfo* view = TRY(catalog->View(arguments.Get("NAME")));
  Target target("/v1/views");
  target.Segment(view->name);
  for (const std::string& word : arguments.All("PARAM=VALUE")) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      return Fail(Code::kInvalidArgument, "'" + word + "' is not PARAM=VALUE");
    }
    target.Add(word.substr(0, equals), word.substr(equals + 1));
  }
  Api* api = TRY(session.api());
  const json::value page = TRY(api->Call("GET", target));
  const json::value* items = page.is_object() ? page.get_object().if_contains("items") : nullptr;
  if (items == nullptr || !items->is_array()) {
    return Fail(Code::kInternal, "the server's answer has no items");
  }
  RowPrinter printer(session, nullptr, {});
  printer.Page(items->get_array());
  printer.End();
  if (printer.count() == 0 && session.format() == Format::kTable) session.Note("no rows");
  return 0;
}

}  // namespace

Command ViewCommand() {
  return {
      .name = "view",
      .group = "Rows",
      .summary = "Show a view of the models, or list them",
      .details = "",
      .examples = {"tenon view", "tenon view recent_failed_workflows",
                   "tenon view workflow_status run=0190a3c4-7b1e-7c3a-9d55-2f1c7f0e4a11"},
      .positionals = {{"NAME", "the view", false}, {"PARAM=VALUE", "its parameters", false, true}},
      .options = {},
      .run = Run};
}

}  // namespace tenon::cli

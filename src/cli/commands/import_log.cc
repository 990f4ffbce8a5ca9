// tenon import log: what a job said, and what it rejected.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <iostream>

#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/rows.h"
#include "cli/table.h"

namespace tenon::cli {
namespace {

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

void PrintLine(Session& session, const json::object& line) {
  if (session.format() != Format::kTable) {
    session.out() << JsonText(line) << "\n";
    return;
  }
  const Style style = session.out_style();
  const std::string where = TextOf(line, "where");
  std::string text = TextOf(line, "message");
  if (text.empty()) text = TextOf(line, "reason");
  const std::string level = TextOf(line, "level");
  session.out() << style.Dim(Cell(json::value(TextOf(line, "at")))) << "  ";
  if (!level.empty()) {
    session.out() << (level == "error"  ? style.Red(level)
                      : level == "warn" ? style.Yellow(level)
                                        : level)
                  << "  ";
  }
  if (!where.empty()) session.out() << Printable(where) << ": ";
  session.out() << Printable(text) << "\n";
}

Result<int> Run(Session& session, const Arguments& arguments) {
  Api* api = TRY(session.api());
  const std::string list = arguments.Has("rejects") ? "/rejects" : "/log";
  std::int64_t after = 0;
  while (!session.Interrupted()) {
    Target target("/v1/migration_jobs");
    target.Segment(arguments.Get("JOB")).Text(list).Add("after", std::to_string(after));
    const json::value page = TRY(api->Call("GET", target));
    const json::value* items = page.is_object() ? page.get_object().if_contains("items") : nullptr;
    if (items == nullptr || !items->is_array()) break;
    for (const json::value& item : items->get_array()) {
      if (item.is_object()) PrintLine(session, item.get_object());
    }
    const json::value* next = page.get_object().if_contains("next");
    if (next == nullptr || !next->is_int64() || next->get_int64() <= after) break;
    after = next->get_int64();
  }
  return 0;
}

}  // namespace

Command ImportLogCommand() {
  return {.name = "import log",
          .group = "Data",
          .summary = "Show what an import that ran in the server said, or rejected",
          .details = "Kept for 30 days after the job.",
          .examples = {"tenon import log 01H5C3S5J5Z8G0V3M7Y5K6Q9R2",
                       "tenon import log 01H5C3S5J5Z8G0V3M7Y5K6Q9R2 --rejects -o ndjson"},
          .positionals = {{"JOB", "id of the job"}},
          .options = {{"rejects", "", "the rejected rows, with place and reason"}},
          .run = Run};
}

}  // namespace tenon::cli

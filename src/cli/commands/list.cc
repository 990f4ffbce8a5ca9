#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value_to.hpp>
#include <iostream>

#include "base/limits.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

constexpr std::int64_t kLimitDefault = limits::kPageSizeDefault;

std::vector<std::string> SplitNames(const std::string& text) {
  std::vector<std::string> names;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    std::string name = text.substr(start, comma - start);
    while (name.starts_with(' ')) name.erase(0, 1);
    while (name.ends_with(' ')) name.pop_back();
    if (!name.empty()) names.push_back(std::move(name));
    start = comma + 1;
  }
  return names;
}

Target PageTarget(const EntityInfo& entity, const Arguments& arguments, std::int64_t page_size,
                  const std::string& token, bool count) {
  Target target("/v1");
  target.Segment(entity.table);
  target.AddIf("filter", arguments.Get("filter"));
  target.AddIf("order_by", arguments.Get("order-by"));
  target.AddIf("fields", arguments.Get("fields"));
  target.AddIf("expand", arguments.Get("expand"));
  target.Add("page_size", fmt::format("{}", page_size));
  target.AddIf("page_token", token);
  if (count) target.Add("count", "true");
  if (arguments.Has("deleted")) target.Add("deleted", "true");
  return target;
}

std::string TextAt(const json::value& page, std::string_view name) {
  const json::value* value = page.is_object() ? page.get_object().if_contains(name) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

Result<int> CountOnly(Session& session, const EntityInfo& entity, const Arguments& arguments) {
  Api* api = TRY(session.api());
  const json::value page = TRY(api->Call("GET", PageTarget(entity, arguments, 1, "", true)));
  const json::value* total = page.is_object() ? page.get_object().if_contains("total") : nullptr;
  if (total == nullptr) return Fail(Code::kInternal, "the server did not say how many there are");
  session.out() << json::value_to<std::int64_t>(*total) << "\n";
  return 0;
}

Result<int> Run(Session& session, const Arguments& arguments) {
  const EntityInfo* entity = TRY(session.Entity(arguments.Get("ENTITY")));
  if (arguments.Has("count")) return CountOnly(session, *entity, arguments);
  const bool all = arguments.Has("all");
  const std::int64_t limit =
      all ? INT64_MAX : TRY(arguments.Int("limit", kLimitDefault, 1, 1'000'000'000));
  Api* api = TRY(session.api());
  std::vector<std::string> columns = SplitNames(arguments.Get("fields"));
  const bool chosen = !columns.empty();
  if (!chosen) {
    columns = DefaultColumns(*entity);
    for (const std::string& name : SplitNames(arguments.Get("expand"))) columns.push_back(name);
  }
  RowPrinter printer(session, entity, columns, !chosen);
  std::string token = arguments.Get("page-token");
  while (true) {
    const std::int64_t left = limit - static_cast<std::int64_t>(printer.count());
    const std::int64_t size = std::min<std::int64_t>(left, limits::kPageSizeMax);
    const json::value page =
        TRY(api->Call("GET", PageTarget(*entity, arguments, size, token, false)));
    const json::value* items = page.is_object() ? page.get_object().if_contains("items") : nullptr;
    if (items == nullptr || !items->is_array()) {
      return Fail(Code::kInternal, "the server's page has no items");
    }
    printer.Page(items->get_array());
    token = TextAt(page, "next_page_token");
    if (token.empty() || static_cast<std::int64_t>(printer.count()) >= limit ||
        session.Interrupted()) {
      break;
    }
  }
  printer.End();
  if (session.format() == Format::kTable && !token.empty()) {
    session.Note(fmt::format("{} shown, there are more: --all, --limit N or --page-token {}",
                             Grouped(static_cast<std::int64_t>(printer.count())), token));
  } else if (printer.count() == 0 && session.format() == Format::kTable) {
    session.Note("no rows");
  }
  return 0;
}

}  // namespace

Command ListCommand() {
  return {
      .name = "list",
      .group = "Rows",
      .summary = "List the rows of an entity",
      .details = "",
      .examples = {"tenon list assets", "tenon list assets --filter 'type = PACKAGE' --all",
                   "tenon list assets --order-by 'name desc' --fields name,type --limit 10",
                   "tenon list assets --filter 'name like \"lib%\"' --count"},
      .positionals = {{"ENTITY", "an entity, by name or table", true, false, Completes::kEntity}},
      .options = {{"filter", "EXPR", "only rows for which this holds; tenon help filters"},
                  {"order-by", "FIELDS", "fields with asc or desc"},
                  {"fields", "NAMES", "only these fields, in this order"},
                  {"expand", "NAMES", "rows that these references point to, inside each row"},
                  {"limit", "N", "at most N rows (default 50)"},
                  {"all", "", "every row, page after page"},
                  {"count", "", "only how many there are"},
                  {"deleted", "", "soft-deleted rows as well"},
                  {"page-token", "TOKEN", "go on where an earlier page ended"}},
      .run = Run};
}

}  // namespace tenon::cli

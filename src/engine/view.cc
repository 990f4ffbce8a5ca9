// Views: one prepared statement each, rows encoded straight from the driver's columns.
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "engine/impl.h"
#include "engine/permit.h"
#include "record/decode.h"
#include "record/view_sql.h"

namespace tenon {
namespace {

Result<std::vector<std::pair<std::string, Value>>> Arguments(
    const model::View& view, const std::vector<std::pair<std::string, std::string>>& given) {
  std::vector<std::pair<std::string, Value>> arguments;
  for (const auto& [name, text] : given) {
    const model::ViewParameter* parameter = nullptr;
    std::vector<std::string_view> names;
    for (const model::ViewParameter& known : view.parameters) {
      names.push_back(known.name);
      if (known.name == name) parameter = &known;
    }
    if (parameter == nullptr) {
      const std::string_view nearest = Nearest(name, names);
      return Fail(Code::kInvalidArgument,
                  fmt::format("the view {} has no parameter '{}'{}", view.name, Ellipsis(name, 60),
                              nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
    }
    auto value = ParseText(parameter->type, text);
    if (!value) return Fail(Error(Code::kInvalidArgument, value.error().message).In(name));
    arguments.emplace_back(name, *std::move(value));
  }
  return arguments;
}

}  // namespace

Result<std::string> Engine::View(
    const Caller& caller, const model::View& view,
    const std::vector<std::pair<std::string, std::string>>& parameters) {
  Impl& impl = *impl_;
  for (const model::ViewBody& body : view.bodies) {
    TRY(Permit(caller, *body.entity, "read"));
    for (const model::ViewJoin& join : body.joins) TRY(Permit(caller, *join.entity, "read"));
  }
  ViewArguments arguments{
      .parameters = TRY(Arguments(view, parameters)), .now = impl.deps.clock.Now(), .tenant = {}};
  if (!caller.across_tenants) arguments.tenant = caller.tenant;
  SqlBuilder sql(impl.deps.store.dialect());
  TRY(AppendView(view, arguments, sql));
  const std::vector<model::Type> types = ViewColumnTypes(view);
  std::vector<std::string> names;
  for (const model::ViewColumn& column : view.bodies.front().select) {
    std::string name;
    AppendJsonString(column.name, name);
    names.push_back(name + ":");
  }
  std::string items;
  TRY(impl.deps.store.Read(Impl::ScopeOf(caller), [&](Reader& reader) -> Result<void> {
    items.clear();
    return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
      items += items.empty() ? "{" : ",{";
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) items += ',';
        items += names[i];
        row.AppendJson(static_cast<int>(i), types[i], items);
      }
      items += '}';
      return true;
    });
  }));
  return "{\"items\":[" + items + "]}";
}

}  // namespace tenon

#include <boost/json/array.hpp>
#include <iostream>

#include "cli/commands.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

std::string Join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string Marks(const FieldInfo& field) {
  std::vector<std::string> marks;
  if (field.key) marks.emplace_back("key");
  if (field.unique) marks.emplace_back("unique");
  if (field.tenant) marks.emplace_back("tenant");
  if (field.engine) marks.emplace_back("by the engine");
  if (field.once) marks.emplace_back("once");
  if (field.lock) marks.emplace_back("version");
  if (!field.reference.empty()) marks.push_back("-> " + field.reference);
  return Join(marks);
}

void Describe(Session& session, const EntityInfo& entity) {
  const Style style = session.out_style();
  session.out() << style.Bold(entity.name) << " in " << entity.table;
  if (!entity.description.empty()) session.out() << ": " << entity.description;
  session.out() << "\n\n";
  json::array rows;
  for (const FieldInfo& field : entity.fields) {
    rows.push_back(json::object{{"field", field.name},
                                {"type", field.type},
                                {"marks", Marks(field)},
                                {"description", field.description}});
  }
  RowPrinter printer(session, nullptr, {"field", "type", "marks", "description"});
  printer.Page(rows);
  if (entity.events.empty()) return;
  session.out() << "\n";
  rows.clear();
  for (const EventInfo& event : entity.events) {
    rows.push_back(json::object{{"event", event.name},
                                {"from", event.from.empty() ? "any state" : Join(event.from)},
                                {"to", event.to},
                                {"takes", Join(event.takes)}});
  }
  RowPrinter events(session, nullptr, {"event", "from", "to", "takes"});
  events.Page(rows);
}

Result<int> Run(Session& session, const Arguments& arguments) {
  if (session.format() != Format::kTable && arguments.Has("ENTITY")) {
    const EntityInfo* entity = TRY(session.Entity(arguments.Get("ENTITY")));
    Api* api = TRY(session.api());
    Target target("/v1/models");
    const json::value document = TRY(api->Call("GET", target.Segment(entity->model)));
    for (const json::value& item : document.at("entities").as_array()) {
      if (item.at("name").as_string() == entity->name) PrintValue(session, item);
    }
    return 0;
  }
  if (arguments.Has("ENTITY")) {
    Describe(session, *TRY(session.Entity(arguments.Get("ENTITY"))));
    return 0;
  }
  const Catalog* catalog = TRY(session.catalog());
  json::array rows;
  for (const EntityInfo& entity : catalog->entities) {
    rows.push_back(json::object{{"entity", entity.name},
                                {"table", entity.table},
                                {"model", entity.model},
                                {"description", entity.description}});
  }
  RowPrinter printer(session, nullptr, {"entity", "table", "model", "description"});
  printer.Page(rows);
  printer.End();
  return 0;
}

}  // namespace

Command ModelsCommand() {
  return {
      .name = "models",
      .group = "Models",
      .summary = "List what the server keeps, or the fields and events of one entity",
      .details = "",
      .examples = {"tenon models", "tenon models Asset", "tenon models assets -o json"},
      .positionals = {{"ENTITY", "an entity, by name or table", false, false, Completes::kEntity}},
      .options = {},
      .run = Run};
}

}  // namespace tenon::cli

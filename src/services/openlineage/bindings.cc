#include "services/openlineage/bindings.h"

#include <array>
#include <string>
#include <utility>

namespace tenon::openlineage {
namespace {

struct Wanted {
  std::string_view table;
  const model::Entity* Bindings::* entity;
  std::array<std::string_view, 8> fields;
};

constexpr std::array<Wanted, 6> kWanted = {{
    {"assets",
     &Bindings::assets,
     {"id", "type", "name", "qualified_name", "description", "metadata", "deleted_at"}},
    {"relationships",
     &Bindings::relationships,
     {"id", "source_asset_id", "target_asset_id", "type", "metadata"}},
    {"schemas", &Bindings::schemas, {"id", "asset_id", "name", "type", "metadata", "order"}},
    {"tags", &Bindings::tags, {"id", "name", "category"}},
    {"asset_tags", &Bindings::asset_tags, {"asset_id", "tag_id"}},
    {"workflow_executions",
     &Bindings::runs,
     {"id", "correlation_id", "workflow_type", "current_state", "started_at", "completed_at",
      "error_message", "metadata"}},
}};

}  // namespace

Result<Bindings> Bindings::In(const model::Model& model) {
  Bindings bindings;
  std::string missing;
  const auto miss = [&](const std::string& what) {
    missing += (missing.empty() ? "" : ", ") + what;
  };
  for (const Wanted& wanted : kWanted) {
    const model::Entity* entity = model.FindTable(wanted.table);
    bindings.*wanted.entity = entity;
    if (entity == nullptr) {
      miss(std::string(wanted.table));
      continue;
    }
    for (const std::string_view field : wanted.fields) {
      if (!field.empty() && entity->FindField(field) == nullptr) {
        miss(std::string(wanted.table) + "." + std::string(field));
      }
    }
  }
  for (const std::string_view table : {"lineage_events", "lineage_marks"}) {
    if (model.FindTable(table) == nullptr) miss(std::string(table));
  }
  if (!missing.empty()) {
    return Fail(Code::kInvalidArgument,
                "the OpenLineage inlet needs what the loaded models do not have: " + missing);
  }
  return bindings;
}

}  // namespace tenon::openlineage

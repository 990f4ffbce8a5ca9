// Relationships: what a job reads, writes and contains, and which columns feed which.
#include <array>
#include <map>

#include "services/openlineage/apply.h"
#include "services/openlineage/names.h"

namespace tenon::openlineage {
namespace {

json::array ColumnsAsJson(const std::vector<ColumnFeed>& feeds) {
  json::array columns;
  for (const ColumnFeed& feed : feeds) {
    json::object column{{"source", feed.source}, {"target", feed.target}};
    if (!feed.type.empty()) column["type"] = feed.type;
    if (!feed.transformation.empty()) column["transformation"] = feed.transformation;
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace

Result<void> Applier::StoreEdge(const Edge& edge) {
  if (edge.from->id.IsNil() || edge.to->id.IsNil()) return {};
  const std::array<Value, 4> parameters = {Value(caller_.tenant), Value(edge.from->id),
                                           Value(edge.to->id), Value(edge.kind)};
  bool there = false;
  TRY(writer_.transaction().Query(
      "SELECT id FROM relationships WHERE tenant_id = $1 AND source_asset_id = $2 AND "
      "target_asset_id = $3 AND type = $4",
      parameters, [&](const Row&) -> Result<bool> {
        there = true;
        return false;
      }));
  if (there) return {};
  TRY(Create(*bindings_.relationships, {{"source_asset_id", edge.from->id.ToString()},
                                        {"target_asset_id", edge.to->id.ToString()},
                                        {"type", edge.kind},
                                        {"metadata", json::object{{"source", kSource}}}}));
  return {};
}

Result<void> Applier::StoreFeeds(const Asset& asset) {
  if (asset.new_lineage == nullptr) return {};
  struct Present {
    std::string id;
    json::object metadata;
  };
  std::map<Uuid, Present> present;
  const std::array<Value, 3> parameters = {Value(caller_.tenant), Value(asset.id), Value(kFeeds)};
  TRY(writer_.transaction().Query(
      "SELECT id, source_asset_id, metadata FROM relationships WHERE tenant_id = $1 AND "
      "target_asset_id = $2 AND type = $3",
      parameters, [&](const Row& row) -> Result<bool> {
        json::value metadata = TRY(ParseJson(row.Text(2)));
        present[Uuid::Parse(row.Text(1)).value_or(Uuid{})] = {
            std::string(row.Text(0)),
            metadata.is_object() ? std::move(metadata.get_object()) : json::object()};
        return true;
      }));
  std::vector<Feeds> wanted;
  if (!asset.lineage_gone) wanted = FeedsOf(asset.new_lineage->value);
  for (const Feeds& feeds : wanted) {
    const auto input = assets_.find(QualifiedName(feeds.input, false));
    if (input == assets_.end() || input->second.id.IsNil()) continue;
    json::object metadata{{"source", kSource}, {"columns", ColumnsAsJson(feeds.columns)}};
    const auto found = present.find(input->second.id);
    if (found == present.end()) {
      TRY(Create(*bindings_.relationships, {{"source_asset_id", input->second.id.ToString()},
                                            {"target_asset_id", asset.id.ToString()},
                                            {"type", kFeeds},
                                            {"metadata", std::move(metadata)}}));
      continue;
    }
    // Only what is ours: others may keep notes on the edge.
    json::object patch;
    for (const auto& member : metadata) {
      const json::value* old = found->second.metadata.if_contains(member.key());
      if (old == nullptr || *old != member.value()) patch[member.key()] = member.value();
    }
    if (!patch.empty()) {
      TRY(Update(*bindings_.relationships, found->second.id, {{"metadata", std::move(patch)}}));
    }
    present.erase(found);
  }
  for (const auto& [source, row] : present) {
    const json::value* by = row.metadata.if_contains("source");
    if (by == nullptr || !by->is_string() || by->get_string() != kSource) continue;
    TRY(Delete(*bindings_.relationships, row.id));
  }
  return {};
}

}  // namespace tenon::openlineage

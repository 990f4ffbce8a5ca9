// Jobs and datasets as assets, the columns of a schema facet as rows of `schemas`.
#include <array>
#include <unordered_map>

#include "services/openlineage/apply.h"
#include "services/openlineage/names.h"

namespace tenon::openlineage {
namespace {

constexpr std::size_t kAssetNameMax = 255;
constexpr std::size_t kColumnNameMax = 255;
constexpr std::size_t kColumnTypeMax = 100;
constexpr std::string_view kDeleted = "-";

std::string TextOf(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// assets.type of a dataset by its datasetType facet; "" when there is none that fits.
std::string TypeIn(const json::object& facets) {
  std::string type = TextOf(ObjectIn(facets, "datasetType"), "datasetType");
  bool fits = !type.empty() && type.size() <= 50;
  for (char& c : type) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == ' ' || c == '-') c = '_';
    fits = fits && ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
  }
  if (fits && (type[0] < 'A' || type[0] > 'Z')) fits = false;
  return fits ? type : "";
}

std::string DescriptionIn(const json::object& facets) {
  return TextOf(ObjectIn(facets, "documentation"), "description");
}

struct ColumnRow {
  std::string id;
  std::string type;
  std::int64_t order = 0;
  json::object metadata;
  bool wanted = false;
};

json::object MetadataOf(const Column& column) {
  json::object metadata{{"source", kSource}};
  if (!column.description.empty()) metadata["description"] = column.description;
  if (Shortened(column.type, kColumnTypeMax) != column.type) metadata["type"] = column.type;
  if (Shortened(column.name, kColumnNameMax) != column.name) metadata["name"] = column.name;
  return metadata;
}

}  // namespace

Result<void> Applier::FindAsset(Asset& asset, bool& deleted, Time& deleted_at) {
  const std::array<Value, 2> parameters = {Value(caller_.tenant),
                                           Value(QualifiedName(asset.name, asset.is_job))};
  const model::Field* field = bindings_.assets->FindField("deleted_at");
  deleted = true;
  return writer_.transaction().Query(
      "SELECT id, deleted_at FROM assets WHERE tenant_id = $1 AND qualified_name = $2", parameters,
      [&](const Row& row) -> Result<bool> {
        const auto id = Uuid::Parse(row.Text(0));
        if (!id) return Fail(Code::kInternal, "assets.id is no UUID");
        if (row.IsNull(1)) {
          asset.id = *id;
          deleted = false;
          return false;
        }
        const Value when = TRY(row.Get(1, field->type));
        if (asset.id.IsNil() || deleted_at < when.As<Time>()) {
          asset.id = *id;
          deleted_at = when.As<Time>();
        }
        return true;
      });
}

bool Applier::Weigh(Asset& asset) {
  bool changed = asset.marks.fresh();
  for (const auto& [name, said] : asset.said) {
    const Facet& facet = *said.facet;
    const bool known = asset.marks.Find(name) != nullptr;
    const auto outcome =
        asset.marks.Offer(name, {said.time, facet.deleted ? std::string(kDeleted) : facet.digest});
    if (outcome != Marks::Outcome::kNew || (facet.deleted && !known)) continue;
    changed = true;
    if (name == "schema") {
      asset.new_schema = &facet;
      asset.schema_gone = facet.deleted;
    } else if (name == "columnLineage") {
      asset.new_lineage = &facet;
      asset.lineage_gone = facet.deleted;
    } else if (name == "tags") {
      asset.new_tags = &facet;
    }
  }
  // A row of marks says that the inlet knows the subject, also when nothing was said of it.
  if (asset.marks.fresh()) asset.marks.OfferEarlier("", asset.latest);
  return changed;
}

Result<void> Applier::StoreAsset(Asset& asset) {
  bool deleted = false;
  Time deleted_at{};
  TRY(FindAsset(asset, deleted, deleted_at));
  if (asset.id.IsNil()) return CreateAsset(asset);
  if (deleted) {
    // Somebody deleted it; only an event of something that happened later brings it back.
    if (asset.latest <= deleted_at) {
      asset.id = {};
      return {};
    }
    Command command;
    command.op = Command::Op::kRestore;
    command.entity = bindings_.assets;
    command.id = asset.id.ToString();
    TRY(writer_.Run(caller_, command));
  }
  asset.marks = TRY(Marks::Load(writer_.transaction(), caller_.tenant, asset.id));
  return Weigh(asset) ? UpdateAsset(asset) : Result<void>();
}

Result<void> Applier::CreateAsset(Asset& asset) {
  Weigh(asset);
  json::object facets;
  for (const auto& [name, said] : asset.said) {
    if (!said.facet->deleted) facets[name] = said.facet->value;
  }
  std::string type = asset.is_job ? "JOB" : TypeIn(facets);
  if (type.empty()) type = "DATASET";
  json::object body{{"type", std::move(type)},
                    {"name", Shortened(asset.name.name, kAssetNameMax)},
                    {"qualified_name", QualifiedName(asset.name, asset.is_job)}};
  if (const std::string text = DescriptionIn(facets); !text.empty()) body["description"] = text;
  body["metadata"] = json::object{{"openlineage", json::object{{"namespace", asset.name.space},
                                                               {"name", asset.name.name},
                                                               {"facets", std::move(facets)}}}};
  const Outcome outcome = TRY(Create(*bindings_.assets, std::move(body)));
  asset.id = Uuid::Parse(outcome.key).value_or(Uuid{});
  return {};
}

Result<void> Applier::UpdateAsset(Asset& asset) {
  const std::array<Value, 2> parameters = {Value(caller_.tenant), Value(asset.id)};
  const json::object metadata =
      TRY(Document("SELECT metadata FROM assets WHERE tenant_id = $1 AND id = $2", parameters));
  const json::object& before = ObjectIn(metadata, "openlineage");
  json::object after = before;
  after["namespace"] = asset.name.space;
  after["name"] = asset.name.name;
  json::object facets = ObjectIn(before, "facets");
  json::object patch;
  for (const auto& [name, said] : asset.said) {
    const Mark* mark = asset.marks.Find(name);
    const std::string_view digest = said.facet->deleted ? kDeleted : said.facet->digest;
    // Only what won.
    if (mark == nullptr || mark->time != said.time || mark->digest != digest) continue;
    if (said.facet->deleted) {
      facets.erase(name);
    } else {
      facets[name] = said.facet->value;
    }
    if (name == "documentation") {
      const std::string text = DescriptionIn(facets);
      patch["description"] = text.empty() ? json::value() : json::value(text);
    } else if (name == "datasetType" && !asset.is_job) {
      const std::string type = TypeIn(facets);
      patch["type"] = type.empty() ? "DATASET" : type;
    }
  }
  after["facets"] = std::move(facets);
  json::object inner = PatchBetween(before, after);
  if (!inner.empty()) patch["metadata"] = json::object{{"openlineage", std::move(inner)}};
  return Update(*bindings_.assets, asset.id.ToString(), std::move(patch));
}

Result<void> Applier::StoreColumns(const Asset& asset) {
  if (asset.new_schema == nullptr) return {};
  const std::array<Value, 2> parameters = {Value(caller_.tenant), Value(asset.id)};
  std::unordered_map<std::string, ColumnRow> present;
  TRY(writer_.transaction().Query(
      "SELECT id, name, type, \"order\", metadata FROM schemas WHERE tenant_id = $1 AND "
      "asset_id = $2",
      parameters, [&](const Row& row) -> Result<bool> {
        ColumnRow& column = present[std::string(row.Text(1))];
        column.id = row.Text(0);
        column.type = row.Text(2);
        column.order = row.Int(3);
        json::value metadata = TRY(ParseJson(row.Text(4)));
        if (metadata.is_object()) column.metadata = std::move(metadata.get_object());
        return true;
      }));
  std::vector<Column> wanted;
  if (!asset.schema_gone) wanted = ColumnsOf(asset.new_schema->value);
  std::int64_t order = 0;
  for (const Column& column : wanted) {
    const std::string name = Shortened(column.name, kColumnNameMax);
    const std::string type =
        column.type.empty() ? "unknown" : Shortened(column.type, kColumnTypeMax);
    json::object metadata = MetadataOf(column);
    const auto found = present.find(name);
    if (found == present.end()) {
      TRY(Create(*bindings_.schemas, {{"asset_id", asset.id.ToString()},
                                      {"name", name},
                                      {"type", type},
                                      {"order", order++},
                                      {"metadata", std::move(metadata)}}));
      continue;
    }
    ColumnRow& row = found->second;
    row.wanted = true;
    json::object patch;
    if (row.type != type) patch["type"] = type;
    if (row.order != order) patch["order"] = order;
    ++order;
    json::object inner = PatchBetween(row.metadata, metadata);
    // A column that somebody else described keeps what they said of it.
    if (TextOf(row.metadata, "source") != kSource) continue;
    if (!inner.empty()) patch["metadata"] = std::move(inner);
    TRY(Update(*bindings_.schemas, row.id, std::move(patch)));
  }
  for (const auto& [name, row] : present) {
    if (row.wanted || TextOf(row.metadata, "source") != kSource) continue;
    TRY(Delete(*bindings_.schemas, row.id));
  }
  return {};
}

}  // namespace tenon::openlineage

#include "services/ingest/dbt_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "base/text.h"
#include "services/ingest/json_fields.h"

namespace tenon::ingest {
namespace {

constexpr int kManifestVersionMax = 12;

// The number of ".../dbt/manifest/v12.json".
Result<int> VersionOf(const json::value& document, std::string_view artifact, int version_max) {
  const std::string name = std::string(artifact);
  if (!document.is_object()) {
    return Fail(Code::kInvalidField, fmt::format("it is no dbt {}: not a JSON object", name));
  }
  const std::string schema =
      TextIn(ObjectIn(document.get_object(), "metadata"), "dbt_schema_version");
  const std::string place = fmt::format("/dbt/{}/v", name);
  const std::size_t found = schema.find(place);
  if (found == std::string::npos) {
    return Fail(
        Code::kInvalidField,
        schema.empty()
            ? fmt::format("it is no dbt {}: it has no metadata.dbt_schema_version", name)
            : fmt::format("it is no dbt {}: its schema is {}", name, Ellipsis(schema, 100)));
  }
  int version = 0;
  const std::string text = schema.substr(found + place.size());
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (problem != std::errc() || std::string_view(end) != ".json" || version < 1 ||
      version > version_max) {
    return Fail(Code::kInvalidField,
                fmt::format("version {} of dbt's {} is not known; known {}",
                            Ellipsis(text.substr(0, text.find(".json")), 40), name,
                            version_max == 1 ? "is 1" : fmt::format("are 1 to {}", version_max)));
  }
  return version;
}

std::string FirstText(const json::object& object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (std::string text = TextIn(object, name); !text.empty()) return text;
  }
  return "";
}

// `meta` and `tags` stand in the node, since 1.10 in its config, and often in both.
json::object MetaOf(const json::object& node) {
  json::object meta = ObjectIn(ObjectIn(node, "config"), "meta");
  for (const auto& member : ObjectIn(node, "meta")) meta[member.key()] = member.value();
  return meta;
}

std::vector<std::string> TagsOf(const json::object& node) {
  std::vector<std::string> tags = TextsIn(node, "tags");
  for (std::string& tag : TextsIn(ObjectIn(node, "config"), "tags")) tags.push_back(std::move(tag));
  std::ranges::sort(tags);
  const auto again = std::ranges::unique(tags);
  tags.erase(again.begin(), again.end());
  return tags;
}

bool HasNotNull(const json::object& column) {
  return std::ranges::any_of(ListIn(column, "constraints"), [](const json::value& item) {
    return item.is_object() && TextIn(item.get_object(), "type") == "not_null";
  });
}

std::vector<DbtColumn> ColumnsOf(const json::object& node) {
  std::vector<DbtColumn> columns;
  for (const auto& member : ObjectIn(node, "columns")) {
    if (!member.value().is_object()) continue;
    const json::object& given = member.value().get_object();
    DbtColumn column;
    column.name = FirstText(given, {"name"});
    if (column.name.empty()) column.name = std::string(member.key());
    column.type = TextIn(given, "data_type");
    column.description = TextIn(given, "description");
    column.nullable = !HasNotNull(given);
    column.order = static_cast<std::int64_t>(columns.size());
    column.meta = MetaOf(given);
    column.tags = TagsOf(given);
    columns.push_back(std::move(column));
  }
  return columns;
}

json::object OwnerOf(const json::object& node, const json::object& groups) {
  json::object owner;
  const auto take = [&](const json::object& given) {
    for (const std::string_view name : {"name", "email"}) {
      if (!owner.contains(name)) PutUnlessEmpty(owner, name, TextIn(given, name));
    }
  };
  take(ObjectIn(node, "owner"));  // exposures
  const json::object meta = MetaOf(node);
  if (const std::string name = TextIn(meta, "owner"); !name.empty() && owner.empty()) {
    owner[name.find('@') != std::string::npos ? "email" : "name"] = name;
  }
  take(ObjectIn(meta, "owner"));
  std::string group = TextIn(node, "group");
  if (group.empty()) group = TextIn(ObjectIn(node, "config"), "group");
  if (group.empty() || !owner.empty()) return owner;
  for (const auto& member : groups) {
    if (!member.value().is_object()) continue;
    const json::object& known = member.value().get_object();
    if (TextIn(known, "name") == group) take(ObjectIn(known, "owner"));
  }
  return owner;
}

json::object FactsOf(const json::object& node) {
  json::object facts;
  for (const std::string_view name :
       {"access", "group", "language", "maturity", "label", "loader", "source_name",
        "source_description", "loaded_at_field", "deprecation_date", "model"}) {
    PutUnlessEmpty(facts, name, TextIn(node, name));
  }
  if (const json::value* version = node.if_contains("version")) {
    PutUnlessEmpty(facts, "version", *version);
  }
  const json::object& config = ObjectIn(node, "config");
  for (const std::string_view name :
       {"severity", "strategy", "unique_key", "incremental_strategy"}) {
    if (const json::value* value = config.if_contains(name)) PutUnlessEmpty(facts, name, *value);
  }
  return facts;
}

bool IsRelation(const DbtNode& node) {
  if (node.resource_type == "model") return node.materialized != "ephemeral";
  return node.resource_type == "source" || node.resource_type == "seed" ||
         node.resource_type == "snapshot";
}

DbtNode NodeOf(std::string_view id, const json::object& given, const json::object& groups) {
  DbtNode node;
  node.id = TextIn(given, "unique_id");
  if (node.id.empty()) node.id = std::string(id);
  node.resource_type = TextIn(given, "resource_type");
  if (node.resource_type.empty()) node.resource_type = node.id.substr(0, node.id.find('.'));
  node.name = FirstText(given, {"name"});
  if (node.name.empty()) node.name = node.id;
  node.package = TextIn(given, "package_name");
  node.description = TextIn(given, "description");
  node.materialized = TextIn(ObjectIn(given, "config"), "materialized");
  node.path = FirstText(given, {"original_file_path", "path"});
  node.url = TextIn(given, "url");
  node.tags = TagsOf(given);
  node.meta = MetaOf(given);
  node.owner = OwnerOf(given, groups);
  node.facts = FactsOf(given);
  node.columns = ColumnsOf(given);
  node.depends_on = TextsIn(ObjectIn(given, "depends_on"), "nodes");
  if (IsRelation(node)) {
    node.database = TextIn(given, "database");
    node.schema = TextIn(given, "schema");
    node.relation = FirstText(given, {"identifier", "alias", "name"});
  }
  if (node.resource_type == "exposure" || node.resource_type == "metric") {
    node.kind = TextIn(given, "type");
  } else if (node.resource_type == "test") {
    node.kind = TextIn(ObjectIn(given, "test_metadata"), "name");
    if (node.kind.empty()) node.kind = "singular";
    node.column = TextIn(given, "column_name");
  }
  return node;
}

// The package whose nodes are the project's own: the one named, else that of most nodes.
std::string ProjectName(const json::object& metadata, const std::vector<DbtNode>& nodes) {
  if (std::string name = TextIn(metadata, "project_name"); !name.empty()) return name;
  std::map<std::string, int> counts;
  for (const DbtNode& node : nodes) ++counts[node.package];
  const auto most = std::ranges::max_element(
      counts, {}, [](const std::pair<const std::string, int>& one) { return one.second; });
  return most == counts.end() || most->first.empty() ? "dbt" : most->first;
}

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

DbtColumn* FindColumn(DbtNode& node, std::string_view name) {
  // Warehouses differ in the case that they keep names in.
  const std::string wanted = Upper(name);
  const auto found = std::ranges::find_if(
      node.columns, [&](const DbtColumn& column) { return Upper(column.name) == wanted; });
  return found == node.columns.end() ? nullptr : &*found;
}

using Index = std::unordered_map<std::string, std::size_t>;

Index IndexOf(const DbtProject& project) {
  Index index;
  for (std::size_t i = 0; i < project.nodes.size(); ++i) index[project.nodes[i].id] = i;
  return index;
}

// A not_null test says it of its column.
void ApplyTests(DbtProject& project) {
  const Index index = IndexOf(project);
  for (const DbtNode& test : project.nodes) {
    if (test.kind != "not_null" || test.resource_type != "test" || test.depends_on.empty())
      continue;
    const auto model = index.find(test.depends_on.front());
    if (model == index.end() || test.column.empty()) continue;
    DbtNode& node = project.nodes[model->second];
    if (DbtColumn* column = FindColumn(node, test.column)) column->nullable = false;
  }
}

json::object RunOf(const json::object& result, const json::object& metadata) {
  json::object run;
  PutUnlessEmpty(run, "status", TextIn(result, "status"));
  for (const std::string_view name : {"execution_time", "failures"}) {
    if (const json::value* value = result.if_contains(name)) PutUnlessEmpty(run, name, *value);
  }
  PutUnlessEmpty(run, "message", Ellipsis(TextIn(result, "message"), 2000));
  for (const json::value& item : ListIn(result, "timing")) {
    if (!item.is_object() || TextIn(item.get_object(), "name") != "execute") continue;
    PutUnlessEmpty(run, "started_at", TextIn(item.get_object(), "started_at"));
    PutUnlessEmpty(run, "completed_at", TextIn(item.get_object(), "completed_at"));
  }
  PutUnlessEmpty(run, "invocation_id", TextIn(metadata, "invocation_id"));
  const json::object& adapter = ObjectIn(result, "adapter_response");
  if (const json::value* rows = adapter.if_contains("rows_affected")) {
    PutUnlessEmpty(run, "rows_affected", *rows);
  }
  return run;
}

}  // namespace

Result<DbtProject> ReadDbtManifest(const json::value& document) {
  DbtProject project;
  project.manifest_version = TRY(VersionOf(document, "manifest", kManifestVersionMax));
  const json::object& manifest = document.get_object();
  if (const json::value* nodes = manifest.if_contains("nodes"); !nodes || !nodes->is_object()) {
    return Fail(Code::kInvalidField, "it is no dbt manifest: it has no nodes");
  }
  const json::object& metadata = ObjectIn(manifest, "metadata");
  project.adapter = TextIn(metadata, "adapter_type");
  project.dbt_version = TextIn(metadata, "dbt_version");
  project.generated_at = TextIn(metadata, "generated_at");
  const json::object& groups = ObjectIn(manifest, "groups");
  constexpr std::array<std::string_view, 7> kSections = {
      "sources", "nodes", "metrics", "semantic_models", "exposures", "saved_queries", "unit_tests"};
  for (const std::string_view section : kSections) {
    for (const auto& member : ObjectIn(manifest, section)) {
      if (!member.value().is_object()) continue;
      DbtNode node = NodeOf(member.key(), member.value().get_object(), groups);
      // Hooks and macros called by name: they make nothing that stays.
      if (node.resource_type == "operation" || node.resource_type == "rpc" ||
          node.resource_type == "sql operation" || node.resource_type == "sql_operation") {
        continue;
      }
      project.nodes.push_back(std::move(node));
    }
  }
  project.name = ProjectName(metadata, project.nodes);
  ApplyTests(project);
  return project;
}

Result<> AddDbtCatalog(const json::value& document, DbtProject& project) {
  TRY(VersionOf(document, "catalog", 1));
  const Index index = IndexOf(project);
  for (const std::string_view section : {"nodes", "sources"}) {
    for (const auto& member : ObjectIn(document.get_object(), section)) {
      const auto known = index.find(std::string(member.key()));
      if (known == index.end() || !member.value().is_object()) continue;
      DbtNode& node = project.nodes[known->second];
      const json::object& table = member.value().get_object();
      const json::object& metadata = ObjectIn(table, "metadata");
      PutUnlessEmpty(node.facts, "database_owner", TextIn(metadata, "owner"));
      PutUnlessEmpty(node.facts, "table_type", TextIn(metadata, "type"));
      if (node.description.empty()) node.description = TextIn(metadata, "comment");
      json::object stats;
      for (const auto& stat : ObjectIn(table, "stats")) {
        if (!stat.value().is_object() || !FlagIn(stat.value().get_object(), "include", false)) {
          continue;
        }
        if (const json::value* value = stat.value().get_object().if_contains("value")) {
          PutUnlessEmpty(stats, stat.key(), *value);
        }
      }
      PutUnlessEmpty(node.facts, "stats", std::move(stats));
      for (const auto& item : ObjectIn(table, "columns")) {
        if (!item.value().is_object()) continue;
        const json::object& given = item.value().get_object();
        std::string name = TextIn(given, "name");
        if (name.empty()) name = std::string(item.key());
        DbtColumn* column = FindColumn(node, name);
        if (column == nullptr) {
          column = &node.columns.emplace_back();
          column->name = name;
        }
        if (std::string type = TextIn(given, "type"); !type.empty()) column->type = std::move(type);
        if (column->description.empty()) column->description = TextIn(given, "comment");
        const json::value* place = given.if_contains("index");
        if (place != nullptr && place->is_int64()) column->order = place->get_int64();
      }
    }
  }
  // Columns that only the catalogue knows may have a not_null test too.
  ApplyTests(project);
  return {};
}

Result<> AddDbtRunResults(const json::value& document, DbtProject& project) {
  TRY(VersionOf(document, "run-results", 6));
  const Index index = IndexOf(project);
  const json::object& metadata = ObjectIn(document.get_object(), "metadata");
  for (const json::value& item : ListIn(document.get_object(), "results")) {
    if (!item.is_object()) continue;
    const auto known = index.find(TextIn(item.get_object(), "unique_id"));
    if (known == index.end()) continue;
    project.nodes[known->second].last_run = RunOf(item.get_object(), metadata);
  }
  return {};
}

Result<> AddDbtFreshness(const json::value& document, DbtProject& project) {
  TRY(VersionOf(document, "sources", 3));
  const Index index = IndexOf(project);
  for (const json::value& item : ListIn(document.get_object(), "results")) {
    if (!item.is_object()) continue;
    const json::object& result = item.get_object();
    const auto known = index.find(TextIn(result, "unique_id"));
    if (known == index.end()) continue;
    json::object& freshness = project.nodes[known->second].freshness;
    for (const std::string_view name : {"status", "max_loaded_at", "snapshotted_at", "error"}) {
      PutUnlessEmpty(freshness, name, TextIn(result, name));
    }
  }
  return {};
}

}  // namespace tenon::ingest

// A dbt project as assets, columns, tags and what depends on what.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <optional>
#include <set>
#include <unordered_set>

#include "base/text.h"
#include "services/ingest/dbt_manifest.h"
#include "services/ingest/json_fields.h"
#include "services/ingest/sources.h"

namespace tenon::ingest {
namespace {

// The largest manifests that people speak of have some 10,000 models and 150 MB.
constexpr std::size_t kArtifactBytesMax = 256u << 20;
constexpr std::size_t kNameBytesMax = 255;  // assets.name, schemas.name
constexpr std::size_t kTypeBytesMax = 100;  // schemas.type
constexpr std::string_view kTagCategory = "dbt";
// What nobody else writes: gone from the manifest, it goes from the asset.
constexpr std::array<std::string_view, 8> kOwned = {
    "metadata.dbt",      "metadata.meta",     "metadata.owner",  "metadata.url",
    "metadata.database", "metadata.relation", "metadata.schema", "metadata.adapter"};
constexpr std::array<std::string_view, 3> kOwnedOfColumns = {"metadata.description",
                                                             "metadata.meta", "metadata.tags"};

std::string TypeOf(const DbtNode& node) {
  if (node.resource_type == "model") {
    if (node.materialized == "view") return "VIEW";
    return node.materialized == "ephemeral" ? "QUERY" : "TABLE";
  }
  if (node.resource_type == "source" || node.resource_type == "seed" ||
      node.resource_type == "snapshot") {
    return "TABLE";
  }
  if (node.resource_type == "exposure") {
    if (node.kind == "dashboard") return "DASHBOARD";
    if (node.kind == "notebook") return "NOTEBOOK";
    if (node.kind == "analysis") return "ANALYSIS";
    if (node.kind == "application") return "APPLICATION";
    return node.kind == "ml" ? "ML_MODEL" : "EXPOSURE";
  }
  if (node.resource_type == "unit_test") return "TEST";
  if (node.resource_type == "test") return "TEST";
  if (node.resource_type == "metric") return "METRIC";
  if (node.resource_type == "semantic_model") return "SEMANTIC_MODEL";
  if (node.resource_type == "saved_query") return "QUERY";
  return node.resource_type == "analysis" ? "ANALYSIS" : "DBT_NODE";
}

std::string RelationOf(const DbtNode& node) {
  if (TypeOf(node) == "TEST") return "TESTS";
  return node.resource_type == "exposure" ? "USES" : "DEPENDS_ON";
}

class Reader {
 public:
  explicit Reader(SourceContext& context)
      : context_(context),
        sink_(context.sink),
        without_tests_(OptionFlag(context.options, "without_tests", false)),
        space_(OptionText(context.options, "namespace")) {
    while (space_.ends_with('/')) space_.pop_back();
  }

  Result<> Run() {
    sink_.Phase("reading", 0);
    TRY(Read());
    sink_.Begin(fmt::format("dbt:{}", name_), {"assets", "schemas", "relationships"});
    TRY(PutAssets());
    TRY(PutColumns());
    TRY(PutTags());
    TRY(PutOwners());
    return PutRelations();
  }

 private:
  // A file by its option, or by its name in the target folder; nullopt when it is not there and
  // not asked for.
  Result<std::optional<json::value>> Document(std::string_view option, std::string_view file) {
    std::string path = OptionText(context_.options, option);
    const bool asked = !path.empty();
    const std::string target = OptionText(context_.options, "target");
    if (!asked && target.empty()) return std::optional<json::value>();
    if (!asked) path = fmt::format("{}/{}", target, file);
    auto found = context_.files.Find(path, ".json");
    if (!found && !asked && found.error().code == Code::kNotFound) {
      if (auto packed = context_.files.Find(path + ".gz", ".json")) {
        found = std::move(packed);
        path += ".gz";
      }
    }
    if (!found && !asked && option != "manifest" && found.error().code == Code::kNotFound) {
      return std::optional<json::value>();
    }
    if (!found) return Fail(std::move(found).error());
    if (found->size() != 1) {
      return Fail(Code::kInvalidArgument, fmt::format("{} is a folder; name the file", path));
    }
    const auto source = TRY(context_.files.Open(found->front()));
    const std::string text = TRY(ReadWhole(*source, kArtifactBytesMax));
    bytes_ += static_cast<std::int64_t>(text.size());
    sink_.Bytes(bytes_, 0);
    auto document = ParseJson(text);
    if (!document) return Fail(std::move(document).error().In(path));
    paths_.push_back(path);
    return std::optional<json::value>(*std::move(document));
  }

  template <typename Add>
  Result<> AddDocument(std::string_view option, std::string_view file, const Add& add) {
    const auto document = TRY(Document(option, file));
    if (!document) return {};
    auto added = add(*document, project_);
    if (!added) return Fail(std::move(added).error().In(paths_.back()));
    return {};
  }

  Result<> Read() {
    {
      const auto document = TRY(Document("manifest", "manifest.json"));
      if (!document) return Fail(Code::kInvalidField, "name manifest or target");
      auto project = ReadDbtManifest(*document);
      if (!project) return Fail(std::move(project).error().In(paths_.back()));
      project_ = *std::move(project);
    }
    TRY(AddDocument("catalog", "catalog.json", AddDbtCatalog));
    TRY(AddDocument("run_results", "run_results.json", AddDbtRunResults));
    TRY(AddDocument("sources", "sources.json", AddDbtFreshness));
    sink_.Bytes(bytes_, bytes_);
    name_ = OptionText(context_.options, "name");
    if (name_.empty()) name_ = project_.name;
    if (without_tests_) {
      std::erase_if(project_.nodes, [](const DbtNode& node) { return TypeOf(node) == "TEST"; });
    }
    sink_.Note("info",
               fmt::format("{}: manifest v{} of dbt {}, {} nodes", name_, project_.manifest_version,
                           project_.dbt_version, project_.nodes.size()));
    return {};
  }

  // With a namespace, tables have the names that OpenLineage and the postgres source give them, so
  // that all three speak of the same asset.
  std::string QualifiedName(const DbtNode& node) const {
    if (space_.empty() || node.relation.empty()) return fmt::format("dbt://{}/{}", name_, node.id);
    std::string name;
    for (const std::string& part : {node.database, node.schema, node.relation}) {
      if (!part.empty()) name += (name.empty() ? "" : ".") + part;
    }
    return fmt::format("{}/{}", space_, name);
  }

  json::object MetadataOf(const DbtNode& node) const {
    json::object dbt = node.facts;
    dbt["unique_id"] = node.id;
    dbt["resource_type"] = node.resource_type;
    PutUnlessEmpty(dbt, "package", node.package);
    PutUnlessEmpty(dbt, "path", node.path);
    PutUnlessEmpty(dbt, "materialized", node.materialized);
    PutUnlessEmpty(dbt, "kind", node.kind);
    PutUnlessEmpty(dbt, "column", node.column);
    PutUnlessEmpty(dbt, "last_run", node.last_run);
    PutUnlessEmpty(dbt, "freshness", node.freshness);
    json::object metadata;
    PutUnlessEmpty(metadata, "database", node.database);
    PutUnlessEmpty(metadata, "schema", node.schema);
    PutUnlessEmpty(metadata, "relation", node.relation);
    PutUnlessEmpty(metadata, "url", node.url);
    PutUnlessEmpty(metadata, "owner", node.owner);
    PutUnlessEmpty(metadata, "meta", node.meta);
    if (!node.relation.empty()) PutUnlessEmpty(metadata, "adapter", project_.adapter);
    metadata["dbt"] = std::move(dbt);
    return metadata;
  }

  Result<> PutAssets() {
    sink_.Phase("nodes", static_cast<std::int64_t>(project_.nodes.size()));
    for (const DbtNode& node : project_.nodes) {
      if (!ids_.insert(node.id).second) continue;
      json::object fields{{"type", TypeOf(node)},
                          {"name", Ellipsis(node.name, kNameBytesMax)},
                          {"qualified_name", QualifiedName(node)},
                          {"metadata", MetadataOf(node)}};
      PutUnlessEmpty(fields, "description", node.description);
      TRY(sink_.Put({.table = "assets",
                     .fields = std::move(fields),
                     .ref = node.id,
                     .owned = kOwned,
                     .where = node.id}));
    }
    return {};
  }

  Result<> PutColumns() {
    std::int64_t count = 0;
    for (const DbtNode& node : project_.nodes)
      count += static_cast<std::int64_t>(node.columns.size());
    sink_.Phase("columns", count);
    for (const DbtNode& node : project_.nodes) {
      for (const DbtColumn& column : node.columns) {
        json::object metadata;
        PutUnlessEmpty(metadata, "description", column.description);
        PutUnlessEmpty(metadata, "meta", column.meta);
        PutUnlessEmpty(metadata, "tags", json::array(column.tags.begin(), column.tags.end()));
        TRY(sink_.Put(
            {.table = "schemas",
             .fields = {{"name", Ellipsis(column.name, kNameBytesMax)},
                        {"type",
                         column.type.empty() ? "unknown" : Ellipsis(column.type, kTypeBytesMax)},
                        {"nullable", column.nullable},
                        {"order", std::max<std::int64_t>(column.order, 0)},
                        {"metadata", std::move(metadata)}},
             .references = {{"asset_id", node.id}},
             .owned = kOwnedOfColumns,
             .where = fmt::format("{}, column {}", node.id, Ellipsis(column.name, 80))}));
      }
    }
    return {};
  }

  Result<> PutTags() {
    std::set<std::string> tags;
    for (const DbtNode& node : project_.nodes) tags.insert(node.tags.begin(), node.tags.end());
    sink_.Covers("asset_tags",
                 fmt::format("asset.metadata.origin = {} and tag.category = {}",
                             json::serialize(json::string("dbt:" + name_)),
                             json::serialize(json::string(kTagCategory))),
                 "asset_id,tag_id");
    sink_.Phase("tags", static_cast<std::int64_t>(tags.size()));
    for (const std::string& tag : tags) {
      TRY(sink_.Put({.table = "tags",
                     .fields = {{"name", Ellipsis(tag, kNameBytesMax)}, {"category", kTagCategory}},
                     .ref = "tag:" + tag,
                     .where = fmt::format("tag {}", Ellipsis(tag, 80))}));
    }
    for (const DbtNode& node : project_.nodes) {
      for (const std::string& tag : node.tags) {
        TRY(sink_.Put({.table = "asset_tags",
                       .fields = {},
                       .references = {{"asset_id", node.id}, {"tag_id", "tag:" + tag}},
                       .where = fmt::format("{}, tag {}", node.id, Ellipsis(tag, 80))}));
      }
    }
    return {};
  }

  // Owners whom the tenant knows, by their e-mail address, own the asset here too. Others stay in
  // its metadata: an import makes no users.
  Result<> PutOwners() {
    std::set<std::string> emails;
    for (const DbtNode& node : project_.nodes) {
      if (const std::string email = TextIn(node.owner, "email"); !email.empty()) {
        emails.insert(email);
      }
    }
    if (emails.empty()) return {};
    const auto users =
        TRY(sink_.Find("users", "email", std::vector<std::string>(emails.begin(), emails.end())));
    for (const DbtNode& node : project_.nodes) {
      const auto user = users.find(TextIn(node.owner, "email"));
      if (user == users.end()) continue;
      TRY(sink_.Put({.table = "user_assets",
                     .fields = {{"user_id", user->second}, {"type", "OWNS"}},
                     .references = {{"asset_id", node.id}},
                     .where = fmt::format("{}, owner {}", node.id, Ellipsis(user->first, 80))}));
    }
    return {};
  }

  Result<> PutRelations() {
    sink_.Phase("lineage", 0);
    std::int64_t unknown = 0;
    for (const DbtNode& node : project_.nodes) {
      std::set<std::string_view> seen;
      for (const std::string& other : node.depends_on) {
        if (!seen.insert(other).second || other == node.id) continue;
        // Disabled since, or an operation: dbt itself leaves such ends loose.
        if (!ids_.contains(other)) {
          ++unknown;
          continue;
        }
        json::object metadata;
        if (!node.column.empty()) {
          metadata["column"] = node.column;
        }
        TRY(sink_.Put({.table = "relationships",
                       .fields = {{"type", RelationOf(node)}, {"metadata", std::move(metadata)}},
                       .references = {{"source_asset_id", node.id}, {"target_asset_id", other}},
                       .where = fmt::format("{} on {}", node.id, other)}));
      }
    }
    if (unknown > 0) {
      sink_.Note("info", fmt::format("{} dependencies name nothing that the manifest has and are "
                                     "left out",
                                     unknown));
    }
    return {};
  }

  SourceContext& context_;
  RowSink& sink_;
  const bool without_tests_;
  std::string space_;  // OpenLineage's namespace of the warehouse
  std::string name_;   // of the project
  DbtProject project_;
  std::vector<std::string> paths_;
  std::unordered_set<std::string> ids_;
  std::int64_t bytes_ = 0;
};

Result<> Check(const json::object& options) {
  const SourceKind& kind = *FindSource("dbt");
  auto checked = CheckOptions(kind, options, {});
  const bool has_any =
      !OptionText(options, "manifest").empty() || !OptionText(options, "target").empty();
  if (checked && has_any) return {};
  Error error = checked ? Error(Code::kInvalidField, "the options of dbt are wrong")
                        : std::move(checked).error();
  if (!has_any) {
    error.fields.push_back(
        {"options.manifest", "required", "is required, or target with the folder it lies in"});
  }
  return Fail(std::move(error));
}

}  // namespace

SourceKind DbtSource() {
  return {.name = "dbt",
          .summary = "Import a dbt project: models, sources, tests, exposures, columns, lineage",
          .options = {{"target", "PATH", "dbt's target folder with manifest.json and the others"},
                      {"manifest", "PATH", "manifest.json, also .gz"},
                      {"catalog", "PATH", "catalog.json: columns and their types"},
                      {"run_results", "PATH", "run_results.json: how the last run went"},
                      {"sources", "PATH", "sources.json: how fresh sources are"},
                      {"name", "NAME", "the project (default: as the manifest says)"},
                      {"namespace", "URL",
                       "name tables as OpenLineage does, such as postgres://db.example:5432"},
                      {"without_tests", "", "leave tests out"}},
          .fails_on_reject = false,
          .check = Check,
          .read = [](SourceContext& context) { return Reader(context).Run(); }};
}

}  // namespace tenon::ingest

// dbt artifacts of every version, and what the source makes of them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "services/ingest/dbt_manifest.h"
#include "services/ingest/files.h"
#include "services/ingest/json_fields.h"
#include "services/ingest/testing.h"

namespace tenon::ingest {
namespace {

using testing::Contains;
using testing::HasSubstr;

namespace fs = std::filesystem;

const fs::path kData = fs::path(TENON_SOURCE_DIR) / "../shared/data/dbt";

const char* const kManifest = R"({
  "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
               "dbt_version": "1.10.0", "project_name": "shop", "adapter_type": "postgres"},
  "nodes": {
    "model.shop.orders": {"unique_id": "model.shop.orders", "resource_type": "model",
      "name": "orders", "package_name": "shop", "database": "db", "schema": "main",
      "alias": "orders", "description": "Orders", "tags": ["daily"],
      "config": {"materialized": "view", "tags": ["daily", "pii"], "group": "sales"},
      "columns": {"id": {"name": "id", "data_type": "bigint", "description": "Key"},
                  "note": {"name": "note"}},
      "depends_on": {"nodes": ["source.shop.raw.orders", "operation.shop.hook"]}},
    "test.shop.not_null_orders_id": {"resource_type": "test", "name": "not_null_orders_id",
      "package_name": "shop", "column_name": "id", "test_metadata": {"name": "not_null"},
      "depends_on": {"nodes": ["model.shop.orders"]}},
    "operation.shop.hook": {"resource_type": "operation", "name": "hook", "package_name": "shop"}},
  "sources": {"source.shop.raw.orders": {"resource_type": "source", "name": "orders",
      "package_name": "shop", "database": "db", "schema": "raw", "identifier": "orders_raw"}},
  "exposures": {"exposure.shop.board": {"resource_type": "exposure", "name": "board",
      "type": "dashboard", "package_name": "shop", "owner": {"name": "Ada", "email": "a@b.example"},
      "depends_on": {"nodes": ["model.shop.orders"]}}},
  "groups": {"group.shop.sales": {"name": "sales", "owner": {"email": "sales@b.example"}}}
})";

json::value Parsed(std::string_view text) { return *ParseJson(text); }

const DbtNode& NodeOf(const DbtProject& project, std::string_view id) {
  const auto found = std::ranges::find(project.nodes, id, &DbtNode::id);
  EXPECT_NE(found, project.nodes.end()) << id;
  return *found;
}

TEST(DbtManifest, ReadsWhatMatters) {
  const auto project = ReadDbtManifest(Parsed(kManifest));
  ASSERT_TRUE(project) << project.error().message;
  EXPECT_EQ(project->name, "shop");
  EXPECT_EQ(project->manifest_version, 12);
  ASSERT_EQ(project->nodes.size(), 4u);  // the operation is none
  const DbtNode& orders = NodeOf(*project, "model.shop.orders");
  EXPECT_EQ(orders.materialized, "view");
  EXPECT_THAT(orders.tags, testing::ElementsAre("daily", "pii"));
  EXPECT_EQ(TextIn(orders.owner, "email"), "sales@b.example");  // its group's
  ASSERT_EQ(orders.columns.size(), 2u);
  EXPECT_EQ(orders.columns[0].type, "bigint");
  EXPECT_FALSE(orders.columns[0].nullable);  // a test says so
  EXPECT_TRUE(orders.columns[1].nullable);
  EXPECT_EQ(NodeOf(*project, "source.shop.raw.orders").relation, "orders_raw");
  EXPECT_EQ(TextIn(NodeOf(*project, "exposure.shop.board").owner, "name"), "Ada");
}

TEST(DbtManifest, SaysWhatItIsNot) {
  const auto message = [](std::string_view text) {
    const auto project = ReadDbtManifest(Parsed(text));
    return project ? std::string() : project.error().message;
  };
  EXPECT_THAT(message("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(message("{}"), HasSubstr("no metadata.dbt_schema_version"));
  EXPECT_THAT(message(R"({"metadata": {"dbt_schema_version": "a/dbt/catalog/v1.json"}})"),
              HasSubstr("its schema is a/dbt/catalog/v1.json"));
  for (const char* version : {"v13", "v0", "v99999999999999999999", "vx", "v1x"}) {
    EXPECT_THAT(
        message(fmt::format(R"({{"metadata": {{"dbt_schema_version": "a/dbt/manifest/{}.json"}}}})",
                            version)),
        testing::AllOf(
            HasSubstr(fmt::format("version {} of dbt's manifest is not known", version + 1)),
            HasSubstr("known are 1 to 12")));
  }
  // Nothing of the project would be left if one of these were taken for it.
  for (const char* nodes : {"", R"(, "nodes": [])", R"(, "nodes": null)"}) {
    EXPECT_EQ(
        message(fmt::format(
            R"({{"metadata": {{"dbt_schema_version": "a/dbt/manifest/v12.json"}}{}}})", nodes)),
        "it is no dbt manifest: it has no nodes");
  }
}

// Every section and member of a wrong type is as if it were not there.
TEST(DbtManifest, LeavesOutWhatIsOfAWrongType) {
  for (const char* wrong : {"null", "1", "\"x\"", "[1]", "{\"a\": 1}", "{\"a\": {}}", "[]"}) {
    for (const char* section : {"sources", "exposures", "metrics", "groups"}) {
      const auto project = ReadDbtManifest(Parsed(fmt::format(
          R"({{"metadata": {{"dbt_schema_version": "a/dbt/manifest/v4.json"}}, "nodes": {{}}, "{}": {}}})",
          section, wrong)));
      EXPECT_TRUE(project) << section << wrong;
    }
    for (const char* member :
         {"columns", "tags", "meta", "config", "depends_on", "owner", "name"}) {
      const auto project = ReadDbtManifest(Parsed(fmt::format(
          R"({{"metadata": {{"dbt_schema_version": "a/dbt/manifest/v4.json"}}, "nodes": {{"model.a.b":
             {{"{}": {}}}}}}})",
          member, wrong)));
      ASSERT_TRUE(project) << member << wrong;
      EXPECT_EQ(project->nodes.size(), 1u);
    }
  }
}

class DbtData : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kData)) GTEST_SKIP() << "there is no ../shared/data/dbt";
    world_.files = &files_;
  }
  LocalFiles files_;
  SourceWorld world_;
};

// Nothing is rejected, every reference is to a row that came before, and nothing that the manifest
// has is lost.
TEST_F(DbtData, EveryManifestLoads) {
  int manifests = 0;
  std::set<int> versions;
  for (const auto& entry : fs::recursive_directory_iterator(kData)) {
    const std::string path = entry.path().string();
    if (path.find("manifest") == std::string::npos || path.find("/schemas/") != std::string::npos) {
      continue;
    }
    ++manifests;
    RecordingSink sink;
    world_.options = {{"manifest", path}};
    const auto read = world_.Read("dbt", sink);
    ASSERT_TRUE(read) << path << ": " << read.error().message;
    EXPECT_THAT(sink.rejects, testing::IsEmpty()) << path;
    EXPECT_FALSE(sink.Of("assets").empty()) << path;
    std::set<std::string> refs;
    for (const SourceRow& row : sink.rows) {
      for (const auto& [field, ref] : row.references) {
        EXPECT_TRUE(refs.contains(ref)) << path << ": " << row.where << " names " << ref;
      }
      if (!row.ref.empty()) refs.insert(row.ref);
    }
    const std::size_t at = sink.notes.front().find("manifest v");
    ASSERT_NE(at, std::string::npos);
    versions.insert(std::stoi(sink.notes.front().substr(at + 10)));
  }
  EXPECT_EQ(manifests, 25);
  EXPECT_THAT(versions, testing::IsSupersetOf({1, 2, 3, 4, 5, 7, 10, 12}));
}

TEST_F(DbtData, CatalogAndRunResultsAreTakenUp) {
  const auto at = [](const char* name) { return (kData / "artifacts" / name).string(); };
  world_.options = {{"manifest", at("manifest_v12_1.10.json.gz")},
                    {"catalog", at("catalog_v1_1.11.json")},
                    {"run_results", at("run_results_v6_1.11.json")}};
  RecordingSink sink;
  const auto read = world_.Read("dbt", sink);
  ASSERT_TRUE(read) << read.error().message;
  bool found = false;
  for (const SourceRow& row : sink.Of("schemas")) {
    if (row.where != "model.jaffle_shop.customers, column lifetime_spend") continue;
    found = true;
    EXPECT_EQ(TextIn(row.fields, "type"), "DECIMAL(38,2)");
  }
  EXPECT_TRUE(found);
  for (const SourceRow& row : sink.Of("assets")) {
    if (row.ref != "model.jaffle_shop.customers") continue;
    const json::object& dbt = ObjectIn(ObjectIn(row.fields, "metadata"), "dbt");
    EXPECT_EQ(TextIn(ObjectIn(dbt, "last_run"), "status"), "success");
  }
}

TEST(Dbt, TargetIsAFolderWhoseFilesMayBePacked) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("tenon-dbt-gz-{}", ::getpid());
  fs::create_directory(folder);
  const fs::path manifest = folder / "manifest.json";
  std::ofstream(manifest) << kManifest;
  const LocalFiles files;
  SourceWorld world;
  world.files = &files;
  RecordingSink sink;
  world.options = {{"target", manifest.string()}};
  const auto file = world.Read("dbt", sink);
  const std::string pack = fmt::format("gzip -n {}", manifest.string());
  const int packed = std::system(pack.c_str());
  world.options = {{"target", folder.string()}};
  const auto read = world.Read("dbt", sink);
  fs::remove_all(folder);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message,
            manifest.string() + " is a file, not a folder with manifest.json in it");
  ASSERT_EQ(packed, 0);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(sink.rows.empty());
  EXPECT_THAT(sink.tables, testing::ElementsAre("assets", "schemas", "relationships"));
}

TEST(Dbt, NamesTablesAsOpenLineageDoesWhenAsked) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("tenon-dbt-{}", ::getpid());
  fs::create_directory(folder);
  std::ofstream(folder / "manifest.json") << kManifest;
  const LocalFiles files;
  SourceWorld world;
  world.files = &files;
  world.options = {{"target", folder.string()}, {"namespace", "postgres://db.example:5432/"}};
  RecordingSink sink;
  const auto read = world.Read("dbt", sink);
  fs::remove_all(folder);
  ASSERT_TRUE(read) << read.error().message;
  std::vector<std::string> names;
  for (const SourceRow& row : sink.Of("assets"))
    names.push_back(TextIn(row.fields, "qualified_name"));
  EXPECT_THAT(names, testing::IsSupersetOf({"postgres://db.example:5432/db.main.orders",
                                            "postgres://db.example:5432/db.raw.orders_raw",
                                            "dbt://shop/exposure.shop.board"}));
  EXPECT_EQ(sink.Of("tags").size(), 2u);
  EXPECT_EQ(sink.Of("asset_tags").size(), 2u);
  std::vector<std::string> types;
  for (const SourceRow& row : sink.Of("relationships")) types.push_back(TextIn(row.fields, "type"));
  EXPECT_THAT(types, testing::UnorderedElementsAre("DEPENDS_ON", "TESTS", "USES"));
  EXPECT_THAT(sink.notes, Contains(HasSubstr("1 dependencies name nothing")));
}

}  // namespace
}  // namespace tenon::ingest

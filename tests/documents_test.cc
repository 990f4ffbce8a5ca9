// The JSON documents that the seeds print, and wrong ones, against the shipped models
// (tests/seeds/documents.json); and real canvases, where the shared data is at hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "base/seal.h"
#include "model/check.h"
#include "record/decode.h"
#include "record/eval.h"

namespace tenon {
namespace {

const std::filesystem::path kRoot = TENON_SOURCE_DIR;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> Sorted(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  return list;
}

std::vector<std::string> TextsOf(const json::object& test, std::string_view name) {
  std::vector<std::string> out;
  if (const json::value* list = test.if_contains(name)) {
    for (const json::value& item : list->as_array()) out.emplace_back(item.as_string());
  }
  return Sorted(std::move(out));
}

class DocumentsTest : public testing::Test {
 protected:
  void SetUp() override {
    model::Sources sources;
    for (const char* name : {"graph", "catalog", "deployments", "workflows", "design"}) {
      const std::string path = std::string("models/") + name + ".tenon";
      sources.Add(path, ReadFile(kRoot / path));
    }
    auto checked = model::Check(sources);
    ASSERT_TRUE(checked.has_value());
    model_ = *std::move(checked);
    auto vault = Vault::Create(std::string(64, '7'), "", random_);
    ASSERT_TRUE(vault.has_value());
    vault_ = std::make_unique<Vault>(*std::move(vault));
  }

  // The paths of the fields that are wrong, and the record when none is.
  Result<Decoded> Decode(const std::string& table, const json::object& body) const {
    return DecodeCreate(*model_->FindTable(table), body, {.vault = vault_.get()});
  }

  // The messages of the checks that do not hold.
  static std::vector<std::string> Broken(const Record& record) {
    std::vector<std::string> out;
    for (const auto& check : record.entity->checks) {
      const auto value = Evaluate(*check.condition, {.row = &record});
      EXPECT_TRUE(value.has_value()) << check.message;
      if (!value) continue;
      const bool* holds = value->If<bool>();
      if (holds != nullptr && !*holds) out.push_back(check.message);
    }
    return Sorted(std::move(out));
  }

  SecureRandom random_;
  std::unique_ptr<Vault> vault_;
  std::shared_ptr<const model::Model> model_;
};

TEST_F(DocumentsTest, AreAcceptedOrRefusedWithEveryPath) {
  const auto tests = ParseJson(ReadFile(kRoot / "tests/seeds/documents.json"));
  ASSERT_TRUE(tests.has_value()) << tests.error().message;
  for (const json::value& item : tests->as_array()) {
    const json::object& test = item.as_object();
    const std::string table(test.at("table").as_string());
    SCOPED_TRACE(table + ": " + std::string(test.at("why").as_string()));
    const auto decoded = Decode(table, test.at("body").as_object());
    std::vector<std::string> paths;
    if (!decoded) {
      for (const FieldError& field : decoded.error().fields) paths.push_back(field.path);
    }
    EXPECT_EQ(Sorted(paths), TextsOf(test, "errors"));
    if (decoded) {
      EXPECT_EQ(Broken(decoded->record), TextsOf(test, "broken"));
    }
  }
}

TEST_F(DocumentsTest, SecretsAreSealedAndTheRestStaysReadable) {
  const auto decoded = Decode(
      "connector_configs", {{"name", "c"},
                            {"type", "http"},
                            {"config", {{"url", "https://a.example/x"}, {"api_key", "in clear"}}}});
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  const model::Field& field = *decoded->record.entity->FindField("config");
  const json::object& config = decoded->record.at(field).As<json::value>().as_object();
  EXPECT_EQ(config.at("url").as_string(), "https://a.example/x");
  EXPECT_EQ(json::serialize(config).find("in clear"), std::string::npos);
}

TEST_F(DocumentsTest, RealCanvasesLoseWhatOnlyTheEditorNeeds) {
  const std::filesystem::path folder = kRoot / "../shared/data/canvas/flowise";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the shared canvases are not here";
  int seen = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    SCOPED_TRACE(file.path().filename().string());
    const auto canvas = ParseJson(ReadFile(file.path()));
    ASSERT_TRUE(canvas.has_value()) << canvas.error().message;
    const auto decoded = Decode(
        "deployments",
        {{"system_name", "Canvas"},
         {"manifest_json", {{"name", "Canvas"}, {"category", "research"}, {"outputType", "data"}}},
         {"canvas_json", *canvas},
         {"trigger_type", "cron"}});
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
    const model::Field& field = *decoded->record.entity->FindField("canvas_json");
    const json::object& stored = decoded->record.at(field).As<json::value>().as_object();
    EXPECT_EQ(stored.at("nodes").as_array().size(),
              canvas->as_object().at("nodes").as_array().size());
    for (const json::value& node : stored.at("nodes").as_array()) {
      for (const char* transient : {"selected", "dragging", "measured", "positionAbsolute"}) {
        EXPECT_FALSE(node.as_object().contains(transient)) << transient;
      }
      EXPECT_TRUE(node.as_object().contains("position"));
    }
    EXPECT_TRUE(Broken(decoded->record).empty());
    ++seen;
  }
  EXPECT_GT(seen, 5);
}

}  // namespace
}  // namespace tenon

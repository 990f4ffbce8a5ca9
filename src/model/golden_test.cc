// tests/model/*.tenon: what each model checks to (.tree), the diagnostics (.diag) and the formatted
// text (.fmt). UPDATE_GOLDEN=1 writes them anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdlib>

#include "base/json.h"
#include "model/json.h"
#include "model/testing.h"

namespace tenon::model {
namespace {

namespace fs = std::filesystem;
using testing::ReadFile;
using testing::RenderAll;
using testing::Split;
using testing::WriteFile;

bool Updating() { return std::getenv("UPDATE_GOLDEN") != nullptr; }

// JSON in lines, scalars and short lists on one: a diff of two trees reads well.
void Pretty(const json::value& value, std::size_t indent, std::string& out) {
  const std::string flat = CanonicalJson(value);
  const bool nested = value.is_object() || value.is_array();
  if (!nested || flat.size() + indent <= 100) {
    out += flat;
    return;
  }
  const std::string blanks(indent + 2, ' ');
  out += value.is_object() ? "{\n" : "[\n";
  bool first = true;
  const auto next = [&] {
    if (!first) out += ",\n";
    first = false;
    out += blanks;
  };
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      next();
      AppendJsonString(member.key(), out);
      out += ": ";
      Pretty(member.value(), indent + 2, out);
    }
  } else {
    for (const auto& item : value.get_array()) {
      next();
      Pretty(item, indent + 2, out);
    }
  }
  out += "\n" + std::string(indent, ' ') + (value.is_object() ? "}" : "]");
}

std::string Tree(const Model& model) {
  std::string out;
  Pretty(ToJson(model), 0, out);
  return out + "\n";
}

std::vector<fs::path> Cases() {
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(fs::path(TENON_SOURCE_DIR) / "tests/model")) {
    if (entry.path().extension() == ".tenon") cases.push_back(entry.path());
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

class Golden : public ::testing::TestWithParam<fs::path> {
 protected:
  void Compare(std::string_view extension, const std::string& actual) {
    const fs::path path = fs::path(GetParam()).replace_extension(extension);
    if (Updating()) {
      if (actual.empty()) {
        fs::remove(path);
      } else {
        WriteFile(path, actual);
      }
      return;
    }
    EXPECT_EQ(ReadFile(path), actual) << path << "; UPDATE_GOLDEN=1 writes it anew";
  }
};

TEST_P(Golden, ChecksAndFormats) {
  const Sources sources = Split(GetParam().filename().string(), ReadFile(GetParam()));
  const auto model = Check(sources);
  Compare(".diag", model ? "" : RenderAll(sources, model.error()));
  Compare(".tree", model ? Tree(**model) : "");

  std::string formatted;
  for (std::uint32_t file = 0; file < sources.size(); ++file) {
    const auto once = Format(sources, file);
    if (!once) return Compare(".fmt", "");
    Sources again;
    again.Add(sources.file(file).path, *once);
    const auto twice = Format(again, 0);
    ASSERT_TRUE(twice) << RenderAll(again, twice.error());
    EXPECT_EQ(*once, *twice) << "formatting is not stable";
    formatted += *once;
  }
  Compare(".fmt", formatted);
}

// The formatted text of a model that checks means the same.
TEST_P(Golden, FormattedTextChecksToTheSame) {
  const Sources sources = Split(GetParam().filename().string(), ReadFile(GetParam()));
  const auto model = Check(sources);
  if (!model) return;
  Sources formatted;
  for (std::uint32_t file = 0; file < sources.size(); ++file) {
    formatted.Add(sources.file(file).path, Format(sources, file).value());
  }
  const auto again = Check(formatted);
  ASSERT_TRUE(again) << RenderAll(formatted, again.error());
  EXPECT_EQ(Tree(**model), Tree(**again));
}

INSTANTIATE_TEST_SUITE_P(Model, Golden, ::testing::ValuesIn(Cases()),
                         [](const auto& info) { return info.param.stem().string(); });

// The five shipped models check together, and formatting them is stable and changes nothing.
TEST(Shipped, CheckAndFormat) {
  const fs::path folder = fs::path(TENON_SOURCE_DIR) / "models";
  Sources sources;
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".tenon") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  ASSERT_GE(paths.size(), 5u);
  for (const fs::path& path : paths) sources.Add(path.filename().string(), ReadFile(path));
  const auto model = Check(sources);
  ASSERT_TRUE(model) << RenderAll(sources, model.error());
  EXPECT_EQ((*model)->ByDependency().size(), (*model)->entities.size());

  Sources formatted;
  for (std::uint32_t file = 0; file < sources.size(); ++file) {
    const auto once = Format(sources, file);
    ASSERT_TRUE(once) << RenderAll(sources, once.error());
    formatted.Add(sources.file(file).path, *once);
    const auto twice = Format(formatted, file);
    ASSERT_TRUE(twice) << RenderAll(formatted, twice.error());
    EXPECT_EQ(*once, *twice) << sources.file(file).path;
  }
  const auto again = Check(formatted);
  ASSERT_TRUE(again) << RenderAll(formatted, again.error());
  EXPECT_EQ(Tree(**model), Tree(**again));
}

// The walk-through of docs/language.md is a model that works, in the formatter's own style.
TEST(Docs, TheSixthModelChecks) {
  const std::string docs = ReadFile(fs::path(TENON_SOURCE_DIR) / "docs/language.md");
  const std::size_t fence = docs.find("```tenon\n");
  ASSERT_NE(fence, docs.npos);
  const std::size_t start = fence + 9;
  const std::string text = docs.substr(start, docs.find("```", start) - start);
  Sources sources;
  sources.Add("oncall.tenon", text);
  for (const auto& entry : fs::directory_iterator(fs::path(TENON_SOURCE_DIR) / "models")) {
    if (entry.path().extension() == ".tenon") {
      sources.Add(entry.path().filename().string(), ReadFile(entry.path()));
    }
  }
  const auto model = Check(sources);
  ASSERT_TRUE(model) << RenderAll(sources, model.error());
  EXPECT_NE((*model)->FindEntity("Asset")->FindRelation("incidents"), nullptr);
  const auto formatted = Format(sources, 0);
  ASSERT_TRUE(formatted);
  EXPECT_EQ(*formatted, text);
}

}  // namespace
}  // namespace tenon::model

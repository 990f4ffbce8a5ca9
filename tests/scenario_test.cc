// Every file of tests/scenario, on the embedded store.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "support/node_world.h"
#include "support/scenario.h"

namespace tenon::testing {
namespace {

std::vector<std::string> Files() {
  std::vector<std::string> files;
  const std::filesystem::path folder = std::filesystem::path(TENON_SOURCE_DIR) / "tests/scenario";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Scenario : public ::testing::TestWithParam<std::string> {};

TEST_P(Scenario, Holds) {
  const auto differences =
      RunScenario(GetParam(), [](const std::string& model) -> Result<std::unique_ptr<World>> {
        return TRY(NodeWorld::Create(model));
      });
  for (const std::string& difference : differences) {
    ADD_FAILURE() << std::filesystem::path(GetParam()).filename() << " " << difference;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Scenario, ::testing::ValuesIn(Files()), [](const auto& info) {
  return std::filesystem::path(info.param).stem().string();
});

}  // namespace
}  // namespace tenon::testing

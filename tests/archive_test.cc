// Rows that a model purges with `export` stand in DIR/archive before they are deleted.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "support/node_world.h"

namespace tenon::testing {
namespace {

class ArchiveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = NodeWorld::Create("");
    ASSERT_TRUE(made.has_value()) << made.error().message;
    world_ = *std::move(made);
  }

  std::string Create(const std::string& table, const std::string& body) {
    const auto response = world_->Call("admin", MakeRequest("POST", "/v1/" + table, body));
    EXPECT_EQ(response.status, 201) << response.body;
    return std::string(ParseJson(response.body)->as_object().at("id").as_string());
  }

  std::string Report(const std::string& hash) {
    return Create("coverage_reports", R"({"component_id":")" + component_ +
                                          R"(","variant_coverage_pct":"87.50","variant_hash":")" +
                                          hash + "\"}");
  }

  std::string archive() const { return world_->directory() + "/archive"; }

  std::string Archived() const {
    std::ifstream file(archive() + "/coverage_reports.ndjson", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  int StatusOf(const std::string& id) {
    return world_->Call("admin", MakeRequest("GET", "/v1/coverage_reports/" + id)).status;
  }

  std::unique_ptr<NodeWorld> world_;
  std::string component_;
};

TEST_F(ArchiveTest, KeepsWhatAPurgeTakes) {
  component_ = Create("component_artifacts", R"({"name":"Button"})");
  const std::string old = Report(std::string(64, 'a'));
  ASSERT_TRUE(world_->Advance(std::chrono::hours(24 * 20)));
  const std::string recent = Report(std::string(64, 'b'));
  ASSERT_TRUE(world_->Advance(std::chrono::hours(24 * 11)));
  ASSERT_TRUE(world_->Purge());

  EXPECT_EQ(StatusOf(old), 404);
  EXPECT_EQ(StatusOf(recent), 200);
  const std::string lines = Archived();
  ASSERT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1) << lines;
  const auto row = ParseJson(lines);
  ASSERT_TRUE(row) << lines;
  EXPECT_EQ(row->at("id").as_string(), old);
  EXPECT_EQ(row->at("variant_coverage_pct").as_string(), "87.50");
  struct stat status{};
  ASSERT_EQ(stat((archive() + "/coverage_reports.ndjson").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);

  // The next purge adds to it.
  ASSERT_TRUE(world_->Advance(std::chrono::hours(24 * 20)));
  ASSERT_TRUE(world_->Purge());
  EXPECT_EQ(StatusOf(recent), 404);
  EXPECT_TRUE(Archived().starts_with(lines));
  EXPECT_NE(Archived().find(recent), std::string::npos);
}

TEST_F(ArchiveTest, ARowThatCannotBeKeptIsNotPurged) {
  component_ = Create("component_artifacts", R"({"name":"Button"})");
  const std::string old = Report(std::string(64, 'a'));
  ASSERT_TRUE(world_->Advance(std::chrono::hours(24 * 31)));
  std::ofstream(archive()) << "a file where the folder should be";
  const auto purged = world_->Purge();
  EXPECT_FALSE(purged);
  EXPECT_EQ(StatusOf(old), 200);
}

}  // namespace
}  // namespace tenon::testing

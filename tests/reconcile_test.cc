// `tenon doctor --reconcile`: what was written past the engine is found, named and logged once.
#include <gtest/gtest.h>

#include "engine/reconcile.h"
#include "support/node_world.h"

namespace tenon::testing {
namespace {

class ReconcileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = NodeWorld::Create("");
    ASSERT_TRUE(made.has_value()) << made.error().message;
    world_ = *std::move(made);
  }

  std::string CreateTag(const std::string& name) {
    const auto response =
        world_->Call("admin", MakeRequest("POST", "/v1/tags", R"({"name":")" + name + "\"}"));
    EXPECT_EQ(response.status, 201) << response.body;
    return std::string(ParseJson(response.body)->as_object().at("id").as_string());
  }

  void Write(const std::string& sql) {
    const auto done = world_->node().store().Write({.tenant = {}, .across_tenants = true},
                                                   [&](Transaction& transaction) -> Result<void> {
                                                     TRY(transaction.Execute(sql, {}));
                                                     return {};
                                                   });
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  std::vector<OutsideChange> Run() {
    auto changes = Reconcile(world_->node().engine(), true);
    EXPECT_TRUE(changes.has_value()) << changes.error().message;
    return changes ? *changes : std::vector<OutsideChange>{};
  }

  std::unique_ptr<NodeWorld> world_;
};

TEST_F(ReconcileTest, FindsNothingWhereNothingWasDoneOutside) {
  CreateTag("a");
  EXPECT_TRUE(Run().empty());
}

TEST_F(ReconcileTest, FindsAndLogsEachChangeOnce) {
  const std::string changed = CreateTag("changed");
  const std::string removed = CreateTag("removed");
  CreateTag("left");
  Write("UPDATE tags SET description = 'by hand' WHERE id = '" + changed + "'");
  Write("DELETE FROM tags WHERE id = '" + removed + "'");
  ASSERT_TRUE(world_->NewLogRows().has_value());

  const auto changes = Run();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].action, "UPDATE");
  EXPECT_EQ(changes[0].key, changed);
  EXPECT_EQ(changes[0].fields, "description");
  EXPECT_EQ(changes[1].action, "DELETE");
  EXPECT_EQ(changes[1].key, removed);

  const auto rows = world_->NewLogRows();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->at(0).at("metadata").at("actor").as_string(), "outside");
  EXPECT_EQ(rows->at(0).at("after").at("description").as_string(), "by hand");
  EXPECT_TRUE(Run().empty());
  const auto fault = world_->node().log().Verify(std::nullopt, {}, {});
  ASSERT_TRUE(fault.has_value());
  EXPECT_FALSE(fault->has_value()) << (*fault)->seq << " " << (*fault)->what;
}

TEST_F(ReconcileTest, LeavesQuietEventsAlone) {
  const auto made =
      world_->Call("admin", MakeRequest("POST", "/v1/node_registrations",
                                        R"({"node_type":"reducer","node_version":"1"})"));
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id(ParseJson(made.body)->as_object().at("node_id").as_string());
  world_->clock().Advance(std::chrono::seconds(5));
  ASSERT_EQ(
      world_
          ->Call("admin", MakeRequest("POST", "/v1/node_registrations/" + id + ":heartbeat", "{}"))
          .status,
      200);
  EXPECT_TRUE(Run().empty());
}

}  // namespace
}  // namespace tenon::testing

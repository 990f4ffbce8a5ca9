// Every view, timed event and purge of the shipped models runs on a store that was migrated to
// them, and the clock's conditions are answered from an index.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/clock.h"
#include "log/testing.h"
#include "record/decode.h"
#include "record/sql.h"
#include "record/view_sql.h"

namespace tenon {
namespace {

// Any value of a parameter's type.
std::string SampleOf(const model::Type& type) {
  switch (type.kind) {
    case model::TypeKind::kUuid:
      return "01890a5d-ac96-774b-bcce-b302099a8057";
    case model::TypeKind::kUlid:
      return "01H5C3S5J5Z8G0V3M7Y5K6Q9R2";
    case model::TypeKind::kInt:
      return "10";
    default:
      return "%order%";
  }
}

class ViewsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = testing::TestStore::Make(testing::StoreOfRun());
    ASSERT_TRUE(made) << made.error().message;
    world_ = *std::move(made);
    model_ = world_->model();
  }
  [[nodiscard]] Dialect dialect() const { return world_->store().dialect(); }

  // Runs a statement; the text of all its columns, a line a row.
  std::string Run(const SqlBuilder& sql) {
    std::string out;
    const auto read = [&](Reader& reader) {
      return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
        for (int i = 0; i < row.columns(); ++i) {
          out += row.IsNull(i) ? "null " : std::string(row.Text(i)) + " ";
        }
        out += "\n";
        return true;
      });
    };
    const auto done = world_->store().Read({.tenant = {}, .across_tenants = true}, read);
    EXPECT_TRUE(done.has_value()) << done.error().message << "\n" << sql.text();
    return out;
  }

  // How SQLite would answer a condition over an entity.
  std::string PlanOf(const model::Entity& entity, const model::Expression& condition) {
    SqlBuilder sql(Dialect::kSqlite);
    (sql << "EXPLAIN QUERY PLAN SELECT 1 FROM ").Name(entity.table) << " AS t WHERE ";
    const auto done = AppendExpression(condition, {.alias = "t", .now = clock_.Now()}, sql);
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return Run(sql);
  }

  SystemClock clock_;
  std::unique_ptr<testing::TestStore> world_;
  std::shared_ptr<const model::Model> model_;
};

TEST_F(ViewsTest, EveryViewRuns) {
  for (const auto& view : model_->views) {
    SCOPED_TRACE(view->name);
    ViewArguments arguments{.parameters = {}, .now = clock_.Now(), .tenant = Uuid{}};
    for (const model::ViewParameter& parameter : view->parameters) {
      auto value = ParseText(parameter.type, SampleOf(parameter.type));
      ASSERT_TRUE(value.has_value()) << parameter.name;
      arguments.parameters.emplace_back(parameter.name, *std::move(value));
    }
    for (const bool across : {false, true}) {
      if (across) arguments.tenant.reset();
      SqlBuilder sql(dialect());
      const auto compiled = AppendView(*view, arguments, sql);
      ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
      Run(sql);
    }
    EXPECT_EQ(ViewColumnTypes(*view).size(), view->bodies.front().select.size());
  }
}

TEST_F(ViewsTest, TheHealthDashboardHasARowForEachMetric) {
  SqlBuilder sql(dialect());
  ASSERT_TRUE(
      AppendView(*model_->FindView("system_health"), {.now = clock_.Now()}, sql).has_value());
  EXPECT_EQ(Run(sql), "workflows 0 0 0 0 \nnodes 0 0 0 0 \n");
}

TEST_F(ViewsTest, TheClocksConditionsUseAnIndex) {
  if (dialect() != Dialect::kSqlite) {
    GTEST_SKIP() << "PostgreSQL reads empty tables whole; its declared indexes have PlanTest";
  }
  int conditions = 0;
  for (const auto& entity : model_->entities) {
    for (const model::Event& event : entity->events) {
      if (!event.auto_when) continue;
      EXPECT_NE(PlanOf(*entity, *event.auto_when).find("USING"), std::string::npos)
          << entity->table << " " << event.name;
      ++conditions;
    }
    if (!entity->purge) continue;
    EXPECT_NE(PlanOf(*entity, *entity->purge->when).find("USING"), std::string::npos)
        << entity->table;
    ++conditions;
  }
  EXPECT_GT(conditions, 10);
}

}  // namespace
}  // namespace tenon

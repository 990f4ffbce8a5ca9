#include "search/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search/testing.h"

namespace tenon::search {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Names(const auto& items) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(item.name);
  return names;
}

TEST(SearchPlans, FollowTheModel) {
  const auto model = testing::CheckedModel(testing::kModel);
  ASSERT_NE(model, nullptr);
  const auto plans = SearchPlans::Of(*model);
  ASSERT_TRUE(plans.has_value()) << plans.error().message;
  const SearchPlan* things = plans->FindTable("things");
  ASSERT_NE(things, nullptr);
  // The label first, then unique names, other rows' fields, texts; never hidden or redacted ones.
  EXPECT_THAT(Names(things->fields),
              ElementsAre("name", "qualified_name", "labels.name", "description"));
  EXPECT_TRUE(things->fields[0].label);
  EXPECT_TRUE(things->fields[1].name_like);
  EXPECT_FALSE(things->fields[2].name_like);
  EXPECT_THAT(Names(things->facets), UnorderedElementsAre("kind", "labels.name"));
  EXPECT_EQ(plans->FindTable("thing_labels"), nullptr);
}

TEST(SearchPlans, KnowWhatARowOfAnotherEntityMeans) {
  const auto model = testing::CheckedModel(testing::kModel);
  ASSERT_NE(model, nullptr);
  const auto plans = SearchPlans::Of(*model);
  ASSERT_TRUE(plans.has_value());
  ASSERT_EQ(plans->DependentsOf("LABEL").size(), 1u);
  EXPECT_THAT(Names(std::vector<model::Field>{*plans->DependentsOf("LABEL")[0].fields.front()}),
              ElementsAre("name"));
  ASSERT_EQ(plans->DependentsOf("THING_LABEL").size(), 1u);
  EXPECT_TRUE(plans->DependentsOf("THING_LABEL")[0].through_row);
  EXPECT_THAT(plans->Types(), Contains("THING_LABEL"));
  EXPECT_THAT(plans->DependentsOf("THING"), Not(Contains(::testing::_)));
}

}  // namespace
}  // namespace tenon::search

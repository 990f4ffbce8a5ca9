#include "services/ingest/owned_members.h"

#include <gtest/gtest.h>

#include <array>

namespace tenon::ingest {
namespace {

constexpr std::array<std::string_view, 2> kPaths = {"metadata.dbt", "metadata.owner"};

json::object Object(std::string_view text) { return ParseJson(text)->as_object(); }

TEST(OwnedMembersTest, WhatWasNotWrittenGoesAndTheRestStays) {
  OwnedMembers owned;
  EXPECT_TRUE(owned.empty());
  owned.Saw("a", Object(R"({"name": "n", "metadata": {"dbt": {"x": 1, "in": {"y": 2}}}})"), kPaths);
  EXPECT_EQ(owned.Fields(), "metadata");
  const json::object row = Object(R"({"id": "a", "metadata": {
      "dbt": {"x": 7, "old": [1, 2], "in": {"y": 3, "z": {"deep": 1}}},
      "owner": {"email": "e"}, "note": "by hand"}})");
  EXPECT_EQ(json::value(owned.Stale("a", row)),
            json::value(Object(R"({"metadata": {"dbt": {"old": null, "in": {"z": null}},
                                                "owner": null}})")));
  EXPECT_TRUE(owned.Stale("b", row).empty());  // not written by this run
}

TEST(OwnedMembersTest, WhatIsAsItWasWrittenNeedsNoPatch) {
  OwnedMembers owned;
  const json::object row = Object(R"({"metadata": {"dbt": {"x": 1, "in": {}}, "owner": null}})");
  owned.Saw("a", row, kPaths);
  EXPECT_TRUE(owned.Stale("a", row).empty());
  EXPECT_TRUE(owned.Stale("a", Object(R"({"metadata": {}})")).empty());
  EXPECT_TRUE(owned.Stale("a", Object("{}")).empty());
}

TEST(OwnedMembersTest, AMemberWithADotIsOneMember) {
  OwnedMembers owned;
  owned.Saw("a", Object(R"({"metadata": {"dbt": {"a": {"b": 1}}}})"), kPaths);
  EXPECT_EQ(json::value(owned.Stale("a", Object(R"({"metadata": {"dbt": {"a.b": 1}}})"))),
            json::value(Object(R"({"metadata": {"dbt": {"a.b": null}}})")));
}

}  // namespace
}  // namespace tenon::ingest

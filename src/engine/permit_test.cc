#include "engine/permit.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

Caller With(Role role) {
  Caller caller;
  caller.roles = static_cast<std::uint8_t>(role);
  return caller;
}

class PermitTest : public ::testing::Test {
 protected:
  PermitTest() {
    entity_.name = "Thing";
    entity_.table = "things";
    entity_.tenant = &tenant_;
    model::Event event;
    event.name = "approve";
    event.by = {"approver"};
    entity_.events.push_back(event);
  }
  model::Field tenant_;
  model::Entity entity_;
};

TEST_F(PermitTest, ByDefaultReadersReadAndWritersWrite) {
  EXPECT_TRUE(Permit(With(Role::kReader), entity_, "read").has_value());
  EXPECT_FALSE(Permit(With(Role::kReader), entity_, "create").has_value());
  EXPECT_TRUE(Permit(With(Role::kWriter), entity_, "create").has_value());
  EXPECT_TRUE(Permit(With(Role::kAdmin), entity_, "delete").has_value());
}

TEST_F(PermitTest, TheRoleOfAnEventIsEnoughForIt) {
  EXPECT_TRUE(Permit(With(Role::kApprover), entity_, "approve").has_value());
  EXPECT_FALSE(Permit(With(Role::kApprover), entity_, "update").has_value());
}

TEST_F(PermitTest, PermitLinesReplaceTheDefault) {
  entity_.permits.push_back({"operator", {"read"}});
  EXPECT_TRUE(Permit(With(Role::kOperator), entity_, "read").has_value());
  const auto refused = Permit(With(Role::kWriter), entity_, "read");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kForbidden);
  EXPECT_EQ(refused.error().message, "read things needs the role operator");
}

TEST_F(PermitTest, GlobalEntitiesAreTheSystems) {
  entity_.global = true;
  EXPECT_FALSE(Permit(With(Role::kAdmin), entity_, "read").has_value());
  EXPECT_TRUE(Permit(With(Role::kSystem), entity_, "read").has_value());
}

TEST_F(PermitTest, WhatTheEngineWritesNobodyElseDoes) {
  entity_.written_by_engine = true;
  Command command;
  command.entity = &entity_;
  EXPECT_FALSE(PermitCommand(With(Role::kSystem), command).has_value());
  command.trusted = true;
  EXPECT_TRUE(PermitCommand(With(Role::kReader), command).has_value());
}

TEST_F(PermitTest, AppendOnlyRowsTakeOnlyTheirEvents) {
  entity_.append_only = true;
  entity_.append_only_except = {"approve"};
  Command command;
  command.entity = &entity_;
  command.op = Command::Op::kUpdate;
  EXPECT_EQ(PermitCommand(With(Role::kAdmin), command).error().code, Code::kConflict);
  command.op = Command::Op::kEvent;
  command.event = "approve";
  EXPECT_TRUE(PermitCommand(With(Role::kAdmin), command).has_value());
}

}  // namespace
}  // namespace tenon

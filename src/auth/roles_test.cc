#include "auth/roles.h"

#include <gtest/gtest.h>

#include "auth/identity.h"

namespace tenon {
namespace {

Caller With(std::string_view json) {
  Caller caller;
  caller.roles = RolesOfText(json);
  return caller;
}

TEST(Roles, ImplyOthers) {
  EXPECT_TRUE(With(R"(["admin"])").Has(Role::kApprover));
  EXPECT_FALSE(With(R"(["admin"])").Has(Role::kSystem));
  EXPECT_TRUE(With(R"(["system"])").Has("admin"));
  EXPECT_TRUE(With(R"(["writer"])").Has("reader"));
  EXPECT_FALSE(With(R"(["writer"])").Has("operator"));
  EXPECT_FALSE(With(R"(["reader"])").Has("writer"));
  EXPECT_FALSE(With(R"(["god"])").Has("reader"));
  EXPECT_FALSE(With(R"("admin")").Has("reader"));
  EXPECT_FALSE(With("").Has("reader"));
  EXPECT_FALSE(With(R"(["admin"])").Has("no such role"));
}

TEST(Roles, AreListedWithoutWhatOthersImply) {
  EXPECT_EQ(RoleList(RolesOfText(R"(["admin"])")), std::vector<std::string>{"admin"});
  EXPECT_EQ(RoleList(RolesOfText(R"(["writer", "operator"])")),
            (std::vector<std::string>{"writer", "operator"}));
  EXPECT_EQ(RoleList(0), std::vector<std::string>{});
}

TEST(Roles, CoverWhatTheyGrant) {
  const std::uint8_t admin = RolesOfText(R"(["admin"])");
  const std::uint8_t system = RolesOfText(R"(["system"])");
  const std::uint8_t writer = RolesOfText(R"(["writer"])");
  EXPECT_TRUE(Covers(admin, writer));
  EXPECT_TRUE(Covers(system, admin));
  EXPECT_FALSE(Covers(admin, system));
  EXPECT_FALSE(Covers(writer, admin));
  EXPECT_TRUE(Covers(0, 0));
}

TEST(Identity, SystemCallerIsTheServer) {
  EXPECT_TRUE(SystemCaller().user_tenant.IsNil());
  const Caller elsewhere = SystemCaller(DefaultTenantId(), "default");
  EXPECT_EQ(elsewhere.user_tenant, SystemTenantId());
  EXPECT_TRUE(elsewhere.Has(Role::kSystem));
  EXPECT_NE(SystemTenantId(), DefaultTenantId());
}

}  // namespace
}  // namespace tenon

#include "api/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/routes.h"

namespace tenon {
namespace {

using ::testing::HasSubstr;

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() : router_(Model(), Routes()) {}

  const model::Model& Model() {
    for (const char* table : {"assets", "api_keys", "changes_of_mine"}) {
      auto entity = std::make_unique<model::Entity>();
      entity->name = table;
      entity->table = table;
      model_.entities.push_back(std::move(entity));
    }
    return model_;
  }

  std::string Find(std::string_view method, std::string_view path) {
    const auto matched = router_.Match(method, path);
    if (!matched) return std::to_string(Info(matched.error().code).http_status);
    std::string text(router_.routes()[matched->route].pattern);
    if (matched->entity != nullptr) text += " " + matched->entity->table;
    if (!matched->id.empty()) text += " id=" + matched->id;
    if (!matched->name.empty()) text += " name=" + matched->name;
    return text;
  }

  model::Model model_;
  Router router_;
};

TEST_F(RouterTest, FindsFixedPaths) {
  EXPECT_EQ(Find("GET", "/"), "/");
  EXPECT_EQ(Find("HEAD", "/livez"), "/livez");
  EXPECT_EQ(Find("GET", "/v1/changes"), "/v1/changes");
  EXPECT_EQ(Find("POST", "/v1/audit:verify"), "/v1/audit:verify");
  EXPECT_EQ(Find("GET", "/v1/views/a_view"), "/v1/views/{name} name=a_view");
  EXPECT_EQ(Find("GET", "/v1/exports/assets"), "/v1/exports/{table} assets");
}

TEST_F(RouterTest, FindsPathsOfTables) {
  EXPECT_EQ(Find("GET", "/v1/assets"), "/v1/{table} assets");
  EXPECT_EQ(Find("POST", "/v1/assets"), "/v1/{table} assets");
  EXPECT_EQ(Find("POST", "/v1/assets:batch"), "/v1/{table}:batch assets");
  EXPECT_EQ(Find("GET", "/v1/assets/7"), "/v1/{table}/{id} assets id=7");
  EXPECT_EQ(Find("PATCH", "/v1/assets/7"), "/v1/{table}/{id} assets id=7");
  EXPECT_EQ(Find("GET", "/v1/assets/7/history"), "/v1/{table}/{id}/history assets id=7");
  EXPECT_EQ(Find("POST", "/v1/assets/7:restore"),
            "/v1/{table}/{id}:restore assets id=7 name=restore");
  EXPECT_EQ(Find("POST", "/v1/assets/7:start"), "/v1/{table}/{id}:{event} assets id=7 name=start");
}

TEST_F(RouterTest, RoutesOfOneTableComeFirst) {
  EXPECT_EQ(Find("POST", "/v1/api_keys"), "/v1/api_keys api_keys");
  EXPECT_EQ(Find("GET", "/v1/api_keys"), "/v1/{table} api_keys");
  EXPECT_EQ(Find("GET", "/v1/api_keys/7"), "/v1/{table}/{id} api_keys id=7");
  EXPECT_EQ(Find("POST", "/v1/api_keys/7:rotate"),
            "/v1/api_keys/{id}:rotate api_keys id=7 name=rotate");
  EXPECT_EQ(Find("POST", "/v1/api_keys/7:revoke"),
            "/v1/{table}/{id}:{event} api_keys id=7 name=revoke");
}

TEST_F(RouterTest, IdsMayHoldAnything) {
  EXPECT_EQ(Find("GET", "/v1/assets/a/b"), "/v1/{table}/{id} assets id=a/b");
  EXPECT_EQ(Find("GET", "/v1/assets/urn:a:b"), "/v1/{table}/{id} assets id=urn:a:b");
  EXPECT_EQ(Find("POST", "/v1/assets/urn:a:go"),
            "/v1/{table}/{id}:{event} assets id=urn:a name=go");
  EXPECT_EQ(Find("GET", "/v1/assets/history"), "/v1/{table}/{id} assets id=history");
}

TEST_F(RouterTest, SaysWhatIsWrong) {
  EXPECT_EQ(Find("GET", "/nothing"), "404");
  EXPECT_EQ(Find("GET", "/v1/"), "404");
  EXPECT_EQ(Find("GET", "/v1/assets/"), "404");
  EXPECT_EQ(Find("GET", ""), "404");
  EXPECT_EQ(Find("PUT", "/v1/assets/7"), "405");
  EXPECT_EQ(Find("POST", "/v1/assets/7"), "405");
  EXPECT_EQ(Find("DELETE", "/v1/assets"), "405");
  const auto nowhere = router_.Match("GET", "/v1/asset");
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("did you mean /v1/assets?"));
  const auto method = router_.Match("PUT", "/v1/assets/7");
  ASSERT_FALSE(method);
  EXPECT_EQ(method.error().details.at("allow").as_string(), "GET, HEAD, PATCH, DELETE");
}

}  // namespace
}  // namespace tenon

// Strings that break programs (../shared/data/strings, the Big List of Naughty Strings), in every
// text field of every entity and in every place where a query takes text: kept exactly as sent or
// refused by name, and never an error of the server's own.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <map>

#include "model/testing.h"
#include "support/node_world.h"
#include "support/sample.h"

namespace tenon::testing {
namespace {

std::vector<std::string> NaughtyStrings() {
  const std::string path = std::string(TENON_SOURCE_DIR) + "/../shared/data/strings/blns.json";
  std::vector<std::string> strings;
  if (!std::filesystem::exists(path)) return strings;
  const auto list = ParseJson(model::testing::ReadFile(path));
  if (!list || !list->is_array()) return strings;
  for (const json::value& text : list->as_array()) strings.emplace_back(text.as_string());
  strings.emplace_back("before\0after", 12);
  return strings;
}

class NaughtyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    strings_ = NaughtyStrings();
    if (strings_.empty()) GTEST_SKIP() << "needs ../shared/data/strings/blns.json";
    auto world = NodeWorld::Create("");
    ASSERT_TRUE(world) << world.error().message;
    world_ = *std::move(world);
  }

  http::Response Call(std::string method, std::string path, std::string body = "",
                      std::vector<std::pair<std::string, std::string>> query = {}) {
    return world_->Call("admin", MakeRequest(std::move(method), std::move(path), std::move(body),
                                             std::move(query)));
  }

  // Answered, or refused as a mistake of the caller's, in JSON either way.
  static void ExpectSound(const http::Response& response, const std::string& what) {
    const std::string body = BodyOf(response);
    EXPECT_LT(response.status, 500) << what << "\n" << body;
    // Not ParseJson: it takes no NUL, and an answer may quote one.
    boost::system::error_code error;
    if (!body.empty()) static_cast<void>(json::parse(body, error));
    EXPECT_FALSE(error) << what << "\n" << body;
  }

  std::vector<std::string> strings_;
  std::unique_ptr<NodeWorld> world_;
};

// Fields in which any text is right.
std::vector<const model::Field*> FreeTexts(const model::Entity& entity) {
  std::vector<const model::Field*> fields;
  for (const model::Field& field : entity.fields) {
    const bool set_by_engine =
        field.automatic != model::Auto::kNone || field.computed || field.tenant || field.hidden;
    if (field.type.kind == model::TypeKind::kText && !field.key && !field.reference &&
        !set_by_engine) {
      fields.push_back(&field);
    }
  }
  return fields;
}

TEST_F(NaughtyTest, EveryTextFieldKeepsWhatItTakes) {
  const model::Model& model = world_->node().engine().model();
  Sampler sampler(model,
                  [&](http::Request request) { return world_->Call("admin", std::move(request)); });
  int kept = 0;
  for (const auto& entity : model.entities) {
    const auto fields = FreeTexts(*entity);
    if (fields.empty() || !ClientsCreate(*entity)) continue;
    const auto body = sampler.Body(*entity);
    ASSERT_TRUE(body) << entity->table << ": " << body.error().message;
    int kept_here = 0;
    for (const std::string& text : strings_) {
      json::object row = *body;
      for (const model::Field* field : fields) row[field->name] = text;
      const std::string what = entity->table + " with " + json::serialize(json::value(text));
      const http::Response made = Call("POST", "/v1/" + entity->table, json::serialize(row));
      ExpectSound(made, what);
      if (made.status == 403) break;  // another role's
      if (made.status == 200)
        continue;  // the row is there already: its key is made of other fields
      if (made.status != 201) {
        EXPECT_TRUE(made.status == 409 || made.status == 422 || made.status == 400)
            << what << ": " << made.status << "\n"
            << BodyOf(made);
        continue;
      }
      ++kept_here;
      const http::Response got = Call("GET", "/v1/" + entity->table + "/" + IdFrom(made));
      ASSERT_EQ(got.status, 200) << what;
      const json::value answer = *ParseJson(BodyOf(got));
      for (const model::Field* field : fields) {
        EXPECT_EQ(answer.at(field->name), row.at(field->name)) << what << ", " << field->name;
      }
    }
    kept += kept_here;
  }
  EXPECT_GT(kept, static_cast<int>(strings_.size()) * 5);
}

TEST_F(NaughtyTest, EveryQueryAnswersOrSaysWhatIsWrong) {
  std::map<std::string, std::string> ids;  // of assets, by what they are named
  for (const std::string& text : strings_) {
    const json::object row = {{"type", "TABLE"},
                              {"name", text},
                              {"qualified_name", "naughty/" + text},
                              {"description", text},
                              {"metadata", json::object{{text, text}}}};
    const http::Response made = Call("POST", "/v1/assets", json::serialize(row));
    if (made.status == 201) ids[text] = IdFrom(made);
  }
  EXPECT_GT(ids.size(), strings_.size() / 2);
  for (const std::string& text : strings_) {
    const std::string what = json::serialize(json::value(text));
    for (const char* name : {"filter", "order", "page_token", "fields", "expand", "at", "as_of"}) {
      ExpectSound(Call("GET", "/v1/assets", "", {{name, text}}), std::string(name) + " " + what);
    }
    for (const char* path : {"/v1/search", "/v1/graph/downstream", "/v1/changes", "/v1/audits"}) {
      for (const char* name : {"q", "from", "entity", "filter", "facets", "after"}) {
        ExpectSound(Call("GET", path, "", {{name, text}}), std::string(path) + " " + what);
      }
    }
    ExpectSound(Call("GET", "/v1/assets/" + text), "the id " + what);
    ExpectSound(Call("GET", "/v1/" + text), "the table " + what);
    ExpectSound(Call("POST", "/v1/assets", text), "the body " + what);
    // A literal of a filter holds any text: only the quote and the backslash are written twice.
    std::string literal;
    for (const char c : text) {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
    const http::Response found =
        Call("GET", "/v1/assets", "", {{"filter", "name = \"" + literal + "\""}});
    ExpectSound(found, "a filter for " + what);
    if (found.status != 200 || !ids.contains(text)) continue;
    const json::value answer = *ParseJson(BodyOf(found));
    EXPECT_TRUE(std::ranges::any_of(answer.at("items").as_array(), [&](const json::value& item) {
      return item.at("id").as_string() == ids.at(text);
    })) << what;
  }
  EXPECT_TRUE(*world_->node().log().Verify({}, {}, {}) == std::nullopt);
}

TEST_F(NaughtyTest, ANameOfAHundredThousandCharactersIsRefusedByItsField) {
  const std::string name(100000, 'x');
  const http::Response made = Call(
      "POST", "/v1/assets",
      json::serialize(json::object{{"type", "TABLE"}, {"name", name}, {"qualified_name", name}}));
  EXPECT_EQ(made.status, 422);
  const std::string body = BodyOf(made);
  EXPECT_NE(body.find("\"name\""), body.npos) << body.substr(0, 500);
  EXPECT_LT(body.size(), 5000u);
  ExpectSound(Call("GET", "/v1/search", "", {{"q", name}}), "a search for it");
  ExpectSound(Call("GET", "/v1/assets/" + name), "an id");
}

}  // namespace
}  // namespace tenon::testing

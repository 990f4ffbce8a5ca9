#include "api/openapi.h"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "api/testing.h"

namespace tenon {
namespace {

// One line a member, so that a change of the contract shows as a small difference.
void Pretty(const json::value& value, std::string indent, std::string& out) {
  if (value.is_object() && !value.as_object().empty()) {
    out += "{\n";
    bool first = true;
    for (const auto& member : value.as_object()) {
      out +=
          (first ? "" : ",\n") + indent + " " + json::serialize(json::value(member.key())) + ": ";
      first = false;
      Pretty(member.value(), indent + " ", out);
    }
    out += "\n" + indent + "}";
  } else {
    out += json::serialize(value);
  }
}

void CollectRefs(const json::value& value, std::set<std::string>& refs) {
  if (value.is_object()) {
    for (const auto& member : value.as_object()) {
      if (member.key() == "$ref") refs.insert(std::string(member.value().as_string()));
      CollectRefs(member.value(), refs);
    }
  } else if (value.is_array()) {
    for (const auto& item : value.as_array()) CollectRefs(item, refs);
  }
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  const auto model = testing::ShippedModel();
  ASSERT_NE(model, nullptr);
  const json::value document = MakeOpenApi(*model, "test");
  std::set<std::string> refs;
  CollectRefs(document, refs);
  for (const std::string& ref : refs) {
    boost::system::error_code failed;
    EXPECT_NE(document.find_pointer(ref.substr(1), failed), nullptr) << ref;
  }
  std::set<std::string> ids;
  for (const auto& path : document.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      const std::string id(operation.value().at("operationId").as_string());
      EXPECT_TRUE(ids.insert(id).second) << id;
    }
  }
}

TEST(OpenApi, NamesEveryFieldAndNoHiddenOne) {
  const auto model = testing::ShippedModel();
  ASSERT_NE(model, nullptr);
  const json::object document = MakeOpenApi(*model, "test");
  const json::object& schemas = document.at("components").at("schemas").as_object();
  for (const auto& entity : model->entities) {
    const json::object& properties = schemas.at(entity->name).at("properties").as_object();
    for (const model::Field& field : entity->fields) {
      EXPECT_EQ(properties.contains(field.name), !field.hidden)
          << entity->name << "." << field.name;
    }
  }
}

TEST(OpenApi, IsAsItWas) {
  const auto model = testing::ShippedModel();
  ASSERT_NE(model, nullptr);
  std::string text;
  Pretty(MakeOpenApi(*model, "golden"), "", text);
  text += '\n';
  const std::string path = std::string(TENON_SOURCE_DIR) + "/tests/openapi.json";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream in(path);
  const std::string golden(std::istreambuf_iterator<char>(in), {});
  EXPECT_TRUE(golden == text)
      << "the API's contract changed: run api_test with UPDATE_GOLDEN=1 and "
         "look at the difference of tests/openapi.json";
}

}  // namespace
}  // namespace tenon

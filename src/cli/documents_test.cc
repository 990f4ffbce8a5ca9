#include "cli/documents.h"
#include "cli/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace tenon::cli {
namespace {

std::string Read(std::string_view text) {
  Result<std::vector<json::value>> values = ReadValues(text, "f.yaml");
  if (!values) return values.error().message;
  std::string out;
  for (const json::value& value : *values) out += json::serialize(value) + "\n";
  return out;
}

TEST(Documents, ReadYamlByTheCoreSchema) {
  EXPECT_EQ(
      Read("a: 1\nb: 1.5\nc: true\nd: null\ne: '1'\nf: yes\ng: 0o17\nh: 1.2.3\ni:\n"),
      R"({"a":1,"b":1.5E0,"c":true,"d":null,"e":"1","f":"yes","g":"0o17","h":"1.2.3","i":null})"
      "\n");
  EXPECT_EQ(Read("- a\n- [1, {b: c}]\n"), "[\"a\",[1,{\"b\":\"c\"}]]\n");
}

TEST(Documents, ReadManyInOneFile) {
  EXPECT_EQ(Read("a: 1\n---\nb: 2\n---\n"), "{\"a\":1}\n{\"b\":2}\n");
  EXPECT_EQ(Read("[{\"a\":1},{\"b\":2}]"), "{\"a\":1}\n{\"b\":2}\n");
  EXPECT_EQ(Read("{\"a\":1}\n\n{\"b\":2}\n"), "{\"a\":1}\n{\"b\":2}\n");
}

TEST(Documents, SayWhereTheyAreWrong) {
  EXPECT_THAT(Read("a: [1\n"), testing::StartsWith("f.yaml:2:1: "));
  EXPECT_EQ(Read("a: 1\na: 2\n"), "f.yaml:2:1: 'a' stands twice");
  EXPECT_EQ(Read(" \n"), "f.yaml is empty");
  EXPECT_THAT(Read("{\"a\":1}\n{\"b\":}\n"), testing::StartsWith("f.yaml:2: "));
  EXPECT_THAT(Read(std::string(100, '[')), testing::StartsWith("f.yaml: "));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(Read(deep), testing::HasSubstr("nested deeper than 64"));
}

TEST(Documents, AliasesCannotBlowUp) {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    const char before = static_cast<char>(c - 1);
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i > 0 ? "," : "") + "*" + before;
    bomb += "]\n";
  }
  EXPECT_THAT(Read(bomb), testing::HasSubstr("more than 2000000 values"));
}

TEST(Documents, NameTheirEntity) {
  auto documents =
      ReadDocuments("entity: Asset\nname: a\n---\nentity: Tag\nfields: {name: b}\n", "f");
  ASSERT_TRUE(documents) << documents.error().message;
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].entity, "Asset");
  EXPECT_EQ(json::serialize((*documents)[0].fields), R"({"name":"a"})");
  EXPECT_EQ((*documents)[1].entity, "Tag");
  EXPECT_EQ(json::serialize((*documents)[1].fields), R"({"name":"b"})");
  EXPECT_EQ((*documents)[1].place, "f, document 2");
  auto nameless = ReadDocuments("name: a\n", "f");
  ASSERT_FALSE(nameless);
  EXPECT_THAT(nameless.error().message, testing::HasSubstr("add a line such as: entity: Asset"));
}

TEST(Documents, YamlComesBackAsItWas) {
  const char* const kText =
      R"({"plain":"text","number":"12","yes":"true","empty":"","colon":"a: b","hash":"a #b",)"
      R"("dash":"- x","lines":"a\nb","list":[1,"x",{"a":{"b":[]},"c":null}],"none":{},"nested":[[1,2]],)"
      R"("key with: colon":1,"utf":"日本","float":1.5})";
  const json::value value = *ParseJson(kText);
  const std::string yaml = ToYaml(value);
  auto back = ReadValues(yaml, "f");
  ASSERT_TRUE(back) << back.error().message << "\n" << yaml;
  EXPECT_EQ(CanonicalJson(back->at(0)), CanonicalJson(value)) << yaml;
}

}  // namespace
}  // namespace tenon::cli

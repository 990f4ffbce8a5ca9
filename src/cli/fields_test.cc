#include "cli/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace tenon::cli {
namespace {

EntityInfo Thing() {
  EntityInfo entity;
  entity.name = "Thing";
  auto add = [&](std::string name, std::string type) {
    FieldInfo field;
    field.name = std::move(name);
    field.nullable = type.ends_with('?');
    field.kind = type.starts_with('[') ? "list" : type.substr(0, type.find_first_of("(? "));
    field.type = std::move(type);
    entity.fields.push_back(std::move(field));
  };
  add("name", "text(100)");
  add("note", "text?");
  add("count", "int(0..)?");
  add("ratio", "float");
  add("cost", "decimal(10,2)");
  add("enabled", "bool");
  add("tags", "[text]");
  add("metadata", "json");
  add("at", "time?");
  add("limits", "map int(0..)");
  return entity;
}

std::string Read(const std::vector<std::string>& words, const EntityInfo* entity) {
  json::object into;
  const ReadFileFn reader = [](const std::string& path) -> Result<std::string> {
    if (path == "note.txt") return std::string("two\nlines\n");
    if (path == "data.json") return std::string("{\"deep\": [1]}\n");
    if (path == "count") return std::string("7\n");
    return Fail(Code::kNotFound, "cannot read " + path + ": there is no such file");
  };
  Result<void> done = ReadAssignments(words, entity, reader, into);
  if (done) return json::serialize(into);
  std::string errors;
  for (const FieldError& field : done.error().fields) {
    errors += field.path + ": " + field.message + "; ";
  }
  return errors;
}

TEST(Fields, AreTypedByTheModel) {
  const EntityInfo thing = Thing();
  EXPECT_EQ(Read({"name=5"}, &thing), R"({"name":"5"})");
  EXPECT_EQ(Read({"count=5"}, &thing), R"({"count":5})");
  EXPECT_EQ(Read({"count=-5"}, &thing), R"({"count":-5})");
  EXPECT_EQ(Read({"count=null", "note=null", "name=null"}, &thing),
            R"({"count":null,"note":null,"name":"null"})");
  EXPECT_EQ(Read({"cost=0.50"}, &thing), R"({"cost":"0.50"})");
  EXPECT_EQ(Read({"enabled=true"}, &thing), R"({"enabled":true})");
  EXPECT_EQ(Read({"tags=a,b"}, &thing), R"({"tags":["a","b"]})");
  EXPECT_EQ(Read({R"(tags=["a,b"])"}, &thing), R"({"tags":["a,b"]})");
  EXPECT_EQ(Read({"tags="}, &thing), R"({"tags":[]})");
  EXPECT_EQ(Read({R"(metadata={"a":1})"}, &thing), R"({"metadata":{"a":1}})");
  EXPECT_EQ(Read({"name="}, &thing), R"({"name":""})");
  EXPECT_EQ(Read({"name=a=b"}, &thing), R"({"name":"a=b"})");
}

TEST(Fields, TakeJsonAsItStands) {
  const EntityInfo thing = Thing();
  EXPECT_EQ(Read({R"(note:="null")"}, &thing), R"({"note":"null"})");
  EXPECT_EQ(Read({"name:=5"}, &thing), R"({"name":5})");
}

TEST(Fields, StepIntoJson) {
  const EntityInfo thing = Thing();
  EXPECT_EQ(Read({"metadata.owner.team=core", "metadata.size=3"}, &thing),
            R"({"metadata":{"owner":{"team":"core"},"size":3}})");
}

TEST(Fields, ComeFromFiles) {
  const EntityInfo thing = Thing();
  EXPECT_EQ(Read({"note=@note.txt"}, &thing), R"({"note":"two\nlines\n"})");
  EXPECT_EQ(Read({"metadata=@data.json"}, &thing), R"({"metadata":{"deep":[1]}})");
  EXPECT_EQ(Read({"count=@count"}, &thing), R"({"count":7})");
  EXPECT_EQ(Read({R"(note=\@home)"}, &thing), R"({"note":"@home"})");
}

TEST(Fields, ReportEveryWrongWord) {
  const EntityInfo thing = Thing();
  EXPECT_EQ(
      Read({"count=many", "enabled=yes", "nam=x", "=x", "plain", "note=@no", "limits=x"}, &thing),
      "count: is a whole number, not 'many'; enabled: is true or false, not 'yes'; "
      "nam: Thing has no such field; did you mean name?; =x: is not NAME=VALUE; "
      "plain: is not NAME=VALUE; note: cannot read no: there is no such file; "
      "limits: is JSON: line 1, column 1: unexpected 'x'; ");
}

TEST(Fields, GoByTheirLookWithoutAModel) {
  EXPECT_EQ(Read({"a=1", "b=true", "c=x y", "d=null", "e=[1]", "f=1.2.3"}, nullptr),
            R"({"a":1,"b":true,"c":"x y","d":null,"e":[1],"f":"1.2.3"})");
}

}  // namespace
}  // namespace tenon::cli

#include "record/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "record/encode.h"
#include "record/test_tables.h"

namespace tenon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kModel = R"(model decode "For tests"
enum Color { RED, GREEN, "odd name" }
shape Node open { id text  label text(5)?  drop selected, dragging }
shape Canvas { nodes [Node]  edges [Edge] = [] }
shape Edge { source text  target text }
shape Cron { type "cron"  expression cron  zone timezone = "UTC"  on bool = true }
shape Hook { type "webhook"  url url  token secret  retries int(0..5) = 3 }
union Trigger by type { Cron, Hook }
shape Vault { user text  password secret? }
shape Tree { name text  child Tree? }
entity Thing in things {
  id        uuid key
  name      text(5)
  count     int(0..10) = 1
  low       int(3..)?
  price     decimal(6,2)?
  ratio     float?
  on        bool = true
  at        time?
  took      duration?
  color     Color = RED
  address   ip?
  link      url?
  line      cron?
  zone      timezone?
  job       ulid?
  canvas    json Canvas?
  trigger   json Trigger?
  kind      enum(vault, tree, other) = other
  detail    json by kind { vault: Vault, tree: Tree } ?
  tags      [text(3)] = []
  sizes     map int = {}
  free      json = {}
  password  secret?
  login     secret Vault?
  fixed     text? once
  digest    text? hidden
  version   int lock
  made      time auto created
  by_whom   text? auto agent
  state     enum(NEW, OLD, GONE)
  gone_at   time?
  lifecycle state {
    initial NEW
    on age NEW -> OLD { takes price, note text?, took? }
  }
  soft delete by gone_at
}
entity Gem in gems {
  id         uuid key
  properties json = {}
  lifecycle properties.state {
    initial pending
    on commit pending -> committed
  }
  soft delete by properties.tombstone
}
)";

class DecodeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = ModelOf(kModel);
    ASSERT_NE(model_, nullptr);
    thing_ = model_->FindEntity("Thing");
    vault_ = std::make_unique<Vault>(*Vault::Create(std::string(64, 'a'), "", random_));
    options_.vault = vault_.get();
  }

  static json::object Object(std::string_view text) {
    auto parsed = ParseJson(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed ? parsed->as_object() : json::object();
  }

  // "path code" for each error.
  template <typename T>
  static std::vector<std::string> Errors(const Result<T>& result) {
    std::vector<std::string> out;
    if (result) return out;
    EXPECT_EQ(result.error().code, Code::kInvalidField);
    for (const FieldError& error : result.error().fields)
      out.push_back(error.path + " " + error.code);
    return out;
  }

  std::vector<std::string> Create(std::string_view body) {
    return Errors(DecodeCreate(*thing_, Object(body), options_));
  }

  // The first error's message.
  std::string Message(std::string_view body) {
    const auto result = DecodeCreate(*thing_, Object(body), options_);
    return result ? "" : result.error().fields.front().message;
  }

  Record Made(std::string_view body) {
    auto result = DecodeCreate(*thing_, Object(body), options_);
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
    return result ? result->record : Record(*thing_);
  }

  const Value& At(const Record& record, std::string_view name) {
    return record.at(*record.entity->FindField(name));
  }

  std::shared_ptr<const model::Model> model_;
  const model::Entity* thing_ = nullptr;
  SeededRandom random_{1};
  std::unique_ptr<Vault> vault_;
  DecodeOptions options_;
};

TEST_F(DecodeTest, CollectsEveryErrorWithItsPath) {
  EXPECT_THAT(
      Create(R"({"nam":"x","count":11,"low":2,"price":"1.234","on":"yes","color":"REDD",
                         "canvas":{"nodes":[{"id":"a"},{"id":7},{}],"edge":[]}})"),
      UnorderedElementsAre("nam unknown", "name required", "count range", "low range",
                           "price range", "on type", "color enum", "canvas.nodes[1].id type",
                           "canvas.nodes[2].id required", "canvas.edge unknown"));
}

TEST_F(DecodeTest, MessagesHintAtTheNearestName) {
  EXPECT_EQ(Message(R"({"name":"a","colour":"RED"})"),
            "Thing has no field 'colour'; did you mean 'color'?");
  EXPECT_EQ(Message(R"({"name":"a","color":"GREN"})"),
            "'GREN' is not one of RED, GREEN, odd name; did you mean 'GREEN'?");
  EXPECT_EQ(Message(R"({"name":"a","canvas":{"node":[],"nodes":[]}})"),
            "Canvas has no field 'node'; did you mean 'nodes'?");
}

TEST_F(DecodeTest, TextIsCountedInCodePoints) {
  EXPECT_THAT(Create(R"({"name":"äöüßé"})"), IsEmpty());
  EXPECT_THAT(Create(R"({"name":"äöüßéx"})"), ElementsAre("name length"));
  json::object body;
  body["name"] = json::string(std::string_view("a\0b", 3));
  EXPECT_THAT(Errors(DecodeCreate(*thing_, body, options_)), ElementsAre("name format"));
  body["name"] = json::string("\xff");
  EXPECT_THAT(Errors(DecodeCreate(*thing_, body, options_)), ElementsAre("name format"));
}

TEST_F(DecodeTest, IntsAreWholeNumbersInRange) {
  EXPECT_THAT(Create(R"({"name":"a","low":1.0})"), ElementsAre("low type"));
  EXPECT_THAT(Create(R"({"name":"a","low":"4"})"), ElementsAre("low type"));
  EXPECT_THAT(Create(R"({"name":"a","low":9223372036854775808})"), ElementsAre("low range"));
  EXPECT_THAT(Create(R"({"name":"a","low":9223372036854775807})"), IsEmpty());
  EXPECT_THAT(Create(R"({"name":"a","low":true})"), ElementsAre("low type"));
}

TEST_F(DecodeTest, DecimalsAreExact) {
  EXPECT_EQ(At(Made(R"({"name":"a","price":"1.5"})"), "price"), Value(Decimal{150, 2}));
  EXPECT_EQ(At(Made(R"({"name":"a","price":1.25})"), "price"), Value(Decimal{125, 2}));
  EXPECT_EQ(At(Made(R"({"name":"a","price":-9999.99})"), "price"), Value(Decimal{-999999, 2}));
  EXPECT_THAT(Create(R"({"name":"a","price":10000})"), ElementsAre("price range"));
  EXPECT_THAT(Create(R"({"name":"a","price":0.001})"), ElementsAre("price range"));
  EXPECT_THAT(Create(R"({"name":"a","price":1e30})"), ElementsAre("price range"));
  EXPECT_THAT(Create(R"({"name":"a","price":"1e3"})"), ElementsAre("price format"));
}

TEST_F(DecodeTest, FormatsAreChecked) {
  EXPECT_THAT(Create(R"({"name":"a","at":"yesterday","took":"P1M","address":"1.2.3","link":"/x",
                         "line":"0 25 * * *","zone":"../../etc/passwd","job":"x","id":"nope"})"),
              UnorderedElementsAre("at format", "took format", "address format", "link format",
                                   "line format", "zone format", "job format", "id format"));
  const Record good = Made(R"({"name":"a","at":"2026-01-01T01:00:00+01:00","took":"PT5M",
      "address":"2001:DB8:0:0::1","link":"https://example.com/a?b#c","line":"@daily",
      "zone":"Europe/Berlin","id":"0190A1B2-0000-7000-8000-000000000000"})");
  EXPECT_EQ(At(good, "at"), Value(*ParseTime("2026-01-01T00:00:00Z")));
  EXPECT_EQ(At(good, "address"), Value("2001:db8::1"));
  EXPECT_EQ(At(good, "took"), Value(Duration(300'000'000)));
  EXPECT_THAT(Create(R"({"name":"a","took":"-PT5M"})"), ElementsAre("took range"));
}

TEST_F(DecodeTest, ShapesFillDefaultsAndDropFields) {
  const Record record = Made(R"({"name":"a","canvas":{"nodes":[{"id":"n","selected":true,"x":1}]},
               "trigger":{"type":"cron","expression":"0 6 * * 1-5"}})");
  EXPECT_EQ(CanonicalJson(At(record, "canvas").As<json::value>()),
            R"({"edges":[],"nodes":[{"id":"n","x":1}]})");
  EXPECT_EQ(CanonicalJson(At(record, "trigger").As<json::value>()),
            R"({"expression":"0 6 * * 1-5","on":true,"type":"cron","zone":"UTC"})");
}

TEST_F(DecodeTest, UnionsGoByTheirDiscriminator) {
  EXPECT_THAT(Create(R"({"name":"a","trigger":{"type":"crom"}})"),
              ElementsAre("trigger.type enum"));
  EXPECT_THAT(Create(R"({"name":"a","trigger":{}})"), ElementsAre("trigger.type required"));
  EXPECT_THAT(Create(R"({"name":"a","trigger":[]})"), ElementsAre("trigger type"));
  EXPECT_THAT(
      Create(R"({"name":"a","trigger":{"type":"webhook","url":"https://x.y","retries":9}})"),
      UnorderedElementsAre("trigger.retries range", "trigger.token required"));
}

TEST_F(DecodeTest, JsonByFieldGoesByItsSibling) {
  EXPECT_THAT(Create(R"({"name":"a","kind":"tree","detail":{"name":"x","child":{"nam":"y"}}})"),
              UnorderedElementsAre("detail.child.nam unknown", "detail.child.name required"));
  EXPECT_THAT(Create(R"({"name":"a","kind":"other","detail":{"any":"thing"}})"), IsEmpty());
  EXPECT_THAT(Create(R"({"name":"a","detail":{"any":"thing"}})"), IsEmpty());
}

TEST_F(DecodeTest, ListsAndMaps) {
  EXPECT_THAT(Create(R"({"name":"a","tags":["abc","abcd",1],"sizes":{"a":1,"odd key":"x"}})"),
              UnorderedElementsAre("tags[1] length", "tags[2] type", "sizes[\"odd key\"] type"));
  EXPECT_THAT(Create(R"({"name":"a","tags":"abc"})"), ElementsAre("tags type"));
}

TEST_F(DecodeTest, NestingIsBounded) {
  json::value tree = json::object{{"name", "leaf"}};
  for (int i = 0; i < 500; ++i) tree = json::object{{"name", "x"}, {"child", std::move(tree)}};
  const json::object body{{"name", "a"}, {"kind", "tree"}, {"detail", std::move(tree)}};
  const auto result = DecodeCreate(*thing_, body, options_);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().fields.front().code, "shape");
}

TEST_F(DecodeTest, ErrorsAreBounded) {
  json::array many;
  for (int i = 0; i < 10000; ++i) many.emplace_back(i);
  const auto result = DecodeCreate(*thing_, json::object{{"name", "a"}, {"tags", many}}, options_);
  ASSERT_FALSE(result.has_value());
  EXPECT_LE(result.error().fields.size(), 101u);
}

TEST_F(DecodeTest, WhatTheEngineWritesIsRefused) {
  EXPECT_THAT(Create(R"({"name":"a","made":"2026-01-01T00:00:00Z","version":3,"by_whom":"x",
                         "tenant_id":"0190a1b2-0000-7000-8000-000000000000","state":"OLD",
                         "gone_at":"2026-01-01T00:00:00Z","digest":"x"})"),
              UnorderedElementsAre("made read_only", "version read_only", "by_whom read_only",
                                   "tenant_id read_only", "state read_only", "gone_at read_only",
                                   "digest unknown"));
  EXPECT_THAT(Create(R"({"name":"a","state":"NEW"})"), IsEmpty());
  options_.allow_automatic = true;
  EXPECT_THAT(Create(R"({"name":"a","made":"2026-01-01T00:00:00Z","version":3,"state":"OLD"})"),
              IsEmpty());
}

TEST_F(DecodeTest, GuardedPlacesInsideJson) {
  const model::Entity& gem = *model_->FindEntity("Gem");
  const auto create = [&](std::string_view body) {
    return Errors(DecodeCreate(gem, Object(body), options_));
  };
  EXPECT_THAT(create(R"({"properties":{"state":"committed"}})"),
              ElementsAre("properties.state read_only"));
  EXPECT_THAT(create(R"({"properties":{"tombstone":{"at":1}}})"),
              ElementsAre("properties.tombstone read_only"));
  EXPECT_THAT(create(R"({"properties":{"state":"pending","x":1}})"), IsEmpty());
  auto row = DecodeCreate(gem, Object(R"({"properties":{"state":"pending"}})"), options_);
  ASSERT_TRUE(row.has_value());
  EXPECT_THAT(
      Errors(DecodePatch(row->record, Object(R"({"properties":{"state":"committed"}})"), options_)),
      ElementsAre("properties.state read_only"));
  EXPECT_THAT(Errors(DecodePatch(row->record, Object(R"({"properties":{"x":2}})"), options_)),
              IsEmpty());
}

TEST_F(DecodeTest, SecretsComeOutSealed) {
  const Record record = Made(R"({"name":"a","password":"hunter2","login":{"user":"u"},
      "trigger":{"type":"webhook","url":"https://x.y/","token":"t0ken"}})");
  EXPECT_EQ(*vault_->Open(At(record, "password").As<std::string>()), "hunter2");
  EXPECT_EQ(*vault_->Open(At(record, "login").As<std::string>()), R"({"user":"u"})");
  const json::object& trigger = At(record, "trigger").As<json::value>().as_object();
  EXPECT_EQ(*vault_->Open(std::string(trigger.at("token").as_string())), "t0ken");
  EXPECT_THAT(Create(R"({"name":"a","login":{"usr":"u"}})"),
              UnorderedElementsAre("login.usr unknown", "login.user required"));
  std::string out;
  AppendRecord(record, EncodeFor::kAnswer, out);
  EXPECT_THAT(out, HasSubstr(R"("password":"[sealed]")"));
  EXPECT_THAT(out, HasSubstr(R"("token":"[sealed]")"));
  EXPECT_EQ(out.find("t0ken"), std::string::npos);
}

TEST_F(DecodeTest, SecretsNeedTheirKey) {
  options_.vault = nullptr;
  EXPECT_THAT(Create(R"({"name":"a","password":"x"})"), ElementsAre("password secret"));
  EXPECT_THAT(Message(R"({"name":"a","password":"x"})"), HasSubstr("ENCRYPTION_KEY"));
}

TEST_F(DecodeTest, TheMarkKeepsASecret) {
  EXPECT_THAT(Create(R"({"name":"a","password":"[sealed]"})"), ElementsAre("password secret"));
  const Record row = Made(R"({"name":"a","password":"p",
      "trigger":{"type":"webhook","url":"https://x.y/","token":"t0ken"}})");
  const auto patched = DecodePatch(
      row, Object(R"({"password":"[sealed]","trigger":{"url":"https://z.y/","token":"[sealed]"}})"),
      options_);
  ASSERT_TRUE(patched.has_value()) << patched.error().message;
  EXPECT_EQ(At(patched->record, "password"), At(row, "password"));
  const json::object& before = At(row, "trigger").As<json::value>().as_object();
  const json::object& after = At(patched->record, "trigger").As<json::value>().as_object();
  EXPECT_EQ(after.at("token"), before.at("token"));
  EXPECT_EQ(after.at("url"), "https://z.y/");
  // Not named in the patch, it stays too.
  const auto other = DecodePatch(row, Object(R"({"trigger":{"retries":1}})"), options_);
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(At(other->record, "trigger").As<json::value>().as_object().at("token"),
            before.at("token"));
  // A new value is sealed anew.
  const auto fresh = DecodePatch(row, Object(R"({"trigger":{"token":"new"}})"), options_);
  ASSERT_TRUE(fresh.has_value());
  const auto& sealed = At(fresh->record, "trigger").As<json::value>().as_object().at("token");
  EXPECT_EQ(*vault_->Open(std::string(sealed.as_string())), "new");
}

TEST_F(DecodeTest, PatchMergesAndClears) {
  const Record row = Made(R"({"name":"a","low":5,"free":{"a":{"b":1,"c":2},"d":3},"tags":["x"]})");
  const auto patched = DecodePatch(
      row, Object(R"({"low":null,"free":{"a":{"b":null,"e":4}},"tags":["y"]})"), options_);
  ASSERT_TRUE(patched.has_value()) << patched.error().message;
  EXPECT_TRUE(At(patched->record, "low").IsNull());
  EXPECT_EQ(CanonicalJson(At(patched->record, "free").As<json::value>()),
            R"({"a":{"c":2,"e":4},"d":3})");
  EXPECT_EQ(CanonicalJson(At(patched->record, "tags").As<json::value>()), R"(["y"])");
  EXPECT_EQ(At(patched->record, "name"), Value("a"));
  EXPECT_THAT(Errors(DecodePatch(row, Object(R"({"name":null,"nam":1})"), options_)),
              UnorderedElementsAre("name required", "nam unknown"));
}

TEST_F(DecodeTest, PatchLeavesFixedFieldsAlone) {
  Record row = Made(R"({"name":"a","fixed":"f","id":"0190a1b2-0000-7000-8000-000000000000"})");
  row.at(*thing_->FindField("version")) = Value(1);
  row.at(*thing_->FindField("state")) = Value("NEW");
  // What was read may be sent back.
  EXPECT_THAT(
      Errors(DecodePatch(
          row, Object(R"({"id":"0190A1B2-0000-7000-8000-000000000000","fixed":"f","version":1,
                             "state":"NEW","gone_at":null})"),
          options_)),
      IsEmpty());
  EXPECT_THAT(
      Errors(DecodePatch(row, Object(R"({"id":"0190a1b2-0000-7000-8000-000000000001","fixed":"g",
                                         "version":2,"state":"OLD",
                                         "gone_at":"2026-01-01T00:00:00Z"})"),
                         options_)),
      UnorderedElementsAre("id immutable", "fixed once", "version read_only", "state read_only",
                           "gone_at read_only"));
}

TEST_F(DecodeTest, PatchOfTheSiblingChecksTheDocumentAnew) {
  const Record row = Made(R"({"name":"a","kind":"other","detail":{"name":"x"}})");
  EXPECT_THAT(Errors(DecodePatch(row, Object(R"({"kind":"tree"})"), options_)), IsEmpty());
  EXPECT_THAT(Errors(DecodePatch(row, Object(R"({"kind":"vault"})"), options_)),
              UnorderedElementsAre("detail.name unknown", "detail.user required"));
}

TEST_F(DecodeTest, TakesFillFieldsAndFreeValues) {
  const Record row = Made(R"({"name":"a"})");
  const model::Event& age = *thing_->FindEvent("age").front();
  EXPECT_THAT(Errors(DecodeTakes(age, row, Object(R"({"prise":"1","took":5})"), options_)),
              UnorderedElementsAre("prise unknown", "price required", "took type"));
  const auto taken = DecodeTakes(age, row, Object(R"({"price":"2.50","note":"n"})"), options_);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(At(taken->record, "price"), Value(Decimal{250, 2}));
  ASSERT_EQ(taken->extra.size(), 1u);
  EXPECT_EQ(taken->extra[0], (std::pair<std::string, Value>("note", Value("n"))));
}

TEST_F(DecodeTest, TextParsesIntoEveryKind) {
  const auto parse = [&](std::string_view field, std::string_view text) {
    const auto value = ParseText(thing_->FindField(field)->type, text);
    return value ? Describe(*value) : "error: " + value.error().message;
  };
  EXPECT_EQ(parse("low", "7"), "7");
  EXPECT_EQ(parse("low", ""), "null");
  EXPECT_THAT(parse("low", "7x"), HasSubstr("not a whole number"));
  EXPECT_THAT(parse("low", "1"), HasSubstr("at least 3"));
  EXPECT_EQ(parse("on", "true"), "true");
  EXPECT_EQ(parse("price", "1.5"), "1.50");
  EXPECT_EQ(parse("color", "GREEN"), "\"GREEN\"");
  EXPECT_EQ(parse("tags", R"(["a"])"), R"(["a"])");
  EXPECT_THAT(parse("tags", R"(["abcd"])"), HasSubstr("[0]: "));
}

}  // namespace
}  // namespace tenon

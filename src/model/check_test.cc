// What the Model holds for what a file says, and that hostile files end quickly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>

#include "base/limits.h"
#include "model/functions.h"
#include "model/testing.h"

namespace tenon::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<const Model> Must(std::string text) {
  std::string errors;
  auto model = testing::MustCheck("model test\n" + std::move(text), &errors);
  EXPECT_TRUE(model) << errors;
  return model;
}

std::string Errors(std::string text) {
  std::string errors;
  testing::MustCheck(std::move(text), &errors);
  return errors;
}

std::vector<std::string> Names(const std::vector<Field>& fields) {
  std::vector<std::string> out;
  for (const Field& field : fields) out.push_back(field.name);
  return out;
}

std::vector<std::string> Indexes(const Entity& entity) {
  std::vector<std::string> out;
  for (const Index& index : entity.indexes) {
    std::string text = (index.unique ? "unique " : "") + index.name + ":";
    for (const IndexColumn& column : index.columns) text += " " + column.field->name;
    out.push_back(std::move(text));
  }
  return out;
}

TEST(Check, TheImplicitTenantStandsBehindTheKey) {
  const auto model = Must("entity A { id uuid key\n name text }\nglobal entity B { id uuid key }");
  ASSERT_TRUE(model);
  const Entity& a = *model->FindEntity("A");
  EXPECT_THAT(Names(a.fields), ElementsAre("id", "tenant_id", "name"));
  EXPECT_TRUE(a.fields[1].implicit);
  EXPECT_EQ(a.tenant, &a.fields[1]);
  EXPECT_EQ(a.fields[2].index, 2);
  EXPECT_EQ(a.table, "as");
  EXPECT_EQ(model->FindEntity("B")->tenant, nullptr);
}

TEST(Check, ATenantsOwnKeyIsItsPartition) {
  const auto model = Must(
      "entity Tenant in tenants { id uuid key tenant }\n"
      "entity User in users { id uuid key\n tenant_id uuid tenant -> Tenant as users }");
  ASSERT_TRUE(model);
  const Entity& tenant = *model->FindEntity("Tenant");
  EXPECT_EQ(tenant.tenant, tenant.key[0]);
  EXPECT_EQ(model->FindEntity("User")->fields[1].reference->target, &tenant);
  EXPECT_TRUE(tenant.referenced);
}

TEST(Check, IndexesOfReferencesAndUniqueFields) {
  const auto model = Must(R"(
entity A in as_ { id uuid key
  slug text unique globally
  mail text unique }
entity B in bs {
  id uuid key
  a_id uuid -> A as bs
  other_id uuid -> A as others
  x int
  index idx_b_other (other_id, x)
  unique (a_id, x)
  idempotent by (x, other_id)
}
entity C in cs { a_id uuid -> A as cs
  b_id uuid -> B as cs
  key (a_id, b_id) }
)");
  ASSERT_TRUE(model);
  EXPECT_THAT(Indexes(*model->FindEntity("A")),
              ElementsAre("unique uq_as__slug: slug", "unique uq_as__mail: tenant_id mail"));
  EXPECT_THAT(Indexes(*model->FindEntity("B")),
              ElementsAre("idx_b_other: other_id x", "unique uq_bs_a_id_x: tenant_id a_id x",
                          "unique uq_bs_x_other_id: tenant_id x other_id"));
  EXPECT_THAT(Indexes(*model->FindEntity("C")), ElementsAre("idx_cs_b_id: b_id"));
}

TEST(Check, RelationsAndTheirNames) {
  const auto model = Must(R"(
entity User in users { id uuid key }
entity Asset in assets { id uuid key
  owner_id uuid -> User as owned
  created_by uuid? auto creator -> User
  updated_by uuid? auto updater -> User
  many tags -> Tag through AssetTag }
entity Tag in tags { id uuid key }
entity AssetTag in asset_tags { asset_id uuid -> Asset as asset_tags
  tag_id uuid -> Tag as asset_tags
  key (asset_id, tag_id) }
)");
  ASSERT_TRUE(model);
  const Entity& asset = *model->FindEntity("Asset");
  const Entity& user = *model->FindEntity("User");
  EXPECT_EQ(asset.FindRelation("owner")->target, &user);
  EXPECT_EQ(asset.FindRelation("created_by")->kind, Relation::Kind::kForward);
  EXPECT_EQ(user.FindRelation("owned")->target, &asset);
  EXPECT_EQ(user.FindRelation("assets")->field->name, "created_by");
  EXPECT_EQ(user.FindRelation("assets_updated_by")->field->name, "updated_by");
  const Relation* tags = asset.FindRelation("tags");
  ASSERT_NE(tags, nullptr);
  EXPECT_EQ(tags->near->name, "asset_id");
  EXPECT_EQ(tags->far->name, "tag_id");
  std::vector<std::string> order;
  for (const Entity* entity : model->ByDependency()) order.push_back(entity->name);
  EXPECT_THAT(order, ElementsAre("User", "Asset", "Tag", "AssetTag"));
}

TEST(Check, Lifecycles) {
  const auto model = Must(R"(
shape Props open { note text? }
entity A { id uuid key
  state enum(x, y, z)
  lifecycle state { initial y
    on go y -> x
    on go z -> x } }
entity B { id uuid key
  ok bool?
  lifecycle ok { initial null
    on yes null -> true } }
entity C { id uuid key
  props json Props = {}
  lifecycle props.state { initial pending
    on commit pending -> committed
    on drop_ * -> gone { set props.note = "over" } }
  index (props.state)
  check props.state != gone or props.note = "over" "said" }
)");
  ASSERT_TRUE(model);
  const Entity& a = *model->FindEntity("A");
  EXPECT_THAT(a.lifecycle->states, ElementsAre("y", "x", "z"));
  EXPECT_FALSE(a.FindField("state")->RequiredOnCreate());
  EXPECT_EQ(a.FindEvent("go").size(), 2u);
  EXPECT_EQ(model->FindEntity("B")->lifecycle->initial, "null");
  const Entity& c = *model->FindEntity("C");
  EXPECT_THAT(c.lifecycle->states, ElementsAre("pending", "committed", "gone"));
  EXPECT_TRUE(c.FindEvent("drop_")[0]->any_state);
}

TEST(Check, OnlyPlainChecksAreSqlSafe) {
  const auto model = Must(R"(
entity A { id uuid key
  a int
  b int?
  name text
  at time
  check a <= b and a + 1 > 0 "safe"
  check name in ("x", "y") or length(name) > 5 "safe"
  check lower(name) = name "folding differs"
  check matches(name, "x") "engine only"
  check at - at < 5m "time arithmetic differs" }
)");
  ASSERT_TRUE(model);
  std::vector<bool> safe;
  for (const auto& check : model->FindEntity("A")->checks) safe.push_back(check.sql_safe);
  EXPECT_THAT(safe, ElementsAre(true, true, false, false, false));
}

TEST(Check, OneRunShowsTheErrorsOfAllFiles) {
  Sources sources;
  sources.Add("a.tenon", "model a\nentity A { id uuid key\n x txt }\n");
  sources.Add("b.tenon",
              "model b\nentity B { id uuid key\n a_id uuid -> C }\nview v of A { select y }\n");
  const auto model = Check(sources);
  ASSERT_FALSE(model);
  const std::string all = testing::RenderAll(sources, model.error());
  EXPECT_THAT(all, HasSubstr("a.tenon:3:4: error: expected a type, not 'txt'"));
  EXPECT_THAT(all, HasSubstr("did you mean text?"));
  EXPECT_THAT(all, HasSubstr("b.tenon:3:15: error: there is no entity C"));
  EXPECT_THAT(all, HasSubstr("b.tenon:4:22: error: A has no field 'y'"));
}

TEST(Check, ErrorsAreShownAsTheLanguagePromises) {
  const std::string errors = Errors(
      "model workflows\n"
      "entity W { id uuid key\n"
      "  current_state enum(PROCESSING, COMPLETED)\n"
      "  lifecycle current_state { initial PROCESSING\n"
      "    on complete  PROCESSING -> COMPLETE {\n"
      "    } } }\n");
  EXPECT_EQ(errors,
            "test.tenon:5:32: error: 'current_state' has no state COMPLETE\n"
            "  5 |     on complete  PROCESSING -> COMPLETE {\n"
            "    |                                ^~~~~~~~ did you mean COMPLETED?\n");
}

TEST(Render, ColumnsAreCodePointsAndLongLinesAreCut) {
  Sources sources;
  sources.Add("x", "\tä = ö\n" + std::string(100000, '(') + "\n");
  Diagnostic d{{0, 6, 2}, "here", ""};
  EXPECT_EQ(Render(sources, d),
            "x:1:6: error: here\n"
            "  1 |  ä = ö\n"
            "    |      ^\n");
  d.span = {0, 50000, 10};
  EXPECT_LT(Render(sources, d).size(), 600u);
  d.span = {0, 1000000, 10};  // past the end
  EXPECT_FALSE(Render(sources, d).empty());
}

TEST(Functions, TableIsWhole) {
  for (const Function& function : Functions()) {
    EXPECT_EQ(FindFunction(function.name), &function);
    EXPECT_LE(function.args_min, function.args_max < 0 ? 99 : function.args_max);
    EXPECT_FALSE(function.description.empty());
  }
  EXPECT_EQ(FindFunction("nothing"), nullptr);
}

// A hostile file ends in errors, soon and in little memory.
class Hostile : public ::testing::Test {
 protected:
  static std::size_t PeakBytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
  }

  static std::string Run(const std::string& text) {
    const auto start = std::chrono::steady_clock::now();
    Sources sources;
    sources.Add("hostile.tenon", text);
    const auto model = Check(sources);
    static_cast<void>(Format(sources, 0));
    EXPECT_FALSE(model);
    const std::string errors = model ? "" : testing::RenderAll(sources, model.error());
    const auto took = std::chrono::steady_clock::now() - start;
    // It takes milliseconds; this is a net for what grows with the square of the file.
    EXPECT_LT(took, std::chrono::seconds(60));
    EXPECT_LE(model ? 0 : model.error().size(), static_cast<std::size_t>(limits::kModelErrorsMax));
    EXPECT_LT(errors.size(), 100'000u);
    // Sanitizers keep books of their own, in memory that is not the checker's.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LT(PeakBytes(), 200u << 20);
#endif
    return errors;
  }

  static std::string Repeat(std::string_view piece, std::size_t bytes) {
    std::string out;
    out.reserve(bytes + piece.size());
    while (out.size() < bytes) out += piece;
    return out;
  }
};

TEST_F(Hostile, Brackets) {
  constexpr std::size_t kBytes = 1 << 20;
  for (const std::string_view piece : {"(", ")", "[", "]", "{", "}", "(\n", "{\n", "([{", "}])"}) {
    Run("model m\n" + Repeat(piece, kBytes));
    Run("model m\nentity A { id uuid key\n x text = " + Repeat(piece, kBytes));
    Run("model m\nentity A { id uuid key\n check " + Repeat(piece, kBytes));
  }
  Run("model m\n" + Repeat("(", limits::kModelFileBytesMax - 100));
  Run("model m\n" + Repeat("//\n", limits::kModelFileBytesMax - 100) + "(");
  Run("model m\nshape S { a " + Repeat("[", kBytes));
  Run("model m\nshape S { a " + Repeat("map ", kBytes));
  Run("model m\nview v of A { select " + Repeat("a { ", kBytes));
  Run("model m\nentity A { id uuid key\n check " + Repeat("not ", kBytes));
  Run("model m\nentity A { id uuid key\n check " + Repeat("-", kBytes));
  Run("model m\nentity A { id uuid key\n check x = " + Repeat("a+", kBytes));
  Run("model m\nentity A { id uuid key\n check x = " + Repeat("f(", kBytes));
  Run("model m\nentity A { id uuid key\n x json = " + Repeat("{a:", kBytes));
  Run("model m\nentity A { id uuid key\n x json = " + Repeat("{a:[", kBytes));
}

TEST_F(Hostile, EnumValues) {
  std::string text = "model m\nenum E {\n";
  for (int i = 0; i < 100'000; ++i) text += "V" + std::to_string(i) + "\n";
  EXPECT_THAT(Run(text + "}\n"), HasSubstr("at most 1000 values"));
  text = "model m\nentity A { id uuid key\n x enum(";
  for (int i = 0; i < 100'000; ++i) text += "V" + std::to_string(i) + ",";
  EXPECT_THAT(Run(text + "Z)\n}\n"), HasSubstr("at most 1000 values"));
}

TEST_F(Hostile, ManyParts) {
  std::string text = "model m\n";
  for (int i = 0; i < 200'000; ++i) text += "enum E" + std::to_string(i) + "{A}\n";
  EXPECT_THAT(Run(text), HasSubstr("too large"));
  text = "model m\nentity A {\n";
  for (int i = 0; i < 300'000; ++i) text += "f" + std::to_string(i) + " int\n";
  EXPECT_THAT(Run(text + "}\n"), HasSubstr("at most 1000 fields"));
  Run("model m\nentity A { id uuid key\n check x = 1" + Repeat(" or x = 1", 4 << 20) +
      " \"m\"\n}\n");
  Run("model m\nentity A { id uuid key\n index (" + Repeat("a,", 1 << 20) + "a)\n}\n");
  Run("model m\nentity A { id uuid key\n check a" + Repeat(".a", 1 << 20) + " = 1 \"m\"\n}\n");
}

// Whatever is looked at in pairs is bounded.
TEST_F(Hostile, LongLists) {
  const std::string entity = "model m\nentity A { id uuid key\n s enum(a, b)\n x int\n j json\n";
  constexpr std::size_t kBytes = 1 << 20;
  Run(entity + "index (" + Repeat("j.a,", kBytes) + "x)\n}\n");
  Run(entity + "search " + Repeat("j.a,", kBytes) + "x\n}\n");
  Run(entity + "on e { takes " + Repeat("x,", kBytes) + "x }\n}\n");
  Run(entity + "on e { set " + Repeat("x = 1,", kBytes) + "y = 1 }\n}\n");
  Run(entity + "lifecycle s { initial a\n" + Repeat("on e a -> b\n", kBytes) + "}\n}\n");
  Run(entity + "y json by s { " + Repeat("a: S,", kBytes) + "}\n}\n");
  Run(entity + "}\nview v of A { select " + Repeat("id,", kBytes) + "id }\n");
  Run(entity + "}\nview v(" + Repeat("p int,", kBytes) + "q int) of A { select id }\n");
  Run(entity + "}\nunion U by k { " + Repeat("S ", kBytes) + "}\n");
  std::string many = entity + "}\n";
  for (int i = 0; i < 60'000; ++i) many += "extend entity A { f" + std::to_string(i) + " int? }\n";
  Run(many);
  many = entity + "}\n";
  for (int i = 0; i < 60'000; ++i)
    many += "extend entity A { index (j.f" + std::to_string(i) + ") }\n";
  Run(many);
  many = "model m\n";
  for (int i = 0; i < 30'000; ++i) {
    many += "entity E" + std::to_string(i) + " { id uuid key -> E" + std::to_string(i + 1) + " }\n";
  }
  Run(many);
  many = "model m\nshape S0 { a S0? }\n";
  for (int i = 1; i < 30'000; ++i) {
    many += "shape S" + std::to_string(i) + " { a S" + std::to_string(i - 1) + " }\n";
  }
  Run(many + "x");
}

TEST_F(Hostile, Garbage) {
  Run(std::string(1 << 20, '\0'));
  Run(std::string(1 << 20, '\xff'));
  EXPECT_THAT(Run("model m\nentity A { id uuid key }\n\xc3\x28"),
              HasSubstr("3:1: error: the text is not valid UTF-8"));
  Run(Repeat("entity entity entity ", 1 << 20));
  Run(Repeat("\"", 1 << 20));
  Run(Repeat("\"\\u{", 1 << 20));
  Run(Repeat("entity A {\n", 1 << 20));
  Run(Repeat("1e", 1 << 20));
  Run("model m\n" + std::string(1 << 20, 'a'));
  Run(std::string(limits::kModelFileBytesMax + 1, ' '));
  std::string noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 2 << 20; ++i) {
    state = state * 1664525u + 1013904223u;
    noise += static_cast<char>(state >> 25);
  }
  Run(noise);
}

}  // namespace
}  // namespace tenon::model

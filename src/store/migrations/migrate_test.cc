// Changes of a model, applied to a store with rows in it, and taken back.
#include "store/migrations/migrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <sstream>

#include "model/check.h"
#include "model/source.h"
#include "store/migrations/derive.h"
#include "store/testing.h"

namespace tenon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IntOf;
using ::testing::IsEmpty;
using testing::QueryInt;
using testing::QueryText;
using testing::RunScript;

std::shared_ptr<const model::Model> Parse(const std::string& text) {
  model::Sources sources;
  sources.Add("test.tenon", text);
  auto checked = model::Check(sources);
  if (checked) return *checked;
  for (const model::Diagnostic& diagnostic : checked.error()) {
    ADD_FAILURE() << model::Render(sources, diagnostic);
  }
  return nullptr;
}

constexpr const char* kBase = R"(model shop

enum Colour { RED GREEN }

entity Maker in makers {
  id uuid key
  name text(100) unique
}

entity Thing in things {
  id uuid key
  maker_id uuid? -> Maker on delete null
  name text(100)
  colour Colour = RED
  state enum(new, old) = new
  size int(0..100) = 1
  price decimal(10,2)?
  notes text?
  created_at time auto created
  updated_at time auto updated

  index idx_things_name (name)
}
)";

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  if (at != std::string::npos) text.replace(at, what.size(), with);
  return text;
}

class MigrateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = testing::OpenSqlite(dir_.path());
    To(kBase);
    Sql("INSERT INTO makers (id, tenant_id, name) VALUES ('m1', 't1', 'Ada')");
    Sql("INSERT INTO things (id, tenant_id, maker_id, name, price, notes) VALUES "
        "('a', 't1', 'm1', 'chair', 1250, 'soft'), ('b', 't1', NULL, 'table', NULL, NULL)");
  }

  Result<MigrationPlan> Try(const std::string& text, std::vector<std::string> drops = {}) {
    const auto model = Parse(text);
    if (model == nullptr) return Fail(Code::kInternal, "the model does not parse");
    clock_.Advance(std::chrono::seconds(1));
    return Migrate(*store_, *model, clock_, {.drops = std::move(drops)});
  }
  MigrationPlan To(const std::string& text, std::vector<std::string> drops = {}) {
    Result<MigrationPlan> done = Try(text, std::move(drops));
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    return done ? *done : MigrationPlan{};
  }
  // Applies the change, checks that the rows are there, takes it back, and checks that the schema
  // is as it was, the rows too.
  void ThereAndBack(const std::string& text) {
    const std::string before = Schema();
    const MigrationPlan plan = To(text);
    EXPECT_FALSE(plan.LosesData());
    EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM things"), 2);
    const std::string after = Schema();
    EXPECT_NE(before, after);
    EXPECT_THAT(To(text).migrations, IsEmpty()) << "the same model again";
    const auto back = Rollback(*store_, {});
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(Schema(), before);
    EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM things"), 2);
    EXPECT_EQ(QueryText(*store_, "SELECT name FROM things WHERE id = 'a'"), "chair");
    To(text);
    EXPECT_EQ(Schema(), after);
    EXPECT_THAT(*store_->CheckIntegrity(), IsEmpty());
  }
  // Tables with their columns in order of name: a rebuild may move a column.
  std::string Schema() {
    std::string out;
    const Result<void> read = store_->Read({}, [&](Reader& reader) -> Result<void> {
      TRY(reader.Query(
          "SELECT m.name, i.name, i.type, i.\"notnull\", i.dflt_value, i.pk FROM sqlite_schema m, "
          "pragma_table_info(m.name) i WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' "
          "ORDER BY 1, 2",
          {}, [&](const Row& row) -> Result<bool> {
            for (int i = 0; i < row.columns(); ++i) out += std::string(row.Text(i)) + " ";
            out += "\n";
            return true;
          }));
      std::vector<std::string> lines;
      TRY(
          reader.Query("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL AND name NOT LIKE "
                       "'sqlite%' ORDER BY name",
                       {}, [&](const Row& row) -> Result<bool> {
                         std::istringstream sql{std::string(row.Text(1))};
                         for (std::string line; std::getline(sql, line);) {
                           if (line.ends_with(',')) line.pop_back();
                           lines.push_back(std::string(row.Text(0)) + ": " + line + "\n");
                         }
                         return true;
                       }));
      std::sort(lines.begin(), lines.end());
      for (const std::string& line : lines) out += line;
      return {};
    });
    EXPECT_TRUE(read);
    return out;
  }
  Result<void> TrySql(const std::string& sql) {
    return store_->Write({}, [&](Transaction& t) -> Result<void> {
      TRY(t.Execute(sql, {}));
      return {};
    });
  }
  void Sql(const std::string& sql) {
    const Result<void> done = TrySql(sql);
    EXPECT_TRUE(done) << done.error().message;
  }

  testing::TempDir dir_;
  ManualClock clock_{*ParseTime("2026-11-21T09:00:00Z")};
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(MigrateTest, RecordsWhatItDid) {
  const auto applied = *AppliedMigrations(*store_);
  ASSERT_EQ(applied.size(), 1u);
  EXPECT_EQ(applied[0].version, "shop.0001");
  EXPECT_EQ(applied[0].model, "shop");
  EXPECT_EQ(applied[0].description, "create 2 tables");
  EXPECT_EQ(applied[0].applied_at, *ParseTime("2026-11-21T09:00:01Z"));
  To(Replaced(kBase, "notes text?", "notes text?\n  weight float?"));
  EXPECT_EQ(QueryText(*store_, "SELECT description FROM schema_migrations ORDER BY version DESC"),
            "add column things.weight");
  EXPECT_EQ(AppliedMigrations(*store_)->back().version, "shop.0002");
}

TEST_F(MigrateTest, NothingIsToDoTwice) {
  const auto model = Parse(kBase);
  EXPECT_THAT(Migrate(*store_, *model, clock_)->migrations, IsEmpty());
}

TEST_F(MigrateTest, ADryRunChangesNothing) {
  const auto model = Parse(Replaced(kBase, "notes text?", "notes text?\n  weight float?"));
  const std::string before = Schema();
  const auto plan = Migrate(*store_, *model, clock_, {.drops = {}, .dry_run = true});
  ASSERT_EQ(plan->migrations.size(), 1u);
  EXPECT_THAT(plan->migrations[0].Up(), HasSubstr("ALTER TABLE \"things\" ADD COLUMN \"weight\""));
  EXPECT_EQ(Schema(), before);
}

TEST_F(MigrateTest, NewEntity) {
  ThereAndBack(std::string(kBase) +
               "\nentity Part in parts {\n  id uuid key\n  thing_id uuid -> Thing on delete cascade"
               "\n  name text\n}\n");
}

TEST_F(MigrateTest, NewNullableField) {
  ThereAndBack(Replaced(kBase, "notes text?", "notes text?\n  weight float?"));
}

TEST_F(MigrateTest, NewFieldWithDefaultFillsRows) {
  ThereAndBack(Replaced(kBase, "notes text?", "notes text?\n  tags [text] = []\n  rank int = 7"));
  EXPECT_EQ(IntOf(*store_, "SELECT sum(rank) FROM things"), 14);
  EXPECT_EQ(QueryText(*store_, "SELECT tags FROM things LIMIT 1"), "[]");
}

TEST_F(MigrateTest, NewFieldWithComputedDefaultFillsRows) {
  ThereAndBack(Replaced(kBase, "notes text?", "notes text?\n  label text = name"));
  EXPECT_EQ(QueryText(*store_, "SELECT label FROM things WHERE id = 'a'"), "chair");
}

TEST_F(MigrateTest, NewFieldWithTheTimeAsDefault) {
  ThereAndBack(Replaced(kBase, "notes text?", "notes text?\n  seen_at time = now()"));
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM things WHERE length(seen_at) = 27"), 2);
}

TEST_F(MigrateTest, NewRequiredFieldWithoutDefaultIsRefusedOnRows) {
  const std::string text = Replaced(kBase, "notes text?", "notes text?\n  code text");
  const auto refused = Try(text);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("things.code is required and new, and things has rows: give it a default"));
  Sql("DELETE FROM things");
  To(text);
}

TEST_F(MigrateTest, NewReference) {
  ThereAndBack(Replaced(kBase, "notes text?", "notes text?\n  owner_id uuid? -> Maker as owned"));
}

TEST_F(MigrateTest, RenamedFieldKeepsItsValues) {
  ThereAndBack(Replaced(kBase, "notes text?", "remarks text? was notes"));
  EXPECT_EQ(QueryText(*store_, "SELECT remarks FROM things WHERE id = 'a'"), "soft");
}

TEST_F(MigrateTest, InlineEnumGainsAndRenamesValues) {
  ThereAndBack(Replaced(kBase, "enum(new, old) = new", "enum(fresh was new, old, broken) = fresh"));
  EXPECT_EQ(QueryText(*store_, "SELECT state FROM things WHERE id = 'a'"), "fresh");
  Sql("UPDATE things SET state = 'broken' WHERE id = 'a'");
  EXPECT_FALSE(TrySql("UPDATE things SET state = 'new' WHERE id = 'a'"));
}

TEST_F(MigrateTest, InlineEnumLosesAValueOnlyWhenNoRowHasIt) {
  const std::string text = Replaced(kBase, "enum(new, old) = new", "enum(old, worn) = old");
  const auto refused = Try(text);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("rows that are there do not fit"));
  EXPECT_EQ(AppliedMigrations(*store_)->size(), 1u);
  Sql("UPDATE things SET state = 'old'");
  To(text);
}

TEST_F(MigrateTest, NamedEnumGainsAValueWithoutARebuild) {
  const std::string text = Replaced(kBase, "RED GREEN", "RED GREEN BLUE");
  EXPECT_FALSE(TrySql("UPDATE things SET colour = 'BLUE'"));
  const auto plan = PlanMigrations(*store_, *Parse(text));
  EXPECT_THAT(plan->migrations[0].Up(), ::testing::Not(HasSubstr("CREATE TABLE")));
  ThereAndBack(text);
  Sql("UPDATE things SET colour = 'BLUE'");
}

TEST_F(MigrateTest, NamedEnumRenamesAValue) {
  ThereAndBack(Replaced(Replaced(kBase, "RED GREEN", "CRIMSON was RED GREEN"), "Colour = RED",
                        "Colour = CRIMSON"));
  EXPECT_EQ(QueryText(*store_, "SELECT colour FROM things WHERE id = 'a'"), "CRIMSON");
}

TEST_F(MigrateTest, NamedEnumLosesAValueOnlyWhenNoRowHasIt) {
  const std::string text =
      Replaced(Replaced(kBase, "RED GREEN", "GREEN BLUE"), "Colour = RED", "Colour = GREEN");
  const auto refused = Try(text);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("hold a value of colour that the enum no longer"));
  Sql("UPDATE things SET colour = 'GREEN'");
  To(text);
}

TEST_F(MigrateTest, IndexesComeAndGo) {
  ThereAndBack(Replaced(kBase, "index idx_things_name (name)",
                        "index idx_things_size (size desc)\n  unique (name, size)"));
}

TEST_F(MigrateTest, AUniqueIndexIsRefusedOnEqualRows) {
  Sql("UPDATE things SET name = 'same'");
  const auto refused = Try(Replaced(kBase, "index idx_things_name (name)", "unique (name)"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("rows that are there do not fit"));
}

TEST_F(MigrateTest, WideningIsFree) {
  ThereAndBack(Replaced(Replaced(kBase, "int(0..100)", "int"), "name text(100)\n  colour",
                        "name text\n  colour"));
}

TEST_F(MigrateTest, NumbersChangeTheirScale) {
  ThereAndBack(Replaced(kBase, "decimal(10,2)?", "decimal(12,4)?"));
  EXPECT_EQ(IntOf(*store_, "SELECT price FROM things WHERE id = 'a'"), 125000);
}

TEST_F(MigrateTest, AnotherTypeIsRefusedWithWhatToDo) {
  const auto refused = Try(Replaced(kBase, "notes text?", "notes int?"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("things.notes cannot change from text to int while rows hold values"));
  Sql("UPDATE things SET notes = NULL");
  To(Replaced(kBase, "notes text?", "notes int?"));
}

TEST_F(MigrateTest, RequiredBecomesNullableAndBack) {
  const std::string text = Replaced(kBase, "name text(100)\n  colour", "name text(100)?\n  colour");
  ThereAndBack(text);
  Sql("UPDATE things SET name = NULL WHERE id = 'b'");
  const auto refused = Try(kBase);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("things.name becomes required"));
}

TEST_F(MigrateTest, ChecksChange) {
  ThereAndBack(Replaced(kBase, "index idx_things_name (name)",
                        "index idx_things_name (name)\n  check size >= 1 \"not nothing\""));
  EXPECT_FALSE(TrySql("UPDATE things SET size = 0"));
}

TEST_F(MigrateTest, AFieldThatLeftIsKeptUntilItsDropIsAskedFor) {
  const std::string text =
      Replaced(Replaced(kBase, "  notes text?\n", ""), "  size int(0..100) = 1\n", "");
  const MigrationPlan kept = To(text);
  EXPECT_THAT(kept.kept, ElementsAre("things.size", "things.notes"));
  EXPECT_EQ(QueryText(*store_, "SELECT notes FROM things WHERE id = 'a'"), "soft");
  EXPECT_THAT(To(text).kept, ElementsAre("things.size", "things.notes"));
  EXPECT_THAT(To(text).migrations, IsEmpty());

  EXPECT_FALSE(Try(text, {"things.name"})) << "still in the model";
  EXPECT_FALSE(Try(text, {"things.nothing"}));
  const MigrationPlan dropped = To(text, {"things.notes"});
  EXPECT_TRUE(dropped.LosesData());
  EXPECT_THAT(dropped.kept, ElementsAre("things.size"));
  EXPECT_FALSE(QueryInt(*store_, "SELECT count(notes) FROM things"));
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM things"), 2);

  To(kBase);  // both are back; one with its values
  EXPECT_EQ(IntOf(*store_, "SELECT sum(size) FROM things"), 2);
  EXPECT_EQ(IntOf(*store_, "SELECT count(notes) FROM things"), 0);
}

TEST_F(MigrateTest, ARequiredFieldThatLeftIsInNobodysWay) {
  To(Replaced(Replaced(kBase, "  name text(100)\n  colour", "  colour"),
              "index idx_things_name (name)", ""));
  Sql("INSERT INTO things (id, tenant_id) VALUES ('c', 't1')");
}

TEST_F(MigrateTest, ATableThatLeftIsKeptUntilItsDropIsAskedFor) {
  const std::string base = kBase;
  const std::string with = base +
                           "\nentity Part in parts {\n  id uuid key\n  thing_id uuid -> Thing "
                           "on delete cascade\n}\n";
  To(with);
  Sql("INSERT INTO parts (id, tenant_id, thing_id) VALUES ('p', 't1', 'a')");
  EXPECT_THAT(To(base).kept, ElementsAre("parts"));
  Sql("DELETE FROM things WHERE id = 'a'");
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM parts"), 1);
  EXPECT_TRUE(To(base, {"parts"}).LosesData());
  EXPECT_FALSE(QueryInt(*store_, "SELECT count(*) FROM parts"));
}

TEST_F(MigrateTest, AFailedMigrationLeavesNothing) {
  Sql("UPDATE things SET name = 'same'");
  const std::string before = Schema();
  const std::string text = Replaced(Replaced(kBase, "notes text?", "notes text?\n  weight float?"),
                                    "index idx_things_name (name)", "unique (name)");
  EXPECT_FALSE(Try(text));
  EXPECT_EQ(Schema(), before);
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM schema_migrations"), 1);
}

TEST_F(MigrateTest, RollsBackToAVersionAndToNothing) {
  const std::string one = Replaced(kBase, "notes text?", "notes text?\n  weight float?");
  To(one);
  To(Replaced(one, "weight float?", "weight float?\n  height float?"));
  EXPECT_EQ(Rollback(*store_, {.count = 0, .to_version = "shop.0009"}).error().code,
            Code::kNotFound);
  const auto back = Rollback(*store_, {.count = 0, .to_version = "shop.0001"});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->size(), 2u);
  EXPECT_EQ(back->front().version, "shop.0003");
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM things"), 2);
  EXPECT_EQ(Rollback(*store_, {.count = 5, .to_version = ""})->size(), 1u);
  EXPECT_EQ(IntOf(*store_,
                  "SELECT count(*) FROM sqlite_schema WHERE type = 'table' "
                  "AND name NOT LIKE 'sqlite%'"),
            1);
  To(kBase);
}

// What a DBA may do in the sqlite3 shell.

TEST_F(MigrateTest, TheShellSetsNullAndCascades) {
  To(std::string(kBase) +
     "\nentity Part in parts {\n  id uuid key\n  thing_id uuid -> Thing on delete cascade\n}\n");
  Sql("INSERT INTO parts (id, tenant_id, thing_id) VALUES ('p', 't1', 'a'), ('q', 't1', 'b')");
  Sql("DELETE FROM makers WHERE id = 'm1'");
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM things WHERE maker_id IS NULL"), 2);
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM things WHERE tenant_id = 't1'"), 2);
  Sql("DELETE FROM things WHERE id = 'a'");
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM parts"), 1);
}

TEST_F(MigrateTest, AReferenceCannotLeaveItsTenant) {
  EXPECT_FALSE(
      TrySql("INSERT INTO things (id, tenant_id, maker_id, name) VALUES "
             "('x', 't2', 'm1', 'theft')"));
}

TEST_F(MigrateTest, UpdatedAtMovesForTheShellOnly) {
  Sql("UPDATE things SET updated_at = '2020-01-01T00:00:00.000000Z'");
  EXPECT_EQ(QueryText(*store_, "SELECT updated_at FROM things WHERE id = 'a'"),
            "2020-01-01T00:00:00.000000Z");
  Sql("UPDATE things SET size = 5 WHERE id = 'a'");
  EXPECT_GT(QueryText(*store_, "SELECT updated_at FROM things WHERE id = 'a'"), "2024");
  EXPECT_EQ(IntOf(*store_, "SELECT length(updated_at) FROM things WHERE id = 'a'"), 27);
  EXPECT_EQ(IntOf(*store_, "SELECT length(created_at) FROM things WHERE id = 'a'"), 27);
  EXPECT_EQ(QueryText(*store_, "SELECT updated_at FROM things WHERE id = 'b'"),
            "2020-01-01T00:00:00.000000Z");
}

TEST_F(MigrateTest, ChecksNameTheirColumn) {
  const Result<void> big = TrySql("UPDATE things SET size = 101");
  EXPECT_EQ(big.error().details.at("columns"), (boost::json::array{"size"}));
  const Result<void> colour = TrySql("UPDATE things SET colour = 'PINK'");
  EXPECT_EQ(colour.error().details.at("constraint"), "check");
  EXPECT_EQ(colour.error().details.at("columns"), (boost::json::array{"colour"}));
}

}  // namespace
}  // namespace tenon

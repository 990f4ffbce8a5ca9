// Changes of a model, applied to a store with rows in it, and taken back.
#include "store/migrations/migrate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <sstream>

#include "base/json.h"
#include "model/check.h"
#include "model/source.h"
#include "store/migrations/derive.h"
#include "store/postgres/test_owner.h"
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

std::shared_ptr<const model::Model> ParseAll(const std::vector<std::string>& texts) {
  model::Sources sources;
  for (const std::string& text : texts) {
    sources.Add(fmt::format("test{}.tenon", sources.size()), text);
  }
  auto checked = model::Check(sources);
  if (checked) return *checked;
  for (const model::Diagnostic& diagnostic : checked.error()) {
    ADD_FAILURE() << model::Render(sources, diagnostic);
  }
  return nullptr;
}

std::shared_ptr<const model::Model> Parse(const std::string& text) { return ParseAll({text}); }

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

enum class Kind { kSqlite, kPostgres };

// Rows are named @a, @b: each letter stands for an id of the store's.
std::string WithIds(const std::string& sql) {
  std::string out;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] != '@') {
      out += sql[i];
    } else {
      out += fmt::format("'00000000-0000-4000-8000-{:012x}'", static_cast<int>(sql[++i]));
    }
  }
  return out;
}

// Columns in order of name (a rebuild may move one) and everything else that has text.
constexpr const char* kSqliteSchema =
    "SELECT m.name || ' ' || i.name || ' ' || i.type || ' ' || i.\"notnull\" || ' ' || "
    "coalesce(i.dflt_value, '') || ' ' || i.pk FROM sqlite_schema m, pragma_table_info(m.name) i "
    "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' UNION ALL "
    "SELECT name || ': ' || sql FROM sqlite_schema WHERE sql NOT NULL AND name NOT LIKE 'sqlite%' "
    "ORDER BY 1";
constexpr const char* kPostgresSchema = R"(
WITH t AS (SELECT c.oid, c.relname AS name, c.relacl, c.relrowsecurity, c.relforcerowsecurity
  FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
  AND c.relname <> 'schema_migrator')
SELECT format('%s %s %s %s', name, relacl, relrowsecurity, relforcerowsecurity) FROM t UNION ALL
SELECT format('%s.%s %s %s %s', name, attname, format_type(atttypid, atttypmod), attnotnull,
  pg_get_expr(adbin, adrelid)) FROM t JOIN pg_attribute a ON attrelid = t.oid AND attnum > 0 AND NOT
  attisdropped LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum UNION ALL
SELECT format('%s %s %s %s', name, conname, pg_get_constraintdef(k.oid), convalidated)
  FROM t JOIN pg_constraint k ON conrelid = t.oid UNION ALL
SELECT format('%s %s', pg_get_indexdef(indexrelid), indisvalid) FROM t JOIN pg_index ON indrelid =
  t.oid UNION ALL
SELECT pg_get_triggerdef(g.oid) FROM t JOIN pg_trigger g ON tgrelid = t.oid AND NOT tgisinternal
UNION ALL SELECT format('%s %s %s %s', name, polname, pg_get_expr(polqual, polrelid),
  polroles::regrole[]) FROM t JOIN pg_policy ON polrelid = t.oid UNION ALL
SELECT format('%s: %s', proname, prosrc) FROM pg_proc
  WHERE pronamespace = current_schema()::regnamespace
ORDER BY 1)";

class MigrateTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (Sqlite()) {
      store_ = testing::OpenSqlite(dir_.path());
    } else {
      auto made = testing::OwnedDatabase::Make();
      if (!made) GTEST_SKIP() << made.error().message;
      database_ = std::move(*made);
      store_ = testing::OpenPostgres(database_->OwnerOptions());
    }
    ASSERT_NE(store_, nullptr);
    To(kBase);
    Sql("INSERT INTO makers (id, tenant_id, name) VALUES (@m, @t, 'Ada')");
    Sql(
        fmt::format("INSERT INTO things (id, tenant_id, maker_id, name, price, notes) VALUES "
                    "(@a, @t, @m, 'chair', {}, 'soft'), (@b, @t, NULL, 'table', NULL, NULL)",
                    Sqlite() ? "1250" : "12.50"));
  }
  void TearDown() override {
    if (store_ != nullptr) store_->Close();
  }
  [[nodiscard]] static bool Sqlite() { return GetParam() == Kind::kSqlite; }

  Result<MigrationPlan> Try(const std::string& text, std::vector<std::string> drops = {}) {
    const auto model = Parse(text);
    if (model == nullptr) return Fail(Code::kInternal, "the model does not parse");
    clock_.Advance(std::chrono::seconds(1));
    MigrateOptions options = Options();
    options.drops = std::move(drops);
    return Migrate(*store_, *model, clock_, options);
  }
  [[nodiscard]] MigrateOptions Options() const {
    MigrateOptions options;
    if (database_) options.roles = database_->roles();
    return options;
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
    EXPECT_EQ(Schema(), after);
    const auto back = Rollback(*store_, {});
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(Schema(), before);
    EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM things"), 2);
    EXPECT_EQ(Text("SELECT name FROM things WHERE id = @a"), "chair");
    To(text);
    EXPECT_EQ(Schema(), after);
    ExpectWhole();
  }
  void ExpectWhole() {
    if (auto* sqlite = dynamic_cast<SqliteStore*>(store_.get())) {
      EXPECT_THAT(*sqlite->CheckIntegrity(), IsEmpty());
      return;
    }
    EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"), 0);
    EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM pg_constraint WHERE NOT convalidated"), 0);
  }
  std::string Schema() {
    std::vector<std::string> lines;
    const Result<void> read = store_->Read({}, [&](Reader& reader) -> Result<void> {
      return reader.Query(Sqlite() ? kSqliteSchema : kPostgresSchema, {},
                          [&](const Row& row) -> Result<bool> {
                            std::istringstream text{std::string(row.Text(0))};
                            const std::string name(row.Text(0).substr(0, row.Text(0).find(' ')));
                            for (std::string line; std::getline(text, line);) {
                              if (line.ends_with(',')) line.pop_back();
                              lines.push_back(name + " | " + line + "\n");
                            }
                            return true;
                          });
    });
    EXPECT_TRUE(read) << read.error().message;
    std::sort(lines.begin(), lines.end());
    std::string out;
    for (const std::string& line : lines) out += line;
    return out;
  }
  Result<void> TrySql(const std::string& sql) {
    return store_->Write({}, [&](Transaction& t) -> Result<void> {
      TRY(t.Execute(WithIds(sql), {}));
      return {};
    });
  }
  void Sql(const std::string& sql) {
    const Result<void> done = TrySql(sql);
    EXPECT_TRUE(done) << done.error().message;
  }
  std::int64_t Count(const std::string& sql) { return IntOf(*store_, WithIds(sql)); }
  std::string Text(const std::string& sql) { return QueryText(*store_, WithIds(sql)); }

  testing::TempDir dir_;
  ManualClock clock_{*ParseTime("2026-11-21T09:00:00Z")};
  std::unique_ptr<testing::OwnedDatabase> database_;
  std::unique_ptr<Store> store_;
};

TEST_P(MigrateTest, RecordsWhatItDid) {
  const auto applied = *AppliedMigrations(*store_);
  ASSERT_EQ(applied.size(), 1u);
  EXPECT_EQ(applied[0].version, "shop.0001");
  EXPECT_EQ(applied[0].model, "shop");
  EXPECT_EQ(applied[0].description, "create 2 tables");
  EXPECT_EQ(applied[0].applied_at, *ParseTime("2026-11-21T09:00:01Z"));
  To(Replaced(kBase, "notes text?", "notes text?\n  weight float?"));
  EXPECT_EQ(Text("SELECT description FROM schema_migrations ORDER BY version DESC"),
            "add column things.weight");
  EXPECT_EQ(AppliedMigrations(*store_)->back().version, "shop.0002");
}

TEST_P(MigrateTest, NothingIsToDoTwice) {
  const auto model = Parse(kBase);
  EXPECT_THAT(Migrate(*store_, *model, clock_, Options())->migrations, IsEmpty());
}

TEST_P(MigrateTest, ADryRunChangesNothing) {
  const auto model = Parse(Replaced(kBase, "notes text?", "notes text?\n  weight float?"));
  const std::string before = Schema();
  const auto plan = Migrate(*store_, *model, clock_, {.drops = {}, .dry_run = true});
  ASSERT_EQ(plan->migrations.size(), 1u);
  EXPECT_THAT(plan->migrations[0].Up(), HasSubstr("ALTER TABLE \"things\" ADD COLUMN \"weight\""));
  EXPECT_EQ(Schema(), before);
}

TEST_P(MigrateTest, NewEntity) {
  ThereAndBack(std::string(kBase) +
               "\nentity Part in parts {\n  id uuid key\n  thing_id uuid -> Thing on delete cascade"
               "\n  name text\n}\n");
}

TEST_P(MigrateTest, NewNullableField) {
  ThereAndBack(Replaced(kBase, "notes text?", "notes text?\n  weight float?"));
}

TEST_P(MigrateTest, NewFieldWithDefaultFillsRows) {
  ThereAndBack(Replaced(kBase, "notes text?", "notes text?\n  tags [text] = []\n  rank int = 7"));
  EXPECT_EQ(IntOf(*store_, "SELECT sum(rank) FROM things"), 14);
  EXPECT_EQ(Text("SELECT tags FROM things LIMIT 1"), "[]");
}

TEST_P(MigrateTest, NewFieldWithComputedDefaultFillsRows) {
  ThereAndBack(Replaced(kBase, "notes text?", "notes text?\n  label text = name"));
  EXPECT_EQ(Text("SELECT label FROM things WHERE id = @a"), "chair");
}

TEST_P(MigrateTest, NewFieldWithTheTimeAsDefault) {
  ThereAndBack(Replaced(kBase, "notes text?", "notes text?\n  seen_at time = now()"));
  EXPECT_EQ(IntOf(*store_, Sqlite() ? "SELECT count(*) FROM things WHERE length(seen_at) = 27"
                                    : "SELECT count(*) FROM things WHERE seen_at <= now()"),
            2);
}

TEST_P(MigrateTest, NewRequiredFieldWithoutDefaultIsRefusedOnRows) {
  const std::string text = Replaced(kBase, "notes text?", "notes text?\n  code text");
  const auto refused = Try(text);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("things.code is required and new, and things has rows: give it a default"));
  Sql("DELETE FROM things");
  To(text);
}

TEST_P(MigrateTest, NewReference) {
  ThereAndBack(Replaced(kBase, "notes text?", "notes text?\n  owner_id uuid? -> Maker as owned"));
}

TEST_P(MigrateTest, RenamedFieldKeepsItsValues) {
  ThereAndBack(Replaced(kBase, "notes text?", "remarks text? was notes"));
  EXPECT_EQ(Text("SELECT remarks FROM things WHERE id = @a"), "soft");
}

TEST_P(MigrateTest, InlineEnumGainsAndRenamesValues) {
  ThereAndBack(Replaced(kBase, "enum(new, old) = new", "enum(fresh was new, old, broken) = fresh"));
  EXPECT_EQ(Text("SELECT state FROM things WHERE id = @a"), "fresh");
  Sql("UPDATE things SET state = 'broken' WHERE id = @a");
  EXPECT_FALSE(TrySql("UPDATE things SET state = 'new' WHERE id = @a"));
}

TEST_P(MigrateTest, InlineEnumLosesAValueOnlyWhenNoRowHasIt) {
  const std::string text = Replaced(kBase, "enum(new, old) = new", "enum(old, worn) = old");
  const auto refused = Try(text);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("rows that are there do not fit"));
  EXPECT_EQ(AppliedMigrations(*store_)->size(), 1u);
  Sql("UPDATE things SET state = 'old'");
  To(text);
}

TEST_P(MigrateTest, NamedEnumGainsAValueWithoutARebuild) {
  const std::string text = Replaced(kBase, "RED GREEN", "RED GREEN BLUE");
  EXPECT_FALSE(TrySql("UPDATE things SET colour = 'BLUE'"));
  const auto plan = PlanMigrations(*store_, *Parse(text));
  EXPECT_THAT(plan->migrations[0].Up(), ::testing::Not(HasSubstr("CREATE TABLE")));
  ThereAndBack(text);
  Sql("UPDATE things SET colour = 'BLUE'");
}

TEST_P(MigrateTest, NamedEnumRenamesAValue) {
  ThereAndBack(Replaced(Replaced(kBase, "RED GREEN", "CRIMSON was RED GREEN"), "Colour = RED",
                        "Colour = CRIMSON"));
  EXPECT_EQ(Text("SELECT colour FROM things WHERE id = @a"), "CRIMSON");
}

TEST_P(MigrateTest, NamedEnumLosesAValueOnlyWhenNoRowHasIt) {
  const std::string text =
      Replaced(Replaced(kBase, "RED GREEN", "GREEN BLUE"), "Colour = RED", "Colour = GREEN");
  const auto refused = Try(text);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("hold a value of colour that the enum no longer"));
  Sql("UPDATE things SET colour = 'GREEN'");
  To(text);
}

TEST_P(MigrateTest, IndexesComeAndGo) {
  ThereAndBack(Replaced(kBase, "index idx_things_name (name)",
                        "index idx_things_size (size desc)\n  unique (name, size)"));
}

TEST_P(MigrateTest, AUniqueIndexIsRefusedOnEqualRows) {
  Sql("UPDATE things SET name = 'same'");
  const auto refused = Try(Replaced(kBase, "index idx_things_name (name)", "unique (name)"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("rows that are there do not fit"));
}

TEST_P(MigrateTest, WideningIsFree) {
  ThereAndBack(Replaced(Replaced(kBase, "int(0..100)", "int"), "name text(100)\n  colour",
                        "name text\n  colour"));
}

TEST_P(MigrateTest, NumbersChangeTheirScale) {
  ThereAndBack(Replaced(kBase, "decimal(10,2)?", "decimal(12,4)?"));
  EXPECT_EQ(Text("SELECT price FROM things WHERE id = @a"), Sqlite() ? "125000" : "12.5000");
}

TEST_P(MigrateTest, AnotherTypeIsRefusedWithWhatToDo) {
  const auto refused = Try(Replaced(kBase, "notes text?", "notes int?"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("things.notes cannot change from text to int while rows hold values"));
  Sql("UPDATE things SET notes = NULL");
  To(Replaced(kBase, "notes text?", "notes int?"));
}

TEST_P(MigrateTest, RequiredBecomesNullableAndBack) {
  const std::string text = Replaced(kBase, "name text(100)\n  colour", "name text(100)?\n  colour");
  ThereAndBack(text);
  Sql("UPDATE things SET name = NULL WHERE id = @b");
  const auto refused = Try(kBase);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("things.name becomes required"));
}

TEST_P(MigrateTest, ChecksChange) {
  ThereAndBack(Replaced(kBase, "index idx_things_name (name)",
                        "index idx_things_name (name)\n  check size >= 1 \"not nothing\""));
  EXPECT_FALSE(TrySql("UPDATE things SET size = 0"));
}

TEST_P(MigrateTest, AFieldThatLeftIsKeptUntilItsDropIsAskedFor) {
  const std::string text =
      Replaced(Replaced(kBase, "  notes text?\n", ""), "  size int(0..100) = 1\n", "");
  const MigrationPlan kept = To(text);
  EXPECT_THAT(kept.kept, ElementsAre("things.size", "things.notes"));
  EXPECT_EQ(Text("SELECT notes FROM things WHERE id = @a"), "soft");
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

TEST_P(MigrateTest, ARequiredFieldThatLeftIsInNobodysWay) {
  To(Replaced(Replaced(kBase, "  name text(100)\n  colour", "  colour"),
              "index idx_things_name (name)", ""));
  Sql("INSERT INTO things (id, tenant_id) VALUES (@c, @t)");
}

TEST_P(MigrateTest, ATableThatLeftIsKeptUntilItsDropIsAskedFor) {
  const std::string base = kBase;
  const std::string with = base +
                           "\nentity Part in parts {\n  id uuid key\n  thing_id uuid -> Thing "
                           "on delete cascade\n}\n";
  To(with);
  Sql("INSERT INTO parts (id, tenant_id, thing_id) VALUES (@p, @t, @a)");
  EXPECT_THAT(To(base).kept, ElementsAre("parts"));
  Sql("DELETE FROM things WHERE id = @a");
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM parts"), 1);
  EXPECT_TRUE(To(base, {"parts"}).LosesData());
  EXPECT_FALSE(QueryInt(*store_, "SELECT count(*) FROM parts"));
}

// A unique index that only another model's table refers to outlives that model's file.
TEST_P(MigrateTest, ATableOfAModelThatIsGoneKeepsWhatItRefersTo) {
  const std::string other = "entity Part in parts {\n  id uuid key\n  thing_id uuid -> Thing\n}\n";
  const auto both = ParseAll({kBase, "model extra\n\n" + other});
  ASSERT_NE(both, nullptr);
  ASSERT_TRUE(Migrate(*store_, *both, clock_, Options()));
  Sql("INSERT INTO parts (id, tenant_id, thing_id) VALUES (@p, @t, @a)");
  To(kBase);
  To(Replaced(kBase, "notes text?", "notes text?\n  weight float?"));
  EXPECT_FALSE(TrySql("DELETE FROM things WHERE id = @a")) << "a part refers to it";
  Sql("DELETE FROM things WHERE id = @b");
  ExpectWhole();
}

TEST_P(MigrateTest, AFailedMigrationLeavesNothing) {
  Sql("UPDATE things SET name = 'same'");
  const std::string before = Schema();
  const std::string text = Replaced(Replaced(kBase, "notes text?", "notes text?\n  weight float?"),
                                    "index idx_things_name (name)", "unique (name)");
  EXPECT_FALSE(Try(text));
  EXPECT_EQ(Schema(), before);
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM schema_migrations"), 1);
}

TEST_P(MigrateTest, RollsBackToAVersionAndToNothing) {
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
  EXPECT_EQ(Count(Sqlite() ? "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT "
                             "LIKE 'sqlite%'"
                           : "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() "
                             "AND tablename <> 'schema_migrator'"),
            1);
  To(kBase);
}

// What a DBA may do in the sqlite3 shell or in psql.

TEST_P(MigrateTest, TheShellSetsNullAndCascades) {
  To(std::string(kBase) +
     "\nentity Part in parts {\n  id uuid key\n  thing_id uuid -> Thing on delete cascade\n}\n");
  Sql("INSERT INTO parts (id, tenant_id, thing_id) VALUES (@p, @t, @a), (@q, @t, @b)");
  Sql("DELETE FROM makers WHERE id = @m");
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM things WHERE maker_id IS NULL"), 2);
  EXPECT_EQ(Count("SELECT count(*) FROM things WHERE tenant_id = @t"), 2);
  Sql("DELETE FROM things WHERE id = @a");
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM parts"), 1);
}

TEST_P(MigrateTest, AReferenceCannotLeaveItsTenant) {
  EXPECT_FALSE(
      TrySql("INSERT INTO things (id, tenant_id, maker_id, name) VALUES "
             "(@x, @u, @m, 'theft')"));
}

TEST_P(MigrateTest, UpdatedAtMovesForTheShellOnly) {
  Sql("UPDATE things SET updated_at = '2020-01-01T00:00:00.000000Z'");
  const std::string unmoved =
      "SELECT count(*) FROM things WHERE updated_at = '2020-01-01T00:00:00.000000Z'";
  EXPECT_EQ(Count(unmoved), 2);
  Sql("UPDATE things SET size = 5 WHERE id = @a");
  EXPECT_GT(Text("SELECT updated_at FROM things WHERE id = @a"), "2024");
  if (Sqlite()) {
    EXPECT_EQ(Count("SELECT length(updated_at) FROM things WHERE id = @a"), 27);
    EXPECT_EQ(Count("SELECT length(created_at) FROM things WHERE id = @a"), 27);
  }
  EXPECT_EQ(Count(unmoved + " AND id = @b"), 1);
}

TEST_P(MigrateTest, ChecksNameTheirColumn) {
  const Result<void> big = TrySql("UPDATE things SET size = 101");
  EXPECT_EQ(big.error().details.at("columns"), (boost::json::array{"size"}));
  const Result<void> colour = TrySql("UPDATE things SET colour = 'PINK'");
  EXPECT_EQ(colour.error().details.at("constraint"), "check");
  EXPECT_EQ(colour.error().details.at("columns"), (boost::json::array{"colour"}));
}

// What values are, whichever store has them.

TEST_P(MigrateTest, ValuesOfEveryTypeComeBackAsTheyWere) {
  const auto model = Parse(R"(model types

entity Value in values_of_types {
  id uuid key
  a_text text?
  a_short text(20)?
  an_int int?
  a_decimal decimal(18,4)?
  a_float float?
  a_bool bool?
  a_time time?
  a_duration duration?
  a_json json?
  a_list [text]?
  a_map map int
  an_enum enum(one, two)?
  an_ip ip?
  a_url url?
  a_cron cron?
  a_timezone timezone?
  a_ulid ulid?
  a_secret secret?
}
)");
  ASSERT_NE(model, nullptr);
  ASSERT_TRUE(Migrate(*store_, *model, clock_, Options()));
  const model::Entity& entity = *model->entities.front();
  const auto json = [](const char* text) { return Value::Json(*ParseJson(text)); };
  const std::vector<std::vector<Value>> rows = {
      {"tab\t, line\n, quote ', back\\slash, \u00e9\U0001F600", "x", std::int64_t{1} << 62,
       Decimal{-123456789012345, 4}, 0.1, true, *ParseTime("2026-11-21T09:00:00.000001Z"),
       Duration(1), json(R"({"b":[1,2.5,null,true,"\t\\"],"a":{}})"), json(R"(["", "x"])"),
       json(R"({"k":-1})"), "two", "192.0.2.1", "https://example.com/?q=%20", "0 6 * * 1-5",
       "Europe/Berlin", "01H5C3S5J5Z8G0V3M7Y5K6Q9R2", "c2VjcmV0/+=="},
      {"", "", std::int64_t{-1}, Decimal{0, 4}, -1e-300, false, *ParseTime("0001-01-01T00:00:00Z"),
       Duration(0), json("[]"), json("[]"), json("{}"), "one", "2001:db8::1", "http://a",
       "* * * * *", "UTC", "01ARZ3NDEKTSV4RRFFQ69G5FAV", ""},
      {"\\N", "NULL", std::int64_t{0}, Decimal{1, 4}, 1e300, true,
       *ParseTime("9999-12-31T23:59:59.999999Z"), Duration(std::chrono::hours(24 * 400)),
       json("\"text\""), json(R"(["{a,b}"])"), json(R"({"":0})"), "one", "10.0.0.0", "http://b",
       "0 0 1 1 *", "UTC", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "eA=="},
      {Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, json("{}"),
       Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}}};
  std::string columns;
  std::string places;
  for (std::size_t i = 0; i < entity.fields.size(); ++i) {
    columns += (i > 0 ? ", " : "") + QuoteName(entity.fields[i].name);
    places += fmt::format("{}{}{}", i > 0 ? ", " : "", Sqlite() ? "?" : "$", i + 1);
  }
  for (std::size_t n = 0; n < rows.size(); ++n) {
    std::vector<Value> row;
    std::size_t next = 0;
    for (const model::Field& field : entity.fields) {
      Uuid id;
      id.bytes[15] = static_cast<std::uint8_t>(n + 1);
      const bool is_id = field.key || field.tenant;
      row.push_back(is_id ? Value(id) : rows[n][next++]);
    }
    ASSERT_EQ(next, rows[n].size());
    const Result<void> written = store_->Write({}, [&](Transaction& t) -> Result<void> {
      TRY(t.Execute(fmt::format("INSERT INTO values_of_types ({}) VALUES ({})", columns, places),
                    row));
      return {};
    });
    ASSERT_TRUE(written) << written.error().message;
    const Result<void> read = store_->Read({}, [&](Reader& reader) {
      return reader.Query(
          fmt::format("SELECT {} FROM values_of_types ORDER BY id DESC LIMIT 1", columns), {},
          [&](const Row& found) -> Result<bool> {
            for (std::size_t i = 0; i < row.size(); ++i) {
              const auto value = found.Get(static_cast<int>(i), entity.fields[i].type);
              EXPECT_TRUE(value) << entity.fields[i].name;
              if (value) {
                EXPECT_EQ(*value, row[i]) << entity.fields[i].name << ": " << Describe(*value);
              }
            }
            return true;
          });
    });
    EXPECT_TRUE(read) << read.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, MigrateTest, ::testing::Values(Kind::kSqlite, Kind::kPostgres),
                         [](const ::testing::TestParamInfo<Kind>& kind) {
                           return kind.param == Kind::kSqlite ? "Sqlite" : "Postgres";
                         });

}  // namespace
}  // namespace tenon

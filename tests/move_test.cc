// A data directory moved to PostgreSQL: with a row of every entity, cut off at every portion, by
// mistake into a database that is in use, and served from there afterwards.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "log/testing.h"
#include "services/move/move.h"
#include "store/postgres/test_owner.h"
#include "store/testing.h"
#include "support/node_world.h"
#include "support/sample.h"

namespace tenon::testing {
namespace {

using ::testing::HasSubstr;

const Scope kEverywhere{.tenant = {}, .across_tenants = true};

class MoveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (StoreOfRun() != StoreKind::kSqlite) GTEST_SKIP() << "moves from a data file";
    auto made = OwnedDatabase::Make();
    if (!made) GTEST_SKIP() << made.error().message;
    target_ = std::move(*made);
    auto world = NodeWorld::Create("");
    ASSERT_TRUE(world) << world.error().message;
    world_ = std::move(*world);
    auto model = model::testing::Shipped();
    ASSERT_TRUE(model) << model.error().message;
    model_ = *model;
    Sampler sampler(*model_, [&](http::Request request) {
      return world_->Call("system", WithTenant(std::move(request)));
    });
    for (int i = 0; i < 2; ++i) {
      for (const model::Entity* entity : model_->ByDependency()) {
        if (!ClientsCreate(*entity)) continue;
        const auto row = sampler.Create(*entity);
        EXPECT_TRUE(row) << row.error().message;
        // A tenant is seen by itself alone.
        if (row && entity->table != "tenants")
          rows_.push_back(fmt::format("/v1/{}/{}", entity->table, row->id));
      }
    }
    replayed_ = Post("tags", R"({"name":"replayed"})", "key-1");
    EXPECT_EQ(replayed_.status, 201) << replayed_.body;
    for (const std::string& path : rows_) answers_.push_back(Get(path));
    position_ = world_->node().log().Last();
    world_->Close();
  }

  static http::Request WithTenant(http::Request request) {
    request.query.emplace_back("tenant", "default");
    return request;
  }
  std::string Get(const std::string& path) {
    const http::Response response = world_->Call("system", WithTenant(MakeRequest("GET", path)));
    return fmt::format("{} {}", response.status, BodyOf(response));
  }
  http::Response Post(const std::string& table, const std::string& body,
                      const std::string& key = "") {
    http::Request request = MakeRequest("POST", "/v1/" + table, body);
    if (!key.empty()) request.headers.Set("Idempotency-Key", key);
    return world_->Call("admin", std::move(request));
  }

  MoveOptions Options() const {
    MoveOptions options;
    options.target = target_->OwnerOptions();
    options.roles = target_->roles();
    options.target_name = "the test's database";
    options.portion_rows = 7;
    return options;
  }
  Result<MoveReport> Move(const MoveOptions& options) {
    const auto source = OpenSqlite(world_->directory());
    Result<MoveReport> report = MoveToPostgres(*source, *model_, world_->clock(), random_, options);
    source->Close();
    return report;
  }
  // All rows of a table in the order of their keys, as text.
  static std::vector<std::string> RowsOf(Store& store, const model::Entity& entity) {
    std::string columns;
    for (const model::Field& field : entity.fields) {
      columns += (columns.empty() ? "" : ", ") + QuoteName(field.name);
    }
    std::vector<std::string> out;
    const Result<void> read = store.Read(kEverywhere, [&](Reader& reader) {
      return reader.Query(fmt::format("SELECT {} FROM {}", columns, QuoteName(entity.table)), {},
                          [&](const Row& row) -> Result<bool> {
                            std::string text;
                            for (std::size_t i = 0; i < entity.fields.size(); ++i) {
                              const int column = static_cast<int>(i);
                              const auto value = row.Get(column, entity.fields[i].type);
                              EXPECT_TRUE(value) << entity.table << "." << entity.fields[i].name;
                              if (!value) continue;
                              const auto* json = value->If<boost::json::value>();
                              text += json != nullptr ? CanonicalJson(*json) : Describe(*value);
                              text += " | ";
                            }
                            out.push_back(std::move(text));
                            return true;
                          });
    });
    EXPECT_TRUE(read) << read.error().message;
    std::sort(out.begin(), out.end());
    return out;
  }
  void ExpectSameRows() {
    const auto source = OpenSqlite(world_->directory());
    const auto there = OpenPostgres(target_->OwnerOptions());
    int with_rows = 0;
    for (const model::Entity* entity : model_->ByDependency()) {
      if (entity->table == "schema_migrations" || entity->table == "leases") continue;
      auto expected = RowsOf(*source, *entity);
      std::erase_if(expected, [](const std::string& row) {
        return row.starts_with("\"move_token\"") || row.starts_with("\"moved_to\"");
      });
      EXPECT_EQ(RowsOf(*there, *entity), expected) << entity->table;
      with_rows += expected.empty() ? 0 : 1;
    }
    EXPECT_GT(with_rows, 30);
    source->Close();
    there->Close();
  }
  Result<void> ServeFromThere() {
    world_->elsewhere = target_->NodeOptions();
    return world_->Open();
  }

  SeededRandom random_{7};
  std::unique_ptr<OwnedDatabase> target_;
  std::shared_ptr<const model::Model> model_;
  std::unique_ptr<NodeWorld> world_;
  std::vector<std::string> rows_, answers_;
  http::Response replayed_;
  std::int64_t position_ = 0;
};

TEST_F(MoveTest, EverythingIsThereAndTheLogGoesOn) {
  std::int64_t last_done = 0;
  std::int64_t last_total = 0;
  MoveOptions options = Options();
  options.progress = [&](const std::string&, std::int64_t done, std::int64_t total) {
    EXPECT_GE(done, last_done);
    last_done = done;
    last_total = total;
  };
  const auto report = Move(options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report->resumed);
  EXPECT_EQ(report->position, position_);
  EXPECT_EQ(last_done, last_total);
  ExpectSameRows();

  const auto opened = ServeFromThere();
  ASSERT_TRUE(opened) << opened.error().message;
  for (std::size_t i = 0; i < rows_.size(); ++i) EXPECT_EQ(Get(rows_[i]), answers_[i]);
  EXPECT_EQ(*ParseJson(Post("tags", R"({"name":"replayed"})", "key-1").body),
            *ParseJson(replayed_.body));
  EXPECT_EQ(Post("tags", R"({"name":"new"})").status, 201);
  ASSERT_TRUE(world_->node().log().Settle(kEverywhere, std::chrono::seconds(60)));
  EXPECT_GT(world_->node().log().Last(), position_);
  const auto fault = world_->node().log().Verify(std::nullopt, {}, {});
  ASSERT_TRUE(fault) << fault.error().message;
  EXPECT_FALSE(fault->has_value()) << (*fault)->what;
  world_->Close();

  const auto again = Move(Options());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kConflict);
  EXPECT_THAT(again.error().message, HasSubstr("move into an empty database"));
}

TEST_F(MoveTest, CutOffAnywhereItGoesOn) {
  int portions = 0;
  bool whole = false;
  for (int tries = 0; !whole && tries < 1000; ++tries) {
    int left = 3;  // portions of this try
    MoveOptions options = Options();
    options.interrupted = [&] { return ++portions, --left == 0; };
    const auto report = Move(options);
    whole = report.has_value();
    if (!whole) {
      ASSERT_THAT(report.error().message, HasSubstr("interrupted"));
    } else {
      EXPECT_TRUE(report->resumed);
    }
    if (tries == 1) {
      const auto early = ServeFromThere();
      ASSERT_FALSE(early);
      EXPECT_THAT(early.error().message, HasSubstr("is being moved into this database"));
      world_->elsewhere.reset();
    }
  }
  ASSERT_TRUE(whole);
  EXPECT_GT(portions, 30);
  ExpectSameRows();
  ASSERT_TRUE(ServeFromThere());
}

TEST_F(MoveTest, WhatWasServedMeanwhileIsNotLost) {
  int left = 5;
  MoveOptions options = Options();
  options.interrupted = [&] { return --left == 0; };
  ASSERT_FALSE(Move(options));
  ASSERT_TRUE(world_->Open());
  EXPECT_EQ(Post("tags", R"({"name":"meanwhile"})").status, 201);
  world_->Close();
  const auto report = Move(Options());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report->resumed);
  ExpectSameRows();
}

TEST_F(MoveTest, ARowThatPostgresqlCannotHoldIsNamed) {
  // Not by the API, which refuses it: by hand.
  const auto set = [&](const std::string& change) {
    const auto source = OpenSqlite(world_->directory());
    RunScript(*source, change);
    source->Close();
  };
  const auto refused = [&](const std::string& what) {
    const auto report = Move(Options());
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, Code::kConflict) << report.error().message;
    EXPECT_THAT(report.error().message, HasSubstr(what));
  };
  const auto source = OpenSqlite(world_->directory());
  const std::string asset = QueryText(*source, "SELECT max(id) FROM assets");
  source->Close();
  set("UPDATE assets SET metadata = '{\"a\":\"\\u0000\"}' WHERE id = '" + asset + "'");
  refused("assets " + asset);
  set("UPDATE assets SET metadata = '{}', name = 'a' || char(0) || 'b' WHERE id = '" + asset + "'");
  refused("assets " + asset);
  set("UPDATE assets SET name = 'a' WHERE id = '" + asset + "'");
  const auto report = Move(Options());
  EXPECT_TRUE(report) << report.error().message;
}

}  // namespace
}  // namespace tenon::testing

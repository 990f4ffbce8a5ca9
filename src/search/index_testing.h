// A search index of either kind, for tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "log/testing.h"
#include "search/postgres/postgres_index.h"
#include "search/postgres/schema.h"
#include "search/sqlite/sqlite_index.h"
#include "search/testing.h"

namespace tenon::search::testing {

using tenon::testing::StoreKind;
using tenon::testing::TestStore;

// As a migration by the owner makes it.
inline Result<void> PrepareSearch(TestStore& world) {
  PostgresOptions owner;
  owner.url = world.database().url();
  const auto store = TRY(PostgresStore::Open(std::move(owner)));
  return PrepareSearchSchema(
      *store, {.application = world.options().role, .system = world.options().system_role});
}

// A database with the models' tables and those of a search index. kUnavailable when PostgreSQL is
// not installed: skip then.
inline Result<std::unique_ptr<TestStore>> SearchDatabase() {
  auto world = TRY(TestStore::Make(StoreKind::kPostgres));
  TRY(PrepareSearch(*world));
  return world;
}

class IndexFixture {
 protected:
  IndexFixture() : model_(CheckedModel(kModel)), plans_(*SearchPlans::Of(*model_)) {}

  // False: there is no PostgreSQL here.
  bool Start(StoreKind kind) {
    if (kind == StoreKind::kPostgres) {
      auto made = SearchDatabase();
      if (!made && made.error().code == Code::kUnavailable) return false;
      EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
      if (!made) return false;
      world_ = *std::move(made);
    }
    Reopen();
    Fill({});
    return true;
  }

  // As another process would open it.
  std::unique_ptr<SearchIndex> Open(const SearchPlans& plans, const std::string& node) {
    if (!world_) return std::make_unique<SqliteIndex>(folder_.path(), plans);
    auto opened = PostgresIndex::Open(world_->store(), plans, node);
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
    return opened ? *std::move(opened) : nullptr;
  }
  void Reopen() {
    index_.reset();
    index_ = Open(plans_, "one");
    ASSERT_NE(index_, nullptr);
  }

  void Fill(const std::vector<Thing>& things, std::int64_t position = 1) {
    const auto built =
        index_->Rebuild({position, ""}, [&](const SearchIndex::Add& add) -> Result<void> {
          for (const Thing& thing : things) {
            TRY(add(std::vector<Change>{MakeThing(plans_, TenantId(1), thing)}));
          }
          return {};
        });
    ASSERT_TRUE(built.has_value()) << built.error().message;
  }

  void Apply(const std::vector<Change>& changes, std::int64_t position = 2) {
    const auto done = index_->Apply(changes, {position, ""});
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  void Put(const Thing& thing, std::uint8_t tenant = 1) {
    Apply({MakeThing(plans_, TenantId(tenant), thing)});
  }

  IndexQuery Asked(const std::string& text, std::uint8_t tenant = 1) {
    IndexQuery query;
    query.tenant = TenantId(tenant);
    query.entities = {plans_.FindTable("things")};
    query.text = ParseTextQuery(text);
    return query;
  }

  IndexAnswer Answer(const IndexQuery& query) {
    auto answer = index_->Query(query);
    EXPECT_TRUE(answer.has_value()) << (answer ? "" : answer.error().message);
    return answer ? *answer : IndexAnswer{};
  }

  std::vector<std::string> Keys(const IndexQuery& query) {
    std::vector<std::string> keys;
    for (const Candidate& candidate : Answer(query).candidates) keys.push_back(candidate.key);
    return keys;
  }
  std::vector<std::string> Find(const std::string& text, std::uint8_t tenant = 1) {
    return Keys(Asked(text, tenant));
  }

  tenon::testing::TempDir folder_;
  std::unique_ptr<TestStore> world_;  // PostgreSQL only
  std::shared_ptr<const model::Model> model_;
  SearchPlans plans_;
  std::unique_ptr<SearchIndex> index_;
};

}  // namespace tenon::search::testing

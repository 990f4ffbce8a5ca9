// What only a store with one writer promises: it tells an observer of the life of its groups, and a
// job may go on after a statement of it failed.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "store/testing.h"

namespace tenon {
namespace {

using testing::Answers;
using testing::Gate;

class SqliteWriter : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = testing::OpenSqlite(directory_.path());
    ASSERT_NE(store_, nullptr);
    testing::RunScript(*store_,
                       "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL, size "
                       "INTEGER); CREATE UNIQUE INDEX uq_parent_name ON parent (name);");
  }
  Result<void> Insert(Transaction& t, int id, const std::string& name) const {
    const std::vector<Value> values{Value(id), Value(name)};
    TRY(t.Execute("INSERT INTO parent (id, name) VALUES (?1, ?2)", values));
    return {};
  }
  std::int64_t Count() { return testing::IntOf(*store_, "SELECT count(*) FROM parent"); }

  testing::TempDir directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(SqliteWriter, AJobMayGoOnAfterAFailedStatement) {
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) -> Result<void> {
    TRY(Insert(t, 1, "a"));
    EXPECT_FALSE(Insert(t, 1, "again"));
    return Insert(t, 2, "b");
  }));
  EXPECT_EQ(Count(), 2);
}

class Recorder final : public WriteObserver {
 public:
  std::size_t Mark() override { return static_cast<std::size_t>(count_); }
  void RollbackTo(std::size_t mark) override { count_ = static_cast<int>(mark); }
  Result<void> BeforeCommit(Transaction& t) override {
    if (fail_) return Fail(Code::kInternal, "not now");
    TRY(
        t.Execute("INSERT INTO parent (id, name) VALUES (1000 + (SELECT count(*) FROM parent), "
                  "'commit ' || (SELECT count(*) FROM parent))",
                  {}));
    return {};
  }
  void AfterCommit() override { ++commits_; }
  int count_ = 0;
  int commits_ = 0;
  bool fail_ = false;
};

TEST_F(SqliteWriter, TheObserverFollowsTheGroup) {
  Recorder recorder;
  store_->SetObserver(&recorder);
  const auto work = [&](bool fail) {
    return [&recorder, this, fail](Transaction& t) -> Result<void> {
      ++recorder.count_;
      TRY(t.Execute("UPDATE parent SET size = 2", {}));
      if (fail) return Fail(Code::kConflict, "no");
      return {};
    };
  };
  Gate gate;
  gate.Hold(*store_);
  Answers answers;
  for (const bool fail : {false, true, false}) {
    WriteJob job;
    job.work = work(fail);
    job.savepoint = true;
    job.done = answers.Next();
    store_->Submit(std::move(job));
  }
  gate.Open();
  answers.Wait(3);
  EXPECT_EQ(recorder.count_, 2);
  EXPECT_GE(recorder.commits_, 1);
  EXPECT_GE(Count(), 1);

  recorder.fail_ = true;
  const std::int64_t before = Count();
  const Result<void> refused = store_->Write({}, [&](Transaction& t) { return Insert(t, 5, "x"); });
  EXPECT_FALSE(refused);
  EXPECT_EQ(Count(), before);
  recorder.fail_ = false;
  EXPECT_TRUE(store_->Write({}, [&](Transaction& t) { return Insert(t, 5, "x"); }));
  store_->Close();
}

}  // namespace
}  // namespace tenon

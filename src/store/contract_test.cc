// What every store must do. A new store adds a line or two at the end of this file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include "store/testing.h"

namespace tenon {
namespace {

using testing::Answers;
using testing::Gate;
using testing::QueryInt;
using testing::RunScript;
using testing::TenantScope;

// A place for one store, and how to open it there. Null: why it cannot be tested here.
class Place {
 public:
  virtual ~Place() = default;
  virtual std::unique_ptr<Store> Open(WriteQueueLimits queue) = 0;
};
struct Factory {
  std::string name;
  std::function<Result<std::unique_ptr<Place>>()> make;
};

class StoreContract : public ::testing::TestWithParam<Factory> {
 protected:
  void SetUp() override { Open({}); }
  void Open(WriteQueueLimits queue) {
    store_.reset();
    place_.reset();
    Result<std::unique_ptr<Place>> place = GetParam().make();
    if (!place) GTEST_SKIP() << place.error().message;
    place_ = std::move(*place);
    store_ = place_->Open(queue);
    ASSERT_NE(store_, nullptr);
    RunScript(*store_,
              "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL, size INTEGER "
              "CONSTRAINT ck_parent_size CHECK (size < 100));"
              "CREATE UNIQUE INDEX uq_parent_name ON parent (name);"
              "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL REFERENCES "
              "parent (id));");
  }

  // A statement for the store's dialect, written with ?1.
  [[nodiscard]] std::string Sql(std::string text) const {
    if (store_->dialect() == Dialect::kPostgres) std::replace(text.begin(), text.end(), '?', '$');
    return text;
  }
  Result<void> Insert(Transaction& t, int id, const std::string& name) const {
    TRY(t.Execute(Sql("INSERT INTO parent (id, name) VALUES (?1, ?2)"),
                  std::vector<Value>{Value(id), Value(name)}));
    return {};
  }
  WriteJob InsertJob(Answers& answers, int id, const std::string& name) {
    WriteJob job;
    job.work = [this, id, name](Transaction& t) { return Insert(t, id, name); };
    job.done = answers.Next();
    return job;
  }
  std::int64_t Count() { return QueryInt(*store_, "SELECT count(*) FROM parent").value_or(-1); }

  std::unique_ptr<Place> place_;
  std::unique_ptr<Store> store_;
};

// What holds while one job runs at a time.
class OneWriterContract : public StoreContract {};

TEST_P(StoreContract, AWriteIsSeenByTheNextRead) {
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) { return Insert(t, 1, "a"); }));
  EXPECT_EQ(Count(), 1);
}

TEST_P(StoreContract, ExecuteTellsHowManyRowsChanged) {
  std::int64_t changed = -1;
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) -> Result<void> {
    TRY(Insert(t, 1, "a"));
    TRY(Insert(t, 2, "b"));
    changed = TRY(t.Execute("UPDATE parent SET size = 1", {}));
    return {};
  }));
  EXPECT_EQ(changed, 2);
}

TEST_P(StoreContract, AReadStaysOnItsSnapshot) {
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) { return Insert(t, 1, "a"); }));
  const auto count = [](Reader& reader) -> Result<std::int64_t> {
    std::int64_t n = 0;
    TRY(reader.Query("SELECT count(*) FROM parent", {}, [&](const Row& row) -> Result<bool> {
      n = row.Int(0);
      return true;
    }));
    return n;
  };
  const Result<void> read = store_->Read({}, [&](Reader& reader) -> Result<void> {
    EXPECT_EQ(TRY(count(reader)), 1);
    std::thread([&]() {
      EXPECT_TRUE(store_->Write({}, [&](Transaction& t) { return Insert(t, 2, "b"); }));
    }).join();
    EXPECT_EQ(TRY(count(reader)), 1);
    return {};
  });
  EXPECT_TRUE(read);
  EXPECT_EQ(Count(), 2);
}

TEST_P(OneWriterContract, AFailedJobLeavesNothingAndHarmsNoOther) {
  for (const bool savepoint : {true, false}) {
    Open({});
    Gate gate;
    gate.Hold(*store_);
    Answers answers;
    store_->Submit(InsertJob(answers, 1, "a"));
    WriteJob bad;
    bad.savepoint = savepoint;
    bad.work = [&](Transaction& t) -> Result<void> {
      TRY(Insert(t, 2, "b"));
      return Fail(Code::kInvalidField, "no");
    };
    bad.done = answers.Next();
    store_->Submit(std::move(bad));
    store_->Submit(InsertJob(answers, 3, "c"));
    gate.Open();
    const auto results = answers.Wait(3);
    EXPECT_TRUE(results[0]);
    ASSERT_FALSE(results[1]);
    EXPECT_EQ(results[1].error().code, Code::kInvalidField);
    EXPECT_TRUE(results[2]);
    EXPECT_EQ(Count(), 2);
  }
}

TEST_P(StoreContract, AnExceptionOfAJobIsItsErrorAlone) {
  const Result<void> thrown = store_->Write({}, [&](Transaction& t) -> Result<void> {
    TRY(Insert(t, 1, "a"));
    throw std::runtime_error("boom");
  });
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code, Code::kInternal);
  EXPECT_TRUE(store_->Write({}, [&](Transaction& t) { return Insert(t, 2, "b"); }));
  EXPECT_EQ(Count(), 1);
}

TEST_P(OneWriterContract, JobsOfOneTenantRunInOrder) {
  Gate gate;
  gate.Hold(*store_);
  Answers answers;
  std::vector<int> order;
  for (int i = 0; i < 300; ++i) {
    WriteJob job;
    job.work = [&order, i](Transaction&) -> Result<void> {
      order.push_back(i);
      return {};
    };
    job.done = answers.Next();
    store_->Submit(std::move(job));
  }
  gate.Open();
  answers.Wait(300);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order.size(), 300u);
}

TEST_P(StoreContract, ABrokenUniqueConstraintNamesTableAndColumns) {
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) { return Insert(t, 1, "a"); }));
  const Result<void> again = store_->Write({}, [&](Transaction& t) { return Insert(t, 2, "a"); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kConflict);
  EXPECT_EQ(again.error().details.at("constraint"), "unique");
  EXPECT_EQ(again.error().details.at("table"), "parent");
  EXPECT_EQ(again.error().details.at("columns"), (boost::json::array{"name"}));
}

TEST_P(StoreContract, ABrokenReferenceNamesTableAndColumns) {
  const Result<void> orphan = store_->Write({}, [&](Transaction& t) -> Result<void> {
    TRY(t.Execute("INSERT INTO child (id, parent_id) VALUES (1, 77)", {}));
    return {};
  });
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().code, Code::kConflict);
  EXPECT_EQ(orphan.error().details.at("constraint"), "reference");
  EXPECT_EQ(orphan.error().details.at("table"), "child");
  EXPECT_EQ(orphan.error().details.at("columns"), (boost::json::array{"parent_id"}));
}

TEST_P(StoreContract, ABrokenCheckNamesTableAndColumn) {
  const Result<void> big = store_->Write({}, [&](Transaction& t) -> Result<void> {
    TRY(t.Execute("INSERT INTO parent (id, name, size) VALUES (1, 'a', 100)", {}));
    return {};
  });
  ASSERT_FALSE(big);
  EXPECT_EQ(big.error().details.at("constraint"), "check");
  EXPECT_EQ(big.error().details.at("table"), "parent");
  EXPECT_EQ(big.error().details.at("columns"), (boost::json::array{"size"}));
}

TEST_P(StoreContract, AQueuedStatementIsWrittenWithTheRest) {
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) -> Result<void> {
    for (int id = 1; id <= 3; ++id) {
      const std::vector<Value> values{Value(id), Value("n" + std::to_string(id))};
      TRY(t.Queue(Sql("INSERT INTO parent (id, name) VALUES (?1, ?2)"), values));
    }
    const std::vector<Value> one{Value(2)};
    const auto changed = TRY(t.Execute(Sql("UPDATE parent SET size = 7 WHERE id = ?1"), one));
    EXPECT_EQ(changed, 1) << "what was queued before is there";
    return t.Queue("UPDATE parent SET size = 8 WHERE id = 3", {});
  }));
  EXPECT_EQ(testing::IntOf(*store_, "SELECT sum(size) FROM parent"), 15);
}

TEST_P(StoreContract, AQueuedStatementsErrorIsTheJobs) {
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) { return Insert(t, 1, "a"); }));
  for (const bool last : {true, false}) {
    const Result<void> again = store_->Write({}, [&](Transaction& t) -> Result<void> {
      const std::vector<Value> values{Value(2), Value("a")};
      TRY(t.Queue(Sql("INSERT INTO parent (id, name) VALUES (?1, ?2)"), values));
      return last ? Result<void>{} : Insert(t, 3, "c");
    });
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Code::kConflict);
    EXPECT_EQ(again.error().details.at("constraint"), "unique");
    EXPECT_EQ(again.error().details.at("table"), "parent");
    EXPECT_EQ(again.error().details.at("columns"), (boost::json::array{"name"}));
  }
  EXPECT_EQ(Count(), 1);
}

TEST_P(StoreContract, AnExpectedAnswerIsNeverOlderThanAWriteOfItsOwn) {
  const std::string sql = "SELECT count(*) FROM parent";
  const auto count = [&](Reader& reader) -> Result<std::int64_t> {
    std::int64_t n = -1;
    TRY(reader.Query(sql, {}, [&](const Row& row) -> Result<bool> {
      n = row.Int(0);
      return true;
    }));
    return n;
  };
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) -> Result<void> {
    t.Expect(sql, {});
    EXPECT_EQ(TRY(count(t)), 0);
    t.Expect(sql, {});
    TRY(Insert(t, 1, "a"));
    EXPECT_EQ(TRY(count(t)), 1);
    t.Expect(sql, {});
    EXPECT_EQ(TRY(count(t)), 1);
    EXPECT_EQ(TRY(count(t)), 1) << "an answer is used once";
    return {};
  }));
}

TEST_P(StoreContract, InOrderJobsOfATenantKeepTheirOrder) {
  for (const Lane lane : {Lane::kInteractive, Lane::kBulk}) {
    Answers answers;
    std::vector<int> order;
    for (int i = 0; i < 300; ++i) {
      WriteJob job;
      job.lane = lane;
      job.in_order = lane == Lane::kInteractive;
      const int id = (lane == Lane::kBulk ? 1000 : 0) + i;
      job.work = [this, &order, i, id](Transaction& t) -> Result<void> {
        // Its group may run again.
        if (!order.empty() && order.back() >= i) order.resize(static_cast<std::size_t>(i));
        order.push_back(i);
        const std::vector<Value> values{Value(id), Value(id - 1)};
        if (i == 0) return Insert(t, id, "n" + std::to_string(id));
        return t.Queue(Sql("INSERT INTO parent (id, name) SELECT ?1, 'n' || (id + 1) FROM parent "
                           "WHERE id = ?2"),
                       values);
      };
      job.done = answers.Next();
      store_->Submit(std::move(job));
    }
    for (const Result<void>& result : answers.Wait(300)) EXPECT_TRUE(result);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_EQ(order.size(), 300u);
  }
  EXPECT_EQ(Count(), 600) << "each saw the one before it";
}

TEST_P(StoreContract, FailuresInBulkWorkHarmNoOther) {
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) { return Insert(t, 1, "taken"); }));
  Answers answers;
  constexpr int kJobs = 250;
  for (int i = 0; i < kJobs; ++i) {
    WriteJob job;
    job.lane = Lane::kBulk;
    job.savepoint = true;
    job.work = [this, i](Transaction& t) -> Result<void> {
      TRY(Insert(t, 100 + i, "n" + std::to_string(i)));
      if (i % 50 == 7) return Fail(Code::kInvalidField, "no");
      if (i % 50 == 8) TRY(Insert(t, 1000 + i, "taken"));
      if (i % 50 == 9) {
        const std::vector<Value> values{Value(1000 + i), Value("taken")};
        TRY(t.Queue(Sql("INSERT INTO parent (id, name) VALUES (?1, ?2)"), values));
      }
      return {};
    };
    job.done = answers.Next();
    store_->Submit(std::move(job));
  }
  int invalid = 0;
  int conflicts = 0;
  for (const Result<void>& result : answers.Wait(kJobs)) {
    if (result) continue;
    if (result.error().code == Code::kInvalidField) ++invalid;
    if (result.error().code == Code::kConflict) ++conflicts;
  }
  EXPECT_EQ(invalid, 5);
  EXPECT_EQ(conflicts, 10);
  EXPECT_EQ(Count(), 1 + kJobs - 15);
}

TEST_P(StoreContract, WritesOfOneRowRunAsIfAlone) {
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) -> Result<void> {
    TRY(t.Execute("INSERT INTO parent (id, name, size) VALUES (1, 'counter', 0)", {}));
    return {};
  }));
  constexpr int kThreads = 6;
  constexpr int kEach = 10;
  std::vector<std::thread> threads;
  for (int n = 0; n < kThreads; ++n) {
    threads.emplace_back([&]() {
      for (int i = 0; i < kEach; ++i) {
        const Result<void> done = store_->Write({}, [&](Transaction& t) -> Result<void> {
          std::int64_t size = -1;
          TRY(t.Query("SELECT size FROM parent WHERE id = 1", {},
                      [&](const Row& row) -> Result<bool> {
                        size = row.Int(0);
                        return true;
                      }));
          const std::vector<Value> values{Value(size + 1)};
          TRY(t.Execute(Sql("UPDATE parent SET size = ?1 WHERE id = 1"), values));
          return {};
        });
        EXPECT_TRUE(done) << (done ? "" : done.error().message);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(testing::IntOf(*store_, "SELECT size FROM parent WHERE id = 1"), kThreads * kEach);
}

TEST_P(StoreContract, TheSameStatementMayRunInsideItself) {
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) -> Result<void> {
    TRY(Insert(t, 1, "a"));
    return Insert(t, 2, "b");
  }));
  int pairs = 0;
  const char* sql = "SELECT id FROM parent ORDER BY id";
  ASSERT_TRUE(store_->Read({}, [&](Reader& reader) {
    return reader.Query(sql, {}, [&](const Row&) -> Result<bool> {
      TRY(reader.Query(sql, {}, [&](const Row&) -> Result<bool> {
        ++pairs;
        return true;
      }));
      return true;
    });
  }));
  EXPECT_EQ(pairs, 4);
}

TEST_P(StoreContract, AQueryThatTakesTooLongIsStopped) {
  for (const bool one_query : {false, true}) {
    Scope scope;
    scope.deadline = std::chrono::milliseconds(50);
    scope.one_query = one_query;
    const auto start = std::chrono::steady_clock::now();
    const Result<void> slow = store_->Read(scope, [](Reader& reader) {
      return reader.Query(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) "
          "SELECT count(*) FROM n",
          {}, [](const Row&) -> Result<bool> { return true; });
    });
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().code, Code::kDeadline);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
    EXPECT_EQ(Count(), 0);
  }
}

// Across a network it is one round trip without a transaction, and still in its tenant.
TEST_P(StoreContract, AReadOfOneQuery) {
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) { return Insert(t, 1, "a"); }));
  const bool postgres = store_->dialect() == Dialect::kPostgres;
  const std::string sql =
      postgres ? "SELECT current_setting('tenon.tenant', true)" : "SELECT name FROM parent";
  for (int tenant = 1; tenant <= 3; ++tenant) {
    Scope scope = TenantScope(static_cast<std::uint8_t>(tenant));
    scope.one_query = true;
    std::string seen;
    const auto ask = [&](Reader& reader) {
      return reader.Query(sql, {}, [&](const Row& row) -> Result<bool> {
        seen = row.Text(0);
        return true;
      });
    };
    const std::int64_t before = store_->Stats().read_round_trips;
    const Result<void> read = store_->Read(scope, ask);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(seen, postgres ? scope.tenant.ToString() : "a");
    if (!postgres) continue;
    EXPECT_EQ(store_->Stats().read_round_trips - before, 1);
    // Whoever asks twice may see two states, and is told.
    const Result<void> twice = store_->Read(scope, [&](Reader& reader) -> Result<void> {
      TRY(ask(reader));
      return ask(reader);
    });
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, Code::kInternal);
    // What failed harms nobody.
    const Result<void> bad = store_->Read(scope, [&](Reader& reader) {
      return reader.Query("SELECT 1 / 0", {}, [](const Row&) -> Result<bool> { return true; });
    });
    EXPECT_FALSE(bad);
  }
  EXPECT_EQ(Count(), 1);
}

TEST_P(StoreContract, ALockIsOneHoldersUntilItLetsGo) {
  auto lock = store_->TryLock("work");
  ASSERT_TRUE(lock) << lock.error().message;
  ASSERT_NE(*lock, nullptr);
  if (store_->dialect() == Dialect::kSqlite) return;
  const auto second = store_->TryLock("work");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(*second, nullptr);
  const auto other = store_->TryLock("other work");
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_NE(*other, nullptr);
  lock->reset();
  // The server notices the end of a session in its own time.
  for (;;) {
    const auto again = store_->TryLock("work");
    ASSERT_TRUE(again) << again.error().message;
    if (*again != nullptr) break;
  }
}

// What the writes that name their topics do not change stays foretold.
TEST_P(StoreContract, WritesThatNameTheirTopicsLeaveOtherAnswersTrue) {
  const auto name_of = [&](Reader& reader, int id) -> Result<std::string> {
    const Value key(id);
    std::string name = "none";
    TRY(reader.Query(Sql("SELECT name FROM parent WHERE id = ?1"), std::span(&key, 1),
                     [&](const Row& row) -> Result<bool> {
                       name = row.Text(0);
                       return true;
                     }));
    return name;
  };
  const auto write = [&](Transaction& t, int id, const std::string& name) -> Result<void> {
    const Topic topic = static_cast<Topic>(id);
    const Value values[] = {Value(id), Value(name)};
    return t.Queue(Sql("INSERT INTO parent (id, name) VALUES (?1, ?2)"), values,
                   {.anything = false, .topics = std::span(&topic, 1)});
  };
  const Result<void> done = store_->Write({}, [&](Transaction& t) -> Result<void> {
    for (int id = 1; id <= 3; ++id) {
      const Value key(id);
      for (int times = 0; times < 2; ++times) {
        t.Expect(Sql("SELECT name FROM parent WHERE id = ?1"), std::span(&key, 1),
                 static_cast<Topic>(id));
      }
    }
    EXPECT_EQ(TRY(name_of(t, 1)), "none");
    TRY(write(t, 1, "a"));
    EXPECT_EQ(TRY(name_of(t, 1)), "a");
    TRY(write(t, 2, "b"));
    EXPECT_EQ(TRY(name_of(t, 2)), "b");
    EXPECT_EQ(TRY(name_of(t, 2)), "b");
    EXPECT_EQ(TRY(name_of(t, 3)), "none");
    TRY(Insert(t, 3, "c"));
    EXPECT_EQ(TRY(name_of(t, 3)), "c");
    return {};
  });
  EXPECT_TRUE(done) << done.error().message;
}

// A store may send queued rows together and later, but nobody can tell.
TEST_P(StoreContract, QueuedRowsKeepTheirOrderForWhoeverLooks) {
  const auto parent = [&](Transaction& t, int id) {
    const Value values[] = {Value(id), Value("p" + std::to_string(id))};
    return t.Queue(Sql("INSERT INTO parent (id, name) VALUES (?1, ?2)"), values);
  };
  const auto child = [&](Transaction& t, int id, int of) {
    const Value values[] = {Value(id), Value(of)};
    return t.Queue(Sql("INSERT INTO child (id, parent_id) VALUES (?1, ?2)"), values);
  };
  const auto count = [](Reader& reader, std::string_view table) -> Result<std::int64_t> {
    std::int64_t n = 0;
    TRY(reader.Query("SELECT count(*) FROM " + std::string(table), {},
                     [&](const Row& row) -> Result<bool> {
                       n = row.Int(0);
                       return true;
                     }));
    return n;
  };
  RunScript(*store_, "CREATE TABLE diary (id INTEGER PRIMARY KEY, word TEXT)");
  const auto note = [&](Transaction& t, int id) {
    const Value values[] = {Value(id),
                            id % 3 == 0 ? Value() : Value("it's \"" + std::to_string(id))};
    return t.Queue(Sql("INSERT INTO diary (id, word) VALUES (?1, ?2)"), values,
                   {.anything = false, .apart = true});
  };
  const Result<void> done = store_->Write({}, [&](Transaction& t) -> Result<void> {
    for (int id = 1; id <= 150; ++id) {
      TRY(parent(t, id));
      TRY(note(t, id));
    }
    EXPECT_EQ(TRY(count(t, "parent")), 150);
    EXPECT_EQ(TRY(count(t, "diary")), 150);
    // Each refers to the one just before it, and nothing may overtake it.
    for (int id = 151; id <= 170; ++id) {
      TRY(parent(t, id));
      TRY(child(t, id, id));
      TRY(note(t, id));
    }
    EXPECT_EQ(TRY(t.Execute("UPDATE diary SET word = 'x' WHERE word IS NULL", {})), 56);
    TRY(parent(t, 171));
    TRY(t.Queue("UPDATE parent SET size = 7 WHERE id = 171", {}));
    t.Expect("SELECT count(*) FROM parent", {});
    TRY(child(t, 171, 171));
    TRY(note(t, 171));
    EXPECT_EQ(TRY(count(t, "parent")), 171);
    return {};
  });
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(Count(), 171);
  EXPECT_EQ(QueryInt(*store_, "SELECT count(*) FROM child"), 21);
  EXPECT_EQ(QueryInt(*store_, "SELECT count(*) FROM diary"), 171);
  EXPECT_EQ(QueryInt(*store_, "SELECT size FROM parent WHERE id = 171"), 7);
  EXPECT_EQ(QueryInt(*store_, Sql("SELECT count(*) FROM diary WHERE word = 'it''s \"170'")), 1);
}

// Rows of several jobs may go together; when one cannot be, the others are kept all the same.
TEST_P(StoreContract, AQueuedRowThatCannotBeIsItsOwnJobsFailure) {
  ASSERT_TRUE(store_->Write({}, [&](Transaction& t) { return Insert(t, 5, "taken"); }));
  Answers answers;
  std::array<std::atomic<int>, 12> outcome{};
  for (int id = 0; id < 12; ++id) {
    WriteJob job;
    job.lane = Lane::kBulk;
    job.work = [this, id](Transaction& t) -> Result<void> {
      const Value values[] = {Value(id), Value("n" + std::to_string(id)),
                              Value(id == 9 ? 1000 : 1)};
      TRY(t.Queue(Sql("INSERT INTO parent (id, name, size) VALUES (?1, ?2, ?3)"), values));
      if (id == 7) return Fail(Code::kInvalidArgument, "changed its mind");
      return {};
    };
    job.done = [&, id, next = answers.Next()](Result<void> result) {
      outcome[static_cast<std::size_t>(id)] =
          result ? 1 : static_cast<int>(result.error().code) + 2;
      next(std::move(result));
    };
    store_->Submit(std::move(job));
  }
  answers.Wait(12);
  for (int id = 0; id < 12; ++id) {
    const int of = outcome[static_cast<std::size_t>(id)];
    if (id == 5 || id == 9) {
      EXPECT_EQ(of, static_cast<int>(Code::kConflict) + 2) << id;
    } else if (id == 7) {
      EXPECT_EQ(of, static_cast<int>(Code::kInvalidArgument) + 2);
    } else {
      EXPECT_EQ(of, 1) << id;
    }
  }
  EXPECT_EQ(Count(), 10);
}

// Jobs that share a transaction otherwise do not when one of them wants less isolation.
TEST_P(StoreContract, EachJobHasTheIsolationItAsksFor) {
  if (store_->dialect() != Dialect::kPostgres) GTEST_SKIP() << "SQLite has one writer";
  Answers answers;
  std::array<std::string, 12> seen;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    WriteJob job;
    job.lane = Lane::kBulk;
    job.scope.by_locks = i % 4 == 1;
    job.work = [&seen, i](Transaction& t) -> Result<void> {
      return t.Query("SELECT current_setting('transaction_isolation')", {},
                     [&](const Row& row) -> Result<bool> {
                       seen[i] = row.Text(0);
                       return true;
                     });
    };
    job.done = answers.Next();
    store_->Submit(std::move(job));
  }
  answers.Wait(static_cast<int>(seen.size()));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i], i % 4 == 1 ? "read committed" : "serializable") << i;
  }
}

TEST_P(OneWriterContract, AFullQueueRefusesAtOnce) {
  Open({.lane_max = 10, .tenant_max = 6});
  Gate gate;
  gate.Hold(*store_);
  Answers answers;
  std::atomic<int> refused{0};
  for (int i = 0; i < 20; ++i) {
    WriteJob job;
    job.scope = TenantScope(static_cast<std::uint8_t>(i % 2));
    job.work = [](Transaction&) -> Result<void> { return {}; };
    job.done = [&, next = answers.Next()](Result<void> result) {
      if (!result) {
        EXPECT_EQ(result.error().code, Code::kTooManyRequests);
        EXPECT_EQ(result.error().retry_after_s, 1);
        ++refused;
      }
      next(std::move(result));
    };
    store_->Submit(std::move(job));
  }
  EXPECT_EQ(refused, 10);
  EXPECT_EQ(store_->Stats().queued_interactive, 10);
  gate.Open();
  answers.Wait(20);
}

TEST_P(OneWriterContract, TenantsTakeTurns) {
  Gate gate;
  gate.Hold(*store_);
  Answers answers;
  std::vector<int> order;
  const auto submit = [&](std::uint8_t tenant) {
    WriteJob job;
    job.scope = TenantScope(tenant);
    job.work = [&order, tenant](Transaction&) -> Result<void> {
      order.push_back(tenant);
      return {};
    };
    job.done = answers.Next();
    store_->Submit(std::move(job));
  };
  for (int i = 0; i < 100; ++i) submit(1);
  for (int i = 0; i < 3; ++i) submit(2);
  gate.Open();
  answers.Wait(103);
  EXPECT_EQ(std::count(order.begin(), order.begin() + 6, 2), 3);
}

TEST_P(OneWriterContract, InteractiveJobsPassBulkOnesAndBulkStillMoves) {
  Gate gate;
  gate.Hold(*store_);
  Answers answers;
  std::vector<std::string> order;
  const auto submit = [&](Lane lane, std::chrono::milliseconds time) {
    WriteJob job;
    job.lane = lane;
    job.work = [&order, lane, time](Transaction&) -> Result<void> {
      order.emplace_back(lane == Lane::kBulk ? "bulk" : "interactive");
      std::this_thread::sleep_for(time);
      return {};
    };
    job.done = answers.Next();
    store_->Submit(std::move(job));
  };
  for (int i = 0; i < 10; ++i) submit(Lane::kBulk, std::chrono::milliseconds(4));
  for (int i = 0; i < 40; ++i) submit(Lane::kInteractive, std::chrono::milliseconds(1));
  gate.Open();
  answers.Wait(50);
  EXPECT_EQ(order.front(), "interactive");
  const auto first_bulk = std::find(order.begin(), order.end(), "bulk") - order.begin();
  const auto last_interactive =
      order.rend() - std::find(order.rbegin(), order.rend(), "interactive");
  EXPECT_LT(first_bulk, last_interactive) << "bulk waited for all interactive jobs";
  EXPECT_LT(last_interactive, 50) << "interactive jobs waited for all bulk ones";
}

TEST_P(StoreContract, AFailedSchemaChangeLeavesNothing) {
  const Result<void> failed = store_->ChangeSchema([](SchemaTransaction& t) -> Result<void> {
    TRY(t.RunScript("CREATE TABLE extra (id INTEGER); INSERT INTO extra VALUES (1);"));
    return t.RunScript("CREATE TABLE parent (id INTEGER)");
  });
  EXPECT_FALSE(failed);
  EXPECT_FALSE(QueryInt(*store_, "SELECT count(*) FROM extra"));
  EXPECT_TRUE(store_->Write({}, [&](Transaction& t) { return Insert(t, 1, "a"); }));
}

TEST_P(StoreContract, CloseFinishesWhatIsQueuedAndRefusesTheRest) {
  Gate gate;
  gate.Hold(*store_);
  Answers answers;
  for (int i = 1; i <= 50; ++i) store_->Submit(InsertJob(answers, i, "n" + std::to_string(i)));
  std::thread closer([&]() { store_->Close(); });
  gate.Open();
  const auto results = answers.Wait(50);
  closer.join();
  for (const Result<void>& result : results) EXPECT_TRUE(result);
  const Result<void> late = store_->Write({}, [&](Transaction& t) { return Insert(t, 99, "z"); });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kUnavailable);
  const Result<std::int64_t> read = QueryInt(*store_, "SELECT 1");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kUnavailable);
}

TEST_P(StoreContract, ManyThreadsWriteAndRead) {
  constexpr int kThreads = 8;
  constexpr int kEach = 100;
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int n = 0; n < kThreads; ++n) {
    threads.emplace_back([&, n]() {
      for (int i = 0; i < kEach; ++i) {
        const int id = n * kEach + i + 1;
        if (!store_->Write(TenantScope(static_cast<std::uint8_t>(n)), [&](Transaction& t) {
              return Insert(t, id, "n" + std::to_string(id));
            })) {
          ++failed;
        }
        const auto seen =
            QueryInt(*store_, "SELECT count(*) FROM parent WHERE id = " + std::to_string(id));
        if (seen.value_or(0) != 1) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(Count(), kThreads * kEach);
}

class SqlitePlace final : public Place {
 public:
  std::unique_ptr<Store> Open(WriteQueueLimits queue) override {
    SqliteOptions options;
    options.directory = directory_.path();
    options.queue = queue;
    return testing::OpenSqlite(std::move(options));
  }

 private:
  testing::TempDir directory_;
};

class PostgresPlace final : public Place {
 public:
  PostgresPlace(std::unique_ptr<testing::TestDatabase> database, std::size_t writers)
      : database_(std::move(database)), writers_(writers) {}
  std::unique_ptr<Store> Open(WriteQueueLimits queue) override {
    PostgresOptions options;
    options.url = database_->url();
    options.queue = queue;
    options.writers_max = writers_;
    return testing::OpenPostgres(std::move(options));
  }

 private:
  std::unique_ptr<testing::TestDatabase> database_;
  std::size_t writers_;
};

Factory Sqlite() {
  return {"Sqlite",
          []() -> Result<std::unique_ptr<Place>> { return std::make_unique<SqlitePlace>(); }};
}

Factory Postgres(std::string name, std::size_t writers) {
  return {std::move(name), [writers]() -> Result<std::unique_ptr<Place>> {
            auto database =
                TRY(testing::TestDatabase::Make(TRY(testing::PostgresServer::Shared())));
            return std::make_unique<PostgresPlace>(std::move(database), writers);
          }};
}

const auto kNameOf = [](const auto& info) { return info.param.name; };

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         ::testing::Values(Sqlite(), Postgres("Postgres", 1),
                                           Postgres("PostgresManyWriters", 4)),
                         kNameOf);
INSTANTIATE_TEST_SUITE_P(Stores, OneWriterContract,
                         ::testing::Values(Sqlite(), Postgres("Postgres", 1)), kNameOf);

}  // namespace
}  // namespace tenon

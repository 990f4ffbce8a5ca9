#include "store/postgres/insert_rows.h"

#include <gtest/gtest.h>

#include "store/postgres/test_connection.h"

namespace tenon::testing {
namespace {

TEST(InsertRows, FitsOneRowOfParametersAndNothingElse) {
  EXPECT_TRUE(InsertRows::Fits("INSERT INTO t (a, b) VALUES ($1, $2)"));
  EXPECT_TRUE(InsertRows::Fits("INSERT INTO t (a) VALUES (nextval('s'), $1)"));
  EXPECT_FALSE(InsertRows::Fits("INSERT INTO t (a) VALUES ($1) ON CONFLICT DO NOTHING"));
  EXPECT_FALSE(InsertRows::Fits("INSERT INTO t (a) VALUES ($1) ON CONFLICT (lower(a))"));
  EXPECT_FALSE(InsertRows::Fits("INSERT INTO t (a) VALUES ($1) RETURNING (a)"));
  EXPECT_FALSE(InsertRows::Fits("INSERT INTO t (a) VALUES ($1), ($2)"));
  EXPECT_FALSE(InsertRows::Fits("INSERT INTO t (a) SELECT * FROM unnest($1)"));
  EXPECT_FALSE(InsertRows::Fits("INSERT INTO t (a) SELECT * FROM (VALUES ($1))"));
  EXPECT_FALSE(InsertRows::Fits("WITH a AS (INSERT INTO t (a) VALUES ($1)) SELECT (1)"));
  EXPECT_FALSE(InsertRows::Fits("UPDATE t SET a = ($1)"));
}

TEST(InsertRows, NumbersThePlaceholdersOn) {
  const std::string sql = "INSERT INTO t (a, b, c) VALUES (nextval('s'), $1, $2, $11)";
  EXPECT_EQ(SqlOfRows(sql, 11, 1), sql);
  EXPECT_EQ(SqlOfRows(sql, 11, 3),
            "INSERT INTO t (a, b, c) VALUES (nextval('s'), $1, $2, $11), (nextval('s'), $12, $13, "
            "$22), (nextval('s'), $23, $24, $33)");
}

class RowsTogether : public PgConnectionTest {
 protected:
  void SetUp() override {
    Connect(
        "CREATE TABLE a (id int PRIMARY KEY, t text, at timestamptz); "
        "CREATE TABLE b (id int PRIMARY KEY REFERENCES a); "
        "CREATE TABLE log (id int, j jsonb)");
  }
  std::string Ask(PgTransaction& transaction, const std::string& sql) {
    std::string answer;
    const auto asked = transaction.Query(sql, {}, [&](const Row& row) -> Result<bool> {
      answer = row.Text(0);
      return false;
    });
    return asked ? answer : asked.error().message;
  }
};

TEST_F(RowsTogether, GoOutInFewStatementsAndOneRoundTrip) {
  PgTransaction transaction(*connection_, PgTransaction::Mode::kWrite, {},
                            PgConnection::TimePoint::max(), nullptr);
  for (int i = 0; i < 100; ++i) {
    const Value row[] = {Value(i), i == 40 ? Value() : Value("t" + std::to_string(i)),
                         Value(Time{})};
    ASSERT_TRUE(transaction.Queue("INSERT INTO a (id, t, at) VALUES ($1, $2, $3)", row));
    const Value note[] = {Value(i), Value("{}")};
    ASSERT_TRUE(transaction.Queue("INSERT INTO log (id, j) VALUES ($1, $2)", note,
                                  {.anything = false, .apart = true}));
  }
  EXPECT_EQ(connection_->TakeRoundTrips(), 0);
  // 64, 32 and 4 rows, of each.
  EXPECT_EQ(Ask(transaction,
                "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE "
                "'INSERT INTO a %'"),
            "3");
  EXPECT_EQ(connection_->TakeRoundTrips(), 1);
  EXPECT_EQ(Ask(transaction,
                "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE "
                "'INSERT INTO log %'"),
            "3");
  EXPECT_EQ(Ask(transaction,
                "SELECT string_agg(t, ' ' ORDER BY id) FROM a WHERE id > 37 AND id < "
                "43"),
            "t38 t39 t41 t42");
  EXPECT_FALSE(transaction.Commit());
  EXPECT_EQ(*database_->Ask("SELECT count(*) FROM a JOIN log USING (id)"), "100");
}

TEST_F(RowsTogether, OneAloneIsSentAsItIs) {
  PgTransaction transaction(*connection_, PgTransaction::Mode::kWrite, {},
                            PgConnection::TimePoint::max(), nullptr);
  const Value row[] = {Value(1), Value("t")};
  ASSERT_TRUE(transaction.Queue("INSERT INTO a (id, t) VALUES ($1, $2)", row));
  EXPECT_EQ(Ask(transaction,
                "SELECT count(*) FROM pg_prepared_statements WHERE statement = "
                "'INSERT INTO a (id, t) VALUES ($1, $2)'"),
            "1");
  EXPECT_FALSE(transaction.Commit());
}

// What a savepoint undoes goes, and only that.
TEST_F(RowsTogether, AnUndoneJobTakesItsHeldRowsAlong) {
  PgTransaction transaction(*connection_, PgTransaction::Mode::kWrite, {},
                            PgConnection::TimePoint::max(), nullptr);
  const auto queue = [&](int id, bool apart) {
    const Value row[] = {Value(id), Value("{}")};
    ASSERT_TRUE(apart ? transaction.Queue("INSERT INTO log (id, j) VALUES ($1, $2)", row,
                                          {.anything = false, .apart = true})
                      : transaction.Queue("INSERT INTO a (id, t) VALUES ($1, $2)", row));
  };
  transaction.StartJob(1, true);
  queue(1, false);
  queue(1, true);
  transaction.Settle();
  transaction.EndJob();
  transaction.StartJob(2, true);
  queue(2, false);
  queue(2, true);
  transaction.UndoJob();
  transaction.EndJob();
  transaction.StartJob(3, true);
  queue(3, true);
  transaction.Settle();
  transaction.EndJob();
  EXPECT_FALSE(transaction.Commit());
  EXPECT_EQ(*database_->Ask("SELECT string_agg(id::text, ' ' ORDER BY id) FROM log"), "1 3");
  EXPECT_EQ(*database_->Ask("SELECT string_agg(id::text, ' ' ORDER BY id) FROM a"), "1");
}

TEST_F(RowsTogether, WhatCannotBeSentFailsTheTransactionWithItsOwnWords) {
  PgTransaction transaction(*connection_, PgTransaction::Mode::kWrite, {},
                            PgConnection::TimePoint::max(), nullptr);
  const Value good[] = {Value(1), Value("t")};
  const Value bad[] = {Value(2), Value(std::string("a\0b", 3))};
  ASSERT_TRUE(transaction.Queue("INSERT INTO a (id, t) VALUES ($1, $2)", good));
  const auto queued = transaction.Queue("INSERT INTO a (id, t) VALUES ($1, $2)", bad);
  ASSERT_FALSE(queued);
  EXPECT_EQ(queued.error().code, Code::kInvalidArgument);
  ASSERT_TRUE(transaction.Commit());
  transaction.Rollback();
  EXPECT_EQ(*database_->Ask("SELECT count(*) FROM a"), "0");
}

}  // namespace
}  // namespace tenon::testing

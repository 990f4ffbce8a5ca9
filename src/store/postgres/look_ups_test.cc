#include "store/postgres/look_ups.h"

#include <gtest/gtest.h>

#include "store/postgres/test_connection.h"

namespace tenon::testing {
namespace {

constexpr std::string_view kByName = "SELECT id, t FROM a WHERE t = $1::text AND id > $2::bigint";

TEST(LookUps, FitSelectsThatSayTheTypesOfTheirParameters) {
  EXPECT_TRUE(LookUps::Fits(kByName));
  EXPECT_TRUE(LookUps::Fits("SELECT a FROM t WHERE b = $1::int4"));
  EXPECT_FALSE(LookUps::Fits("SELECT a FROM t WHERE b = $1::uuid AND c = $2"));
  EXPECT_FALSE(LookUps::Fits("SELECT a FROM t WHERE b = $1::numeric(10,2)"));
  EXPECT_FALSE(LookUps::Fits("SELECT a FROM t WHERE b = ANY ($1::uuid[])"));
  EXPECT_FALSE(LookUps::Fits("SELECT a FROM t WHERE b = $1::uuid OR c = $1::uuid"));
  EXPECT_FALSE(LookUps::Fits("SELECT a FROM t WHERE b = $2::uuid AND c = $1::uuid"));
  EXPECT_FALSE(LookUps::Fits("SELECT '$1::uuid' FROM t WHERE b = $1::uuid"));
  EXPECT_FALSE(LookUps::Fits("SELECT count(*) FROM t"));
  EXPECT_FALSE(LookUps::Fits("DELETE FROM t WHERE b = $1::uuid"));
}

TEST(LookUps, BecomeOneStatementOverAList) {
  EXPECT_EQ(SqlOfLookUps("SELECT a FROM t WHERE b = $1::uuid AND c = $2::text LIMIT 3", 2),
            "SELECT t.*, k.n FROM (VALUES (1, $1::uuid, $2::text), (2, $3::uuid, $4::text)) AS k "
            "(n, p1, p2) CROSS JOIN LATERAL (SELECT a FROM t WHERE b = k.p1 AND c = k.p2 LIMIT 3 "
            "OFFSET 0) AS t");
}

class LookUpsTogether : public PgConnectionTest {
 protected:
  void SetUp() override {
    Connect(
        "CREATE TABLE a (id bigint PRIMARY KEY, t varchar(20)); INSERT INTO a "
        "SELECT n, 'name' || n % 50 FROM generate_series(1, 200) n");
  }
  // The ids of a name over a number, in order.
  static std::string IdsOf(PgTransaction& transaction, const std::string& name, int over) {
    const Value parameters[] = {Value(name), Value(over)};
    std::vector<std::int64_t> ids;
    const auto asked = transaction.Query(kByName, parameters, [&](const Row& row) -> Result<bool> {
      EXPECT_EQ(row.Text(1), name);
      ids.push_back(row.Int(0));
      return true;
    });
    if (!asked) return asked.error().message;
    std::ranges::sort(ids);
    std::string text;
    for (const std::int64_t id : ids) text += std::to_string(id) + " ";
    return text;
  }
  static void Expect(PgTransaction& transaction, const std::string& name, int over) {
    const Value parameters[] = {Value(name), Value(over)};
    transaction.Expect(kByName, parameters, std::hash<std::string>()(name));
  }
};

TEST_F(LookUpsTogether, EachGetsItsOwnRowsInOneRoundTrip) {
  PgTransaction transaction(*connection_, PgTransaction::Mode::kWrite, {},
                            PgConnection::TimePoint::max(), nullptr);
  for (int i = 0; i < 101; ++i) Expect(transaction, "name" + std::to_string(i), 100);
  Expect(transaction, "name7", 100);  // twice
  for (int i = 0; i < 101; ++i) {
    const std::string ids = i == 0   ? "150 200 "
                            : i < 50 ? std::to_string(100 + i) + " " + std::to_string(150 + i) + " "
                                     : "";
    EXPECT_EQ(IdsOf(transaction, "name" + std::to_string(i), 100), ids) << i;
  }
  EXPECT_EQ(IdsOf(transaction, "name7", 100), "107 157 ");
  EXPECT_EQ(connection_->TakeRoundTrips(), 1);
  EXPECT_EQ(IdsOf(transaction, "name8", 0), "8 58 108 158 ");  // was not foretold
  EXPECT_EQ(connection_->TakeRoundTrips(), 1);
  EXPECT_FALSE(transaction.Commit());
}

// What is asked later than a write, or forgotten because of it, sees it; the rest stays as it was.
TEST_F(LookUpsTogether, WritesBetweenKeepTheirOrder) {
  PgTransaction transaction(*connection_, PgTransaction::Mode::kWrite, {},
                            PgConnection::TimePoint::max(), nullptr);
  const auto insert = [&](int id, const std::string& name) {
    const Value row[] = {Value(id), Value(name)};
    const Topic topic = std::hash<std::string>()(name);
    ASSERT_TRUE(transaction.Queue("INSERT INTO a (id, t) VALUES ($1, $2)", row,
                                  {.anything = false, .topics = std::span(&topic, 1)}));
  };
  Expect(transaction, "name1", 150);
  Expect(transaction, "name2", 150);
  insert(1001, "name1");
  EXPECT_EQ(IdsOf(transaction, "name1", 150), "151 1001 ");
  EXPECT_EQ(IdsOf(transaction, "name2", 150), "152 ");
  insert(1002, "name2");
  Expect(transaction, "name2", 150);
  Expect(transaction, "name3", 150);
  insert(1003, "name3");
  EXPECT_EQ(IdsOf(transaction, "name2", 150), "152 1002 ");
  EXPECT_EQ(IdsOf(transaction, "name3", 150), "153 1003 ");
  EXPECT_FALSE(transaction.Commit());
}

TEST_F(LookUpsTogether, WhatCannotBeAskedFailsTheNextCall) {
  PgTransaction transaction(*connection_, PgTransaction::Mode::kWrite, {},
                            PgConnection::TimePoint::max(), nullptr);
  Expect(transaction, "name1", 0);
  Expect(transaction, std::string("a\0b", 3), 0);
  EXPECT_EQ(IdsOf(transaction, "name1", 0), "text cannot hold the character NUL");
}

}  // namespace
}  // namespace tenon::testing

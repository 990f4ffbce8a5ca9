#include "services/ingest/ndjson.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace tenon::ingest {
namespace {

TEST(NdjsonReader, SkipsBlankLinesAndReportsLongOnes) {
  const auto source = OpenText("t", "{\"a\":1}\r\n\n  \t\n" + std::string(50, 'x') + "\n[2]");
  NdjsonReader reader(*source, 20);
  NdjsonRow row;
  ASSERT_TRUE(*reader.Next(row));
  EXPECT_EQ(row.text, "{\"a\":1}");
  EXPECT_EQ(row.at, (Position{0, 1}));
  EXPECT_EQ(row.problem, "");
  ASSERT_TRUE(*reader.Next(row));
  EXPECT_EQ(row.problem, "the line is longer than 20 bytes");
  EXPECT_EQ(row.at, (Position{14, 4}));
  ASSERT_TRUE(*reader.Next(row));
  EXPECT_EQ(row.text, "[2]");
  EXPECT_EQ(row.at, (Position{65, 5}));
  EXPECT_EQ(row.problem, "");
  EXPECT_FALSE(*reader.Next(row));
  EXPECT_EQ(reader.position().offset, 68u);
}

TEST(NdjsonReader, GoesOnWhereACheckpointStands) {
  const auto source = OpenText("t", "1\n2\n3\n4\n");
  NdjsonReader first(*source);
  NdjsonRow row;
  ASSERT_TRUE(*first.Next(row));
  ASSERT_TRUE(*first.Next(row));
  NdjsonReader second(*source);
  ASSERT_TRUE(second.Resume(first.position()));
  ASSERT_TRUE(*second.Next(row));
  EXPECT_EQ(row.text, "3");
  EXPECT_EQ(row.at, (Position{4, 3}));
}

TEST(NdjsonReader, CarriesNaughtyStrings) {
  const auto data = testing_data::Json("strings/blns.json");
  if (!data) GTEST_SKIP() << data.error().message;
  std::string text;
  for (const json::value& value : data->as_array()) text += CanonicalJson(value) + "\n";
  const auto source = OpenText("t", text, 777);
  NdjsonReader reader(*source);
  NdjsonRow row;
  for (const json::value& value : data->as_array()) {
    ASSERT_TRUE(*reader.Next(row));
    const auto read = ParseJson(row.text);
    ASSERT_TRUE(read) << row.text;
    EXPECT_EQ(*read, value);
  }
  EXPECT_FALSE(*reader.Next(row));
}

}  // namespace
}  // namespace tenon::ingest

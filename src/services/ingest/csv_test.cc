#include "services/ingest/csv.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/testing.h"

namespace tenon::ingest {
namespace {

using Fields = std::vector<std::string>;

struct Got {
  Position at;
  Fields fields;
  std::string problem;
  Position problem_at;
  bool operator==(const Got&) const = default;
};

std::vector<Got> Rows(const std::string& text, CsvOptions options = {},
                      std::size_t piece = SIZE_MAX) {
  const auto source = OpenText("text", text, piece);
  CsvReader reader(*source, options);
  std::vector<Got> all;
  CsvRow row;
  while (*reader.Next(row)) {
    Got got{row.at, Fields(row.fields.begin(), row.fields.end()), row.problem, {}};
    if (!row.problem.empty()) got.problem_at = row.problem_at;
    all.push_back(got);
  }
  EXPECT_EQ(reader.position().offset, text.size());
  return all;
}

std::vector<Fields> Good(const std::string& text, CsvOptions options = {}) {
  std::vector<Fields> all;
  for (const Got& row : Rows(text, options)) {
    EXPECT_EQ(row.problem, "") << text;
    all.push_back(row.fields);
  }
  return all;
}

std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

TEST(CsvReader, Rfc4180Rules) {
  const std::vector<Fields> two = {{"aaa", "bbb", "ccc"}, {"zzz", "yyy", "xxx"}};
  EXPECT_EQ(Good("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n"), two);          // 1
  EXPECT_EQ(Good("aaa,bbb,ccc\r\nzzz,yyy,xxx"), two);              // 2
  EXPECT_EQ(Good("\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx"), two);  // 5
  EXPECT_EQ(Good("\"aaa\",\"b\r\nbb\",\"ccc\"\r\n"),
            (std::vector<Fields>{{"aaa", "b\r\nbb", "ccc"}}));
  EXPECT_EQ(Good("\"aaa\",\"b\"\"bb\",\"ccc\""), (std::vector<Fields>{{"aaa", "b\"bb", "ccc"}}));
}

TEST(CsvReader, EdgesOfFieldsAndLines) {
  EXPECT_EQ(Good(""), std::vector<Fields>{});
  EXPECT_EQ(Good("\n\r\n\n"), std::vector<Fields>{});
  EXPECT_EQ(Good(","), (std::vector<Fields>{{"", ""}}));
  EXPECT_EQ(Good("a,\n"), (std::vector<Fields>{{"a", ""}}));
  EXPECT_EQ(Good(",a\n"), (std::vector<Fields>{{"", "a"}}));
  EXPECT_EQ(Good("\"\"\n"), (std::vector<Fields>{{""}}));
  EXPECT_EQ(Good("\"\""), (std::vector<Fields>{{""}}));
  EXPECT_EQ(Good("\"\"\"\""), (std::vector<Fields>{{"\""}}));
  EXPECT_EQ(Good("a,\"\"\r\n\"\",b\r"), (std::vector<Fields>{{"a", ""}, {"", "b"}}));
  EXPECT_EQ(Good("a\rb,c\n"), (std::vector<Fields>{{"a\rb", "c"}}));
  EXPECT_EQ(Good(" a , b \n"), (std::vector<Fields>{{" a ", " b "}}));
  EXPECT_EQ(Good("a\n\nb\n"), (std::vector<Fields>{{"a"}, {"b"}}));
  EXPECT_EQ(Good("\xEF\xBB\xBF\"id\",name\n"), (std::vector<Fields>{{"id", "name"}}));
  EXPECT_EQ(Good("\xEF\xBB\xBF"), std::vector<Fields>{});
}

TEST(CsvReader, OtherDelimiters) {
  EXPECT_EQ(Good("a;b,c\n", {.delimiter = ';'}), (std::vector<Fields>{{"a", "b,c"}}));
  EXPECT_EQ(Good("a\t\"b\tc\"\n", {.delimiter = '\t'}), (std::vector<Fields>{{"a", "b\tc"}}));
}

TEST(CsvReader, PositionsCountLinesInsideQuotes) {
  const auto rows = Rows("h\n\"a\nb\n\",x\nlast,y\n");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].at, (Position{0, 1}));
  EXPECT_EQ(rows[1].at, (Position{2, 2}));
  EXPECT_EQ(rows[2].at, (Position{11, 5}));
}

TEST(CsvReader, BrokenQuotesCostOneRow) {
  const auto rows = Rows("a,b\n1,x\"y\n2,\"x\"y\n3,\"never closed\n4,fine\n5,\"fine\"\n");
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[1].problem, "a quote stands inside a field that does not begin with one");
  EXPECT_EQ(rows[1].problem_at, (Position{7, 2}));
  EXPECT_EQ(rows[2].problem,
            "after the closing quote of the field that opens on line 3 a delimiter or line end "
            "must follow");
  EXPECT_EQ(rows[2].problem_at, (Position{15, 3}));
  // The quote of line 4 closes at the one of line 6, where no delimiter follows.
  EXPECT_EQ(rows[3].at, (Position{17, 4}));
  EXPECT_NE(rows[3].problem, "");
  EXPECT_EQ(rows[4].fields, (Fields{"4", "fine"}));
  EXPECT_EQ(rows[5].fields, (Fields{"5", "fine"}));
}

TEST(CsvReader, AnUnclosedQuoteIsFoundAtTheEnd) {
  const auto rows = Rows("a,\"b\nc,d\ne,f");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].problem,
            "the quote that opens on line 1 is not closed before the end of the input");
  EXPECT_EQ(rows[0].problem_at, (Position{2, 1}));
  EXPECT_EQ(rows[1].fields, (Fields{"c", "d"}));
  EXPECT_EQ(rows[1].at, (Position{5, 2}));
  EXPECT_EQ(rows[2].fields, (Fields{"e", "f"}));
}

TEST(CsvReader, CarriageReturnsAfterQuotes) {
  EXPECT_EQ(Good("\"a\"\r\n\"b\"\r"), (std::vector<Fields>{{"a"}, {"b"}}));
  EXPECT_NE(Rows("\"a\"\r\"b\"\n")[0].problem, "");
  EXPECT_NE(Rows("\"a\"\r,b\n")[0].problem, "");
  EXPECT_NE(Rows("\"a\"\r\rb\n")[0].problem, "");
}

TEST(CsvReader, BoundsRowsFieldsAndTheirNumber) {
  const CsvOptions options{.field_bytes_max = 10, .row_bytes_max = 30, .fields_max = 3};
  const auto rows = Rows("12345678901,x\n1,2,3,4\n" + std::string(100, 'y') + "\n\"" +
                             std::string(50, 'z') + "\nok,ok\n",
                         options);
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].problem, "a field is longer than 10 bytes");
  EXPECT_EQ(rows[1].problem, "the row has more than 3 fields");
  EXPECT_EQ(rows[2].problem, "the row is longer than 30 bytes");
  EXPECT_EQ(rows[3].problem,
            "the row is longer than 30 bytes; a quote that opens on line 4 is not closed");
  EXPECT_EQ(rows[4].fields, (Fields{"ok", "ok"}));
  EXPECT_EQ(rows[4].at.line, 5u);
}

TEST(CsvReader, ReadsTheSameHoweverTheInputIsCut) {
  const std::string text =
      "\xEF\xBB\xBFid,text\r\n1,\"a "
      "\"\"b\"\"\r\nc\"\r\n2,\"bad\"x\r\n\r\n3,\"unclosed\r\n4,last\r\n";
  const auto whole = Rows(text);
  EXPECT_EQ(whole.size(), 5u);
  for (std::size_t piece = 1; piece < 20; ++piece) EXPECT_EQ(Rows(text, {}, piece), whole) << piece;
}

TEST(CsvReader, GoesOnWhereACheckpointStands) {
  const auto source = OpenText("t", "a,1\n\"b\nb\",2\nc,3\n");
  CsvReader first(*source);
  CsvRow row;
  ASSERT_TRUE(*first.Next(row));
  ASSERT_TRUE(*first.Next(row));
  CsvReader second(*source);
  ASSERT_TRUE(second.Resume(first.position()));
  ASSERT_TRUE(*second.Next(row));
  EXPECT_EQ(row.fields[0], "c");
  EXPECT_EQ(row.at, (Position{12, 4}));
}

TEST(CsvReader, RandomRowsReadBack) {
  std::mt19937 random(5);
  const std::string_view alphabet = "ab,\"\r\n ;";
  for (int round = 0; round < 2000; ++round) {
    std::vector<Fields> rows(1 + random() % 4);
    std::string text;
    for (Fields& row : rows) {
      row.resize(1 + random() % 4);
      for (std::size_t i = 0; i < row.size(); ++i) {
        for (auto n = random() % 6; n > 0; --n) row[i] += alphabet[random() % alphabet.size()];
        text += (i == 0 ? "" : ",") + Quote(row[i]);
      }
      text += random() % 2 == 0 ? "\n" : "\r\n";
    }
    ASSERT_EQ(Good(text), rows) << text;
  }
}

TEST(CsvReader, CarriesNaughtyStrings) {
  const auto data = testing_data::Json("strings/blns.json");
  if (!data) GTEST_SKIP() << data.error().message;
  std::string text;
  std::vector<Fields> expected;
  for (const json::value& value : data->as_array()) {
    const std::string field(value.as_string().data(), value.as_string().size());
    expected.push_back({field, "next"});
    text += Quote(field) + ",next\r\n";
  }
  EXPECT_EQ(Good(text), expected);
}

TEST(CsvReader, ARealFileWithOneBrokenRow) {
  const auto text = testing_data::Text("youtube8m/label_names_2018.csv");
  if (!text) GTEST_SKIP() << text.error().message;
  const auto rows = Rows(*text);
  EXPECT_EQ(rows.size(), 3863u);
  for (const Got& row : rows) {
    if (row.at.line == 2617) {  // 2533,Toys "R" Us
      EXPECT_EQ(row.problem, "a quote stands inside a field that does not begin with one");
      EXPECT_EQ(row.problem_at.offset - row.at.offset, 10u);
    } else {
      EXPECT_EQ(row.problem, "") << row.at.line;
    }
  }
}

TEST(CsvReader, ARealFileOfManyColumns) {
  const std::string path =
      std::string(TENON_SOURCE_DIR) + "/../shared/data/youtube8m/vocabulary_2018.csv.gz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no youtube8m/vocabulary_2018.csv.gz";
  const auto source = OpenCommand(path, {"/bin/gzip", "-dc", path});
  ASSERT_TRUE(source) << source.error().message;
  CsvReader reader(**source);
  CsvRow row;
  std::size_t rows = 0;
  std::size_t bytes = 0;
  while (*reader.Next(row)) {
    EXPECT_EQ(row.problem, "");
    EXPECT_EQ(row.fields.size(), 9u);
    for (const std::string_view field : row.fields) bytes += field.size();
    ++rows;
  }
  EXPECT_EQ(rows, 3863u);  // as Python's csv module counts them
  EXPECT_EQ(bytes, 3552524u);
}

}  // namespace
}  // namespace tenon::ingest

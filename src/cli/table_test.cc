#include "cli/table.h"

#include <gtest/gtest.h>

namespace tenon::cli {
namespace {

TEST(Table, MeasuresWhatATerminalShows) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("äöü"), 3u);
  EXPECT_EQ(DisplayWidth("日本"), 4u);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1u);  // a combining accent
  EXPECT_EQ(DisplayWidth("a\xFF"), 2u);      // a broken byte
}

TEST(Table, CutsByWidth) {
  EXPECT_EQ(CutToWidth("abcdef", 6), "abcdef");
  EXPECT_EQ(CutToWidth("abcdef", 4), "abc…");
  EXPECT_EQ(CutToWidth("日本語", 4), "日…");
  EXPECT_EQ(CutToWidth("abc", 0), "");
}

TEST(Table, KeepsStoredTextFromDrivingTheTerminal) {
  EXPECT_EQ(Printable("a\nb\tc"), "a b c");
  EXPECT_EQ(Printable("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(Printable("\xC2\x9B"), "\\x9b");
}

TEST(Table, Aligns) {
  EXPECT_EQ(RenderTable({{"name"}, {"count", true}}, {{"a", "5"}, {"日本", "12345"}}, {}),
            "name  count\n"
            "a         5\n"
            "日本  12345\n");
}

TEST(Table, FitsTheTerminalWithoutCuttingIds) {
  const std::vector<std::vector<std::string>> rows = {
      {"0123456789", "a long name indeed", "another long text"}};
  const std::vector<Column> columns = {{"id", false, true}, {"name"}, {"text"}};
  EXPECT_EQ(RenderTable(columns, rows, {.width = 36}),
            "id          name         text\n"
            "0123456789  a long nam…  another lo…\n");
  EXPECT_EQ(RenderTable(columns, rows, {.width = 20}),
            "id          name      text\n"
            "0123456789  a long …  another…\n");
}

TEST(Table, LeavesOutTheLastColumnsWhenItMay) {
  const std::vector<std::vector<std::string>> rows = {
      {"0123456789", "a long name indeed", "another long text"}};
  const std::vector<Column> columns = {{"id", false, true}, {"name"}, {"text"}};
  EXPECT_EQ(RenderTable(columns, rows, {.width = 46, .may_drop = true}),
            "id          name              text\n"
            "0123456789  a long name ind…  another long te…\n");
  EXPECT_EQ(RenderTable(columns, rows, {.width = 36, .may_drop = true}),
            "id          name\n"
            "0123456789  a long name indeed\n");
  EXPECT_EQ(RenderTable(columns, rows, {.width = 24, .may_drop = true}),
            "id          name\n"
            "0123456789  a long name…\n");
}

TEST(Table, FillsShortRowsAndColoursTitles) {
  EXPECT_EQ(RenderTable({{"a"}, {"b"}}, {{"1"}}, {.width = 0, .style = Style{true}}),
            "\x1b[1ma  b\x1b[0m\n1\n");
}

}  // namespace
}  // namespace tenon::cli

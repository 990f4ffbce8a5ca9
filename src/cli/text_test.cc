// Small text parts: differences, progress lines, event streams, CSV lines, errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/csv.h"
#include "cli/diff.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/sse.h"

namespace tenon::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Diff, ShowsHunksWithContext) {
  EXPECT_EQ(UnifiedDiff("a\nb\n", "a\nb\n", {}), "");
  EXPECT_EQ(UnifiedDiff("a\nb\nc\n", "a\nx\nc\n", {}), "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
  EXPECT_EQ(UnifiedDiff("", "a\n", {}), "@@ -0,0 +1,1 @@\n+a\n");
  EXPECT_EQ(UnifiedDiff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\nx\n", {}),
            "@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+x\n");
  EXPECT_EQ(UnifiedDiff("a\n", "b\n", Style{true}),
            "\x1b[36m@@ -1,1 +1,1 @@\x1b[0m\n\x1b[31m-a\x1b[0m\n\x1b[32m+b\x1b[0m\n");
}

TEST(Progress, SaysRateErrorsAndWhatIsLeft) {
  const Progress::Instant start{};
  Progress progress({.out = nullptr, .terminal = true}, start);
  EXPECT_EQ(progress.Line({.done = 2500, .total = 10000, .failed = 25, .phase = "assets"},
                          start + seconds(5)),
            "assets  ██████░░░░░░░░░░░░░░░░░░  25 %  2,500 of 10,000 rows  500/s  25 failed (1.0 %)"
            "  15 s left");
  EXPECT_EQ(progress.Line({.done = 1000}, start + seconds(2)), "1,000 rows  500/s  2.0 s");
  EXPECT_EQ(progress.Line({.done = 1000, .bytes = 50, .bytes_total = 100}, start + seconds(10)),
            "████████████░░░░░░░░░░░░  50 %  1,000 rows  100/s  10 s left");
}

TEST(Progress, RedrawsOnATerminalAndPrintsLinesElsewhere) {
  std::ostringstream out;
  const Progress::Instant start{};
  Progress terminal({.out = &out, .terminal = true, .columns = 80}, start);
  terminal.Update({.done = 1}, start + milliseconds(50));
  EXPECT_EQ(out.str(), "");
  terminal.Update({.done = 2}, start + milliseconds(150));
  EXPECT_THAT(out.str(), testing::StartsWith("\r\x1b[K2 rows"));
  out.str("");
  Progress plain({.out = &out, .terminal = false}, start);
  plain.Update({.done = 1}, start + seconds(1));
  EXPECT_EQ(out.str(), "");
  plain.Update({.done = 10}, start + seconds(6));
  EXPECT_EQ(out.str(), "10 rows  1/s  6.0 s\n");
}

TEST(Progress, SpeaksOfTimeAndSize) {
  EXPECT_EQ(Spoken(milliseconds(850)), "850 ms");
  EXPECT_EQ(Spoken(seconds(200)), "3 min 20 s");
  EXPECT_EQ(Spoken(seconds(7500)), "2 h 5 min");
  EXPECT_EQ(Grouped(-1234567), "-1,234,567");
  EXPECT_EQ(Bytes(1'500'000), "1.5 MB");
}

TEST(Sse, JoinsPiecesAndLines) {
  const std::string body =
      ": hello\n\nid: 1\ndata: {\"a\":\ndata: 1}\n\nevent: end\r\ndata: x\r\n\r\nid: 3\n\n";
  for (std::size_t size = 1; size <= body.size(); ++size) {
    SseReader reader;
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < body.size(); at += size) {
      EXPECT_TRUE(reader.Take(std::string_view(body).substr(at, size), [&](const SseEvent& event) {
        seen.push_back(event.id + "|" + event.type + "|" + event.data);
        return true;
      }));
    }
    EXPECT_THAT(seen, testing::ElementsAre("1|message|{\"a\":\n1}", "1|end|x")) << size;
    EXPECT_EQ(reader.last_id(), "3");
  }
}

TEST(Sse, StopsWhenAskedAndWhenTooLarge) {
  SseReader reader;
  int seen = 0;
  EXPECT_FALSE(reader.Take("data: 1\n\ndata: 2\n\n", [&](const SseEvent&) { return ++seen < 1; }));
  EXPECT_EQ(seen, 1);
  SseReader flooded;
  const std::string piece(1 << 20, 'x');
  bool more = true;
  for (int i = 0; i < 20 && more; ++i)
    more = flooded.Take(piece, [](const SseEvent&) { return true; });
  EXPECT_FALSE(more);
}

TEST(Csv, QuotesWhatItMust) {
  EXPECT_EQ(CsvLine({"a", "b,c", "d\"e", "f\ng", "", " h"}),
            "a,\"b,c\",\"d\"\"e\",\"f\ng\",,\" h\"\r\n");
}

TEST(Report, NamesFieldsDetailsAndAdvice) {
  Error error(Code::kInvalidField, "2 fields are wrong");
  error.fields = {{"name", "required", "is required"}, {"a.b[3]", "type", ""}};
  EXPECT_EQ(RenderError(error, {}, {}),
            "error: 2 fields are wrong\n  name: is required\n  a.b[3]: type\n");
  Error conflict(Code::kConflict, "complete is not allowed in PENDING");
  conflict.details["allowed_events"] = {"start", "fail"};
  EXPECT_EQ(RenderError(conflict, {}, {}),
            "error: complete is not allowed in PENDING\n  allowed events: start, fail\n");
  Error away(Code::kUnavailable, "cannot connect");
  EXPECT_THAT(RenderError(away, {.where = "http://x", .is_default = true}, {}),
              testing::HasSubstr("hint: start a server with: tenon serve"));
  Error unknown(Code::kUnauthenticated, "no key");
  EXPECT_THAT(RenderError(unknown, {.where = "http://x"}, {}), testing::HasSubstr("TENON_API_KEY"));
  // A source that an import reads is another server: nothing said of this one would help.
  Error source(Code::kForbidden, "https://api.example.com/items answered 403");
  EXPECT_EQ(RenderError(source, {.where = "http://x", .has_key = true}, {}),
            "error: https://api.example.com/items answered 403\n");
  Error gone(Code::kUnavailable, "http://x: cannot connect to x: connection refused");
  EXPECT_THAT(RenderError(gone, {.where = "http://x"}, {}),
              testing::HasSubstr("is the server running?"));
  Error busy(Code::kTooManyRequests, "over the rate");
  busy.retry_after_s = 3;
  EXPECT_EQ(RenderError(busy, {}, {}), "error: over the rate\n  try again in 3 s\n");
}

}  // namespace
}  // namespace tenon::cli

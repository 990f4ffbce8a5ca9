#include "events/log_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace tenon {
namespace {

using ::testing::ElementsAre;

// A log of rows 1 to `last`, without those that `gone` names, that counts who reads it.
class LogPagesTest : public ::testing::Test {
 protected:
  LogPages Pages(std::size_t bytes_max = 1u << 20) {
    return LogPages([this](const ReadLog& read) { return ReadRows(read); }, bytes_max);
  }
  Result<std::vector<LogEntry>> ReadRows(const ReadLog& read) {
    ++reads;
    if (fails) return Fail(Code::kUnavailable, "away");
    std::vector<LogEntry> rows;
    std::size_t bytes = 0;
    for (std::int64_t seq = read.after + 1; seq <= *read.until; ++seq) {
      if (seq >= gone_from && seq <= gone_to) continue;
      if (std::ssize(rows) == read.limit) break;
      LogEntry row;
      row.seq = seq;
      row.after_state = std::string(row_bytes, 'x');
      rows.push_back(row);
      rows_read += 1;
      bytes += row_bytes;
      if (read.bytes_max > 0 && bytes >= read.bytes_max) break;
    }
    return rows;
  }
  static ReadLog From(std::int64_t after, std::int64_t until, std::int64_t limit = 1000) {
    ReadLog read;
    read.after = after;
    read.until = until;
    read.limit = limit;
    return read;
  }
  // The numbers of the rows, and then where the reader stands.
  static std::vector<std::int64_t> Numbers(LogPages& pages, const ReadLog& read) {
    const auto slice = pages.Read(read);
    EXPECT_TRUE(slice) << slice.error().message;
    std::vector<std::int64_t> numbers;
    if (!slice) return numbers;
    for (const LogEntry* row : slice->rows) numbers.push_back(row->seq);
    numbers.push_back(slice->last);
    return numbers;
  }

  int reads = 0;
  int rows_read = 0;
  bool fails = false;
  std::size_t row_bytes = 10;
  std::int64_t gone_from = 0, gone_to = -1;
};

TEST_F(LogPagesTest, ThreeWhoReadAlongCostOneRead) {
  LogPages pages = Pages();
  const int readers[3] = {};
  for (const int& reader : readers) pages.At(&reader, 0);
  for (const int& reader : readers) {
    EXPECT_THAT(Numbers(pages, From(0, 3)), ElementsAre(1, 2, 3, 3));
    pages.At(&reader, 3);
  }
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(pages.bytes_kept(), 0u);  // all have had it
  // One ahead of the others: what they miss lies ready, over several pages.
  for (std::int64_t end = 4; end <= 6; ++end) {
    EXPECT_THAT(Numbers(pages, From(end - 1, end)), ElementsAre(end, end));
    pages.At(&readers[0], end);
  }
  EXPECT_EQ(reads, 4);
  EXPECT_GT(pages.bytes_kept(), 0u);
  EXPECT_THAT(Numbers(pages, From(3, 6)), ElementsAre(4, 5, 6, 6));
  EXPECT_THAT(Numbers(pages, From(4, 6)), ElementsAre(5, 6, 6));     // from the middle
  EXPECT_THAT(Numbers(pages, From(3, 5)), ElementsAre(4, 5, 5));     // not beyond its end
  EXPECT_THAT(Numbers(pages, From(3, 6, 2)), ElementsAre(4, 5, 5));  // not more than it wants
  EXPECT_EQ(reads, 4);
}

TEST_F(LogPagesTest, BytesBoundWhatOneGets) {
  LogPages pages = Pages();
  const int ahead = 0, behind = 0;
  pages.At(&ahead, 0);
  pages.At(&behind, 0);
  row_bytes = 100;
  EXPECT_EQ(Numbers(pages, From(0, 10)).size(), 11u);
  ReadLog small = From(0, 10);
  small.bytes_max = 150;  // the row that passes the bound is the last, as Log::Read has it
  EXPECT_THAT(Numbers(pages, small), ElementsAre(1, 2, 2));
  small.after = 2;
  small.bytes_max = 1;
  EXPECT_THAT(Numbers(pages, small), ElementsAre(3, 3));
  EXPECT_EQ(reads, 1);
  // Also when it is the first to read: then all read what its bound lets in.
  small = From(10, 20);
  small.bytes_max = 150;
  EXPECT_THAT(Numbers(pages, small), ElementsAre(11, 12, 12));
}

TEST_F(LogPagesTest, RowsThatAreGoneAreSteppedOver) {
  LogPages pages = Pages();
  gone_from = 2, gone_to = 6;
  const int reader = 0;
  pages.At(&reader, 0);
  EXPECT_THAT(Numbers(pages, From(0, 4)), ElementsAre(1, 4));
  EXPECT_THAT(Numbers(pages, From(1, 4)), ElementsAre(4));
  EXPECT_THAT(Numbers(pages, From(4, 6)), ElementsAre(6));
  EXPECT_THAT(Numbers(pages, From(4, 8)), ElementsAre(6));  // what is kept ends there
  EXPECT_THAT(Numbers(pages, From(6, 8)), ElementsAre(7, 8, 8));
  EXPECT_THAT(Numbers(pages, From(0, 3)), ElementsAre(1, 3));  // the end lies in the gap
}

// Whoever is late, for whatever reason, neither misses a row nor holds the others' pages for ever.
TEST_F(LogPagesTest, OneWhoLagsReadsForItself) {
  LogPages pages = Pages(40 * (sizeof(LogEntry) + row_bytes));
  const int quick = 0, slow = 0;
  pages.At(&quick, 0);
  pages.At(&slow, 0);
  for (std::int64_t end = 10; end <= 100; end += 10) {
    EXPECT_EQ(Numbers(pages, From(end - 10, end)).size(), 11u);
    pages.At(&quick, end);
    EXPECT_LE(pages.bytes_kept(), 40 * (sizeof(LogEntry) + row_bytes));
  }
  std::vector<std::int64_t> seen;
  for (std::int64_t at = 0; at < 100;) {
    auto numbers = Numbers(pages, From(at, 100, 7));
    at = numbers.back();
    numbers.pop_back();
    seen.insert(seen.end(), numbers.begin(), numbers.end());
    pages.At(&slow, at);
  }
  ASSERT_EQ(seen.size(), 100u);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i], static_cast<std::int64_t>(i) + 1);
  }
  EXPECT_EQ(pages.bytes_kept(), 0u);
}

// One that is built anew, or fails, and one that stands where nobody else does.
TEST_F(LogPagesTest, WhoIsAwayHoldsNothing) {
  LogPages pages = Pages();
  const int follows = 0, rebuilds = 0;
  pages.At(&follows, 0);
  pages.At(&rebuilds, 0);
  EXPECT_EQ(Numbers(pages, From(0, 10)).size(), 11u);
  pages.At(&follows, 10);
  EXPECT_GT(pages.bytes_kept(), 0u);
  pages.Away(&rebuilds);
  EXPECT_EQ(pages.bytes_kept(), 0u);
  // It comes back far behind, while the other goes on at the end.
  pages.At(&rebuilds, 2);
  EXPECT_EQ(Numbers(pages, From(10, 20)).size(), 11u);
  EXPECT_THAT(Numbers(pages, From(2, 20, 3)), ElementsAre(3, 4, 5, 5));
  EXPECT_THAT(Numbers(pages, From(5, 20, 100)), ElementsAre(6, 7, 8, 9, 10, 10));  // then shared
  const int before = reads;
  EXPECT_EQ(Numbers(pages, From(10, 20)).size(), 11u);
  EXPECT_EQ(reads, before);
}

// A slice stands by itself: what it points to goes with it and not with the page.
TEST_F(LogPagesTest, ASliceOutlivesItsPage) {
  LogPages pages = Pages();
  const int reader = 0;
  pages.At(&reader, 0);
  const auto slice = pages.Read(From(0, 5));
  ASSERT_TRUE(slice);
  pages.At(&reader, 5);
  ASSERT_EQ(pages.bytes_kept(), 0u);
  EXPECT_EQ(slice->rows[4]->after_state, std::string(row_bytes, 'x'));
}

TEST_F(LogPagesTest, AFailureIsNobodysPage) {
  LogPages pages = Pages();
  fails = true;
  EXPECT_FALSE(pages.Read(From(0, 5)));
  fails = false;
  EXPECT_EQ(Numbers(pages, From(0, 5)).size(), 6u);
}

TEST_F(LogPagesTest, ThreadsGetEveryRowOnceAndInOrder) {
  constexpr int kReaders = 4;
  std::mutex mutex;
  LogPages pages(
      [&](const ReadLog& read) {
        const std::lock_guard lock(mutex);
        return ReadRows(read);
      },
      4096);
  std::vector<std::thread> threads;
  const int names[kReaders] = {};
  for (const int& name : names) pages.At(&name, 0);
  for (int i = 0; i < kReaders; ++i) {
    threads.emplace_back([&pages, &name = names[i], i] {
      std::int64_t at = 0, until = 0;
      while (at < 3000) {
        until = std::min<std::int64_t>(3000, at + 50 + 13 * i);
        const auto slice = pages.Read(From(at, until, 20 + i));
        ASSERT_TRUE(slice);
        ASSERT_EQ(slice->last - at, std::ssize(slice->rows));
        for (const LogEntry* row : slice->rows) ASSERT_EQ(row->seq, ++at);
        pages.At(&name, at);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pages.bytes_kept(), 0u);
}

}  // namespace
}  // namespace tenon

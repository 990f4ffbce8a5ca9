// Pages of the log, read once for all followers of a node. A row of the log costs its store more to
// read than most followers to apply, and all of them want the same rows at about the same time.
//
// A page is kept until everybody who reads along has had it, within a bound of bytes; whoever is so
// late that it is gone reads for itself. Rows of the log do not change, but payloads are erased: so
// nothing is kept for those who stand still.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "log/log.h"

namespace tenon {

// Thread-safe.
class LogPages {
 public:
  using ReadRows = std::function<Result<std::vector<LogEntry>>(const ReadLog&)>;

  // `read` is Log::Read for all tenants. At most `bytes_max` of rows are kept.
  LogPages(ReadRows read, std::size_t bytes_max) : read_(std::move(read)), bytes_max_(bytes_max) {}

  struct Page {
    std::vector<LogEntry> rows;
    std::int64_t after = 0, last = 0;  // all rows of the log in (after, last] are here
    std::size_t bytes = 0;             // of memory, about
  };
  // Rows in order, held as long as this lives.
  struct Slice {
    std::vector<const LogEntry*> rows;
    std::int64_t last = 0;  // all rows of the log up to here and after what was asked are in `rows`
    std::vector<std::shared_ptr<const Page>> pages;
  };

  // The rows that follow `read.after`, up to `read.until` (which must be set and be durable), as
  // many as `read.limit` and `read.bytes_max` allow, at least one if there is one. May be fewer
  // than there are. Other members of `read` do not count.
  Result<Slice> Read(const ReadLog& read);

  // `reader` has done all up to `position` and will read on from there.
  void At(const void* reader, std::int64_t position);
  // `reader` will not read for now; At takes it back.
  void Away(const void* reader);

  [[nodiscard]] std::size_t bytes_kept();

 private:
  bool TakeKept(const ReadLog& read, Slice& slice);
  Result<std::shared_ptr<const Page>> ReadPage(const ReadLog& read);
  void Keep(const std::shared_ptr<const Page>& page);
  void DropDone();

  const ReadRows read_;
  const std::size_t bytes_max_;

  std::mutex reading_;  // held while the newest page is read: the others want the same one

  std::mutex mutex_;
  // Guarded by mutex_.
  std::deque<std::shared_ptr<const Page>> kept_;  // each begins where the one before it ends
  std::size_t bytes_ = 0;                         // of those
  std::map<const void*, std::int64_t> readers_;   // how far each is
};

}  // namespace tenon

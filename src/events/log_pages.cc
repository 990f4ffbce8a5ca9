#include "events/log_pages.h"

#include <algorithm>

namespace tenon {
namespace {

// Of a page that is read for all, however few rows who reads it wants.
constexpr std::int64_t kRowsMin = 500;

std::size_t StatesOf(const LogEntry& entry) {
  return entry.before_state.size() + entry.after_state.size() + entry.metadata.size();
}

// Adds the page's rows to the slice as long as they fit; false when one did not.
bool AddRows(const std::shared_ptr<const LogPages::Page>& page, const ReadLog& read,
             std::size_t& bytes, LogPages::Slice& slice) {
  const auto begin = std::ranges::upper_bound(page->rows, slice.last, {}, &LogEntry::seq);
  for (auto at = begin; at != page->rows.end(); ++at) {
    const bool full =
        std::ssize(slice.rows) >= read.limit || (read.bytes_max > 0 && bytes >= read.bytes_max);
    if (full) return false;
    if (at->seq > *read.until) break;
    slice.rows.push_back(&*at);
    slice.last = at->seq;
    bytes += StatesOf(*at);
    if (slice.pages.empty() || slice.pages.back() != page) slice.pages.push_back(page);
  }
  slice.last = std::max(slice.last, std::min(page->last, *read.until));
  return true;
}

}  // namespace

Result<LogPages::Slice> LogPages::Read(const ReadLog& read) {
  Slice slice;
  std::size_t bytes = 0;
  const auto of_page = [&](const std::shared_ptr<const Page>& page) {
    slice.last = read.after;
    AddRows(page, read, bytes, slice);
    return std::move(slice);
  };
  std::int64_t kept_from = 0;
  {
    const std::lock_guard lock(mutex_);
    if (TakeKept(read, slice)) return slice;
    if (!kept_.empty()) kept_from = kept_.front()->after;
  }
  if (read.after < kept_from) {
    // Too late for what is kept: up to there by oneself.
    ReadLog own = read;
    own.until = std::min(*read.until, kept_from);
    return of_page(TRY(ReadPage(own)));
  }
  const std::lock_guard reading(reading_);
  {
    const std::lock_guard lock(mutex_);
    if (TakeKept(read, slice)) return slice;
  }
  ReadLog shared = read;
  shared.limit = std::max(read.limit, kRowsMin);
  const std::shared_ptr<const Page> page = TRY(ReadPage(shared));
  Keep(page);
  return of_page(page);
}

// What is kept of the wanted rows; false when the first of them is not. REQUIRES: the mutex is
// held.
bool LogPages::TakeKept(const ReadLog& read, Slice& slice) {
  auto page =
      std::ranges::upper_bound(kept_, read.after, {}, [](const auto& p) { return p->last; });
  if (page == kept_.end() || (*page)->after > read.after) return false;
  slice.last = read.after;
  std::size_t bytes = 0;
  while (page != kept_.end() && AddRows(*page, read, bytes, slice)) ++page;
  return true;
}

Result<std::shared_ptr<const LogPages::Page>> LogPages::ReadPage(const ReadLog& read) {
  auto page = std::make_shared<Page>();
  page->rows = TRY(read_(read));
  page->after = read.after;
  std::size_t states = 0;
  for (const LogEntry& row : page->rows) states += StatesOf(row);
  // Fewer than were asked for: there are no more.
  const bool whole =
      std::ssize(page->rows) < read.limit && (read.bytes_max == 0 || states < read.bytes_max);
  page->last = whole ? *read.until : page->rows.back().seq;
  page->bytes = sizeof(Page) + page->rows.size() * sizeof(LogEntry) + states;
  return page;
}

void LogPages::Keep(const std::shared_ptr<const Page>& page) {
  const std::lock_guard lock(mutex_);
  if (!kept_.empty() && kept_.back()->last != page->after) {
    kept_.clear();
    bytes_ = 0;
  }
  kept_.push_back(page);
  bytes_ += page->bytes;
  while (bytes_ > bytes_max_) {
    bytes_ -= kept_.front()->bytes;
    kept_.pop_front();
  }
}

void LogPages::At(const void* reader, std::int64_t position) {
  const std::lock_guard lock(mutex_);
  readers_[reader] = position;
  DropDone();
}

void LogPages::Away(const void* reader) {
  const std::lock_guard lock(mutex_);
  readers_.erase(reader);
  DropDone();
}

// REQUIRES: the mutex is held.
void LogPages::DropDone() {
  const auto done = [this](const std::shared_ptr<const Page>& page) {
    return std::ranges::all_of(readers_, [&](const auto& of) { return of.second >= page->last; });
  };
  while (!kept_.empty() && done(kept_.front())) {
    bytes_ -= kept_.front()->bytes;
    kept_.pop_front();
  }
}

std::size_t LogPages::bytes_kept() {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace tenon

// Progress of something long: one line redrawn on a terminal, a plain line now and then elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>

#include "cli/style.h"

namespace tenon::cli {

struct ProgressOptions {
  std::ostream* out = nullptr;  // null: says nothing
  bool terminal = false;
  int columns = 80;
  Style style = {};
  std::string unit = "rows";
};

struct ProgressState {
  std::int64_t done = 0;
  std::int64_t total = 0;        // 0: not known
  std::int64_t bytes = 0;        // read so far; stands in for rows when their total is not known
  std::int64_t bytes_total = 0;  // 0: not known
  std::int64_t failed = 0;
  std::string phase = {};  // "assets"
};

// Not thread-safe.
class Progress {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  Progress(ProgressOptions options, Instant start);

  // Draws when enough time has passed since it last did.
  void Update(const ProgressState& state, Instant now);
  // Draws the last state and ends the line.
  void End(const ProgressState& state, Instant now);

  // The line without control characters; for tests.
  [[nodiscard]] std::string Line(const ProgressState& state, Instant now) const;

 private:
  void Draw(const ProgressState& state, Instant now);

  ProgressOptions options_;
  Instant start_;
  Instant drawn_;
  bool open_ = false;  // a line on the terminal is not ended yet
};

// "1,234,567".
std::string Grouped(std::int64_t number);
// "850 ms", "12 s", "3 min 20 s", "2 h 5 min".
std::string Spoken(std::chrono::milliseconds duration);
// "1.5 MB", by powers of 1,000.
std::string Bytes(std::int64_t bytes);

}  // namespace tenon::cli

// Time: instants in UTC with microseconds, durations, their text forms, and the clock as a
// dependency so that tests can turn it by hand.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<std::chrono::microseconds>;

// "2026-11-21T08:50:00.000000Z": RFC 3339, always 27 characters, so that text order is time order.
// Years 0001 to 9999.
std::string FormatTime(Time time);
void AppendTime(Time time, std::string& out);

// RFC 3339 with any offset, and the forms that real clients send: lower-case t and z, a space for
// the T, up to nine fractional digits (cut to microseconds). A time without an offset, a leap
// second, an impossible date is refused: nullopt.
std::optional<Time> ParseTime(std::string_view text);

// "P1DT2H3M4.5S" (ISO 8601), and "PT0S" for zero. Weeks, days, hours, minutes, seconds; months and
// years have no fixed length and are refused.
std::string FormatDuration(Duration duration);
std::optional<Duration> ParseDuration(std::string_view text);

// The model language's literals: 250ms, 30s, 15m, 24h, 30d, 2w.
std::optional<Duration> ParseShortDuration(std::string_view text);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() = 0;                                      // wall clock, UTC
  virtual std::chrono::steady_clock::time_point Steady() = 0;  // never goes back
};

class SystemClock final : public Clock {
 public:
  Time Now() override;
  std::chrono::steady_clock::time_point Steady() override;
};

// Moves only when told to. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_us_(start.time_since_epoch().count()) {}
  Time Now() override { return Time(Duration(now_us_.load())); }
  std::chrono::steady_clock::time_point Steady() override {
    return std::chrono::steady_clock::time_point(std::chrono::microseconds(steady_us_.load()));
  }
  void Advance(Duration by) {
    now_us_ += by.count();
    steady_us_ += by.count();
  }
  void JumpWall(Duration by) { now_us_ += by.count(); }  // the wall clock alone, as NTP would

 private:
  std::atomic<std::int64_t> now_us_;
  std::atomic<std::int64_t> steady_us_{1};
};

}  // namespace tenon

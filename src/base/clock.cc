#include "base/clock.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

namespace tenon {
namespace {

__extension__ using Int128 = __int128;  // wide enough that no sum below can wrap

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::int64_t kUsPerMinute = 60 * kUsPerSecond;
constexpr std::int64_t kUsPerHour = 60 * kUsPerMinute;
constexpr std::int64_t kUsPerDay = 24 * kUsPerHour;
constexpr std::int64_t kUsPerWeek = 7 * kUsPerDay;
// 0001-01-01T00:00:00Z and the last microsecond of 9999.
constexpr std::int64_t kTimeMin = -62'135'596'800 * kUsPerSecond;
constexpr std::int64_t kTimeMax = 253'402'300'800 * kUsPerSecond - 1;

void Put2(char* at, unsigned value) {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Exactly `count` digits at `at`, or -1.
int Digits(const char* at, int count) {
  int value = 0;
  for (int i = 0; i < count; ++i) {
    if (!IsDigit(at[i])) return -1;
    value = value * 10 + (at[i] - '0');
  }
  return value;
}

// The fraction ".123456789" at the front of `rest`, in microseconds, and takes it off; -1 when it
// has no digit or more than nine.
std::int64_t TakeFraction(std::string_view& rest) {
  rest.remove_prefix(1);
  std::size_t count = 0;
  std::int64_t us = 0;
  while (count < rest.size() && IsDigit(rest[count])) {
    if (count < 6) us = us * 10 + (rest[count] - '0');
    ++count;
  }
  if (count == 0 || count > 9) return -1;
  for (std::size_t i = count; i < 6; ++i) us *= 10;
  rest.remove_prefix(count);
  return us;
}

// Seconds east of UTC for "Z", "z", "+hh:mm" or "-hh:mm" and nothing after it.
std::optional<std::int64_t> ParseOffset(std::string_view rest) {
  if (rest == "Z" || rest == "z") return 0;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return std::nullopt;
  const int hours = Digits(rest.data() + 1, 2);
  const int minutes = Digits(rest.data() + 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return rest[0] == '+' ? seconds : -seconds;
}

// One "12.5H" of an ISO duration, taken off `rest`: microseconds and whether it had a fraction.
struct Part {
  char unit = 0;
  bool fraction = false;
  Int128 us = 0;
};

std::int64_t UnitUs(char unit, bool time) {
  switch (unit) {
    case 'W':
      return time ? 0 : kUsPerWeek;
    case 'D':
      return time ? 0 : kUsPerDay;
    case 'H':
      return time ? kUsPerHour : 0;
    case 'M':
      return time ? kUsPerMinute : 0;  // before T it is months, which have no fixed length
    case 'S':
      return time ? kUsPerSecond : 0;
    default:
      return 0;
  }
}

std::optional<Part> TakePart(std::string_view& rest, bool time) {
  std::size_t at = 0;
  std::int64_t whole = 0;
  while (at < rest.size() && IsDigit(rest[at])) {
    if (at == 18) return std::nullopt;
    whole = whole * 10 + (rest[at++] - '0');
  }
  if (at == 0) return std::nullopt;
  Int128 numerator = 0;
  Int128 denominator = 1;
  Part part;
  if (at < rest.size() && (rest[at] == '.' || rest[at] == ',')) {
    part.fraction = true;
    const std::size_t start = ++at;
    while (at < rest.size() && IsDigit(rest[at])) {
      if (at - start == 9) return std::nullopt;
      numerator = numerator * 10 + (rest[at++] - '0');
      denominator *= 10;
    }
    if (at == start) return std::nullopt;
  }
  if (at == rest.size()) return std::nullopt;
  part.unit = rest[at];
  const Int128 unit = UnitUs(part.unit, time);
  if (unit == 0) return std::nullopt;
  part.us = whole * unit + numerator * unit / denominator;
  rest.remove_prefix(at + 1);
  return part;
}

void AppendCount(std::uint64_t value, std::string& out) {
  char buffer[20];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  out.append(buffer, end.ptr);
}

void AppendUnit(std::uint64_t count, char unit, std::string& out) {
  if (count == 0) return;
  AppendCount(count, out);
  out.push_back(unit);
}

}  // namespace

void AppendTime(Time time, std::string& out) {
  const std::int64_t us = std::clamp(time.time_since_epoch().count(), kTimeMin, kTimeMax);
  const std::chrono::sys_time<Duration> at{Duration(us)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  auto in_day = static_cast<std::uint64_t>((at - day).count());
  const auto fraction = static_cast<unsigned>(in_day % kUsPerSecond);
  const auto second = static_cast<unsigned>(in_day / kUsPerSecond);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));

  char text[27];
  Put2(text, year / 100);
  Put2(text + 2, year % 100);
  text[4] = '-';
  Put2(text + 5, static_cast<unsigned>(date.month()));
  text[7] = '-';
  Put2(text + 8, static_cast<unsigned>(date.day()));
  text[10] = 'T';
  Put2(text + 11, second / 3600);
  text[13] = ':';
  Put2(text + 14, second / 60 % 60);
  text[16] = ':';
  Put2(text + 17, second % 60);
  text[19] = '.';
  Put2(text + 20, fraction / 10000);
  Put2(text + 22, fraction / 100 % 100);
  Put2(text + 24, fraction % 100);
  text[26] = 'Z';
  out.append(text, sizeof text);
}

std::string FormatTime(Time time) {
  std::string out;
  AppendTime(time, out);
  return out;
}

std::optional<Time> ParseTime(std::string_view text) {
  if (text.size() < 20 || text.size() > 35) return std::nullopt;
  const char* p = text.data();
  if (p[4] != '-' || p[7] != '-' || (p[10] != 'T' && p[10] != 't' && p[10] != ' ') ||
      p[13] != ':' || p[16] != ':') {
    return std::nullopt;
  }
  const int year = Digits(p, 4);
  const int month = Digits(p + 5, 2);
  const int day = Digits(p + 8, 2);
  const int hour = Digits(p + 11, 2);
  const int minute = Digits(p + 14, 2);
  const int second = Digits(p + 17, 2);
  if (year < 1 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 59) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;

  std::string_view rest = text.substr(19);
  std::int64_t fraction = 0;
  if (rest[0] == '.') {
    fraction = TakeFraction(rest);
    if (fraction < 0) return std::nullopt;
  }
  const std::optional<std::int64_t> offset = ParseOffset(rest);
  if (!offset) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - *offset;
  const std::int64_t us = seconds * kUsPerSecond + fraction;
  if (us < kTimeMin || us > kTimeMax) return std::nullopt;
  return Time(Duration(us));
}

std::string FormatDuration(Duration duration) {
  if (duration.count() == 0) return "PT0S";
  std::string out;
  auto us = static_cast<std::uint64_t>(duration.count());
  if (duration.count() < 0) {
    out.push_back('-');
    us = 0 - us;
  }
  out.push_back('P');
  AppendUnit(us / kUsPerDay, 'D', out);
  us %= kUsPerDay;
  if (us == 0) return out;
  out.push_back('T');
  AppendUnit(us / kUsPerHour, 'H', out);
  us %= kUsPerHour;
  AppendUnit(us / kUsPerMinute, 'M', out);
  us %= kUsPerMinute;
  if (us == 0) return out;
  AppendCount(us / kUsPerSecond, out);
  us %= kUsPerSecond;
  if (us != 0) {
    char digits[7] = {'.'};
    for (int i = 6; i > 0; --i, us /= 10) digits[i] = static_cast<char>('0' + us % 10);
    std::size_t count = sizeof digits;
    while (digits[count - 1] == '0') --count;
    out.append(digits, count);
  }
  out.push_back('S');
  return out;
}

std::optional<Duration> ParseDuration(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.size() < 3 || text[0] != 'P') return std::nullopt;
  text.remove_prefix(1);
  constexpr std::string_view kDateUnits = "WD";
  constexpr std::string_view kTimeUnits = "HMS";
  bool time = false;
  std::size_t next_unit = 0;  // units come in falling order, each at most once
  Int128 total = 0;
  while (!text.empty()) {
    if (text[0] == 'T') {
      if (time || text.size() == 1) return std::nullopt;
      time = true;
      next_unit = 0;
      text.remove_prefix(1);
      continue;
    }
    const std::optional<Part> part = TakePart(text, time);
    if (!part) return std::nullopt;
    const std::size_t unit = (time ? kTimeUnits : kDateUnits).find(part->unit);
    if (unit < next_unit) return std::nullopt;
    next_unit = unit + 1;
    if (part->fraction && !text.empty()) return std::nullopt;  // only the last may have one
    total += part->us;
  }
  if (negative) total = -total;
  if (total > std::numeric_limits<std::int64_t>::max() ||
      total < std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  return Duration(static_cast<std::int64_t>(total));
}

std::optional<Duration> ParseShortDuration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || !IsDigit(text[0])) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  std::int64_t us = 0;
  if (unit == "ms")
    us = 1000;
  else if (unit == "s")
    us = kUsPerSecond;
  else if (unit == "m")
    us = kUsPerMinute;
  else if (unit == "h")
    us = kUsPerHour;
  else if (unit == "d")
    us = kUsPerDay;
  else if (unit == "w")
    us = kUsPerWeek;
  else
    return std::nullopt;
  if (count > std::numeric_limits<std::int64_t>::max() / us) return std::nullopt;
  return Duration(count * us);
}

Time SystemClock::Now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

std::chrono::steady_clock::time_point SystemClock::Steady() {
  return std::chrono::steady_clock::now();
}

}  // namespace tenon

#include "record/cron.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tenon {
namespace {

// The longest line that means anything: every value of every field in a list.
constexpr std::size_t kLineBytesMax = 1000;

constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekdays = {"SUN", "MON", "TUE", "WED",
                                                       "THU", "FRI", "SAT"};

struct FieldRule {
  std::string_view name;
  int min;
  int max;
  std::span<const std::string_view> names;  // of min, min + 1, ...
  bool question_mark;
};

constexpr FieldRule kSecond{"second", 0, 59, {}, false};
constexpr FieldRule kMinute{"minute", 0, 59, {}, false};
constexpr FieldRule kHour{"hour", 0, 23, {}, false};
constexpr FieldRule kDay{"day", 1, 31, {}, true};
const FieldRule kMonth{"month", 1, 12, kMonths, false};
const FieldRule kWeekday{"weekday", 0, 7, kWeekdays, true};

struct Macro {
  std::string_view name;
  std::string_view line;
};

constexpr Macro kMacros[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
};

std::unexpected<Error> Wrong(const FieldRule& rule, std::string_view text, std::string_view why) {
  return Fail(Code::kInvalidArgument, fmt::format("{} field '{}': {}", rule.name, text, why));
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'a' && a[i] <= 'z' ? static_cast<char>(a[i] - 'a' + 'A') : a[i];
    if (c != b[i]) return false;
  }
  return true;
}

Result<int> ParseNumber(const FieldRule& rule, std::string_view text) {
  for (std::size_t i = 0; i < rule.names.size(); ++i) {
    if (EqualsIgnoringCase(text, rule.names[i])) return rule.min + static_cast<int>(i);
  }
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Wrong(rule, text,
                 rule.names.empty()
                     ? "expected a number"
                     : fmt::format("expected a number or a name such as {}", rule.names.front()));
  }
  if (value < rule.min || value > rule.max) {
    return Wrong(rule, text, fmt::format("must be from {} to {}", rule.min, rule.max));
  }
  return value;
}

// One part of a list: `*`, `5`, `1-5`, each with `/step`.
template <std::size_t kSize>
Result<void> ParsePart(const FieldRule& rule, std::string_view part, std::bitset<kSize>& out) {
  std::string_view range = part;
  int step = 1;
  const std::size_t slash = part.find('/');
  if (slash != std::string_view::npos) {
    range = part.substr(0, slash);
    const std::string_view text = part.substr(slash + 1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || step < 1 ||
        step > rule.max) {
      return Wrong(rule, part, fmt::format("the step must be from 1 to {}", rule.max));
    }
  }
  int first = rule.min;
  int last = rule.max;
  const std::size_t dash = range.find('-');
  if (range == "?" && !rule.question_mark) {
    return Wrong(rule, part, "'?' is for the day and the weekday");
  }
  if (range != "*" && range != "?") {
    first = TRY(ParseNumber(rule, range.substr(0, dash)));
    if (dash != std::string_view::npos) {
      last = TRY(ParseNumber(rule, range.substr(dash + 1)));
      if (last < first) return Wrong(rule, part, "the range goes backwards");
    } else if (slash == std::string_view::npos) {
      last = first;
    }
  }
  for (int value = first; value <= last; value += step) {
    // 7 is Sunday too.
    const int slot = rule.max == 7 ? value % 7 : value;
    out.set(static_cast<std::size_t>(slot));
  }
  return {};
}

template <std::size_t kSize>
Result<void> ParseField(const FieldRule& rule, std::string_view text, std::bitset<kSize>& out) {
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    if (part.empty()) return Wrong(rule, text, "an empty part");
    TRY(ParsePart(rule, part, out));
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = text.find_first_not_of(" \t", at);
    if (start == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t", start), text.size());
    words.push_back(text.substr(start, end - start));
    at = end;
  }
  return words;
}

Result<CronSchedule> ParseFields(std::span<const std::string_view> words) {
  CronSchedule schedule;
  if (words.size() == 6) {
    TRY(ParseField(kSecond, words[0], schedule.seconds));
    words = words.subspan(1);
  } else {
    schedule.seconds.set(0);
  }
  TRY(ParseField(kMinute, words[0], schedule.minutes));
  TRY(ParseField(kHour, words[1], schedule.hours));
  if (words[2] == "L" || words[2] == "l") {
    schedule.last_day = true;
  } else {
    TRY(ParseField(kDay, words[2], schedule.days));
  }
  TRY(ParseField(kMonth, words[3], schedule.months));
  TRY(ParseField(kWeekday, words[4], schedule.weekdays));
  // Vixie cron: a field that begins with * restricts nothing, also */2 does not.
  schedule.any_day = words[2].starts_with('*') || words[2].starts_with('?');
  schedule.any_weekday = words[4].starts_with('*') || words[4].starts_with('?');
  return schedule;
}

}  // namespace

Result<CronSchedule> ParseCron(std::string_view text) {
  if (text.size() > kLineBytesMax) {
    return Fail(Code::kInvalidArgument,
                fmt::format("a cron line has at most {} characters", kLineBytesMax));
  }
  const auto words = Words(text);
  if (words.size() == 1 && words[0].starts_with('@')) {
    if (words[0] == "@reboot") {
      CronSchedule schedule;
      schedule.reboot = true;
      return schedule;
    }
    for (const Macro& macro : kMacros) {
      if (words[0] == macro.name) return ParseFields(Words(macro.line));
    }
    return Fail(Code::kInvalidArgument,
                fmt::format("there is no {}; known are @yearly, @monthly, @weekly, @daily, @hourly "
                            "and @reboot",
                            words[0]));
  }
  if (words.size() != 5 && words.size() != 6) {
    return Fail(Code::kInvalidArgument,
                fmt::format("expected 5 fields (minute hour day month weekday), or 6 with the "
                            "second first, got {}",
                            words.size()));
  }
  return ParseFields(words);
}

}  // namespace tenon

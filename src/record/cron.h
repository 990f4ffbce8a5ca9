// Cron lines: five fields (minute hour day month weekday) or six (seconds first), or a macro.
//
//   *  ?  5  1-5  */15  10-50/10  1,15,30  MON-FRI  JAN,JUL  L     and @hourly, @daily, ...
//
// As in Vixie cron: 0 and 7 are Sunday; names are of three letters in either case; a range may not
// go backwards; a step follows `*`, a range, or a number (then up to the field's end). `?` is `*`
// in the day and weekday fields. `L` in the day field is the last day of the month.
#pragma once

#include <bitset>
#include <string_view>

#include "base/result.h"

namespace tenon {

struct CronSchedule {
  std::bitset<60> seconds;  // {0} when the line has five fields
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;     // 1 to 31
  std::bitset<13> months;   // 1 to 12
  std::bitset<7> weekdays;  // 0 is Sunday
  bool last_day = false;    // L: the last day of the month, besides `days`
  // When both are restricted, a day that matches either fires (POSIX crontab).
  bool any_day = true;
  bool any_weekday = true;
  bool reboot = false;  // @reboot: at start only
};

// kInvalidArgument with a message that names the field and what is wrong with it.
Result<CronSchedule> ParseCron(std::string_view text);

}  // namespace tenon

#include "record/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon {
namespace {

using ::testing::HasSubstr;

std::string Fault(std::string_view line) {
  const auto schedule = ParseCron(line);
  return schedule ? "" : schedule.error().message;
}

TEST(Cron, FiveFields) {
  const auto schedule = ParseCron("*/15 6-8 1,15 JAN-mar MON-FRI");
  ASSERT_TRUE(schedule.has_value());
  EXPECT_EQ(schedule->seconds.count(), 1u);
  EXPECT_TRUE(schedule->seconds[0]);
  EXPECT_EQ(schedule->minutes.count(), 4u);
  EXPECT_TRUE(schedule->minutes[45]);
  EXPECT_EQ(schedule->hours.count(), 3u);
  EXPECT_TRUE(schedule->days[1] && schedule->days[15]);
  EXPECT_TRUE(schedule->months[1] && schedule->months[3] && !schedule->months[4]);
  EXPECT_FALSE(schedule->weekdays[0]);
  EXPECT_EQ(schedule->weekdays.count(), 5u);
  EXPECT_FALSE(schedule->any_day);
  EXPECT_FALSE(schedule->any_weekday);
}

TEST(Cron, SixFieldsBeginWithTheSecond) {
  const auto schedule = ParseCron("30 0 12 ? * 7");
  ASSERT_TRUE(schedule.has_value());
  EXPECT_TRUE(schedule->seconds[30]);
  EXPECT_TRUE(schedule->weekdays[0]);
  EXPECT_TRUE(schedule->any_day);
}

TEST(Cron, StepsFromANumberRunToTheEnd) {
  const auto schedule = ParseCron("50/5 * * * *");
  ASSERT_TRUE(schedule.has_value());
  EXPECT_EQ(schedule->minutes.count(), 2u);
  EXPECT_TRUE(schedule->minutes[50] && schedule->minutes[55]);
}

TEST(Cron, MacrosAndTheLastDay) {
  EXPECT_TRUE(ParseCron("@daily")->hours[0]);
  EXPECT_TRUE(ParseCron("@reboot")->reboot);
  EXPECT_TRUE(ParseCron("0 0 L * *")->last_day);
}

TEST(Cron, FaultsNameTheField) {
  EXPECT_THAT(Fault("0 25 * * *"), HasSubstr("hour field '25': must be from 0 to 23"));
  EXPECT_THAT(Fault("0 5-3 * * *"), HasSubstr("goes backwards"));
  EXPECT_THAT(Fault("0 0 0 * *"), HasSubstr("day field '0': must be from 1 to 31"));
  EXPECT_THAT(Fault("*/0 * * * *"), HasSubstr("the step"));
  EXPECT_THAT(Fault("? * * * *"), HasSubstr("'?' is for the day"));
  EXPECT_THAT(Fault("0 0 * FOO *"), HasSubstr("a name such as JAN"));
  EXPECT_THAT(Fault("0 0 *"), HasSubstr("expected 5 fields"));
  EXPECT_THAT(Fault("@dayly"), HasSubstr("there is no @dayly"));
  EXPECT_THAT(Fault("1,,2 * * * *"), HasSubstr("an empty part"));
  EXPECT_THAT(Fault(""), HasSubstr("got 0"));
  EXPECT_THAT(Fault(std::string(5000, '*')), HasSubstr("at most"));
  EXPECT_NE(Fault("1- * * * *"), "");
  EXPECT_NE(Fault("-1 * * * *"), "");
  EXPECT_NE(Fault("1/ * * * *"), "");
}

}  // namespace
}  // namespace tenon

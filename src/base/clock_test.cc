#include "base/clock.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace tenon {
namespace {

using namespace std::chrono_literals;

Time At(std::int64_t us) { return Time(Duration(us)); }

TEST(FormatTime, HasAlways27Characters) {
  EXPECT_EQ(FormatTime(At(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(FormatTime(At(1)), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(FormatTime(At(-1)), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(FormatTime(At(1'795'251'000'123'456)), "2026-11-21T08:50:00.123456Z");
}

TEST(FormatTime, StaysInYears1To9999) {
  EXPECT_EQ(FormatTime(At(std::numeric_limits<std::int64_t>::min())),
            "0001-01-01T00:00:00.000000Z");
  EXPECT_EQ(FormatTime(At(std::numeric_limits<std::int64_t>::max())),
            "9999-12-31T23:59:59.999999Z");
}

TEST(ParseTime, ReadsWhatFormatTimeWrites) {
  for (const std::int64_t us : {0ll, -1ll, 951'782'400'000'000ll, 253'402'300'799'999'999ll,
                                -62'135'596'800'000'000ll, 1'700'000'000'123'456ll}) {
    EXPECT_EQ(ParseTime(FormatTime(At(us))), At(us)) << us;
  }
}

TEST(ParseTime, TakesTheFormsOfRealClients) {
  const Time expected = At(1'582'934'400'000'000);  // 2020-02-29T00:00:00Z
  for (const char* text : {"2020-02-29T00:00:00Z", "2020-02-29t00:00:00z", "2020-02-29 00:00:00Z",
                           "2020-02-29T00:00:00.0Z", "2020-02-29T00:00:00+00:00",
                           "2020-02-29T00:00:00-00:00", "2020-02-29T01:30:00+01:30",
                           "2020-02-28T16:00:00-08:00", "2020-02-29T00:00:00.000000000Z"}) {
    EXPECT_EQ(ParseTime(text), expected) << text;
  }
}

TEST(ParseTime, CutsNanosecondsToMicroseconds) {
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00.123456789Z"), At(123456));
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00.1Z"), At(100000));
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00.000000999Z"), At(0));
  EXPECT_EQ(ParseTime("1969-12-31T23:59:59.9999999Z"), At(-1));
}

TEST(ParseTime, KnowsLeapYears) {
  EXPECT_TRUE(ParseTime("2000-02-29T00:00:00Z"));
  EXPECT_TRUE(ParseTime("2024-02-29T00:00:00Z"));
  EXPECT_FALSE(ParseTime("1900-02-29T00:00:00Z"));
  EXPECT_FALSE(ParseTime("2100-02-29T00:00:00Z"));
  EXPECT_FALSE(ParseTime("2023-02-29T00:00:00Z"));
}

TEST(ParseTime, RefusesEverythingElse) {
  for (const char* text : {"",
                           "2020",
                           "2020-01-01",
                           "2020-01-01T00:00:00",
                           "2020-01-01T00:00Z",
                           "2020-01-01T00:00:00.Z",
                           "2020-01-01T00:00:00.1234567890Z",
                           "2020-13-01T00:00:00Z",
                           "2020-00-01T00:00:00Z",
                           "2020-01-00T00:00:00Z",
                           "2020-01-32T00:00:00Z",
                           "2020-04-31T00:00:00Z",
                           "2020-01-01T24:00:00Z",
                           "2020-01-01T00:60:00Z",
                           "2016-12-31T23:59:60Z",
                           "0000-01-01T00:00:00Z",
                           "2020-01-01T00:00:00+24:00",
                           "2020-01-01T00:00:00+0100",
                           "2020-01-01T00:00:00+01:60",
                           "2020-01-01T00:00:00Z ",
                           " 2020-01-01T00:00:00Z",
                           "2020-01-01T00:00:00,5Z",
                           "2020-1-01T00:00:00Z ",
                           "2020-01-01X00:00:00Z",
                           "+2020-01-01T00:00:00Z",
                           "20a0-01-01T00:00:00Z",
                           "0001-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01"}) {
    EXPECT_FALSE(ParseTime(text)) << text;
  }
}

TEST(ParseTime, EveryDayOfFourCenturies) {
  Time day = *ParseTime("1900-01-01T12:34:56.789012Z");
  for (int i = 0; i < 146'097; ++i, day += std::chrono::days(1)) {
    ASSERT_EQ(ParseTime(FormatTime(day)), day) << FormatTime(day);
  }
}

TEST(FormatDuration, WritesIso8601) {
  EXPECT_EQ(FormatDuration(0s), "PT0S");
  EXPECT_EQ(FormatDuration(90s), "PT1M30S");
  EXPECT_EQ(FormatDuration(24h), "P1D");
  EXPECT_EQ(FormatDuration(26h + 3min + 4500ms), "P1DT2H3M4.5S");
  EXPECT_EQ(FormatDuration(1us), "PT0.000001S");
  EXPECT_EQ(FormatDuration(-90s), "-PT1M30S");
  EXPECT_EQ(FormatDuration(Duration::min()), "-P106751991DT4H54.775808S");
}

TEST(ParseDuration, ReadsBack) {
  for (const Duration d : {Duration(0), Duration(1), Duration(-1), Duration(86'400'000'000),
                           Duration(3'723'004'500), Duration::max(), Duration::min()}) {
    EXPECT_EQ(ParseDuration(FormatDuration(d)), d) << FormatDuration(d);
  }
  EXPECT_EQ(ParseDuration("P2W"), Duration(14 * 24h));
  EXPECT_EQ(ParseDuration("P1W1DT0,5H"), Duration(8 * 24h + 30min));
  EXPECT_EQ(ParseDuration("P0.5D"), Duration(12h));
}

TEST(ParseDuration, RefusesMonthsYearsAndNonsense) {
  for (const char* text : {"",
                           "P",
                           "PT",
                           "P1Y",
                           "P1M",
                           "P1",
                           "1D",
                           "P1DT",
                           "PT1H1H",
                           "PT1S1M",
                           "PT1.5H1M",
                           "PT.5S",
                           "PT1.S",
                           "P-1D",
                           "PT1s",
                           "P1DT1D",
                           "p1d",
                           "P999999999999999999D",
                           "PT9223372036855S",
                           "P1TT1S",
                           "PT1.0000000001S"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

TEST(ParseShortDuration, ReadsTheLanguagesLiterals) {
  EXPECT_EQ(ParseShortDuration("250ms"), Duration(250ms));
  EXPECT_EQ(ParseShortDuration("30s"), Duration(30s));
  EXPECT_EQ(ParseShortDuration("15m"), Duration(15min));
  EXPECT_EQ(ParseShortDuration("24h"), Duration(24h));
  EXPECT_EQ(ParseShortDuration("30d"), Duration(30 * 24h));
  EXPECT_EQ(ParseShortDuration("2w"), Duration(14 * 24h));
  for (const char* text : {"", "5", "m", "-5m", "5 m", "5min", "1h30m", "5M", "1.5h",
                           "99999999999999999999s", "20000000000w"}) {
    EXPECT_FALSE(ParseShortDuration(text)) << text;
  }
}

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock(At(1000));
  const auto steady = clock.Steady();
  clock.Advance(5s);
  clock.JumpWall(-1h);
  EXPECT_EQ(clock.Now(), At(1000) + 5s - 1h);
  EXPECT_EQ(clock.Steady() - steady, 5s);
}

TEST(SystemClock, IsNearTheSystemsTime) {
  SystemClock clock;
  EXPECT_LT(std::chrono::abs(clock.Now() - std::chrono::system_clock::now()), 10s);
  const auto before = clock.Steady();
  EXPECT_GE(clock.Steady(), before);
}

}  // namespace
}  // namespace tenon

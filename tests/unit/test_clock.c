#include "base/clock.h"

#include <stdlib.h>

#include "base/prng.h"
#include "tests/tap.h"

static void test_parse(void)
{
	static const struct {
		const char *text;
		int64_t us;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01", 0},
		{"1970-01-02", INT64_C(86400000000)},
		{"1969-12-31T23:59:59.999999Z", -1},
		{"2026-01-02T03:04:05Z", INT64_C(1767323045000000)},
		{"2026-01-02 03:04:05", INT64_C(1767323045000000)},
		{"2026-01-02T03:04", INT64_C(1767323040000000)},
		{"2026-01-02T03:04Z", INT64_C(1767323040000000)},
		{"2026-01-02T03:04:05.5", INT64_C(1767323045500000)},
		{"2026-01-02T03:04:05.123456000Z", INT64_C(1767323045123456)},
		{"2026-01-02T03:04:05+01:30", INT64_C(1767317645000000)},
		{"2026-01-02T03:04-08:00", INT64_C(1767351840000000)},
		{"2026-01-02T03:04:05.25-00:00", INT64_C(1767323045250000)},
		{"2000-02-29", INT64_C(951782400000000)},
		{"1900-03-01", INT64_C(-2203891200000000)},
		{"0001-01-01T00:00:00Z", INT64_C(-62135596800000000)},
		{"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
	};
	static const char *const bad[] = {
		"",
		"2026",
		"2026-1-02",
		"2026-13-01",
		"2026-00-01",
		"2026-01-00",
		"2026-01-32",
		"2026-04-31",
		"2026-02-29",
		"1900-02-29",
		"0000-01-01",
		"2026-01-02T",
		"2026-01-02T03",
		"2026-01-02T03:",
		"2026-01-02T24:00",
		"2026-01-02T03:60",
		"2026-01-02T03:04:",
		"2026-01-02T03:04:60",
		"2026-01-02T03:04:05.",
		"2026-01-02T03:04.5",
		"2026-01-02T03:04:05.1234567",
		"2026-01-02T03:04:05.1234560001",
		"2026-01-02T03:04:05.0000000000",
		"2026-01-02T03:04:05+1:30",
		"2026-01-02T03:04:05+0130",
		"2026-01-02T03:04:05+24:00",
		"2026-01-02T03:04:05+00:60",
		"2026-01-02T03:04:05ZZ",
		"2026-01-02T03:04:05 Z",
		"2026-01-02T03:04:05z",
		"2026-01-02Z",
		" 2026-01-02",
		"2026-01-02 ",
		"+026-01-02",
		"2026/01/02",
		"20260102",
		"now",
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t got = 42;
		ok(clock_parse(slice_from(good[i].text), &got) && got == good[i].us, "'%s' is read", good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t got;
		ok(!clock_parse(slice_from(bad[i]), &got), "'%s' is refused", bad[i]);
	}
	int64_t got;
	ok(!clock_parse((struct slice){"2026-01-02T03:04:05+01:30", 22}, &got), "nothing after the slice is read");
}

static void test_format(void)
{
	char text[CLOCK_TEXT_MAX];
	is_text(clock_format(0, text), "1970-01-01T00:00:00Z", "whole seconds have no fraction");
	is_text(clock_format(1000, text), "1970-01-01T00:00:00.001Z", "whole milliseconds have three digits");
	is_text(clock_format(-1, text), "1969-12-31T23:59:59.999999Z", "microseconds have six, also before 1970");
	is_text(clock_format_ms(INT64_C(1767323045000000), text), "2026-01-02T03:04:05.000Z",
		"clock_format_ms has three");
	is_text(clock_format_ms(INT64_C(1767323045678999), text), "2026-01-02T03:04:05.678Z", "and cuts");
	is_text(clock_format(INT64_C(253402300799999999), text), "9999-12-31T23:59:59.999999Z",
		"the last time is written");
	is_text(clock_format(INT64_C(-62135596800000000), text), "0001-01-01T00:00:00Z", "and the first");
	is_text(clock_format(INT64_C(253402300800000000), text), "+10000-01-01T00:00:00Z",
		"a year of more than four digits has a sign");
	is_text(clock_format(INT64_C(-62135596800000001), text), "0000-12-31T23:59:59.999999Z",
		"year 0 has four digits");
	is_text(clock_format(INT64_C(-62167219200000001), text), "-0001-12-31T23:59:59.999999Z",
		"a year before it has a sign");
	/* The bounds that Java and Spark print for a 64-bit number of microseconds and a 32-bit number of days. */
	is_text(clock_format(INT64_MAX, text), "+294247-01-10T04:00:54.775807Z", "the greatest number is written");
	is_text(clock_format(INT64_MIN, text), "-290308-12-21T19:59:05.224192Z", "and the least");
	is_text(clock_format_date(INT32_MAX, text), "+5881580-07-11", "so is the greatest day");
	is_text(clock_format_date(INT32_MIN, text), "-5877641-06-23", "and the least");
}

static void test_every_day(void)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int32_t days = -719162; /* 0001-01-01 */
	int wrong = 0;
	for (int year = 1; year <= 9999; year++) {
		bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
		for (int month = 1; month <= 12; month++) {
			int length = lengths[month - 1] + (leap && month == 2);
			for (int day = 1; day <= length; day++, days++) {
				/* Every day near the ends of months, and one in seven of the others. */
				if (day > 1 && day < 28 && days % 7 != 0)
					continue;
				char text[CLOCK_TEXT_MAX], want[CLOCK_TEXT_MAX];
				int32_t back;
				(void)snprintf(want, sizeof(want), "%04d-%02d-%02d", year % 10000, month % 100,
					       day % 100);
				wrong += strcmp(clock_format_date(days, text), want) != 0;
				wrong += !clock_parse_date(slice_from(want), &back) || back != days;
			}
		}
	}
	is_int(wrong, 0, "days of all years from 1 to 9999 are counted and written as on the calendar");
	is_int(days, 2932897, "and there are as many as there should be");
	ok(!clock_parse_date(slice_from("2026-01-02T00:00"), &days), "a date with a time is no date");
	ok(!clock_parse_date(slice_from("2026-02-30"), &days), "nor is a day that does not exist");
}

static void test_round_trip(void)
{
	struct prng prng;
	prng_init(&prng, 4);
	int wrong = 0;
	for (int i = 0; i < 10000; i++) {
		char text[CLOCK_TEXT_MAX];
		int64_t time_us = (int64_t)prng_below(&prng, UINT64_C(315537897600000000)) - INT64_C(62135596800000000);
		int64_t back;
		if (prng_chance(&prng, 1, 3))
			time_us -= time_us % 1000;
		wrong += !clock_parse(slice_from(clock_format(time_us, text)), &back) || back != time_us;
	}
	is_int(wrong, 0, "10,000 random times come back from their texts");
}

static void test_duration(void)
{
	static const struct {
		const char *text;
		int64_t us;
	} good[] = {
		{"250ms", 250000},
		{"30s", 30000000},
		{"15m", 900000000},
		{"1h", 3600000000},
		{"90d", INT64_C(7776000000000)},
		{"0s", 0},
		{"5us", 5},
		{"106751991d", INT64_C(9223372022400000000)},
	};
	static const char *const bad[] = {
		"",     "s", "15", "15 m", "-1s", "1.5h", "1w", "1hour", "1H", "106751992d", "99999999999999999999s",
		"1h30m"};
	int64_t got;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(clock_parse_duration(slice_from(good[i].text), &got) && got == good[i].us, "'%s' is a duration",
		   good[i].text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!clock_parse_duration(slice_from(bad[i]), &got), "'%s' is refused", bad[i]);
}

static void test_now(void)
{
	(void)setenv("LAKEPROOF_NOW", "2026-01-02T03:04:05Z", 1);
	ok(clock_now_us() == INT64_C(1767323045000000), "LAKEPROOF_NOW replaces the clock");
	(void)unsetenv("LAKEPROOF_NOW");
	ok(clock_now_us() > INT64_C(1735689600000000), "without it the system's clock is used");
	int64_t before = clock_monotonic_us();
	ok(clock_monotonic_us() >= before, "the monotonic clock does not go back");
}

int main(void)
{
	test_parse();
	test_format();
	test_every_day();
	test_round_trip();
	test_duration();
	test_now();
	return tap_done();
}

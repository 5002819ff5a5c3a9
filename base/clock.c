#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	DAYS_FROM_YEAR_0_TO_1970 = 719528, /* 0000-01-01 to 1970-01-01, proleptic Gregorian */
	DAYS_IN_400_YEARS = 146097,
	SECONDS_IN_DAY = 86400
};

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month - 1] + (month == 2 && is_leap(year));
}

static int64_t days_from_civil(int year, int month, int day)
{
	static const int before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t past = year - 1; /* whole years since year 0's successor; year 0 itself has 366 days */
	int64_t days = past * 365 + past / 4 - past / 100 + past / 400 + 366;
	days += before_month[month - 1] + (month > 2 && is_leap(year)) + day - 1;
	return days - DAYS_FROM_YEAR_0_TO_1970;
}

static int64_t divide_down(int64_t value, int64_t divisor)
{
	return value / divisor - (value % divisor < 0);
}

static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
	/* Every 400 years have the same calendar, so the day is looked for in the years 1 to 400. */
	int64_t cycles = divide_down(days - days_from_civil(1, 1, 1), DAYS_IN_400_YEARS);
	days -= cycles * DAYS_IN_400_YEARS;
	int guess = (int)((days + DAYS_FROM_YEAR_0_TO_1970) * 400 / DAYS_IN_400_YEARS);
	/* The mean year's length puts the guess at most one year off either way. */
	while (days_from_civil(guess + 1, 1, 1) <= days)
		guess++;
	while (days_from_civil(guess, 1, 1) > days)
		guess--;
	int left = (int)(days - days_from_civil(guess, 1, 1));
	*year = guess + (int)cycles * 400;
	*month = 1;
	while (*month < 12 && left >= days_in_month(guess, *month)) {
		left -= days_in_month(guess, *month);
		(*month)++;
	}
	*day = left + 1;
}

/* ISO 8601: outside of four digits a year has a sign. */
static void format_date(int64_t days, char text[CLOCK_TEXT_MAX])
{
	int year, month, day;
	civil_from_days(days, &year, &month, &day);
	const char *sign = year < 0 ? "-" : year > 9999 ? "+" : "";
	(void)snprintf(text, CLOCK_TEXT_MAX, "%s%04d-%02d-%02d", sign, abs(year), month, day);
}

int64_t clock_monotonic_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * CLOCK_SECOND_US + now.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
	const char *fixed = getenv("LAKEPROOF_NOW");
	int64_t time_us;
	if (fixed != NULL && clock_parse(slice_from(fixed), &time_us))
		return time_us;
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * CLOCK_SECOND_US + now.tv_nsec / 1000;
}

/* The text not yet read; a failing step leaves it where it was. */
struct cursor {
	const char *at;
	const char *end;
};

static bool take_byte(struct cursor *cursor, char byte)
{
	if (cursor->at == cursor->end || *cursor->at != byte)
		return false;
	cursor->at++;
	return true;
}

/* Exactly `count` digits. */
static bool take_digits(struct cursor *cursor, int count, int *value)
{
	if (cursor->end - cursor->at < count)
		return false;
	int result = 0;
	for (int i = 0; i < count; i++) {
		char digit = cursor->at[i];
		if (digit < '0' || digit > '9')
			return false;
		result = result * 10 + (digit - '0');
	}
	cursor->at += count;
	*value = result;
	return true;
}

static bool take_date(struct cursor *cursor, int64_t *days)
{
	int year, month, day;
	if (!take_digits(cursor, 4, &year) || !take_byte(cursor, '-') || !take_digits(cursor, 2, &month) ||
	    !take_byte(cursor, '-') || !take_digits(cursor, 2, &day))
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*days = days_from_civil(year, month, day);
	return true;
}

/* What follows the point: one to nine digits, none but 0 after the sixth. */
static bool take_fraction(struct cursor *cursor, int64_t *micros)
{
	int64_t value = 0;
	int count = 0;
	for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++, count++) {
		if (count >= 9 || (count >= 6 && *cursor->at != '0'))
			return false;
		if (count < 6)
			value = value * 10 + (*cursor->at - '0');
	}
	for (int i = count; i < 6; i++)
		value *= 10;
	*micros = value;
	return count > 0;
}

static bool take_zone(struct cursor *cursor, int64_t *offset_us)
{
	*offset_us = 0;
	if (cursor->at == cursor->end || take_byte(cursor, 'Z'))
		return true;
	bool west = *cursor->at == '-';
	int hours, minutes;
	if (!take_byte(cursor, '+') && !take_byte(cursor, '-'))
		return false;
	if (!take_digits(cursor, 2, &hours) || !take_byte(cursor, ':') || !take_digits(cursor, 2, &minutes))
		return false;
	if (hours > 23 || minutes > 59)
		return false;
	*offset_us = (hours * 60 + minutes) * 60 * CLOCK_SECOND_US;
	if (west)
		*offset_us = -*offset_us;
	return true;
}

bool clock_parse(struct slice text, int64_t *time_us)
{
	if (text.size == 0)
		return false;
	struct cursor cursor = {text.data, text.data + text.size};
	int64_t days, micros = 0, offset_us = 0;
	if (!take_date(&cursor, &days))
		return false;
	int hour = 0, minute = 0, second = 0;
	if (cursor.at != cursor.end) {
		if (!take_byte(&cursor, 'T') && !take_byte(&cursor, ' '))
			return false;
		if (!take_digits(&cursor, 2, &hour) || !take_byte(&cursor, ':') || !take_digits(&cursor, 2, &minute))
			return false;
		if (take_byte(&cursor, ':')) {
			if (!take_digits(&cursor, 2, &second))
				return false;
			if (take_byte(&cursor, '.') && !take_fraction(&cursor, &micros))
				return false;
		}
		if (!take_zone(&cursor, &offset_us))
			return false;
	}
	if (cursor.at != cursor.end || hour > 23 || minute > 59 || second > 59)
		return false;
	int64_t seconds = days * SECONDS_IN_DAY + (hour * 60 + minute) * 60 + second;
	*time_us = seconds * CLOCK_SECOND_US + micros - offset_us;
	return true;
}

bool clock_parse_date(struct slice text, int32_t *days)
{
	if (text.size != 10)
		return false;
	struct cursor cursor = {text.data, text.data + text.size};
	int64_t result;
	if (!take_date(&cursor, &result))
		return false;
	*days = (int32_t)result;
	return true;
}

/* `digits`: of the fraction, 0, 3 or 6. */
static const char *format_time(int64_t time_us, int digits, char text[CLOCK_TEXT_MAX])
{
	int64_t seconds = divide_down(time_us, CLOCK_SECOND_US);
	int micros = (int)((time_us % CLOCK_SECOND_US + CLOCK_SECOND_US) % CLOCK_SECOND_US);
	int64_t days = divide_down(seconds, SECONDS_IN_DAY);
	int in_day = (int)(seconds - days * SECONDS_IN_DAY);
	char date[CLOCK_TEXT_MAX];
	format_date(days, date);
	char fraction[16] = "";
	if (digits == 3)
		(void)snprintf(fraction, sizeof(fraction), ".%03d", micros / 1000 % 1000);
	else if (digits == 6)
		(void)snprintf(fraction, sizeof(fraction), ".%06d", micros % 1000000);
	(void)snprintf(text, CLOCK_TEXT_MAX, "%.16sT%02d:%02d:%02d%sZ", date, in_day / 3600, in_day / 60 % 60,
		       in_day % 60, fraction);
	return text;
}

const char *clock_format(int64_t time_us, char text[CLOCK_TEXT_MAX])
{
	int digits = time_us % CLOCK_SECOND_US == 0 ? 0 : time_us % 1000 == 0 ? 3 : 6;
	return format_time(time_us, digits, text);
}

const char *clock_format_ms(int64_t time_us, char text[CLOCK_TEXT_MAX])
{
	return format_time(time_us, 3, text);
}

const char *clock_format_date(int32_t days, char text[CLOCK_TEXT_MAX])
{
	format_date(days, text);
	return text;
}

bool clock_parse_duration(struct slice text, int64_t *duration_us)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = {
		{"us", 1},
		{"ms", 1000},
		{"s", CLOCK_SECOND_US},
		{"m", 60 * CLOCK_SECOND_US},
		{"h", 3600 * CLOCK_SECOND_US},
		{"d", SECONDS_IN_DAY * CLOCK_SECOND_US},
	};
	int64_t value = 0;
	size_t i = 0;
	for (; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text.data[i] - '0', &value))
			return false;
	}
	if (i == 0)
		return false;
	struct slice unit = {text.data + i, text.size - i};
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		if (slice_is(unit, units[u].unit))
			return !__builtin_mul_overflow(value, units[u].us, duration_us);
	}
	return false;
}

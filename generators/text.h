/* text - decimal digits written straight into a caller's bytes, without locale and without printf's cost.
 *
 * Each function writes at `at`, without NUL, and returns the byte after the last one written. The caller has room. */
#ifndef LAKEPROOF_GENERATORS_TEXT_H
#define LAKEPROOF_GENERATORS_TEXT_H

#include <stdint.h>
#include <string.h>

#include "base/clock.h"

enum { TEXT_U64_MAX = 20 };

static inline char *text_u64(char *at, uint64_t value)
{
	char digits[TEXT_U64_MAX];
	size_t start = sizeof(digits);
	do {
		digits[--start] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	memcpy(at, digits + start, sizeof(digits) - start);
	return at + (sizeof(digits) - start);
}

/* Exactly `width` digits, zeros before, higher digits dropped. */
static inline char *text_padded(char *at, uint64_t value, unsigned width)
{
	for (unsigned i = width; i > 0; i--) {
		at[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + width;
}

static inline char *text_hex(char *at, uint64_t value, unsigned width)
{
	for (unsigned i = width; i > 0; i--) {
		at[i - 1] = "0123456789abcdef"[value & 15];
		value >>= 4;
	}
	return at + width;
}

static inline char *text_bytes(char *at, const char *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

/* A UTC time's calendar fields, for names of folders and times inside items. */
struct civil {
	unsigned year, month, day, hour, minute, second;
};

/* Days to civil date after Howard Hinnant's published algorithm; years 1970 to 9999. */
static inline struct civil civil_from_us(int64_t time_us)
{
	uint64_t seconds = (uint64_t)(time_us / CLOCK_SECOND_US);
	uint64_t days = seconds / 86400 + 719468;
	uint64_t era = days / 146097;
	uint64_t day_of_era = days % 146097;
	uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t month_shifted = (5 * day_of_year + 2) / 153;
	uint64_t month = month_shifted < 10 ? month_shifted + 3 : month_shifted - 9;
	uint64_t rest = seconds % 86400;

	return (struct civil){
		.year = (unsigned)(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
		.month = (unsigned)month,
		.day = (unsigned)(day_of_year - (153 * month_shifted + 2) / 5 + 1),
		.hour = (unsigned)(rest / 3600),
		.minute = (unsigned)(rest / 60 % 60),
		.second = (unsigned)(rest % 60),
	};
}

#endif

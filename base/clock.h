/* clock - UTC times as microseconds since 1970, to and from text; and the one way to ask what time it is.
 *
 * No time zone database, no struct tm. Proleptic Gregorian calendar, no leap seconds. Texts of the years 1 to 9999 are
 * read; any time is written, years outside of 0 to 9999 with a sign as ISO 8601 has them. */
#ifndef LAKEPROOF_BASE_CLOCK_H
#define LAKEPROOF_BASE_CLOCK_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/slice.h"

#define CLOCK_SECOND_US INT64_C(1000000)

enum { CLOCK_TEXT_MAX = 40 };

/* The system's clock; the environment variable LAKEPROOF_NOW (ISO text) replaces it, for tests. */
int64_t clock_now_us(void);
/* Monotonic, for durations only. */
int64_t clock_monotonic_us(void);

/* "YYYY-MM-DD[ T]hh:mm[:ss[.f{1,9}]][Z|+hh:mm|-hh:mm]" or "YYYY-MM-DD"; no zone means UTC; digits after the sixth
 * fraction digit must be 0. False when the text is anything else. */
bool clock_parse(struct slice text, int64_t *time_us) MUST_USE;
/* Days since 1970 from exactly "YYYY-MM-DD". */
bool clock_parse_date(struct slice text, int32_t *days) MUST_USE;
/* "2026-01-02T03:04:05Z", with .mmm or .uuuuuu when not whole. Returns text. */
const char *clock_format(int64_t time_us, char text[CLOCK_TEXT_MAX]);
/* Always three fraction digits, as AWS manifests have them. */
const char *clock_format_ms(int64_t time_us, char text[CLOCK_TEXT_MAX]);
const char *clock_format_date(int32_t days, char text[CLOCK_TEXT_MAX]);
/* "1h", "15m", "90d", "30s", "250ms" to microseconds. */
bool clock_parse_duration(struct slice text, int64_t *duration_us) MUST_USE;

#endif

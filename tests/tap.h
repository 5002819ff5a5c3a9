/* tap - the Test Anything Protocol for C unit tests: one point a sentence, run under the TAP runner in tests/run.
 *
 * Header-only, for tests. A failing point prints where it stands and goes on; tap_done() prints the plan and gives the
 * exit status. No "TAP version" line: prove refuses version 14. */
#ifndef LAKEPROOF_TESTS_TAP_H
#define LAKEPROOF_TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count;
static int tap_failures;

__attribute__((format(printf, 4, 5))) static inline bool tap_point(bool passed, const char *file, int line,
								  const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	printf("%s %d - ", passed ? "ok" : "not ok", ++tap_count);
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
	if (!passed) {
		tap_failures++;
		printf("# at %s:%d\n", file, line);
	}
	fflush(stdout);
	return passed;
}

/* ok(condition, "sentence %d", ...) */
#define ok(condition, ...) tap_point((condition), __FILE__, __LINE__, __VA_ARGS__)

static inline bool tap_equal_i64(int64_t got, int64_t want, const char *file, int line, const char *name)
{
	bool same = tap_point(got == want, file, line, "%s", name);
	if (!same)
		printf("#  got: %" PRId64 "\n# want: %" PRId64 "\n", got, want);
	return same;
}
#define is_int(got, want, name) tap_equal_i64((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, name)

static inline bool tap_equal_text(const char *got, const char *want, const char *file, int line, const char *name)
{
	bool same = tap_point(got != NULL && want != NULL && strcmp(got, want) == 0, file, line, "%s", name);
	if (!same)
		printf("#  got: %s\n# want: %s\n", got ? got : "(null)", want ? want : "(null)");
	return same;
}
#define is_text(got, want, name) tap_equal_text((got), (want), __FILE__, __LINE__, name)

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures == 0 ? 0 : 1;
}

#endif

#include "harness/progress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "harness/verb.h"

#define DRAW_INTERVAL_US (CLOCK_SECOND_US / 4)

enum { STEP_MAX = 100, LINE_MAX_BYTES = 200 };

/* Guarded by `lock`, except for the atomics, which workers add to. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char step_name[STEP_MAX]; /* empty between steps */
static char unit_name[STEP_MAX];
static uint64_t step_total;
static int64_t started_us;
static bool drawn; /* a progress line stands on the terminal */
static atomic_uint_fast64_t units_done;
static atomic_uint_fast64_t bytes_done;
static atomic_int_fast64_t next_draw_us;

static bool on_terminal(void)
{
	const char *kind = getenv("TERM");
	return isatty(STDERR_FILENO) == 1 && kind != NULL && strcmp(kind, "dumb") != 0;
}

static void format_bytes(uint64_t bytes, char text[40])
{
	if (bytes == 0)
		text[0] = '\0';
	else if (bytes < 10 * 1000)
		(void)snprintf(text, 40, ", %llu bytes", (unsigned long long)bytes);
	else if (bytes < 10 * 1000 * 1000)
		(void)snprintf(text, 40, ", %llu kB", (unsigned long long)(bytes / 1000));
	else if (bytes < UINT64_C(10) * 1000 * 1000 * 1000)
		(void)snprintf(text, 40, ", %llu MB", (unsigned long long)(bytes / (1000 * 1000)));
	else
		(void)snprintf(text, 40, ", %llu GB", (unsigned long long)(bytes / (1000 * 1000 * 1000)));
}

/* "reading sources: 3 of 12 files, 40 MB" while a step runs, without "of" when it has ended or its total is unknown. */
static void format_line(bool ended, char line[LINE_MAX_BYTES])
{
	char size[40], of[40] = "";
	uint64_t units = atomic_load(&units_done);
	format_bytes(atomic_load(&bytes_done), size);
	if (step_total > 0 && (!ended || units != step_total))
		(void)snprintf(of, sizeof(of), " of %llu", (unsigned long long)step_total);
	int unit_size = (int)strlen(unit_name);
	if (units == 1 && of[0] == '\0' && unit_size > 1 && unit_name[unit_size - 1] == 's')
		unit_size--; /* "1 file" */
	(void)snprintf(line, LINE_MAX_BYTES, "%.60s: %llu%s %.*s%s", step_name, (unsigned long long)units, of,
		       unit_size, unit_name, size);
}

static void erase(void)
{
	if (drawn)
		(void)fputs("\r\033[K", stderr);
	drawn = false;
}

/* A line that wraps could not be erased, so it is cut before the last column. Steps and units are ASCII. */
static int line_width(void)
{
	struct winsize size = {0};
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
		return LINE_MAX_BYTES;
	return size.ws_col - 1;
}

static void draw(void)
{
	char line[LINE_MAX_BYTES];
	format_line(false, line);
	(void)fprintf(stderr, "\r\033[K%.*s", line_width(), line);
	(void)fflush(stderr);
	drawn = true;
}

void progress_begin(const char *step, uint64_t total, const char *unit)
{
	(void)pthread_mutex_lock(&lock);
	(void)snprintf(step_name, sizeof(step_name), "%s", step);
	(void)snprintf(unit_name, sizeof(unit_name), "%s", unit);
	step_total = total;
	started_us = clock_monotonic_us();
	atomic_store(&units_done, 0);
	atomic_store(&bytes_done, 0);
	/* Nothing is drawn where nobody watches: the next drawing is then never due. */
	atomic_store(&next_draw_us, verb_quiet || !on_terminal() ? INT64_MAX : started_us);
	(void)pthread_mutex_unlock(&lock);
}

void progress_add(uint64_t units, uint64_t bytes)
{
	atomic_fetch_add(&units_done, units);
	atomic_fetch_add(&bytes_done, bytes);
	int64_t due = atomic_load(&next_draw_us);
	if (due == INT64_MAX)
		return;
	int64_t now = clock_monotonic_us();
	if (now < due || pthread_mutex_trylock(&lock) != 0)
		return;
	if (step_name[0] != '\0' && now >= atomic_load(&next_draw_us)) {
		atomic_store(&next_draw_us, now + DRAW_INTERVAL_US);
		draw();
	}
	(void)pthread_mutex_unlock(&lock);
}

void progress_end(void)
{
	(void)pthread_mutex_lock(&lock);
	erase();
	if (step_name[0] != '\0' && !verb_quiet) {
		char line[LINE_MAX_BYTES];
		format_line(true, line);
		int64_t tenths = (clock_monotonic_us() - started_us + CLOCK_SECOND_US / 20) / (CLOCK_SECOND_US / 10);
		(void)fprintf(stderr, "%s in %lld.%lld s\n", line, (long long)(tenths / 10), (long long)(tenths % 10));
	}
	step_name[0] = '\0';
	atomic_store(&next_draw_us, INT64_MAX);
	(void)pthread_mutex_unlock(&lock);
}

void progress_note(const char *format, ...)
{
	if (verb_quiet)
		return;
	va_list arguments;
	va_start(arguments, format);
	(void)pthread_mutex_lock(&lock);
	erase();
	(void)fputs("note: ", stderr);
	(void)vfprintf(stderr, format, arguments);
	(void)fputc('\n', stderr);
	(void)pthread_mutex_unlock(&lock);
	va_end(arguments);
}

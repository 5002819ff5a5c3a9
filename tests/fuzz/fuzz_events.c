/* fuzz_events - any file of events is read to its end, and what is read again by number is what was read at first. */
#include "sources/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REMEMBERED = 64 };

struct remembered {
	uint64_t numbers[REMEMBERED];
	uint64_t offsets[REMEMBERED];
	uint32_t flags[REMEMBERED];
	size_t count;
};

static int on_record(void *context, const struct record *record, struct error *error)
{
	(void)error;
	struct remembered *remembered = context;
	if (record->tokens[record->keys].type != JSON_OBJECT)
		abort();
	if (record->after == STATE_IMAGE && record->tokens[record->after_image].type != JSON_OBJECT)
		abort();
	if (record->before == STATE_IMAGE && record->tokens[record->before_image].type != JSON_OBJECT)
		abort();
	if (record->has_time && record->time_lo_us >= record->time_hi_us)
		abort();
	if (remembered->count < REMEMBERED) {
		remembered->numbers[remembered->count] = record->number;
		remembered->offsets[remembered->count] = record->offset;
		remembered->flags[remembered->count++] = record->flags;
	}
	return 0;
}

static int on_problem(void *context, const struct problem *problem, struct error *error)
{
	(void)context;
	(void)error;
	if (strlen(problem->message) == 0)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_parser *parser;
	static int file = -1;
	static char path[40];
	if (parser == NULL) {
		parser = json_parser_new(RECORD_SIZE_MAX);
		file = memfd_create("events", MFD_CLOEXEC);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	struct remembered first = {.count = 0};
	struct remembered again = {.count = 0};
	struct file_result result;
	struct error error;
	struct record_sink sink = {&first, on_record, on_problem};
	if (events_read_file(path, EVENTS_AUTO, parser, &sink, &result, &error) != 0)
		abort();
	sink.context = &again;
	if (events_reread(path, EVENTS_AUTO, first.numbers, first.count, parser, &sink, &error) != 0)
		abort();
	if (again.count != first.count || memcmp(&again, &first, sizeof(first)) != 0)
		abort();
	return 0;
}

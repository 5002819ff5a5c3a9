/* fuzz_items - any dump of items is read to its end, and what is read again by number is what was read at first. */
#include "sources/items.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sources/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REMEMBERED = 64 };

struct remembered {
	uint64_t numbers[REMEMBERED];
	uint64_t offsets[REMEMBERED];
	uint32_t keys[REMEMBERED];
	size_t count;
};

static int on_record(void *context, const struct record *record, struct error *error)
{
	(void)error;
	struct remembered *remembered = context;
	if (record->kind != RECORD_ITEM || record->after != STATE_IMAGE ||
	    record->tokens[record->keys].type != JSON_OBJECT || record->tokens[record->keys].count == 0)
		abort();
	if (remembered->count < REMEMBERED) {
		remembered->numbers[remembered->count] = record->number;
		remembered->offsets[remembered->count] = record->offset;
		remembered->keys[remembered->count++] = record->tokens[record->keys].count;
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
		file = memfd_create("items", MFD_CLOEXEC);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	for (enum items_format format = ITEMS_AUTO; format <= ITEMS_SCAN; format++) {
		struct remembered first = {.count = 0};
		struct remembered again = {.count = 0};
		struct file_result result;
		struct error error;
		struct record_sink sink = {&first, on_record, on_problem};
		if (items_read_file(path, format, parser, &sink, &result, &error) != 0)
			abort();
		sink.context = &again;
		if (items_reread(path, format, first.numbers, first.count, parser, &sink, &error) != 0)
			abort();
		if (again.count != first.count || memcmp(&again, &first, sizeof(first)) != 0)
			abort();
	}
	return 0;
}

/* fuzz_export_data - any data file of an export, full or incremental in either view, is read to its end; without
 * a checksum it is never whole, and what is read again by number is what was read at first. */
#include "sources/export.h"

#include "sources/events.h"
#include "tests/fuzz/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WINDOW_FROM_US INT64_C(1700000000000000)
#define WINDOW_TO_US (WINDOW_FROM_US + INT64_C(900000000))

static int on_record(void *context, const struct record *record, struct error *error)
{
	(void)error;
	if (record->tokens[record->keys].type != JSON_OBJECT || record->tokens[record->keys].count == 0)
		abort();
	if (record->after == STATE_IMAGE && record->tokens[record->after_image].type != JSON_OBJECT)
		abort();
	reading_add(context, record, (uint32_t)record->after);
	return 0;
}

/* An incremental export leaves out what was not written in its window. */
static int on_change(void *context, const struct record *record, struct error *error)
{
	if (record->kind != RECORD_CHANGE || record->time_lo_us < WINDOW_FROM_US || record->time_lo_us >= WINDOW_TO_US)
		abort();
	return on_record(context, record, error);
}

static int on_item(void *context, const struct record *record, struct error *error)
{
	if (record->kind != RECORD_ITEM || record->after != STATE_IMAGE)
		abort();
	return on_record(context, record, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_parser *parser;
	struct export_file file = {.key = "data", .path = reading_file(data, size), .etag = ""};
	struct export export = {.folder = "", .files = &file, .file_count = 1};

	if (parser == NULL)
		parser = json_parser_new(RECORD_SIZE_MAX);
	for (unsigned form = 0; form < 3; form++) {
		struct reading first = {.count = 0}, again = {.count = 0};
		struct file_result result;
		struct error error;
		struct record_sink sink = {&first, form == 0 ? on_item : on_change, reading_problem};
		export.incremental = form > 0;
		export.with_old = form == 2;
		export.from_us = form > 0 ? WINDOW_FROM_US : 0;
		export.to_us = form > 0 ? WINDOW_TO_US : 0;
		file.item_count = 1;
		if (export_read_file(&export, 0, parser, &sink, &result, &error) != 0 || result.complete)
			abort();
		if (form >
		    0) /* Both kinds of lines are read again by one decoder, which knows neither view nor window. */
			continue;
		sink.context = &again;
		if (export_reread(file.path, first.numbers, first.count, parser, &sink, &error) != 0)
			abort();
		reading_same(&first, &again);
	}
	return 0;
}

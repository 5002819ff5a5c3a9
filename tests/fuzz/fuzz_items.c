/* fuzz_items - any dump of items is read to its end, and what is read again by number is what was read at first. */
#include "sources/items.h"

#include "sources/events.h"
#include "tests/fuzz/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_record(void *context, const struct record *record, struct error *error)
{
	(void)error;
	if (record->kind != RECORD_ITEM || record->after != STATE_IMAGE ||
	    record->tokens[record->keys].type != JSON_OBJECT || record->tokens[record->keys].count == 0)
		abort();
	reading_add(context, record, record->tokens[record->keys].count);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_parser *parser;
	const char *path = reading_file(data, size);
	if (parser == NULL)
		parser = json_parser_new(RECORD_SIZE_MAX);
	for (enum items_format format = ITEMS_AUTO; format <= ITEMS_SCAN; format++) {
		struct reading first = {.count = 0}, again = {.count = 0};
		struct file_result result;
		struct error error;
		struct record_sink sink = {&first, on_record, reading_problem};
		if (items_read_file(path, format, parser, &sink, &result, &error) != 0)
			abort();
		sink.context = &again;
		if (items_reread(path, format, first.numbers, first.count, parser, &sink, &error) != 0)
			abort();
		reading_same(&first, &again);
	}
	return 0;
}

/* fuzz_events - any file of events is read to its end, and what is read again by number is what was read at first. */
#include "sources/events.h"

#include "tests/fuzz/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_record(void *context, const struct record *record, struct error *error)
{
	(void)error;
	if (record->tokens[record->keys].type != JSON_OBJECT)
		abort();
	if (record->after == STATE_IMAGE && record->tokens[record->after_image].type != JSON_OBJECT)
		abort();
	if (record->before == STATE_IMAGE && record->tokens[record->before_image].type != JSON_OBJECT)
		abort();
	if (record->has_time && record->time_lo_us >= record->time_hi_us)
		abort();
	reading_add(context, record, record->flags);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_parser *parser;
	const char *path = reading_file(data, size);
	if (parser == NULL)
		parser = json_parser_new(RECORD_SIZE_MAX);
	struct reading first = {.count = 0}, again = {.count = 0};
	struct file_result result;
	struct error error;
	struct record_sink sink = {&first, on_record, reading_problem};
	if (events_read_file(path, EVENTS_AUTO, parser, &sink, &result, &error) != 0)
		abort();
	sink.context = &again;
	if (events_reread(path, EVENTS_AUTO, first.numbers, first.count, parser, &sink, &error) != 0)
		abort();
	reading_same(&first, &again);
	return 0;
}

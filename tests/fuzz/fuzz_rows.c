/* fuzz_rows - any file of rows is read to its end, and what is read again by number is what was read at first. */
#include "sources/rows.h"

#include "sources/events.h"
#include "tests/fuzz/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rows_type number = {.kind = ROWS_N};
static const struct rows_attribute attributes[] = {
	{"pk", "pk", {.kind = ROWS_S}},  {"sk", "id", {.kind = ROWS_N}},
	{"n", "n", {.kind = ROWS_N}},    {"b", "b", {.kind = ROWS_B}},
	{"t", "t", {.kind = ROWS_BOOL}}, {"l", "l", {.kind = ROWS_L, .element = &number}},
	{"s", "s", {.kind = ROWS_NS}},   {"m", "m", {.kind = ROWS_M, .element = &number}},
	{"j", "j", {.kind = ROWS_JSON}},
};
static const struct rows_word words[] = {{"I", ROWS_INSERT}, {"U", ROWS_MODIFY}, {"P", ROWS_PUT}, {"D", ROWS_DELETE}};

static const struct rows_shape shapes[] = {
	{.csv = {.delimiter = ',', .empty_is_null = true},
	 .attributes = attributes,
	 .attribute_count = 9,
	 .key_count = 1,
	 .operation = "op",
	 .words = words,
	 .word_count = 4,
	 .stamp = "ts",
	 .sequence = "seq",
	 .delete_is_old = true,
	 .null_is_absent = true},
	{.csv = {.delimiter = ','},
	 .attributes = attributes,
	 .attribute_count = 9,
	 .key_count = 2,
	 .operation = "op",
	 .words = words,
	 .word_count = 4,
	 .stamp = "ts",
	 .unit = ROWS_EPOCH_S,
	 .event_id = "id",
	 .keys = "keys",
	 .image = "data",
	 .old_image = "old"},
	{.csv = {.delimiter = ','},
	 .attributes = attributes,
	 .attribute_count = 9,
	 .key_count = 1,
	 .stamp = "ts",
	 .unit = ROWS_EPOCH_MS,
	 .stamp_is_kept = true,
	 .typed = true,
	 .image = "data"},
	{.csv = {.delimiter = ','}, .attributes = attributes, .attribute_count = 9, .key_count = 1, .items = true},
};

static int on_record(void *context, const struct record *record, struct error *error)
{
	(void)error;
	const struct json_token *tokens = record->tokens;
	if (tokens[record->keys].type != JSON_OBJECT || tokens[record->keys].count == 0)
		abort();
	if (record->after == STATE_IMAGE && tokens[record->after_image].type != JSON_OBJECT)
		abort();
	if (record->before == STATE_IMAGE && tokens[record->before_image].type != JSON_OBJECT)
		abort();
	if (record->has_time && record->time_lo_us >= record->time_hi_us)
		abort();
	reading_add(context, record,
		    (uint32_t)record->after << 8 | (uint32_t)record->before << 4 | tokens[record->keys].count);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_parser *parser;
	const char *path = reading_file(data, size);
	if (parser == NULL)
		parser = json_parser_new(RECORD_SIZE_MAX);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct reading first = {.count = 0}, again = {.count = 0};
		struct file_result result;
		struct error error;
		struct record_sink sink = {&first, on_record, reading_problem};
		if (rows_read_file(path, &shapes[i], parser, &sink, &result, &error) != 0)
			abort();
		sink.context = &again;
		if (rows_reread(path, &shapes[i], first.numbers, first.count, parser, &sink, &error) != 0)
			abort();
		reading_same(&first, &again);
	}
	return 0;
}

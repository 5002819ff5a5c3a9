/* fuzz_csv - any bytes as CSV: the same frames whatever pieces they come in, in the order of the file, each row JSON.
 */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/json.h"
#include "sources/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pieces {
	struct slice rest;
	size_t step;
};

static int give(void *context, void *bytes, size_t capacity, size_t *size, enum gzip_status *status,
		struct error *error)
{
	struct pieces *from = context;
	(void)error;
	*size = from->rest.size < from->step ? from->rest.size : from->step;
	*size = *size < capacity ? *size : capacity;
	if (*size > 0)
		memcpy(bytes, from->rest.data, *size);
	from->rest.data += *size;
	from->rest.size -= *size;
	*status = *size > 0 ? GZIP_MORE : GZIP_END;
	return 0;
}

static void check_row(const struct frame *frame)
{
	static struct json_parser *parser;
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	if (parser == NULL)
		parser = json_parser_new(RECORD_SIZE_MAX);
	/* Nothing but its encoding can be wrong with what was written here. */
	if (!json_parse(parser, frame->bytes, &tokens, &count, &failure)) {
		if (strcmp(failure.reason, "invalid UTF-8") != 0)
			abort();
	} else if (tokens[0].type != JSON_OBJECT || tokens[0].count == 0) {
		abort();
	}
}

static void read_all(struct slice bytes, const struct csv_dialect *dialect, size_t step, struct buffer *told)
{
	struct pieces pieces = {bytes, step};
	struct csv_reader *reader;
	struct error error;
	struct frame frame;
	uint64_t number = 0, offset = 0;
	if (csv_open((struct byte_source){&pieces, give}, step < 64 ? 16 : 4096, dialect, &reader, &error) != 0)
		abort();
	while (csv_next(reader, &frame, &error) == 0 && frame.kind != FRAME_END) {
		if (frame.number != number++ || frame.offset < offset || frame.offset > bytes.size)
			abort();
		offset = frame.offset;
		if (frame.kind == FRAME_RECORD)
			check_row(&frame);
		buffer_printf(told, "%d %llu %s ", (int)frame.kind, (unsigned long long)frame.offset,
			      frame.kind == FRAME_BROKEN ? frame.reason : "");
		buffer_append_slice(told, frame.bytes);
	}
	if (frame.kind != FRAME_END || told->failed)
		abort();
	csv_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"a", "b"};
	static const struct csv_dialect dialects[] = {
		{.delimiter = ',', .empty_is_null = true},
		{.names = names, .name_count = 2, .delimiter = ';', .null_text = "NULL"}};
	for (size_t i = 0; i < 2; i++) {
		struct slice bytes = {(const char *)data, size};
		struct buffer whole, pieces;
		buffer_init(&whole, SIZE_MAX);
		buffer_init(&pieces, SIZE_MAX);
		read_all(bytes, &dialects[i], 4096, &whole);
		read_all(bytes, &dialects[i], 3, &pieces);
		if (!slice_equal(buffer_slice(&whole), buffer_slice(&pieces)))
			abort();
		buffer_release(&whole);
		buffer_release(&pieces);
	}
	return 0;
}

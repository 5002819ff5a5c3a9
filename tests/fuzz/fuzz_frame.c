/* fuzz_frame - however the bytes arrive, the frames are the same. The first two bytes choose window, pieces, kind of
 * lines and whether there are pages. */
#include "sources/frame.h"

#include <stdlib.h>

#include "base/json.h"
#include "sources/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct piece_source {
	struct slice bytes;
	size_t at, piece;
};

static int read_piece(void *context, void *bytes, size_t capacity, size_t *size, enum gzip_status *status,
		      struct error *error)
{
	(void)error;
	struct piece_source *source = context;
	*size = source->bytes.size - source->at;
	*size = *size < capacity ? *size : capacity;
	*size = *size < source->piece ? *size : source->piece;
	*status = *size == 0 ? GZIP_END : GZIP_MORE;
	if (*size > 0)
		memcpy(bytes, source->bytes.data + source->at, *size);
	source->at += *size;
	return 0;
}

/* The next frame that is a record or broken, or the end. */
static struct frame next(struct frame_reader *reader, struct json_parser *parser, bool *parsed)
{
	for (;;) {
		struct frame frame;
		struct error error;
		const struct json_token *tokens;
		size_t count;
		struct json_failure failure;
		*parsed = false;
		if (frame_next(reader, &frame, &error) != 0)
			abort();
		if (frame.kind != FRAME_RECORD)
			return frame;
		*parsed = json_parse(parser, frame.bytes, &tokens, &count, &failure);
		if (*parsed || !frame_reject(reader))
			return frame;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_parser *parser;
	if (parser == NULL)
		parser = json_parser_new(RECORD_SIZE_MAX);
	if (size < 2)
		return 0;
	struct slice bytes = {(const char *)data + 2, size - 2};
	struct piece_source whole = {bytes, 0, SIZE_MAX};
	struct piece_source pieces = {bytes, 0, (size_t)data[1] + 1};
	struct frame_reader *a = frame_open((struct byte_source){&whole, read_piece}, FRAME_WINDOW, false);
	struct frame_reader *b = frame_open((struct byte_source){&pieces, read_piece}, (size_t)data[0] + 1,
					    data[1] & 1);
	if (a == NULL || b == NULL)
		abort();
	frame_accept_lines(a, data[1] & 2 ? scan_hive_line : scan_base64_line);
	frame_accept_lines(b, data[1] & 2 ? scan_hive_line : scan_base64_line);
	if (data[1] & 4) {
		frame_accept_pages(a);
		frame_accept_pages(b);
	}
	struct frame frame;
	uint64_t number = 0;
	do {
		bool parsed;
		bool parsed_too;
		frame = next(a, parser, &parsed);
		struct frame other = next(b, parser, &parsed_too);
		if (frame.kind != other.kind || frame.number != other.number || frame.offset != other.offset ||
		    parsed != parsed_too || frame.cut_short != other.cut_short)
			abort();
		if (frame.number != number || frame.offset > bytes.size)
			abort();
		number += frame.kind != FRAME_PAGE;
		if (frame.kind == FRAME_PAGE &&
		    (frame.items != other.items || frame.items > number || !slice_equal(frame.bytes, other.bytes)))
			abort();
		if (frame.kind == FRAME_RECORD &&
		    (frame.bytes.size != other.bytes.size ||
		     memcmp(frame.bytes.data, bytes.data + frame.offset, frame.bytes.size) != 0))
			abort();
	} while (frame.kind != FRAME_END);
	frame_close(a);
	frame_close(b);
	return 0;
}

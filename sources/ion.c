#include "sources/ion.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "bridge/read.h"

enum { REASON_SIZE = 200 };
static const char TOO_LARGE[] = "larger than 16 MB";
static const char CUT_SHORT[] = "the data end inside it";

struct ion_reader {
	struct window window;
	struct bridge_ion *bridge;
	uint64_t number; /* of the next record */
	char reason[REASON_SIZE];
};

int ion_open(struct byte_source source, size_t window, struct ion_reader **result, struct error *error)
{
	struct ion_reader *reader = calloc(1, sizeof(*reader));
	*result = NULL;
	if (reader == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	int code = bridge_ion_new(&reader->bridge, error);
	if (code == 0 && !window_open(&reader->window, source, window))
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	if (code != 0) {
		bridge_ion_free(reader->bridge);
		free(reader);
		return code;
	}
	*result = reader;
	return 0;
}

void ion_close(struct ion_reader *reader)
{
	if (reader == NULL)
		return;
	window_release(&reader->window);
	bridge_ion_free(reader->bridge);
	free(reader);
}

uint64_t ion_bytes(const struct ion_reader *reader)
{
	return reader->window.origin + reader->window.end;
}

enum gzip_status ion_ended(const struct ion_reader *reader)
{
	return reader->window.ended;
}

static void set_broken(struct ion_reader *reader, struct frame *frame, uint64_t offset, const char *reason, uint64_t at)
{
	*frame = (struct frame){.kind = FRAME_BROKEN,
				.number = reader->number++,
				.offset = offset,
				.reason = reason,
				.reason_offset = offset + at};
}

/* The line at `at`; *blank: it holds no record. */
static int take_line(struct ion_reader *reader, struct frame *frame, size_t size, bool whole, bool *blank,
		     struct error *error)
{
	const char *json = NULL;
	uint64_t json_size = 0, at = 0;
	uint64_t offset = window_position(&reader->window);
	struct error fault = {0};
	int code = bridge_ion_line(reader->bridge, window_rest(&reader->window).data, size, &json, &json_size, &at,
				   &fault);
	*blank = code == 0 && json_size == 0;
	if (code == 0)
		*frame = (struct frame){.kind = FRAME_RECORD,
					.bytes = {json, (size_t)json_size},
					.number = reader->number,
					.offset = offset,
					.whole_line = true};
	if (code == 0) {
		reader->number += !*blank;
		reader->window.at += size + whole;
		return 0;
	}
	if (code != ERROR_DATA) {
		*error = fault;
		return code;
	}
	(void)snprintf(reader->reason, sizeof(reader->reason), "%s", fault.message);
	set_broken(reader, frame, offset, whole ? reader->reason : CUT_SHORT, whole ? at : size);
	frame->cut_short = !whole;
	reader->window.at += size + whole;
	return 0;
}

int ion_next(struct ion_reader *reader, struct frame *frame, struct error *error)
{
	for (;;) {
		size_t size;
		bool whole, blank;
		int code = window_find_line(&reader->window, 0, &size, &whole, error);
		if (code != 0)
			return code;
		if (size > RECORD_SIZE_MAX) {
			set_broken(reader, frame, window_position(&reader->window), TOO_LARGE, 0);
			return window_skip_line(&reader->window, error);
		}
		if (size == 0 && !whole) {
			*frame = (struct frame){.kind = FRAME_END,
						.number = reader->number,
						.offset = window_position(&reader->window),
						.ended = reader->window.ended};
			return 0;
		}
		code = take_line(reader, frame, size, whole, &blank, error);
		if (code != 0 || !blank)
			return code;
	}
}

#include "sources/csv.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/json.h"

enum { REASON_SIZE = 200, FIELD_STEP = 64 * 1024 };
#define CSV_JSON_MAX ((size_t)RECORD_SIZE_MAX * 8)

struct csv_reader {
	struct window window;
	const struct csv_dialect *dialect;
	struct csv_parser parser;
	bool has_parser;
	struct buffer names;       /* as JSON strings, one after the other */
	size_t *name_ends;         /* of each in `names` */
	uint32_t name_count;       /* SIZE: of a row */
	bool in_header, has_names; /* this row is the header; the names are known */
	bool begun;                /* a row has been met */
	/* the present row */
	struct buffer json;
	uint32_t fields;
	uint32_t ends;      /* of rows, since the last piece was begun */
	bool repeats_names; /* all its fields so far are the names */
	bool failed;        /* memory */
	bool in_line;       /* the rest of the line at `at` belongs to what was too large */
	uint64_t number;    /* of the next row */
	char reason[REASON_SIZE];
};

static int keep_space(unsigned char byte)
{
	(void)byte;
	return 0;
}

static bool start_parser(struct csv_reader *reader)
{
	unsigned char options = CSV_STRICT | CSV_STRICT_FINI;
	options |= CSV_EMPTY_IS_NULL;
	if (reader->has_parser)
		csv_free(&reader->parser);
	reader->has_parser = csv_init(&reader->parser, options) == 0;
	if (!reader->has_parser)
		return false;
	/* Its own step of 128 bytes would copy a field of megabytes a thousand times. */
	csv_set_blk_size(&reader->parser, FIELD_STEP);
	csv_set_delim(&reader->parser, (unsigned char)reader->dialect->delimiter);
	csv_set_space_func(&reader->parser, keep_space);
	return true;
}

static bool add_name(struct csv_reader *reader, struct slice name)
{
	(void)buffer_append_json(&reader->names, name);
	reader->name_ends[reader->name_count++] = reader->names.size;
	return !reader->names.failed;
}

static struct slice name_of(const struct csv_reader *reader, uint32_t index)
{
	size_t begin = index > 0 ? reader->name_ends[index - 1] : 0;
	return (struct slice){reader->names.data + begin, reader->name_ends[index] - begin};
}

int csv_open(struct byte_source source, size_t window, const struct csv_dialect *dialect, struct csv_reader **result,
	     struct error *error)
{
	struct csv_reader *reader = calloc(1, sizeof(*reader));
	*result = NULL;
	if (reader == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	reader->dialect = dialect;
	reader->in_header = dialect->names == NULL;
	buffer_init(&reader->names, CSV_JSON_MAX);
	buffer_init(&reader->json, CSV_JSON_MAX);
	reader->name_ends = calloc(CSV_FIELDS_MAX, sizeof(*reader->name_ends));
	bool good = reader->name_ends != NULL && start_parser(reader) && window_open(&reader->window, source, window);
	for (uint32_t i = 0; dialect->names != NULL && i < dialect->name_count && good; i++)
		good = add_name(reader, slice_from(dialect->names[i]));
	reader->has_names = dialect->names != NULL;
	*result = reader;
	return good ? 0 : error_set(error, ERROR_INTERNAL, "out of memory");
}

void csv_close(struct csv_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->has_parser)
		csv_free(&reader->parser);
	buffer_release(&reader->names);
	buffer_release(&reader->json);
	free(reader->name_ends);
	window_release(&reader->window);
	free(reader);
}

uint64_t csv_bytes(const struct csv_reader *reader)
{
	return reader->window.origin + reader->window.end;
}

enum gzip_status csv_ended(const struct csv_reader *reader)
{
	return reader->window.ended;
}

/* ---- a row */

static void begin_row(struct csv_reader *reader)
{
	reader->json.size = 0;
	reader->fields = 0;
	reader->repeats_names = true;
}

static bool is_null(const struct csv_dialect *dialect, const char *text, size_t size)
{
	if (text == NULL)
		return dialect->empty_is_null || (dialect->null_text != NULL && dialect->null_text[0] == '\0');
	return dialect->null_text != NULL && size > 0 && slice_is((struct slice){text, size}, dialect->null_text);
}

static void on_field(void *bytes, size_t size, void *context)
{
	struct csv_reader *reader = context;
	const char *text = bytes;
	struct slice field = {text != NULL ? text : "", size};
	uint32_t index = reader->fields++;
	if (reader->in_header) {
		if (index < CSV_FIELDS_MAX)
			reader->failed = !add_name(reader, field) || reader->failed;
		return;
	}
	if (index >= reader->name_count)
		return;
	if (!reader->begun && reader->repeats_names)
		reader->repeats_names = slice_is(field,
						 reader->dialect->names != NULL ? reader->dialect->names[index] : "");
	(void)buffer_append_byte(&reader->json, index == 0 ? '{' : ',');
	(void)buffer_append_slice(&reader->json, name_of(reader, index));
	(void)buffer_append_byte(&reader->json, ':');
	if (is_null(reader->dialect, text, size))
		(void)buffer_append_text(&reader->json, "null");
	else
		(void)buffer_append_json(&reader->json, field);
}

static void on_row(int end, void *context)
{
	struct csv_reader *reader = context;
	(void)end;
	reader->ends++;
}

static void set_broken(struct csv_reader *reader, struct frame *frame, size_t size, const char *reason)
{
	uint64_t offset = window_position(&reader->window);
	*frame = (struct frame){.kind = FRAME_BROKEN,
				.bytes = {reader->window.data + reader->window.at, size},
				.number = reader->number++,
				.offset = offset,
				.reason = reason,
				.reason_offset = offset,
				.cut_short = reader->window.ended != GZIP_MORE && reader->window.ended != GZIP_END &&
					     reader->window.at + size == reader->window.end};
	reader->window.at += size;
}

/* NULL: a header by which rows can be named. */
static const char *header_fault(struct csv_reader *reader)
{
	static const char advice[] = "; no row of this file can be read. Repair the header, or give names: in the "
				     "contract";
	if (reader->fields > CSV_FIELDS_MAX)
		return "a header of more than 10000 fields";
	for (uint32_t i = 0; i < reader->name_count; i++) {
		struct slice name = name_of(reader, i);
		bool twice = false;
		for (uint32_t other = 0; other < i && !twice; other++)
			twice = slice_equal(name, name_of(reader, other));
		if (!twice && name.size > 2)
			continue;
		int size = name.size < 60 ? (int)name.size : 60;
		(void)snprintf(reader->reason, sizeof(reader->reason), "the header %s %.*s%s",
			       twice ? "has twice the name" : "has an empty name:", size, name.data, advice);
		return reader->reason;
	}
	return NULL;
}

/* The first row, whose names are to be learnt. */
static bool take_header(struct csv_reader *reader, struct frame *frame, size_t size)
{
	const char *fault = header_fault(reader);
	reader->in_header = false;
	reader->has_names = fault == NULL;
	if (fault == NULL) {
		reader->window.at += size;
		return false;
	}
	set_broken(reader, frame, size, fault);
	return true;
}

/* What has ended: false when it is no row. size: its bytes in the file. */
static bool take_row(struct csv_reader *reader, struct frame *frame, size_t size)
{
	bool first = !reader->begun;
	reader->begun = true;
	if (reader->in_header)
		return take_header(reader, frame, size);
	if (first && reader->dialect->names != NULL && reader->repeats_names && reader->fields == reader->name_count) {
		reader->window.at += size;
		return false;
	}
	if (reader->fields != reader->name_count) {
		(void)snprintf(reader->reason, sizeof(reader->reason), "a row of %u fields where there are %u names",
			       reader->fields, reader->name_count);
		set_broken(reader, frame, size, reader->reason);
		return true;
	}
	(void)buffer_append_byte(&reader->json, '}');
	if (buffer_reserve(&reader->json, JSON_PADDING) != 0)
		reader->failed = true;
	*frame = (struct frame){.kind = FRAME_RECORD,
				.bytes = buffer_slice(&reader->json),
				.number = reader->number++,
				.offset = window_position(&reader->window),
				.whole_line = true};
	reader->window.at += size;
	return true;
}

/* ---- the file */

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a row");
}

/* A row that ends where it must not; a broken header leaves nothing to name rows by. */
static int give_up(struct csv_reader *reader, struct frame *frame, size_t size, const char *reason, struct error *error)
{
	reader->in_header = false;
	reader->begun = true;
	set_broken(reader, frame, size, reason);
	return start_parser(reader) ? 0 : out_of_memory(error);
}

/* All that is left of a row when the file ends. */
static int end_row(struct csv_reader *reader, struct frame *frame, size_t used, bool *found, struct error *error)
{
	bool whole = reader->window.ended == GZIP_END;
	bool closed = csv_fini(&reader->parser, on_field, on_row, reader) == 0;
	if (reader->failed)
		return out_of_memory(error);
	*found = true;
	if (!whole || !closed)
		return give_up(reader, frame, used, whole ? "a quoted field has no end" : "the data end inside it",
			       error);
	*found = take_row(reader, frame, used);
	return 0;
}

/* Feeds lines until one ends the row. */
static int read_row(struct csv_reader *reader, struct frame *frame, bool *found, struct error *error)
{
	size_t used = 0, piece;
	bool whole;
	int code = reader->in_line ? window_skip_line(&reader->window, error) : 0;
	reader->in_line = false;
	begin_row(reader);
	*found = false;
	if (code != 0)
		return code;
	for (;;) {
		code = window_find_line(&reader->window, used, &piece, &whole, error);
		if (code != 0)
			return code;
		piece += whole;
		if (used + piece > RECORD_SIZE_MAX) {
			reader->in_line = !whole;
			code = give_up(reader, frame, used + piece, "larger than 16 MB", error);
			frame->bytes.size = 0;
			*found = true;
			return code;
		}
		if (piece == 0)
			return used > 0 ? end_row(reader, frame, used, found, error) : 0;
		const char *bytes = reader->window.data + reader->window.at + used;
		bool last = !whole;
		reader->ends = 0;
		size_t parsed = csv_parse(&reader->parser, bytes, piece, on_field, on_row, reader);
		used += piece;
		if (reader->failed || reader->json.failed ||
		    (parsed != piece && csv_error(&reader->parser) != CSV_EPARSE))
			return out_of_memory(error);
		*found = true;
		if (parsed != piece)
			return give_up(reader, frame, used, "a quote that neither begins nor ends a field", error);
		if (reader->ends > 1 ||
		    (reader->ends == 1 && (reader->parser.quoted || (last && bytes[piece - 1] != '\r'))))
			return give_up(reader, frame, used, "a carriage return within a line and outside of quotes",
				       error);
		*found = reader->ends == 1 && take_row(reader, frame, used);
		if (reader->ends == 1 || (!last && !reader->parser.quoted)) {
			reader->window.at += reader->ends == 0 ? used : 0; /* an empty line */
			return 0;
		}
	}
}

static int skip_mark(struct csv_reader *reader, struct error *error)
{
	int code = window_need(&reader->window, 3, error);
	struct slice rest = window_rest(&reader->window);
	if (code == 0 && rest.size >= 3 && memcmp(rest.data, "\xef\xbb\xbf", 3) == 0)
		reader->window.at += 3;
	return code;
}

/* Of a file without names nothing can be read. */
static int skip_all(struct csv_reader *reader, struct error *error)
{
	int code = 0;
	while (code == 0 && (window_rest(&reader->window).size > 0 || reader->window.ended == GZIP_MORE))
		code = window_skip_line(&reader->window, error);
	return code;
}

int csv_next(struct csv_reader *reader, struct frame *frame, struct error *error)
{
	int code = 0;
	bool found = false;
	if (window_position(&reader->window) == 0)
		code = skip_mark(reader, error);
	while (code == 0 && !found) {
		if (!reader->in_header && !reader->has_names)
			code = skip_all(reader, error);
		if (code == 0)
			code = read_row(reader, frame, &found, error);
		if (code == 0 && !found && window_rest(&reader->window).size == 0 && reader->window.ended != GZIP_MORE)
			break;
	}
	if (code == 0 && reader->failed)
		return out_of_memory(error);
	if (code != 0 || found)
		return code;
	*frame = (struct frame){.kind = FRAME_END,
				.number = reader->number,
				.offset = window_position(&reader->window),
				.ended = reader->window.ended};
	return 0;
}

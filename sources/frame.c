#include "sources/frame.h"

#include <stdlib.h>

#include "base/buffer.h"

enum { SEPARATORS_AHEAD = 16 }; /* bytes looked through for what follows a record */

static const char TOO_LARGE[] = "larger than 16 MB";
static const char CUT_SHORT[] = "the data end inside it";
static const char ENVELOPE_NOT_CLOSED[] = "the data end before the envelope's '}'";
static const char NOT_CLOSED[] = "not closed before the next record begins";

enum container { CONTAINER_NONE, CONTAINER_ARRAY, CONTAINER_RECORDS, CONTAINER_TAIL };

struct frame_reader {
	struct window window;
	bool exact;
	frame_line line;     /* NULL: lines are JSON or nothing */
	bool pages;          /* there may be any */
	bool no_envelopes;   /* nor envelopes */
	bool in_page;        /* the envelope is one */
	struct buffer page;  /* it without its items, as far as it is read */
	uint64_t page_first; /* number of its first item */
	enum container container;
	bool in_array;                          /* around the envelope too */
	uint64_t array_opened, envelope_opened; /* where they began */
	bool fresh_line;                        /* only white space since the line began */
	size_t indent;                          /* how much of it */
	bool after_broken;                      /* closing brackets may be a malformed record's remains */
	uint64_t number;                        /* of the next record */
	size_t taken;                           /* bytes of the record delivered last, 0 when none is */
	bool rejected;                          /* it is malformed */
	bool unscanned;                         /* it was handed over as a line */
	bool whole_line;                        /* as in struct frame */
	uint64_t scan_until;                    /* up to here a line is no single record */
};

struct frame_reader *frame_open(struct byte_source source, size_t window, bool exact)
{
	struct frame_reader *reader = malloc(sizeof(*reader));
	if (reader == NULL)
		return NULL;
	*reader = (struct frame_reader){.exact = exact, .fresh_line = true};
	buffer_init(&reader->page, RECORD_SIZE_MAX + PAGE_HEAD_MAX + JSON_PADDING);
	if (!window_open(&reader->window, source, window)) {
		free(reader);
		return NULL;
	}
	return reader;
}

void frame_close(struct frame_reader *reader)
{
	if (reader == NULL)
		return;
	window_release(&reader->window);
	buffer_release(&reader->page);
	free(reader);
}

void frame_accept_lines(struct frame_reader *reader, frame_line line)
{
	reader->line = line;
}

void frame_accept_pages(struct frame_reader *reader)
{
	reader->pages = true;
}

void frame_refuse_envelopes(struct frame_reader *reader)
{
	reader->no_envelopes = true;
}

int frame_peek(struct frame_reader *reader, size_t size, struct slice *first, struct error *error)
{
	int code = window_need(&reader->window, size, error);
	*first = window_rest(&reader->window);
	first->size = first->size < size ? first->size : size;
	return code;
}

uint64_t frame_bytes(const struct frame_reader *reader)
{
	return reader->window.origin + reader->window.end;
}

enum gzip_status frame_ended(const struct frame_reader *reader)
{
	return reader->window.ended;
}

/* ---- between records */

static bool is_byte_order_mark(struct slice bytes)
{
	return bytes.size >= 3 && memcmp(bytes.data, "\xef\xbb\xbf", 3) == 0;
}

/* Passes over what may stand between records. */
static int skip_separators(struct frame_reader *reader, struct error *error)
{
	for (;;) {
		while (reader->window.at < reader->window.end) {
			char byte = reader->window.data[reader->window.at];
			if (byte == '\n') {
				reader->fresh_line = true;
				reader->indent = 0;
			} else if (byte == ' ' || byte == '\t') {
				reader->indent++;
			} else if (byte == ',') {
				reader->fresh_line = false;
			} else if (byte != '\r') {
				break;
			}
			reader->window.at++;
		}
		if (reader->window.at < reader->window.end) {
			if (reader->window.data[reader->window.at] != '\xef')
				return 0;
			int code = window_need(&reader->window, 3, error);
			if (code != 0)
				return code;
			if (!is_byte_order_mark(window_rest(&reader->window)))
				return 0;
			reader->window.at += 3;
			continue;
		}
		if (reader->window.ended != GZIP_MORE)
			return 0;
		int code = window_fill(&reader->window, error);
		if (code != 0)
			return code;
	}
}

/* The first place after bytes.data[from - 1] where a record can begin, or SIZE_MAX. With more bytes to come, places too
 * near to the end to be told are left: *from then says where to go on. */
static size_t find_start(const struct frame_reader *reader, struct slice bytes, size_t *from, bool more)
{
	size_t indent = reader->fresh_line ? reader->indent : 0;
	size_t limit = more ? (bytes.size > SCAN_CONTEXT ? bytes.size - SCAN_CONTEXT : 0) : bytes.size;
	while (*from < limit) {
		const char *brace = memchr(bytes.data + *from, '{', limit - *from);
		if (brace == NULL)
			break;
		size_t at = (size_t)(brace - bytes.data);
		size_t start;
		if (scan_starts_record(bytes, at, indent, &start) && start > 0)
			return start;
		*from = at + 1;
	}
	if (*from < limit)
		*from = limit;
	return SIZE_MAX;
}

/* Whether `at` is the first on its line, after a jump. */
static void set_line(struct frame_reader *reader)
{
	reader->indent = scan_line_indent((struct slice){reader->window.data, reader->window.end}, reader->window.at);
	reader->fresh_line = reader->indent != SIZE_MAX;
}

/* What ends with the stream is told once, for the record it ends in. */
static void close_containers(struct frame_reader *reader)
{
	reader->container = CONTAINER_NONE;
	reader->in_array = false;
}

/* From a malformed record at `at` to the next place where one can begin, `from` bytes on or later, or to the end. */
static int resync(struct frame_reader *reader, size_t from, bool *found, struct error *error)
{
	for (;;) {
		bool more = reader->window.ended == GZIP_MORE;
		size_t start = find_start(reader, window_rest(&reader->window), &from, more);
		*found = start != SIZE_MAX;
		if (*found || !more) {
			reader->window.at = *found ? reader->window.at + start : reader->window.end;
			set_line(reader);
			if (!*found)
				close_containers(reader);
			return 0;
		}
		/* What is looked back at stays. */
		size_t keep = from > SCAN_CONTEXT + 1 ? from - SCAN_CONTEXT - 1 : 0;
		reader->window.at += keep;
		from -= keep;
		int code = window_fill(&reader->window, error);
		if (code != 0)
			return code;
	}
}

/* ---- frames */

static void set_broken(struct frame_reader *reader, struct frame *frame, uint64_t offset, const char *reason,
		       uint64_t reason_offset)
{
	*frame = (struct frame){.kind = FRAME_BROKEN,
				.number = reader->number++,
				.offset = offset,
				.reason = reason,
				.reason_offset = reason_offset};
	reader->after_broken = true;
	reader->taken = 0;
}

/* The stream ends inside a record, and so inside every container. */
static void set_cut_short(struct frame_reader *reader, struct frame *frame, uint64_t offset, const char *reason,
			  uint64_t reason_offset)
{
	set_broken(reader, frame, offset, reason, reason_offset);
	frame->cut_short = true;
	close_containers(reader);
}

/* A malformed record at `at`: sets the frame and goes on to the next one. at_end: it reaches the end of the stream. */
static int broken(struct frame_reader *reader, struct frame *frame, const char *reason, size_t reason_at, bool at_end,
		  struct error *error)
{
	uint64_t offset = window_position(&reader->window);
	uint64_t reason_offset = offset + reason_at;
	bool found;
	int code = resync(reader, 1, &found, error);
	if (code != 0)
		return code;
	if (at_end && !found) {
		set_cut_short(reader, frame, offset, CUT_SHORT, frame_bytes(reader));
		return 0;
	}
	set_broken(reader, frame, offset, at_end ? NOT_CLOSED : reason,
		   at_end ? window_position(&reader->window) : reason_offset);
	return 0;
}

static void set_record(struct frame_reader *reader, struct frame *frame, size_t size)
{
	*frame = (struct frame){.kind = FRAME_RECORD,
				.bytes = {reader->window.data + reader->window.at, size},
				.number = reader->number,
				.offset = window_position(&reader->window),
				.whole_line = reader->whole_line};
	reader->taken = size;
	reader->after_broken = false;
}

/* A record whose first `scanned` bytes, more than RECORD_SIZE_MAX, are scanned with `status`: reads on to its end
 * without keeping it. */
static int too_large(struct frame_reader *reader, struct frame *frame, struct scan *scan, enum scan_status status,
		     size_t scanned, struct error *error)
{
	uint64_t offset = window_position(&reader->window);
	size_t from = 1;
	size_t start = find_start(reader, (struct slice){window_rest(&reader->window).data, RECORD_SIZE_MAX}, &from,
				  false);
	if (start != SIZE_MAX) {
		/* Rather one that is not closed and has swallowed others. */
		reader->window.at += start;
		set_line(reader);
		set_broken(reader, frame, offset, NOT_CLOSED, window_position(&reader->window));
		return 0;
	}
	while (status == SCAN_MORE && reader->window.ended == GZIP_MORE) {
		/* As much stays as resync looks back at. */
		reader->window.at += scanned - SCAN_CONTEXT;
		scanned = SCAN_CONTEXT;
		int code = window_fill(&reader->window, error);
		if (code != 0)
			return code;
		status = scan_run(scan, window_rest(&reader->window), &scanned);
	}
	if (status == SCAN_MORE) {
		reader->window.at = reader->window.end;
		set_cut_short(reader, frame, offset, TOO_LARGE, offset);
		return 0;
	}
	bool found;
	int code = 0;
	if (status == SCAN_BAD)
		code = resync(reader, scanned, &found, error);
	else
		reader->window.at += scanned;
	set_broken(reader, frame, offset, TOO_LARGE, offset);
	return code;
}

/* Scans the value at `at` to its end, to what breaks it, or until it is larger than a record may be. *end: as scan_run
 * has it. */
static int scan_to_end(struct frame_reader *reader, struct scan *scan, enum scan_status *status, size_t *end,
		       struct error *error)
{
	for (;;) {
		*status = scan_run(scan, window_rest(&reader->window), end);
		if (*status != SCAN_MORE || reader->window.ended != GZIP_MORE || *end > RECORD_SIZE_MAX)
			return 0;
		int code = window_fill(&reader->window, error);
		if (code != 0)
			return code;
	}
}

/* Whether the record of `size` bytes at `at`, the first on its line, is on one line with nothing after it. */
static int ends_line(struct frame_reader *reader, size_t size, bool *ends, struct error *error)
{
	int code = window_need(&reader->window, size + SEPARATORS_AHEAD, error);
	if (code != 0)
		return code;
	struct slice bytes = window_rest(&reader->window);
	*ends = false;
	if (memchr(bytes.data, '\n', size) != NULL)
		return 0;
	size_t i = size;
	while (i < bytes.size && i < size + SEPARATORS_AHEAD && bytes.data[i] != '\n' &&
	       (scan_is_space(bytes.data[i]) || bytes.data[i] == ','))
		i++;
	*ends = i < size + SEPARATORS_AHEAD && (i == bytes.size || bytes.data[i] == '\n');
	return 0;
}

/* The value at `at`, by depth. */
static int cut_by_depth(struct frame_reader *reader, struct frame *frame, struct error *error)
{
	struct scan scan;
	size_t end = 1;
	enum scan_status status;
	scan_init(&scan, reader->window.data[reader->window.at]);
	int code = scan_to_end(reader, &scan, &status, &end, error);
	if (code != 0)
		return code;
	if (end > RECORD_SIZE_MAX)
		return too_large(reader, frame, &scan, status, end, error);
	if (status != SCAN_END)
		return broken(reader, frame, scan.reason, end, status == SCAN_MORE, error);
	reader->whole_line = false;
	if (reader->fresh_line)
		code = ends_line(reader, end, &reader->whole_line, error);
	if (code != 0)
		return code;
	reader->unscanned = false;
	set_record(reader, frame, end);
	return 0;
}

/* *size: of the line that begins at `at`, without white space and commas at its end; 0 when it is no candidate for a
 * record. Only looks as far as one window. */
static int find_line(struct frame_reader *reader, size_t *size, struct error *error)
{
	*size = 0;
	/* A page of one line is no line of one record. */
	if (reader->exact || (reader->in_page && reader->container == CONTAINER_RECORDS) ||
	    window_position(&reader->window) < reader->scan_until)
		return 0;
	struct slice bytes = window_rest(&reader->window);
	const char *line_end = memchr(bytes.data, '\n', bytes.size);
	if (line_end == NULL && reader->window.ended == GZIP_MORE && reader->window.at > 0) {
		int code = window_fill(&reader->window, error);
		if (code != 0)
			return code;
		bytes = window_rest(&reader->window);
		line_end = memchr(bytes.data, '\n', bytes.size);
	}
	if (line_end == NULL && reader->window.ended == GZIP_MORE) {
		reader->scan_until = window_position(&reader->window) + bytes.size;
		return 0;
	}
	size_t end = line_end != NULL ? (size_t)(line_end - bytes.data) : bytes.size;
	size_t whole = end;
	while (end > 0 && (scan_is_space(bytes.data[end - 1]) || bytes.data[end - 1] == ','))
		end--;
	/* In an envelope a line that ends with "]}" is rather its last record and its own end. */
	bool envelope_end = reader->container == CONTAINER_RECORDS && end >= 2 && bytes.data[end - 2] == ']';
	if (bytes.data[end - 1] == '}' && !envelope_end && end <= RECORD_SIZE_MAX)
		*size = end;
	else
		reader->scan_until = window_position(&reader->window) + whole;
	return 0;
}

/* Goes into an envelope or a page, whose elements begin `elements` bytes on. */
static int enter(struct frame_reader *reader, size_t elements, bool page, struct error *error)
{
	reader->envelope_opened = window_position(&reader->window);
	reader->in_page = page;
	reader->page_first = reader->number;
	reader->page.size = 0;
	if (page &&
	    buffer_append_slice(&reader->page, (struct slice){window_rest(&reader->window).data, elements}) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory for a page");
	reader->window.at += elements;
	reader->container = CONTAINER_RECORDS;
	reader->fresh_line = false;
	return 0;
}

/* An object begins at `at`: a record, or an envelope, which is entered. *entered says which. */
static int object(struct frame_reader *reader, struct frame *frame, bool *entered, struct error *error)
{
	size_t line;
	*entered = false;
	int code = find_line(reader, &line, error);
	if (code != 0)
		return code;
	for (;;) {
		size_t elements;
		struct slice bytes = window_rest(&reader->window);
		if (line > 0)
			bytes.size = line;
		bool pages = reader->pages && reader->container != CONTAINER_RECORDS;
		enum scan_shape shape = reader->no_envelopes ? SHAPE_RECORD : scan_object(bytes, pages, &elements);
		if (shape == SHAPE_PAGE && elements > PAGE_HEAD_MAX)
			shape = SHAPE_RECORD;
		*entered = shape == SHAPE_ENVELOPE || shape == SHAPE_PAGE;
		if (*entered)
			return enter(reader, elements, shape == SHAPE_PAGE, error);
		if (shape == SHAPE_RECORD || line > 0 || reader->window.ended != GZIP_MORE ||
		    bytes.size > RECORD_SIZE_MAX)
			break;
		code = window_fill(&reader->window, error);
		if (code != 0)
			return code;
	}
	if (line == 0)
		return cut_by_depth(reader, frame, error);
	reader->unscanned = true;
	reader->whole_line = false;
	set_record(reader, frame, line);
	return 0;
}

/* The page that ends with `tail`, as an object. */
static int set_page(struct frame_reader *reader, struct frame *frame, struct slice tail, struct error *error)
{
	struct buffer *page = &reader->page;
	/* The comma after the items has been passed over. */
	const char *close = tail.data[0] == '}' ? "]" : "],";
	if (buffer_append_text(page, close) != 0 || buffer_append_slice(page, tail) != 0 ||
	    buffer_reserve(page, JSON_PADDING) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory for a page");
	*frame = (struct frame){.kind = FRAME_PAGE,
				.bytes = buffer_slice(page),
				.number = reader->number,
				.offset = reader->envelope_opened,
				.items = reader->number - reader->page_first};
	reader->taken = 0;
	return 0;
}

/* What follows an envelope's ']': mostly nothing but its '}'. */
static int envelope_tail(struct frame_reader *reader, struct frame *frame, bool *well, struct error *error)
{
	struct scan scan;
	size_t end = 0;
	enum scan_status status;
	const char *reason;
	*well = false;
	reader->container = reader->in_array ? CONTAINER_ARRAY : CONTAINER_NONE;
	scan_init(&scan, ']');
	int code = scan_to_end(reader, &scan, &status, &end, error);
	if (code != 0)
		return code;
	if (end > RECORD_SIZE_MAX)
		return too_large(reader, frame, &scan, status, end, error);
	if (status == SCAN_MORE) {
		reader->window.at = reader->window.end;
		set_cut_short(reader, frame, reader->envelope_opened, ENVELOPE_NOT_CLOSED, frame_bytes(reader));
		return 0;
	}
	if (status == SCAN_BAD)
		return broken(reader, frame, scan.reason, end, false, error);
	struct slice tail = {window_rest(&reader->window).data, end};
	*well = scan_envelope_tail(tail, reader->in_page, &reason);
	uint64_t offset = window_position(&reader->window);
	if (*well && reader->in_page) {
		*well = false;
		code = set_page(reader, frame, tail, error);
		reader->window.at += end;
		reader->fresh_line = false;
		return code;
	}
	reader->window.at += end;
	reader->fresh_line = false;
	if (!*well)
		set_broken(reader, frame, offset, reason, offset);
	return 0;
}

/* Something that can begin no record: to the end of its line, or in a container to the next separator. */
static int junk(struct frame_reader *reader, struct frame *frame, struct error *error)
{
	const char *stops = reader->container == CONTAINER_NONE ? "\n{" : "\n{[,]}";
	uint64_t offset = window_position(&reader->window);
	reader->window.at++;
	for (;;) {
		while (reader->window.at < reader->window.end) {
			char byte = reader->window.data[reader->window.at];
			if (byte != '\0' && strchr(stops, byte) != NULL)
				break;
			reader->window.at++;
		}
		if (reader->window.at < reader->window.end || reader->window.ended != GZIP_MORE)
			break;
		int code = window_fill(&reader->window, error);
		if (code != 0)
			return code;
	}
	reader->fresh_line = false;
	set_broken(reader, frame, offset, "not an object", offset);
	return 0;
}

/* *size: of a line at `at` that is a record though it is no JSON, 0 when there is none. */
static int text_line(struct frame_reader *reader, size_t *size, struct error *error)
{
	*size = 0;
	if (reader->line == NULL || reader->container != CONTAINER_NONE || !reader->fresh_line)
		return 0;
	for (;;) {
		struct slice bytes = window_rest(&reader->window);
		enum scan_status status = reader->line(bytes, size);
		if (status == SCAN_MORE && reader->window.ended == GZIP_MORE && bytes.size <= RECORD_SIZE_MAX) {
			int code = window_fill(&reader->window, error);
			if (code != 0)
				return code;
			continue;
		}
		if (status == SCAN_BAD || *size > RECORD_SIZE_MAX)
			*size = 0;
		return 0;
	}
}

/* Something that begins no object: a line that stands for a record, or else junk. */
static int no_object(struct frame_reader *reader, struct frame *frame, struct error *error)
{
	size_t size;
	int code = text_line(reader, &size, error);
	if (code != 0)
		return code;
	if (size == 0)
		return junk(reader, frame, error);
	reader->unscanned = false;
	reader->whole_line = true;
	set_record(reader, frame, size);
	frame->is_text = true;
	return 0;
}

/* The stream has ended between records. */
static void finish(struct frame_reader *reader, struct frame *frame)
{
	if (reader->container == CONTAINER_NONE && !reader->in_array) {
		*frame = (struct frame){.kind = FRAME_END,
					.number = reader->number,
					.offset = window_position(&reader->window),
					.ended = reader->window.ended};
		return;
	}
	bool array = reader->container == CONTAINER_ARRAY;
	set_cut_short(reader, frame, array ? reader->array_opened : reader->envelope_opened,
		      array ? "the data end before the array's ']'" : ENVELOPE_NOT_CLOSED,
		      window_position(&reader->window));
}

/* A bracket between records. True when it opens or closes a container (or is what a malformed record left over). */
static bool bracket(struct frame_reader *reader, char byte)
{
	enum container container = reader->container;
	if (byte == '[' && (container == CONTAINER_NONE || reader->after_broken)) {
		reader->container = CONTAINER_ARRAY;
		reader->in_array = true;
		reader->array_opened = window_position(&reader->window);
	} else if (byte == ']' && container == CONTAINER_ARRAY) {
		reader->container = CONTAINER_NONE;
		reader->in_array = false;
	} else if (byte == ']' && container == CONTAINER_RECORDS) {
		reader->container = CONTAINER_TAIL;
	} else if (!(reader->after_broken && (byte == ']' || byte == '}'))) {
		return false;
	}
	reader->window.at++;
	reader->fresh_line = false;
	return true;
}

/* Whether the malformed record of `size` bytes at `at`, which ends by its brackets, is followed by another record, so
 * that the brackets are to be believed. */
static int is_followed(struct frame_reader *reader, size_t size, bool *followed, struct error *error)
{
	int code = window_need(&reader->window, size + SEPARATORS_AHEAD + SCAN_CONTEXT, error);
	if (code != 0)
		return code;
	struct slice bytes = window_rest(&reader->window);
	size_t at = size;
	while (at < bytes.size && at < size + SEPARATORS_AHEAD &&
	       (scan_is_space(bytes.data[at]) || bytes.data[at] == ','))
		at++;
	*followed = at == bytes.size || (bytes.data[at] == '{' && scan_may_be_record(bytes, at));
	return 0;
}

/* Leaves a malformed record of `size` bytes behind. */
static int leave_rejected(struct frame_reader *reader, size_t size, struct error *error)
{
	struct slice record = {window_rest(&reader->window).data, size};
	size_t from = 1;
	size_t start = find_start(reader, record, &from, false);
	if (start != SIZE_MAX) {
		/* It has swallowed another one. */
		reader->window.at += start;
		set_line(reader);
		return 0;
	}
	bool followed;
	int code = is_followed(reader, size, &followed, error);
	if (code != 0)
		return code;
	if (!followed) {
		bool found;
		return resync(reader, size, &found, error);
	}
	reader->window.at += size;
	reader->fresh_line = false;
	return 0;
}

/* Leaves the record delivered last behind. */
static int leave(struct frame_reader *reader, struct error *error)
{
	size_t size = reader->taken;
	bool rejected = reader->rejected;
	reader->rejected = false;
	reader->taken = 0;
	if (size == 0)
		return 0;
	reader->number++;
	if (rejected && !reader->whole_line)
		return leave_rejected(reader, size, error);
	reader->window.at += size;
	reader->fresh_line = false;
	return 0;
}

int frame_next(struct frame_reader *reader, struct frame *frame, struct error *error)
{
	int code = leave(reader, error);
	if (code != 0)
		return code;
	for (;;) {
		bool again;
		code = skip_separators(reader, error);
		if (code != 0)
			return code;
		if (reader->window.at == reader->window.end) {
			finish(reader, frame);
			return 0;
		}
		char byte = reader->window.data[reader->window.at];
		if (reader->container == CONTAINER_TAIL) {
			code = envelope_tail(reader, frame, &again, error);
		} else if (byte == '{') {
			code = object(reader, frame, &again, error);
		} else if (bracket(reader, byte)) {
			again = true;
		} else if (byte == '[') {
			again = false;
			code = cut_by_depth(reader, frame, error);
		} else {
			again = false;
			code = no_object(reader, frame, error);
		}
		if (code != 0 || !again)
			return code;
	}
}

bool frame_reject(struct frame_reader *reader)
{
	if (reader->unscanned) {
		reader->unscanned = false;
		reader->scan_until = window_position(&reader->window) + reader->taken;
		reader->taken = 0;
		return true;
	}
	reader->rejected = true;
	/* Of a whole line nothing is left over: who passes it over unparsed goes on the same. */
	reader->after_broken = !reader->whole_line;
	return false;
}

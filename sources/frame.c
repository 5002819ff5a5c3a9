#include "sources/frame.h"

#include <stdlib.h>

#include "base/json.h"
#include "sources/events.h"
#include "sources/scan.h"

enum {
	/* Room for more than the largest record, so that "too large" is known before the window is full. */
	CAPACITY_MAX = RECORD_SIZE_MAX + 64 * 1024,
	SEPARATORS_AHEAD = 16 /* bytes looked through for what follows a record */
};

static const char TOO_LARGE[] = "larger than 16 MB";
static const char CUT_SHORT[] = "the data end inside it";
static const char ENVELOPE_NOT_CLOSED[] = "the data end before the envelope's '}'";
static const char NOT_CLOSED[] = "not closed before the next record begins";

enum container { CONTAINER_NONE, CONTAINER_ARRAY, CONTAINER_RECORDS, CONTAINER_TAIL };

struct frame_reader {
	struct frame_source source;
	size_t window;
	bool exact;
	enum gzip_status ended; /* GZIP_MORE while there may be more */
	char *data;
	size_t capacity; /* without the padding */
	size_t at, end;  /* data[at..end): not yet used */
	uint64_t origin; /* of data[0] in the stream */
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

struct frame_reader *frame_open(struct frame_source source, size_t window, bool exact)
{
	struct frame_reader *reader = malloc(sizeof(*reader));
	if (reader == NULL)
		return NULL;
	*reader = (struct frame_reader){
		.source = source, .window = window, .exact = exact, .capacity = window, .fresh_line = true};
	reader->data = malloc(window + JSON_PADDING);
	if (reader->data == NULL) {
		free(reader);
		return NULL;
	}
	return reader;
}

static int read_gzip(void *context, void *bytes, size_t capacity, size_t *size, enum gzip_status *status,
		     struct error *error)
{
	return gzip_read(context, bytes, capacity, size, status, error);
}

struct frame_source frame_source_gzip(struct gzip_reader *reader)
{
	return (struct frame_source){reader, read_gzip};
}

void frame_close(struct frame_reader *reader)
{
	if (reader == NULL)
		return;
	free(reader->data);
	free(reader);
}

uint64_t frame_bytes(const struct frame_reader *reader)
{
	return reader->origin + reader->end;
}

enum gzip_status frame_ended(const struct frame_reader *reader)
{
	return reader->ended;
}

static struct slice rest(const struct frame_reader *reader)
{
	return (struct slice){reader->data + reader->at, reader->end - reader->at};
}

static uint64_t position(const struct frame_reader *reader)
{
	return reader->origin + reader->at;
}

/* Forgets what is before `at`. */
static void compact(struct frame_reader *reader)
{
	struct slice kept = rest(reader);
	if (kept.size > 0)
		memmove(reader->data, kept.data, kept.size);
	reader->origin += reader->at;
	reader->at = 0;
	reader->end = kept.size;
}

/* Adds bytes after the present ones, which may move: up to a window full, or as many again when what is there fills
 * half of that already. Does nothing when the stream has ended. */
static int fill(struct frame_reader *reader, struct error *error)
{
	if (reader->ended != GZIP_MORE)
		return 0;
	if (reader->at > 0)
		compact(reader);
	size_t wanted = reader->end * 2 > reader->window ? reader->end * 2 : reader->window;
	if (wanted > CAPACITY_MAX)
		wanted = CAPACITY_MAX;
	if (wanted > reader->capacity) {
		char *data = realloc(reader->data, wanted + JSON_PADDING);
		if (data == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory for a record of %zu bytes", wanted);
		reader->data = data;
		reader->capacity = wanted;
	}
	if (reader->end >= wanted)
		return error_set(error, ERROR_INTERNAL, "a record outgrew its window");
	while (reader->end < wanted && reader->ended == GZIP_MORE) {
		size_t size = 0;
		int code = reader->source.read(reader->source.context, reader->data + reader->end, wanted - reader->end,
					       &size, &reader->ended, error);
		if (code != 0)
			return code;
		reader->end += size;
	}
	return 0;
}

/* At least `size` bytes after `at`, unless the stream has fewer. */
static int need(struct frame_reader *reader, size_t size, struct error *error)
{
	while (reader->end - reader->at < size && reader->ended == GZIP_MORE) {
		int code = fill(reader, error);
		if (code != 0)
			return code;
	}
	return 0;
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
		while (reader->at < reader->end) {
			char byte = reader->data[reader->at];
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
			reader->at++;
		}
		if (reader->at < reader->end) {
			if (reader->data[reader->at] != '\xef')
				return 0;
			int code = need(reader, 3, error);
			if (code != 0)
				return code;
			if (!is_byte_order_mark(rest(reader)))
				return 0;
			reader->at += 3;
			continue;
		}
		if (reader->ended != GZIP_MORE)
			return 0;
		int code = fill(reader, error);
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
	reader->indent = scan_line_indent((struct slice){reader->data, reader->end}, reader->at);
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
		bool more = reader->ended == GZIP_MORE;
		size_t start = find_start(reader, rest(reader), &from, more);
		*found = start != SIZE_MAX;
		if (*found || !more) {
			reader->at = *found ? reader->at + start : reader->end;
			set_line(reader);
			if (!*found)
				close_containers(reader);
			return 0;
		}
		/* What is looked back at stays. */
		size_t keep = from > SCAN_CONTEXT + 1 ? from - SCAN_CONTEXT - 1 : 0;
		reader->at += keep;
		from -= keep;
		int code = fill(reader, error);
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
	uint64_t offset = position(reader);
	uint64_t reason_offset = offset + reason_at;
	bool found;
	int code = resync(reader, 1, &found, error);
	if (code != 0)
		return code;
	if (at_end && !found) {
		set_cut_short(reader, frame, offset, CUT_SHORT, frame_bytes(reader));
		return 0;
	}
	set_broken(reader, frame, offset, at_end ? NOT_CLOSED : reason, at_end ? position(reader) : reason_offset);
	return 0;
}

static void set_record(struct frame_reader *reader, struct frame *frame, size_t size)
{
	*frame = (struct frame){.kind = FRAME_RECORD,
				.bytes = {reader->data + reader->at, size},
				.number = reader->number,
				.offset = position(reader),
				.whole_line = reader->whole_line};
	reader->taken = size;
	reader->after_broken = false;
}

/* A record whose first `scanned` bytes, more than RECORD_SIZE_MAX, are scanned with `status`: reads on to its end
 * without keeping it. */
static int too_large(struct frame_reader *reader, struct frame *frame, struct scan *scan, enum scan_status status,
		     size_t scanned, struct error *error)
{
	uint64_t offset = position(reader);
	size_t from = 1;
	size_t start = find_start(reader, (struct slice){rest(reader).data, RECORD_SIZE_MAX}, &from, false);
	if (start != SIZE_MAX) {
		/* Rather one that is not closed and has swallowed others. */
		reader->at += start;
		set_line(reader);
		set_broken(reader, frame, offset, NOT_CLOSED, position(reader));
		return 0;
	}
	while (status == SCAN_MORE && reader->ended == GZIP_MORE) {
		/* As much stays as resync looks back at. */
		reader->at += scanned - SCAN_CONTEXT;
		scanned = SCAN_CONTEXT;
		int code = fill(reader, error);
		if (code != 0)
			return code;
		status = scan_run(scan, rest(reader), &scanned);
	}
	if (status == SCAN_MORE) {
		reader->at = reader->end;
		set_cut_short(reader, frame, offset, TOO_LARGE, offset);
		return 0;
	}
	bool found;
	int code = 0;
	if (status == SCAN_BAD)
		code = resync(reader, scanned, &found, error);
	else
		reader->at += scanned;
	set_broken(reader, frame, offset, TOO_LARGE, offset);
	return code;
}

/* Scans the value at `at` to its end, to what breaks it, or until it is larger than a record may be. *end: as scan_run
 * has it. */
static int scan_to_end(struct frame_reader *reader, struct scan *scan, enum scan_status *status, size_t *end,
		       struct error *error)
{
	for (;;) {
		*status = scan_run(scan, rest(reader), end);
		if (*status != SCAN_MORE || reader->ended != GZIP_MORE || *end > RECORD_SIZE_MAX)
			return 0;
		int code = fill(reader, error);
		if (code != 0)
			return code;
	}
}

/* Whether the record of `size` bytes at `at`, the first on its line, is on one line with nothing after it. */
static int ends_line(struct frame_reader *reader, size_t size, bool *ends, struct error *error)
{
	int code = need(reader, size + SEPARATORS_AHEAD, error);
	if (code != 0)
		return code;
	struct slice bytes = rest(reader);
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
	scan_init(&scan, reader->data[reader->at]);
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
	if (reader->exact || position(reader) < reader->scan_until)
		return 0;
	struct slice bytes = rest(reader);
	const char *line_end = memchr(bytes.data, '\n', bytes.size);
	if (line_end == NULL && reader->ended == GZIP_MORE && reader->at > 0) {
		int code = fill(reader, error);
		if (code != 0)
			return code;
		bytes = rest(reader);
		line_end = memchr(bytes.data, '\n', bytes.size);
	}
	if (line_end == NULL && reader->ended == GZIP_MORE) {
		reader->scan_until = position(reader) + bytes.size;
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
		reader->scan_until = position(reader) + whole;
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
		struct slice bytes = rest(reader);
		if (line > 0)
			bytes.size = line;
		enum scan_shape shape = scan_object(bytes, &elements);
		if (shape == SHAPE_ENVELOPE) {
			reader->envelope_opened = position(reader);
			reader->at += elements;
			reader->container = CONTAINER_RECORDS;
			reader->fresh_line = false;
			*entered = true;
			return 0;
		}
		if (shape == SHAPE_RECORD || line > 0 || reader->ended != GZIP_MORE || bytes.size > RECORD_SIZE_MAX)
			break;
		code = fill(reader, error);
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
		reader->at = reader->end;
		set_cut_short(reader, frame, reader->envelope_opened, ENVELOPE_NOT_CLOSED, frame_bytes(reader));
		return 0;
	}
	if (status == SCAN_BAD)
		return broken(reader, frame, scan.reason, end, false, error);
	*well = scan_envelope_tail((struct slice){rest(reader).data, end}, &reason);
	uint64_t offset = position(reader);
	reader->at += end;
	reader->fresh_line = false;
	if (!*well)
		set_broken(reader, frame, offset, reason, offset);
	return 0;
}

/* Something that can begin no record: to the end of its line, or in a container to the next separator. */
static int junk(struct frame_reader *reader, struct frame *frame, struct error *error)
{
	const char *stops = reader->container == CONTAINER_NONE ? "\n{" : "\n{[,]}";
	uint64_t offset = position(reader);
	reader->at++;
	for (;;) {
		while (reader->at < reader->end) {
			char byte = reader->data[reader->at];
			if (byte != '\0' && strchr(stops, byte) != NULL)
				break;
			reader->at++;
		}
		if (reader->at < reader->end || reader->ended != GZIP_MORE)
			break;
		int code = fill(reader, error);
		if (code != 0)
			return code;
	}
	reader->fresh_line = false;
	set_broken(reader, frame, offset, "not an object", offset);
	return 0;
}

/* The stream has ended between records. */
static void finish(struct frame_reader *reader, struct frame *frame)
{
	if (reader->container == CONTAINER_NONE && !reader->in_array) {
		*frame = (struct frame){.kind = FRAME_END,
					.number = reader->number,
					.offset = position(reader),
					.ended = reader->ended};
		return;
	}
	bool array = reader->container == CONTAINER_ARRAY;
	set_cut_short(reader, frame, array ? reader->array_opened : reader->envelope_opened,
		      array ? "the data end before the array's ']'" : ENVELOPE_NOT_CLOSED, position(reader));
}

/* A bracket between records. True when it opens or closes a container (or is what a malformed record left over). */
static bool bracket(struct frame_reader *reader, char byte)
{
	enum container container = reader->container;
	if (byte == '[' && (container == CONTAINER_NONE || reader->after_broken)) {
		reader->container = CONTAINER_ARRAY;
		reader->in_array = true;
		reader->array_opened = position(reader);
	} else if (byte == ']' && container == CONTAINER_ARRAY) {
		reader->container = CONTAINER_NONE;
		reader->in_array = false;
	} else if (byte == ']' && container == CONTAINER_RECORDS) {
		reader->container = CONTAINER_TAIL;
	} else if (!(reader->after_broken && (byte == ']' || byte == '}'))) {
		return false;
	}
	reader->at++;
	reader->fresh_line = false;
	return true;
}

/* Whether the malformed record of `size` bytes at `at`, which ends by its brackets, is followed by another record, so
 * that the brackets are to be believed. */
static int is_followed(struct frame_reader *reader, size_t size, bool *followed, struct error *error)
{
	int code = need(reader, size + SEPARATORS_AHEAD + SCAN_CONTEXT, error);
	if (code != 0)
		return code;
	struct slice bytes = rest(reader);
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
	struct slice record = {rest(reader).data, size};
	size_t from = 1;
	size_t start = find_start(reader, record, &from, false);
	if (start != SIZE_MAX) {
		/* It has swallowed another one. */
		reader->at += start;
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
	reader->at += size;
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
	reader->at += size;
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
		if (reader->at == reader->end) {
			finish(reader, frame);
			return 0;
		}
		char byte = reader->data[reader->at];
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
			code = junk(reader, frame, error);
		}
		if (code != 0 || !again)
			return code;
	}
}

bool frame_reject(struct frame_reader *reader)
{
	if (reader->unscanned) {
		reader->unscanned = false;
		reader->scan_until = position(reader) + reader->taken;
		reader->taken = 0;
		return true;
	}
	reader->rejected = true;
	reader->after_broken = true;
	return false;
}

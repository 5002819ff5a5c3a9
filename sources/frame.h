/* frame - a stream of bytes cut into records: JSON lines, arrays, envelopes, objects one after another, told apart by
 * what is there.
 *
 * Between records white space, commas and byte order marks are passed over. A top-level array and the Records of an
 * envelope are cut by element. An envelope is an object with a member Records that holds objects (or nothing) and none
 * of Item, dynamodb, eventName, Keys: an attribute may have any of these names, a record's own members decide. Members
 * of an envelope beside Records are passed over. `records` is as good (Firehose transform events).
 *
 * Invariant: what is delivered, its numbers and offsets depend on the bytes alone, never on how they arrive.
 *
 * A line that begins with '{' and ends with '}' is handed over unscanned, since JSON strings hold no line breaks. Who
 * cannot parse it says so by frame_reject and gets the same place again, cut by depth. A record that is malformed even
 * so counts as one, up to the next place where a record can begin (sources/scan.h).
 *
 * Memory: one window (sources/window.h). Records larger than RECORD_SIZE_MAX are read over. One thread a reader.
 * Offsets are bytes in the uncompressed stream. */
#ifndef LAKEPROOF_SOURCES_FRAME_H
#define LAKEPROOF_SOURCES_FRAME_H

#include "sources/scan.h"
#include "sources/window.h"

enum { FRAME_WINDOW = 256 * 1024 };

enum frame_kind { FRAME_RECORD, FRAME_PAGE, FRAME_BROKEN, FRAME_END };

struct frame {
	enum frame_kind kind;
	struct slice bytes; /* FRAME_RECORD, FRAME_PAGE: JSON_PADDING more bytes are readable; borrowed until the next
			       call */
	uint64_t number;    /* ordinal over records delivered and broken; FRAME_PAGE: of the next of them */
	uint64_t offset;    /* of the record's or page's first byte */
	uint64_t items;     /* FRAME_PAGE: how many it held, broken ones included */
	bool is_text;       /* FRAME_RECORD: a line that is no JSON, as frame_accept_lines admits it */
	bool whole_line; /* FRAME_RECORD: it has one line for itself and its brackets pair: its extent is sure even if
			    it is malformed */
	const char *reason;     /* FRAME_BROKEN: static text */
	uint64_t reason_offset; /* FRAME_BROKEN: where it was seen */
	bool cut_short;         /* FRAME_BROKEN: because the stream ends */
	enum gzip_status ended; /* FRAME_END */
};

struct frame_reader;

/* NULL when out of memory. exact: never hand over a line unscanned. window: bytes to read at once, FRAME_WINDOW but in
 * tests. */
struct frame_reader *frame_open(struct byte_source source, size_t window, bool exact);
/* From now on an object {"Items":[{…},…],…} is a page: its items are records, and after them the page itself is
 * delivered, as the object it is without them. A page of which more than PAGE_HEAD_MAX bytes stand before the items is
 * a record. */
enum { PAGE_HEAD_MAX = 1024 * 1024 };
void frame_accept_pages(struct frame_reader *reader);
/* From now on an object is a record whatever its members are called. */
void frame_refuse_envelopes(struct frame_reader *reader);
/* Whether the bytes, which begin a line, are such a line: SCAN_END with *size of what comes before the line break,
 * white space aside; SCAN_BAD when not; SCAN_MORE with *size as well when they are one if they end here. */
typedef enum scan_status (*frame_line)(struct slice bytes, size_t *size);
/* From now on such lines, outside of arrays and envelopes, are records too. NULL: none. */
void frame_accept_lines(struct frame_reader *reader, frame_line line);
/* The stream's first `size` bytes, or as many as it has. Before the first frame only; borrowed until then. */
int frame_peek(struct frame_reader *reader, size_t size, struct slice *first, struct error *error) MUST_USE;
/* Errors: those of the source, ERROR_INTERNAL when out of memory. After FRAME_END every call gives FRAME_END. */
int frame_next(struct frame_reader *reader, struct frame *frame, struct error *error) MUST_USE;
/* The record just delivered cannot be parsed. True: the next call delivers the same place again, cut by depth. False:
 * it is malformed; the next call goes on after it. */
bool frame_reject(struct frame_reader *reader) MUST_USE;
enum gzip_status frame_ended(const struct frame_reader *reader); /* GZIP_MORE unless the source has ended */
uint64_t frame_bytes(const struct frame_reader *reader);         /* read so far */
void frame_close(struct frame_reader *reader);                   /* NULL is allowed; does not close the source */

#endif

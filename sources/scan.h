/* scan - where a JSON value ends, found from quotes and brackets alone, 64 bytes at a time.
 *
 * A scan is resumable: bytes may be handed over in pieces of any size, and the pieces' sizes never change the result.
 * It is no parser: a value that ends here may still be malformed. But three things no valid value can contain are taken
 * as proof that it is broken, so that a record cut short does not swallow the next one: a line break inside a string,
 * a '{' right after anything but ':' ',' '[' or white space, and a '{' at the start of a line whose last byte before
 * that (white space aside) is none of ':' ',' '['. */
#ifndef LAKEPROOF_SOURCES_SCAN_H
#define LAKEPROOF_SOURCES_SCAN_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/slice.h"

enum { SCAN_PADDING = 64 }; /* bytes that must be readable (any contents) after the input */

enum scan_status { SCAN_MORE = 0, SCAN_END, SCAN_BAD };

struct scan {
	uint64_t depth; /* open brackets */
	bool in_string;
	bool escaped;       /* the next byte stands after a backslash */
	char previous;      /* the byte before the next one */
	char significant;   /* the last byte seen that is no white space */
	const char *reason; /* after SCAN_BAD: static text */
};

/* Ready for the bytes after an opening bracket, itself not scanned. */
void scan_init(struct scan *scan, char opening);
/* Goes on at bytes.data[*at]. SCAN_END: *at is after the bracket that closes the first one; SCAN_BAD: at the byte that
 * proves it broken; SCAN_MORE: at the end. */
enum scan_status scan_run(struct scan *scan, struct slice bytes, size_t *at) MUST_USE;

/* What an object at the top of a file is. */
enum scan_shape {
	SHAPE_MORE = 0, /* these bytes do not tell */
	SHAPE_RECORD,
	SHAPE_ENVELOPE, /* {"Records":[{…},…]}, or "records", perhaps with other members before */
	SHAPE_PAGE      /* {"Items":[{…},…]}, likewise */
};

/* Looks at the members of the object at bytes.data[0], which is '{', one after the other until one decides. *elements:
 * of an envelope or a page, the position after its '['. pages: whether there may be any; else such an object is a
 * record. */
enum scan_shape scan_object(struct slice bytes, bool pages, size_t *elements);

/* Whether a line is base64 of an object, of which the first letter is 'e' whatever follows: as frame_line has it. */
enum scan_status scan_base64_line(struct slice bytes, size_t *size);

/* Whether a line is an item in the form of old Hive exports, as frame_line has it: name 0x03 value 0x02 name 0x03 … */
enum scan_status scan_hive_line(struct slice bytes, size_t *size);

/* Walks what follows an envelope's or a page's ']' up to the '}' that ends `bytes`. False, and *reason, when it is
 * malformed or holds a member that only a record has. */
bool scan_envelope_tail(struct slice bytes, bool page, const char **reason) MUST_USE;

/* Whether a record may begin at bytes.data[at], as far as the bytes around it tell: for finding the way back after a
 * malformed record. Looks at most SCAN_CONTEXT bytes back and ahead. indent: white space that stood before the
 * malformed record on its line. *start: where it begins, `at` or the '[' before it. */
enum { SCAN_CONTEXT = 64 };
bool scan_starts_record(struct slice bytes, size_t at, size_t indent, size_t *start);

/* White space between the byte at `at` and the line break before it; SIZE_MAX when anything else is there, or more than
 * SCAN_CONTEXT of it. */
size_t scan_line_indent(struct slice bytes, size_t at);

/* The weaker question for a '{' where a record is expected: whether a member follows that no attribute value begins
 * with. */
bool scan_may_be_record(struct slice bytes, size_t at);

static inline bool scan_is_space(char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

#endif

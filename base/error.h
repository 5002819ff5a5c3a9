/* error - why an operation could not be done.
 *
 * A function that can fail returns 0 or an enum error_code and fills the caller's struct error, its last parameter.
 * The codes are the program's exit codes, so that main() maps nothing. A difference between table and lake is not an
 * error but a finding (reconcile/finding.h).
 *
 * Texts: lower case, no full stop; what failed, on what (quoted), and what to do next. The layout is shared with the
 * bridge (bridge/src/lib.rs), hence the fixed sizes. */
#ifndef LAKEPROOF_BASE_ERROR_H
#define LAKEPROOF_BASE_ERROR_H

#include <assert.h>

#include "base/attributes.h"

enum error_code {
	ERROR_NONE = 0,
	ERROR_USAGE = 64,    /* command line or contract */
	ERROR_DATA = 65,     /* nothing could be judged: unreadable lake or sources */
	ERROR_INTERNAL = 70, /* a broken invariant, out of memory */
	ERROR_IO = 74        /* the system refused: open, read, write, disk full */
};

enum { ERROR_MESSAGE_MAX = 1000 };

struct error {
	int code; /* an enum error_code; 0 when unset */
	char message[ERROR_MESSAGE_MAX];
};

/* So that a static analyser, which sees one file at a time, knows it too. */
static inline int error_nonzero(int code)
{
	assert(code != 0);
	return code;
}

/* Of a call that has just failed. */
static inline int error_code(const struct error *error)
{
	return error_nonzero(error->code);
}

/* Sets code and message (cut at ERROR_MESSAGE_MAX - 1 bytes) and returns code, which is not 0. */
#define error_set(...) error_nonzero(error_fill(__VA_ARGS__))
int error_fill(struct error *error, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "<context>: " before the message already there and returns its code. */
int error_prefix(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* error_set with ": " and strerror(errno) appended; code ERROR_IO. errno is read on entry. */
int error_system(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

#endif

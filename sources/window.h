/* window - the bytes of a stream from the first one not yet used, as far as they are read.
 *
 * Invariant: data[at..end) are the stream's bytes from position window_position on; JSON_PADDING more are readable
 * after `end`. Who uses bytes moves `at`; data before it are forgotten by the next window_fill, which may also move
 * what is kept: pointers into the window live until then.
 *
 * Memory: `read_size` bytes at first, and as many as what stays unused asks for, WINDOW_SIZE_MAX at most. One thread a
 * window. Positions are bytes in the stream. Errors: those of the source, ERROR_INTERNAL when out of memory. */
#ifndef LAKEPROOF_SOURCES_WINDOW_H
#define LAKEPROOF_SOURCES_WINDOW_H

#include "base/gzip.h"
#include "sources/events.h"

/* Room for more than the largest record, so that "too large" is known before the window is full. */
enum { WINDOW_SIZE_MAX = RECORD_SIZE_MAX + 64 * 1024 };

/* Where the bytes come from; gzip_read's rules. */
struct byte_source {
	void *context;
	int (*read)(void *context, void *bytes, size_t capacity, size_t *size, enum gzip_status *status,
		    struct error *error);
};

struct window {
	struct byte_source source; /* borrowed */
	size_t read_size;
	enum gzip_status ended; /* GZIP_MORE while there may be more */
	char *data;
	size_t capacity; /* without the padding */
	size_t at, end;
	uint64_t origin; /* of data[0] in the stream */
};

struct byte_source byte_source_gzip(struct gzip_reader *reader);

/* False when out of memory; then there is nothing to release. */
bool window_open(struct window *window, struct byte_source source, size_t read_size) MUST_USE;
void window_release(struct window *window);
/* Adds bytes after the present ones: up to `read_size`, or as many again when what is there fills half of that already.
 * Does nothing when the stream has ended. */
int window_fill(struct window *window, struct error *error) MUST_USE;
/* At least `size` bytes after `at`, unless the stream has fewer. */
int window_need(struct window *window, size_t size, struct error *error) MUST_USE;

/* *size: what there is from `from` bytes after `at` to the next line break, that not included, or to the end; *whole:
 * there is a break. Looks no further than a record may be large: then *size is what it has seen, not whole. */
int window_find_line(struct window *window, size_t from, size_t *size, bool *whole, struct error *error) MUST_USE;
/* Uses all to the next line break, that included, or to the end. */
int window_skip_line(struct window *window, struct error *error) MUST_USE;

static inline struct slice window_rest(const struct window *window)
{
	return (struct slice){window->data + window->at, window->end - window->at};
}

static inline uint64_t window_position(const struct window *window)
{
	return window->origin + window->at;
}

#endif

#include "sources/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static int read_gzip(void *context, void *bytes, size_t capacity, size_t *size, enum gzip_status *status,
		     struct error *error)
{
	return gzip_read(context, bytes, capacity, size, status, error);
}

struct byte_source byte_source_gzip(struct gzip_reader *reader)
{
	return (struct byte_source){reader, read_gzip};
}

bool window_open(struct window *window, struct byte_source source, size_t read_size)
{
	*window = (struct window){.source = source, .read_size = read_size, .capacity = read_size};
	window->data = malloc(read_size + JSON_PADDING);
	return window->data != NULL;
}

void window_release(struct window *window)
{
	free(window->data);
	window->data = NULL;
}

/* Forgets what is before `at`. */
static void compact(struct window *window)
{
	struct slice kept = window_rest(window);
	if (kept.size > 0)
		memmove(window->data, kept.data, kept.size);
	window->origin += window->at;
	window->at = 0;
	window->end = kept.size;
}

int window_fill(struct window *window, struct error *error)
{
	if (window->ended != GZIP_MORE)
		return 0;
	if (window->at > 0)
		compact(window);
	size_t wanted = window->end * 2 > window->read_size ? window->end * 2 : window->read_size;
	if (wanted > WINDOW_SIZE_MAX)
		wanted = WINDOW_SIZE_MAX;
	if (wanted > window->capacity) {
		char *data = realloc(window->data, wanted + JSON_PADDING);
		if (data == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory for a record of %zu bytes", wanted);
		window->data = data;
		window->capacity = wanted;
	}
	if (window->end >= wanted)
		return error_set(error, ERROR_INTERNAL, "a record outgrew its window");
	while (window->end < wanted && window->ended == GZIP_MORE) {
		size_t size = 0;
		int code = window->source.read(window->source.context, window->data + window->end, wanted - window->end,
					       &size, &window->ended, error);
		if (code != 0)
			return code;
		window->end += size;
	}
	return 0;
}

int window_need(struct window *window, size_t size, struct error *error)
{
	while (window->end - window->at < size && window->ended == GZIP_MORE) {
		int code = window_fill(window, error);
		if (code != 0)
			return code;
	}
	return 0;
}

int window_find_line(struct window *window, size_t from, size_t *size, bool *whole, struct error *error)
{
	for (size_t searched = from;;) {
		struct slice rest = window_rest(window);
		const char *end = rest.size > searched ? memchr(rest.data + searched, '\n', rest.size - searched)
						       : NULL;
		*size = (end != NULL ? (size_t)(end - rest.data) : rest.size) - from;
		*whole = end != NULL;
		if (*whole || window->ended != GZIP_MORE || rest.size > RECORD_SIZE_MAX)
			return 0;
		searched = rest.size;
		int code = window_fill(window, error);
		if (code != 0)
			return code;
	}
}

int window_skip_line(struct window *window, struct error *error)
{
	for (;;) {
		struct slice rest = window_rest(window);
		const char *end = rest.size > 0 ? memchr(rest.data, '\n', rest.size) : NULL;
		window->at += end != NULL ? (size_t)(end - rest.data) + 1 : rest.size;
		if (end != NULL || window->ended != GZIP_MORE)
			return 0;
		int code = window_fill(window, error);
		if (code != 0)
			return code;
	}
}

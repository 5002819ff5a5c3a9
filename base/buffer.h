/* buffer - bytes that grow up to a maximum.
 *
 * Owns its memory. Every append returns 0, or ERROR_INTERNAL when memory or the maximum is exhausted, in which case
 * the contents stay as they were; `failed` stays set, so that a run of appends can be checked once at its end. */
#ifndef LAKEPROOF_BASE_BUFFER_H
#define LAKEPROOF_BASE_BUFFER_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/slice.h"

struct buffer {
	char *data;
	size_t size;
	size_t capacity;
	size_t size_max;
	bool failed;
};

void buffer_init(struct buffer *buffer, size_t size_max);
void buffer_release(struct buffer *buffer);
/* Room for `more` bytes after the present ones; buffer->data + buffer->size may then be written directly. */
int buffer_reserve(struct buffer *buffer, size_t more);
int buffer_append(struct buffer *buffer, const void *bytes, size_t size);
int buffer_append_slice(struct buffer *buffer, struct slice bytes);
int buffer_append_text(struct buffer *buffer, const char *text);
int buffer_append_byte(struct buffer *buffer, char byte);
int buffer_append_u64(struct buffer *buffer, uint64_t value); /* decimal text */
int buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
/* JSON string with quotes: '"' '\\' and C0 controls escaped, everything else as it is. */
int buffer_append_json(struct buffer *buffer, struct slice text);
/* RFC 4648 standard alphabet, padded. */
int buffer_append_base64(struct buffer *buffer, struct slice bytes);
static inline struct slice buffer_slice(const struct buffer *buffer)
{
	return (struct slice){buffer->data, buffer->size};
}

#endif

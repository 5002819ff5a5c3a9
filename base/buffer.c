#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

void buffer_init(struct buffer *buffer, size_t size_max)
{
	*buffer = (struct buffer){.data = NULL, .size_max = size_max};
}

void buffer_release(struct buffer *buffer)
{
	free(buffer->data);
	buffer_init(buffer, buffer->size_max);
}

static int grow(struct buffer *buffer, size_t needed)
{
	size_t capacity = buffer->capacity < 256 ? 256 : buffer->capacity + buffer->capacity / 2;
	if (capacity < needed)
		capacity = needed;
	if (capacity > buffer->size_max)
		capacity = buffer->size_max;
	char *data = realloc(buffer->data, capacity);
	if (data == NULL) {
		buffer->failed = true;
		return ERROR_INTERNAL;
	}
	buffer->data = data;
	buffer->capacity = capacity;
	return 0;
}

int buffer_reserve(struct buffer *buffer, size_t more)
{
	if (more <= buffer->capacity - buffer->size && buffer->data != NULL)
		return 0;
	if (buffer->size > buffer->size_max || more > buffer->size_max - buffer->size) {
		buffer->failed = true;
		return ERROR_INTERNAL;
	}
	return grow(buffer, buffer->size + more);
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
	if (size == 0)
		return 0;
	int code = buffer_reserve(buffer, size);
	if (code != 0)
		return code;
	memcpy(buffer->data + buffer->size, bytes, size);
	buffer->size += size;
	return 0;
}

int buffer_append_slice(struct buffer *buffer, struct slice bytes)
{
	return buffer_append(buffer, bytes.data, bytes.size);
}

int buffer_append_text(struct buffer *buffer, const char *text)
{
	return buffer_append(buffer, text, strlen(text));
}

int buffer_append_byte(struct buffer *buffer, char byte)
{
	return buffer_append(buffer, &byte, 1);
}

int buffer_append_u64(struct buffer *buffer, uint64_t value)
{
	char digits[20];
	size_t start = sizeof(digits);
	do {
		digits[--start] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	return buffer_append(buffer, digits + start, sizeof(digits) - start);
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	va_list again;
	va_copy(again, arguments);
	int size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	int code = ERROR_INTERNAL;
	if (size < 0) {
		buffer->failed = true;
		goto out;
	}
	/* vsnprintf writes a NUL too, which is not counted. */
	code = buffer_reserve(buffer, (size_t)size + 1);
	if (code != 0)
		goto out;
	(void)vsnprintf(buffer->data + buffer->size, (size_t)size + 1, format, again);
	buffer->size += (size_t)size;
out:
	va_end(again);
	return code;
}

/* Writes the escape of a byte that JSON does not allow as it is; returns its length, 0 for all other bytes. */
static size_t json_escape(unsigned char byte, char escape[6])
{
	static const char hexadecimal[] = "0123456789abcdef";
	static const char letters[32] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
	if (byte >= 0x20 && byte != '"' && byte != '\\')
		return 0;
	escape[0] = '\\';
	escape[1] = byte >= 0x20 ? (char)byte : letters[byte];
	if (escape[1] != '\0')
		return 2;
	memcpy(escape + 1, "u00", 3);
	escape[4] = hexadecimal[byte >> 4];
	escape[5] = hexadecimal[byte & 15];
	return 6;
}

int buffer_append_json(struct buffer *buffer, struct slice text)
{
	size_t before = buffer->size;
	int code = buffer_append_byte(buffer, '"');
	size_t start = 0;
	for (size_t i = 0; i < text.size && code == 0; i++) {
		char escape[6];
		size_t size = json_escape((unsigned char)text.data[i], escape);
		if (size == 0)
			continue;
		code = buffer_append(buffer, text.data + start, i - start);
		if (code == 0)
			code = buffer_append(buffer, escape, size);
		start = i + 1;
	}
	if (code == 0 && text.size > start)
		code = buffer_append(buffer, text.data + start, text.size - start);
	if (code == 0)
		code = buffer_append_byte(buffer, '"');
	if (code != 0)
		buffer->size = before;
	return code;
}

int buffer_append_base64(struct buffer *buffer, struct slice bytes)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	if (bytes.size > buffer->size_max) {
		buffer->failed = true;
		return ERROR_INTERNAL;
	}
	if (bytes.size == 0)
		return 0;
	size_t size = bytes.size / 3 * 4 + (bytes.size % 3 != 0 ? 4 : 0);
	int code = buffer_reserve(buffer, size);
	if (code != 0)
		return code;
	char *out = buffer->data + buffer->size;
	const unsigned char *from = (const unsigned char *)bytes.data;
	size_t i = 0;
	for (; i + 3 <= bytes.size; i += 3) {
		uint32_t word = (uint32_t)from[i] << 16 | (uint32_t)from[i + 1] << 8 | from[i + 2];
		out[0] = alphabet[word >> 18];
		out[1] = alphabet[word >> 12 & 63];
		out[2] = alphabet[word >> 6 & 63];
		out[3] = alphabet[word & 63];
		out += 4;
	}
	if (i < bytes.size) {
		size_t left = bytes.size - i;
		uint32_t word = (uint32_t)from[i] << 16;
		word |= left > 1 ? (uint32_t)from[i + 1] << 8 : 0;
		*out++ = alphabet[word >> 18];
		*out++ = alphabet[word >> 12 & 63];
		*out++ = left > 1 ? alphabet[word >> 6 & 63] : '=';
		*out++ = '=';
	}
	buffer->size += size;
	return 0;
}

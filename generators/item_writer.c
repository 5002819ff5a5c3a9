#include "generators/item_writer.h"

#include <assert.h>

#include "base/error.h"

/* ---- raw bytes: every write goes through room() ---- */

static inline bool room(struct item_writer *writer, size_t size)
{
	if ((size_t)(writer->end - writer->at) >= size)
		return true;
	writer->overflow = true;
	return false;
}

static inline void put_bytes(struct item_writer *writer, const char *bytes, size_t size)
{
	if (!room(writer, size))
		return;
	memcpy(writer->at, bytes, size);
	writer->at += size;
}

#define PUT(writer, literal) put_bytes((writer), (literal), sizeof(literal) - 1)

/* A comma unless this is the first member: what stands before tells, since no value ends in an opening bracket. */
static inline void put_comma(struct item_writer *writer)
{
	if (writer->at[-1] != '{' && writer->at[-1] != '[')
		PUT(writer, ",");
}

static size_t put_escape(char *to, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	const char *found = NULL;
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letter[] = "\"\\bfnrt";

	if (byte != 0)
		found = strchr(plain, byte);
	to[0] = '\\';
	if (found != NULL) {
		to[1] = letter[found - plain];
		return 2;
	}
	to[1] = 'u';
	to[2] = '0';
	to[3] = '0';
	to[4] = hex[byte >> 4];
	to[5] = hex[byte & 15];
	return 6;
}

static void put_escaped(struct item_writer *writer, struct slice text)
{
	/* Six bytes is the longest escape of one byte. */
	if (text.size > SIZE_MAX / 8 || !room(writer, text.size * 6 + 2)) {
		writer->overflow = true;
		return;
	}
	*writer->at++ = '"';
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte < 0x20 || byte == '"' || byte == '\\')
			writer->at += put_escape(writer->at, byte);
		else
			*writer->at++ = (char)byte;
	}
	*writer->at++ = '"';
}

static void put_base64(struct item_writer *writer, const uint8_t *bytes, size_t size)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	if (size > SIZE_MAX / 8 || !room(writer, (size + 2) / 3 * 4)) {
		writer->overflow = true;
		return;
	}
	char *at = writer->at;
	while (size >= 3) {
		uint32_t word = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
		at[0] = alphabet[word >> 18];
		at[1] = alphabet[word >> 12 & 63];
		at[2] = alphabet[word >> 6 & 63];
		at[3] = alphabet[word & 63];
		at += 4;
		bytes += 3;
		size -= 3;
	}
	if (size > 0) {
		uint32_t word = (uint32_t)bytes[0] << 16 | (size == 2 ? (uint32_t)bytes[1] << 8 : 0);
		at[0] = alphabet[word >> 18];
		at[1] = alphabet[word >> 12 & 63];
		at[2] = size == 2 ? alphabet[word >> 6 & 63] : '=';
		at[3] = '=';
		at += 4;
	}
	writer->at = at;
}

/* ---- items ---- */

int item_begin(struct item_writer *writer, struct buffer *buffer, size_t json_max)
{
	*writer = (struct item_writer){.buffer = buffer};
	if (buffer_reserve(buffer, json_max) != 0)
		return ERROR_INTERNAL;
	writer->at = buffer->data + buffer->size;
	writer->end = writer->at + json_max;
	PUT(writer, "{");
	return 0;
}

int item_end(struct item_writer *writer)
{
	PUT(writer, "}");
	if (writer->overflow)
		return ERROR_INTERNAL;
	writer->buffer->size = (size_t)(writer->at - writer->buffer->data);
	return 0;
}

void item_attribute(struct item_writer *writer, const char *plain, size_t size)
{
	if (!room(writer, size + 4))
		return;
	put_comma(writer);
	*writer->at++ = '"';
	memcpy(writer->at, plain, size);
	writer->at += size;
	*writer->at++ = '"';
	*writer->at++ = ':';
	writer->size_bytes += size;
}

void item_attribute_escaped(struct item_writer *writer, struct slice name)
{
	put_comma(writer);
	put_escaped(writer, name);
	PUT(writer, ":");
	writer->size_bytes += name.size;
}

void value_plain(struct item_writer *writer, const char *text, size_t size)
{
	PUT(writer, "{\"S\":\"");
	put_bytes(writer, text, size);
	PUT(writer, "\"}");
	writer->size_bytes += size;
}

void value_text(struct item_writer *writer, struct slice text)
{
	PUT(writer, "{\"S\":");
	put_escaped(writer, text);
	PUT(writer, "}");
	writer->size_bytes += text.size;
}

void value_binary(struct item_writer *writer, const uint8_t *bytes, size_t size)
{
	PUT(writer, "{\"B\":\"");
	put_base64(writer, bytes, size);
	PUT(writer, "\"}");
	writer->size_bytes += size;
}

static const char filler[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";

/* `count` characters of base64's alphabet, walked through by a step without a common divisor. */
static void put_filler(struct item_writer *writer, size_t count, uint64_t seed)
{
	size_t at = seed & 63, step = (seed >> 6 & 31) * 2 + 1;

	if (!room(writer, count))
		return;
	for (size_t i = 0; i < count; i++, at += step)
		writer->at[i] = filler[at & 63];
	writer->at += count;
}

void value_filler(struct item_writer *writer, char type, size_t size, uint64_t seed)
{
	if (type == 'B') {
		PUT(writer, "{\"B\":\"");
		put_filler(writer, size / 3 * 4, seed);
		if (size % 3 == 1)
			PUT(writer, "Qg==");
		else if (size % 3 == 2)
			PUT(writer, "QmE=");
	} else {
		PUT(writer, "{\"S\":\"");
		put_filler(writer, size, seed);
	}
	PUT(writer, "\"}");
	writer->size_bytes += size;
}

void value_bool(struct item_writer *writer, bool value)
{
	if (value)
		PUT(writer, "{\"BOOL\":true}");
	else
		PUT(writer, "{\"BOOL\":false}");
	writer->size_bytes += 1;
}

void value_null(struct item_writer *writer)
{
	PUT(writer, "{\"NULL\":true}");
	writer->size_bytes += 1;
}

/* ---- numbers ---- */

/* `lead` is the power of ten of the first digit, as in d.ddd * 10^lead. */
static uint64_t number_size(bool negative, size_t digits, int lead)
{
	if (digits == 0)
		return 1;
	return 1 + (digits + 1) / 2 + (digits % 2 == 0 && lead % 2 == 0 ? 1 : 0) + (negative ? 1 : 0);
}

static void put_zeros(struct item_writer *writer, size_t count)
{
	if (!room(writer, count))
		return;
	memset(writer->at, '0', count);
	writer->at += count;
}

/* Canonical text of 0.digits * 10^exponent, where digits has neither leading nor trailing zeros. */
static void put_number(struct item_writer *writer, bool negative, const char *digits, size_t count, int exponent)
{
	writer->size_bytes += number_size(negative, count, exponent - 1);
	if (count == 0) {
		PUT(writer, "0");
		return;
	}
	if (negative)
		PUT(writer, "-");
	if (exponent <= 0) {
		PUT(writer, "0.");
		put_zeros(writer, (size_t)-exponent);
		put_bytes(writer, digits, count);
	} else if ((size_t)exponent >= count) {
		put_bytes(writer, digits, count);
		put_zeros(writer, (size_t)exponent - count);
	} else {
		put_bytes(writer, digits, (size_t)exponent);
		PUT(writer, ".");
		put_bytes(writer, digits + exponent, count - (size_t)exponent);
	}
}

static void put_digits(struct item_writer *writer, bool negative, const char *digits, size_t count, int exponent)
{
	while (count > 0 && digits[0] == '0') {
		digits++;
		count--;
		exponent--;
	}
	while (count > 0 && digits[count - 1] == '0')
		count--;
	assert(count <= NUMBER_DIGITS_MAX);
	assert(count == 0 || (exponent >= -129 && exponent <= 126));
	put_number(writer, negative && count > 0, digits, count, exponent);
}

static void put_scaled(struct item_writer *writer, int64_t unscaled, unsigned scale)
{
	char digits[20];
	size_t start = sizeof(digits);
	bool negative = unscaled < 0;
	uint64_t rest = negative ? 0 - (uint64_t)unscaled : (uint64_t)unscaled;

	while (rest > 0) {
		digits[--start] = (char)('0' + rest % 10);
		rest /= 10;
	}
	size_t count = sizeof(digits) - start;
	put_digits(writer, negative, digits + start, count, (int)count - (int)scale);
}

void value_integer(struct item_writer *writer, int64_t value)
{
	value_scaled(writer, value, 0);
}

void value_scaled(struct item_writer *writer, int64_t unscaled, unsigned scale)
{
	PUT(writer, "{\"N\":\"");
	put_scaled(writer, unscaled, scale);
	PUT(writer, "\"}");
}

void value_digits(struct item_writer *writer, bool negative, const char *digits, size_t count, int exponent)
{
	PUT(writer, "{\"N\":\"");
	put_digits(writer, negative, digits, count, exponent);
	PUT(writer, "\"}");
}

/* ---- documents: 3 bytes, and 1 for each entry ---- */

void value_map_begin(struct item_writer *writer)
{
	PUT(writer, "{\"M\":{");
	writer->size_bytes += 3;
}

void map_member(struct item_writer *writer, const char *plain, size_t size)
{
	item_attribute(writer, plain, size);
	writer->size_bytes += 1;
}

void map_member_escaped(struct item_writer *writer, struct slice name)
{
	item_attribute_escaped(writer, name);
	writer->size_bytes += 1;
}

void value_map_end(struct item_writer *writer)
{
	PUT(writer, "}}");
}

void value_list_begin(struct item_writer *writer)
{
	PUT(writer, "{\"L\":[");
	writer->size_bytes += 3;
}

void list_element(struct item_writer *writer)
{
	put_comma(writer);
	writer->size_bytes += 1;
}

void value_list_end(struct item_writer *writer)
{
	PUT(writer, "]}");
}

/* ---- sets: the sum of their members ---- */

void value_set_begin(struct item_writer *writer, char type)
{
	assert(type == 'S' || type == 'N' || type == 'B');
	char open[] = "{\"?S\":[";
	open[2] = type;
	put_bytes(writer, open, sizeof(open) - 1);
}

void set_member_plain(struct item_writer *writer, const char *text, size_t size)
{
	put_comma(writer);
	PUT(writer, "\"");
	put_bytes(writer, text, size);
	PUT(writer, "\"");
	writer->size_bytes += size;
}

void set_member_text(struct item_writer *writer, struct slice text)
{
	put_comma(writer);
	put_escaped(writer, text);
	writer->size_bytes += text.size;
}

void set_member_scaled(struct item_writer *writer, int64_t unscaled, unsigned scale)
{
	put_comma(writer);
	PUT(writer, "\"");
	put_scaled(writer, unscaled, scale);
	PUT(writer, "\"");
}

void set_member_digits(struct item_writer *writer, bool negative, const char *digits, size_t count, int exponent)
{
	put_comma(writer);
	PUT(writer, "\"");
	put_digits(writer, negative, digits, count, exponent);
	PUT(writer, "\"");
}

void set_member_binary(struct item_writer *writer, const uint8_t *bytes, size_t size)
{
	put_comma(writer);
	PUT(writer, "\"");
	put_base64(writer, bytes, size);
	PUT(writer, "\"");
	writer->size_bytes += size;
}

void value_set_end(struct item_writer *writer)
{
	PUT(writer, "]}");
}

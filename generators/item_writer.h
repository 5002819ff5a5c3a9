/* item_writer - writes one DynamoDB item as the service does: typed JSON, canonical numbers, and its size in bytes.
 *
 * Appends to a borrowed buffer through a window reserved once an item, so that a value costs a bounds check and a copy.
 * A value that does not fit sets `overflow`; nothing is written past the window. Not thread-safe: one writer a thread.
 * size_bytes follows the service's size model (DynamoDB Developer Guide, "Capacity unit calculations"; numbers in
 * base-100 digit pairs aligned at the point, plus one).
 *
 * Call order: item_begin; for every attribute item_attribute and one value; item_end. Inside a map map_member comes
 * before each value, inside a list list_element; set members have functions of their own. */
#ifndef LAKEPROOF_GENERATORS_ITEM_WRITER_H
#define LAKEPROOF_GENERATORS_ITEM_WRITER_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

enum {
	ITEM_JSON_MAX = 32 * 1024, /* JSON of one item of ordinary size */
	NUMBER_DIGITS_MAX = 38
};

struct item_writer {
	struct buffer *buffer;
	char *at;
	char *end;
	uint64_t size_bytes;
	bool overflow;
};

/* Opens the object: '{'. ERROR_INTERNAL when the buffer cannot take json_max more bytes. */
int item_begin(struct item_writer *writer, struct buffer *buffer, size_t json_max) MUST_USE;
/* Closes it; ERROR_INTERNAL when the item overflowed, in which case the buffer is as it was. */
int item_end(struct item_writer *writer) MUST_USE;

/* A top-level attribute's name; `plain` names need no escaping. */
void item_attribute(struct item_writer *writer, const char *plain, size_t size);
void item_attribute_escaped(struct item_writer *writer, struct slice name);

void value_plain(struct item_writer *writer, const char *text, size_t size); /* S that needs no escaping */
void value_text(struct item_writer *writer, struct slice text);              /* S, escaped */
void value_integer(struct item_writer *writer, int64_t value);
/* unscaled * 10^-scale, canonical: no trailing fraction zeros. */
void value_scaled(struct item_writer *writer, int64_t unscaled, unsigned scale);
/* 0.d1d2d3… * 10^exponent; digits '0' to '9' as text, any leading and trailing zeros are dropped. */
void value_digits(struct item_writer *writer, bool negative, const char *digits, size_t count, int exponent);
void value_binary(struct item_writer *writer, const uint8_t *bytes, size_t size);
/* S (plain text) or B of so many bytes, a function of `seed`. */
void value_filler(struct item_writer *writer, char type, size_t size, uint64_t seed);
void value_bool(struct item_writer *writer, bool value);
void value_null(struct item_writer *writer);

void value_map_begin(struct item_writer *writer);
void map_member(struct item_writer *writer, const char *plain, size_t size);
void map_member_escaped(struct item_writer *writer, struct slice name);
void value_map_end(struct item_writer *writer);

void value_list_begin(struct item_writer *writer);
void list_element(struct item_writer *writer);
void value_list_end(struct item_writer *writer);

/* type 'S', 'N' or 'B'. */
void value_set_begin(struct item_writer *writer, char type);
void set_member_plain(struct item_writer *writer, const char *text, size_t size);
void set_member_text(struct item_writer *writer, struct slice text);
void set_member_scaled(struct item_writer *writer, int64_t unscaled, unsigned scale);
void set_member_digits(struct item_writer *writer, bool negative, const char *digits, size_t count, int exponent);
void set_member_binary(struct item_writer *writer, const uint8_t *bytes, size_t size);
void value_set_end(struct item_writer *writer);

#endif

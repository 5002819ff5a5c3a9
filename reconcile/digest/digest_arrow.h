/* digest_arrow - one column of an Arrow batch, bound to its Spark type: inside reconcile/digest*.c only.
 *
 * Invariant: a bound node's format is one of its type's, and every index that is passed in is logical, 0 to the
 * column's length: `base` holds the offsets of the array and of the structs around it. Borrows the array's buffers.
 * Source: Arrow columnar format, physical memory layout; Arrow C data interface. Buffers are trusted as to offsets and
 * lengths: they come from the bridge, not from a file. */
#ifndef LAKEPROOF_RECONCILE_DIGEST_DIGEST_ARROW_H
#define LAKEPROOF_RECONCILE_DIGEST_DIGEST_ARROW_H

#include "base/error.h"
#include "bridge/arrow.h"
#include "reconcile/contract/column_type.h"
#include "reconcile/contract/contract.h"
#include "reconcile/value/number.h"

struct lake_node {
	const struct column_type *type;
	const uint8_t *validity; /* NULL: no nulls */
	const void *values;      /* fixed-width values, or the bytes of strings and binaries */
	const void *offsets;     /* of strings, binaries, arrays and maps */
	int64_t base;
	bool wide_offsets;          /* 64-bit */
	uint8_t width;              /* bytes of one fixed-width value; 0 for packed booleans */
	struct lake_node *children; /* ARRAY: element; MAP: key, value; STRUCT: fields */
};

/* ERROR_DATA when the format is none of the type's. `column` is for messages. */
int lake_node_bind(struct lake_node *node, struct arena *arena, const char *column, const struct column_type *type,
		   const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t outer_base,
		   struct error *error) MUST_USE;

static inline bool lake_is_null(const struct lake_node *node, int64_t index)
{
	int64_t at = node->base + index;
	return node->validity != NULL && (node->validity[at / 8] >> (at % 8) & 1) == 0;
}

static inline int32_t lake_i32(const void *values, int64_t at)
{
	int32_t value;
	memcpy(&value, (const char *)values + at * 4, sizeof(value));
	return value;
}

static inline int64_t lake_i64(const void *values, int64_t at)
{
	int64_t value;
	memcpy(&value, (const char *)values + at * 8, sizeof(value));
	return value;
}

/* Where a string's bytes or an array's elements begin and end. */
static inline void lake_range(const struct lake_node *node, int64_t index, int64_t *first, int64_t *end)
{
	int64_t at = node->base + index;
	*first = node->wide_offsets ? lake_i64(node->offsets, at) : lake_i32(node->offsets, at);
	*end = node->wide_offsets ? lake_i64(node->offsets, at + 1) : lake_i32(node->offsets, at + 1);
}

static inline struct slice lake_bytes(const struct lake_node *node, int64_t index)
{
	int64_t first, end;
	lake_range(node, index, &first, &end);
	return (struct slice){(const char *)node->values + first, (size_t)(end - first)};
}

static inline bool lake_boolean(const struct lake_node *node, int64_t index)
{
	int64_t at = node->base + index;
	return (((const uint8_t *)node->values)[at / 8] >> (at % 8) & 1) != 0;
}

/* TINYINT to BIGINT, DATE, TIMESTAMP, and decimals stored in 4 or 8 bytes. */
static inline int64_t lake_integer(const struct lake_node *node, int64_t index)
{
	int64_t at = node->base + index;
	int16_t small;
	switch (node->width) {
	case 1:
		return ((const int8_t *)node->values)[at];
	case 2:
		memcpy(&small, (const char *)node->values + at * 2, sizeof(small));
		return small;
	case 4:
		return lake_i32(node->values, at);
	default:
		return lake_i64(node->values, at);
	}
}

static inline int128 lake_decimal(const struct lake_node *node, int64_t index)
{
	int128 value;
	if (node->width != 16)
		return lake_integer(node, index);
	memcpy(&value, (const char *)node->values + (node->base + index) * 16, sizeof(value));
	return value;
}

static inline float lake_float(const struct lake_node *node, int64_t index)
{
	float value;
	memcpy(&value, (const char *)node->values + (node->base + index) * 4, sizeof(value));
	return value;
}

static inline double lake_double(const struct lake_node *node, int64_t index)
{
	double value;
	memcpy(&value, (const char *)node->values + (node->base + index) * 8, sizeof(value));
	return value;
}

/* The value of a numeric or string column as a DynamoDB number; false when it is none. Not for nulls. */
bool lake_number(const struct lake_node *node, int64_t index, struct number *number) MUST_USE;
/* A float's or double's shortest decimal text that reads back the same; "NaN", "Infinity", "-Infinity". */
size_t lake_float_text(float value, char text[64]);
size_t lake_double_text(double value, char text[64]);
/* Whether a value of the deletes column, a boolean or with `when` an operation, marks its row as deleted. */
bool lake_marks_delete(const struct contract *contract, const struct lake_node *node, int64_t index);

#endif

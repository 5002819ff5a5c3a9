/* column_type - a lake column's type, by Spark's names: parsed from a contract, or taken from an Arrow schema.
 *
 * Immutable once made; lives in the arena it was made in. Two types are equal when their texts are. */
#ifndef LAKEPROOF_RECONCILE_CONTRACT_COLUMN_TYPE_H
#define LAKEPROOF_RECONCILE_CONTRACT_COLUMN_TYPE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/slice.h"
#include "bridge/arrow.h"

enum column_kind {
	COLUMN_STRING = 1,
	COLUMN_BOOLEAN,
	COLUMN_TINYINT,
	COLUMN_SMALLINT,
	COLUMN_INT,
	COLUMN_BIGINT,
	COLUMN_FLOAT,
	COLUMN_DOUBLE,
	COLUMN_DECIMAL,
	COLUMN_BINARY,
	COLUMN_DATE,
	COLUMN_TIMESTAMP,     /* microseconds, UTC */
	COLUMN_TIMESTAMP_NTZ, /* microseconds, no zone */
	COLUMN_ARRAY,
	COLUMN_MAP,
	COLUMN_STRUCT
};

struct column_type {
	enum column_kind kind;
	uint8_t precision, scale;          /* COLUMN_DECIMAL */
	uint32_t child_count;              /* ARRAY 1 (element), MAP 2 (key, value), STRUCT n */
	const struct column_type **children;
	const char **names; /* STRUCT: field names */
};

enum { COLUMN_TYPE_DEPTH_MAX = 32, COLUMN_TYPE_TEXT_MAX = 4096 };

/* NULL and *why (static text) when the text is no type; names are case-insensitive ("DECIMAL(38, 0)", "array<string>",
 * "struct<a:int,b:string>", "byte", "short", "integer", "long" as Spark accepts them). */
const struct column_type *column_type_parse(struct arena *arena, struct slice text, const char **why) MUST_USE;
/* From Arrow; NULL when Spark has no such type. */
const struct column_type *column_type_from_arrow(struct arena *arena, const struct ArrowSchema *schema) MUST_USE;
/* Spark's own spelling; cut at size - 1. Returns text. */
const char *column_type_text(const struct column_type *type, char *text, size_t size);
bool column_type_equal(const struct column_type *a, const struct column_type *b);

#endif

/* digest_cell - one scalar of a column, as a correct pipeline would have written it: inside reconcile/digest*.c only.
 *
 * The rules are docs/contract.md's table "What becomes of an attribute"; both the digest and the text of an expected
 * value are made from the same cell. Bytes borrow from the value or from the scratch's work arena. */
#ifndef LAKEPROOF_RECONCILE_DIGEST_DIGEST_CELL_H
#define LAKEPROOF_RECONCILE_DIGEST_DIGEST_CELL_H

#include "reconcile/digest/digest_scratch.h"

/* What a conversion is done under. */
struct conversion {
	struct digest_scratch *scratch;
	const struct json_token *tokens;
	const struct contract_column *rules;
	bool unordered;
	uint32_t *flags; /* enum image_flag; raised where a value has no place in its column */
};

struct cell {
	bool null;
	int128 number; /* integers, decimals unscaled, booleans, days, microseconds */
	double real;   /* float and double */
	struct slice bytes;
};

/* What a column that is not plain holds. */
struct column_result {
	bool nested; /* or compared by its digest for another reason */
	uint64_t digest;
	struct cell cell;
};

/* The value is not null and the type not nested. False: no place for it, and *flags says why. */
bool cell_make(const struct conversion *conversion, const struct column_type *type, const struct value *value,
	       struct cell *cell) MUST_USE;
/* Of a cell that is not null. */
uint64_t cell_hash(const struct column_type *type, const struct cell *cell, uint64_t seed);

/* Raises the flag and notes why, for digest_misfit; false. */
bool cell_refuse(const struct conversion *conversion, enum image_flag flag, const struct column_type *type,
		 const struct value *value, const char *why);

/* digest_convert.c: D(value) of docs/digest.md. *null: the column holds null here, by rule. */
uint64_t value_digest(const struct conversion *conversion, const struct column_type *type, const struct value *value,
		      bool *null);

#endif

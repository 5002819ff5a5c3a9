/* sketch - the first draft of a contract, made by looking at some records of the sources and at the Delta tables.
 *
 * Invariant: the text loads (contract_parse), and what was seen decides nothing in silence: where more than one reading
 * is possible, or where something would not be compared, a comment that begins with SKETCH_CHOICE says so. A column
 * whose attribute is in doubt stays a comment, so that the verdict is UNKNOWN until somebody has decided.
 *
 * Values stand in comments alone, redacted unless values_full; prefixes of keys that tell kinds of items apart are part
 * of the contract. A line of data can end no comment: what is not printable is escaped. One thread. Errors: ERROR_DATA
 * when a source or table cannot be read, ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_RECONCILE_SKETCH_SKETCH_H
#define LAKEPROOF_RECONCILE_SKETCH_SKETCH_H

#include "base/buffer.h"
#include "base/error.h"

#define SKETCH_CHOICE "# CHOOSE: "

struct sketch_options {
	char *const *sources;
	uint32_t source_count;
	const char *lake;   /* a Delta table, or a folder of some; NULL: none */
	const char *output; /* the contract's path: others are written relative to its folder where they are below it */
	uint64_t record_max;
	bool values_full;
};

struct sketch_summary {
	uint64_t records, unreadable;
	uint32_t lakes, columns, mapped, ignored; /* of the tables that are in the contract */
};

/* *yaml is appended to. */
int sketch_write(const struct sketch_options *options, struct buffer *yaml, struct sketch_summary *summary,
		 struct error *error) MUST_USE;

#endif

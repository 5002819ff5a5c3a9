/* bugs - faults that real pipelines have, to be planted on purpose: a checker that misses them checks nothing.
 *
 * Each is off unless asked for by name. A set of bugs is a bit mask. */
#ifndef LAKEPROOF_PIPELINE_BUGS_H
#define LAKEPROOF_PIPELINE_BUGS_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum bug {
	BUG_DROPS_REMOVE = 1 << 0,
	BUG_LAST_ARRIVAL_WINS = 1 << 1,
	BUG_APPEND_ONLY = 1 << 2,
	BUG_NUMBERS_THROUGH_DOUBLE = 1 << 3,
	BUG_BACKFILL_OVERWRITES = 1 << 4,
	BUG_TTL_IGNORED = 1 << 5,
	BUG_PARTIAL_KEY_MERGE = 1 << 6,
	BUG_SECONDS_TIE = 1 << 7,
	BUG_SEQUENCE_AS_TEXT = 1 << 8,
	BUG_TOMBSTONES_FORGOTTEN = 1 << 9,
	BUG_NULL_BECOMES_EMPTY_STRING = 1 << 10,
	BUG_LISTS_REVERSED = 1 << 11,
	BUG_REMOVED_ATTRIBUTE_SURVIVES = 1 << 12,
	BUG_BINARY_AS_TEXT = 1 << 13,
	BUG_DECIMALS_TRUNCATED = 1 << 14,
	BUG_FIRST_OF_LINE = 1 << 15,
	BUG_LAST_RECORD_LOST = 1 << 16,
	BUG_EXPORT_FILE_SKIPPED = 1 << 17,
	BUG_INSERTS_ONLY = 1 << 18,
	BUG_WRITES_NOTHING = 1 << 19
};

/* Adds the named bug to the set; ERROR_USAGE, naming --list-bugs, when there is none of that name. */
int bugs_add(uint32_t *bugs, const char *name, struct error *error) MUST_USE;
/* One line a bug: name, tab, what it does. */
void bugs_list(FILE *out);

#endif

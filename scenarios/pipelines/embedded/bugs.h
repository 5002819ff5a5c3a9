/* bugs - faults that real pipelines have, to be planted on purpose: a checker that misses them checks nothing.
 *
 * Each is off unless asked for by name. bug_list.h says which there are. */
#ifndef LAKEPROOF_PIPELINE_BUGS_H
#define LAKEPROOF_PIPELINE_BUGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "scenarios/pipelines/embedded/bug_list.h"

enum bug {
#define BUG_CONSTANT(id, name, class_id, needs, effect) BUG_##id,
	BUG_LIST(BUG_CONSTANT)
#undef BUG_CONSTANT
		BUG_COUNT
};

/* All zero: none. */
struct bug_set {
	uint64_t bits[2];
};

_Static_assert(BUG_COUNT <= 128, "a set of bugs holds 128");

static inline bool bugs_has(struct bug_set bugs, enum bug bug)
{
	return (bugs.bits[bug / 64] >> (bug % 64) & 1) != 0;
}

/* Adds the named bug to the set; ERROR_USAGE, naming --list-bugs, when there is none of that name. */
int bugs_add(struct bug_set *bugs, const char *name, struct error *error) MUST_USE;
/* One line a bug: name, class, what it needs to show, what it does, with tabs between them. */
void bugs_list(FILE *out);

#endif

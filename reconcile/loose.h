/* loose - the findings of a run that are about no judged key: of files, columns, coverage, identity, the accept list.
 *
 * Counts every one of them in the outcome, keeps the first `limit` with their details. Borrows run and outcome, whose
 * arena holds all texts; owns its arrays (loose_release). One thread. */
#ifndef LAKEPROOF_RECONCILE_LOOSE_H
#define LAKEPROOF_RECONCILE_LOOSE_H

#include "reconcile/run.h"

struct loose {
	struct run *run;
	struct outcome *outcome;
	uint64_t limit;
	struct finding *findings;
	uint64_t count, capacity;
	const char **attributes; /* unmapped ones told so far; texts are the outcome's */
	uint64_t attribute_count;
};

int loose_add(struct loose *loose, const struct finding *finding, struct error *error) MUST_USE;
/* All of them, once the keys have been judged. Also fills the outcome's accepted lines, columns and attributes. */
int loose_collect(struct loose *loose, struct error *error) MUST_USE;
void loose_release(struct loose *loose);

#endif

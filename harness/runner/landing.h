/* landing - a batch's files as the pipeline sees them: in the landing folder, and linked once more in the batch's own.
 *
 * CELL/landing holds all that landed so far, CELL/batches/NN the same layout with this batch's files only, and
 * batch.json beside them says what they are. Files are hard links to the generated ones. A file that lands again under
 * its own name is a copy that is new. Errors: ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_RUNNER_LANDING_H
#define LAKEPROOF_HARNESS_RUNNER_LANDING_H

#include "harness/runner/landing_plan.h"

struct landing {
	const struct histories *histories;
	const char *cell;          /* folder, absolute */
	uint32_t number;           /* of the batch, from 1, replays included */
	const char *folder, *json; /* of the batch */
	struct arena arena;        /* of one batch: reset by landing_batch */
};

/* What batch.json says beyond the batch itself. */
struct landing_facts {
	uint32_t of;                                   /* batches; 0: nobody knows */
	const char *work, *table, *scenario, *variant; /* variant may be NULL */
	uint64_t seed;
};

void landing_init(struct landing *landing, const struct histories *histories, const char *cell);
void landing_release(struct landing *landing);
/* The next batch lands. */
int landing_batch(struct landing *landing, const struct landing_batch *batch, struct error *error) MUST_USE;
/* Writes batch.json anew, as each attempt finds it. crash_at may be NULL. */
int landing_describe(struct landing *landing, const struct landing_batch *batch, const struct landing_facts *facts,
		     unsigned attempt, const char *crash_at, struct error *error) MUST_USE;

#endif

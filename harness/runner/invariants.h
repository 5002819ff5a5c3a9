/* invariants - what must hold of a cell, each asked of the reconciler: points of the cell.
 *
 * A point is ok only where the reconciler proved it. What could not be judged is unknown, and an error of the runner
 * never becomes a point. Errors: ERROR_IO, ERROR_INTERNAL; a table that cannot be read is no error but unproven. */
#ifndef LAKEPROOF_HARNESS_RUNNER_INVARIANTS_H
#define LAKEPROOF_HARNESS_RUNNER_INVARIANTS_H

#include "harness/runner/landing.h"
#include "reconcile/run.h"
#include "reports/cell.h"

struct invariants {
	const struct pipeline_file *pipeline;
	const struct scenario_file *scenario;
	const struct histories *histories;
	const char *folder; /* the cell's, absolute */
	const char *table;  /* absolute */
	const char *delta;  /* the same, from the cell's folder on, as contracts there name it */
	const bool *landed; /* per unit */
	struct cell *cell;
	/* each_batch */
	uint32_t batches_proven, batches_unknown, batches_failed, first_failed;
	const char *batch_detail;
	uint64_t batch_findings[FINDING_COUNT]; /* of the first that failed */
};

/* One way of delivering again, and the table's newest version before and after. */
struct replayed {
	enum landing_replay replay;
	int64_t before, after;
	const char *why; /* a step failed; else NULL */
	bool over_limit;
};

/* final.*, and versions.*: the table against the evidence, or against what was delivered where the scenario says so. */
int invariants_final(struct invariants *invariants, struct error *error) MUST_USE;
/* idempotent.*: after final. */
int invariants_replayed(struct invariants *invariants, const struct replayed *replayed, uint32_t count,
			struct error *error) MUST_USE;
/* The newest version in the table's log, or -1. */
int64_t invariants_table_version(const struct invariants *invariants);
/* Lakeproof's own list of what it set aside of the landing folder, written to *path (the cell's arena); NULL when there
 * is nothing on it. `why` is set when it cannot be said. */
int invariants_quarantine(struct invariants *invariants, const char **path, const char **why,
			  struct error *error) MUST_USE;
/* Holds the table against what landed so far; invariants_batches then adds the point. */
int invariants_batch(struct invariants *invariants, uint32_t batch, struct error *error) MUST_USE;
int invariants_batches(struct invariants *invariants);

#endif

/* version_points - what a table's versions prove, as points of a cell: versions.* and how a replay left it.
 *
 * The run is open and ingested. A range that cannot be judged is an unknown point, a table that versions do not apply
 * to a skipped one. Errors: ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_RUNNER_VERSION_POINTS_H
#define LAKEPROOF_HARNESS_RUNNER_VERSION_POINTS_H

#include "reconcile/run.h"
#include "reports/cell.h"

int version_points_add(struct cell *cell, struct run *run, struct error *error) MUST_USE;
/* One point: whether both versions hold the same rows; replay.changed if not. */
int version_points_compare(struct cell *cell, struct run *run, const char *id, const char *name, int64_t before,
			   int64_t after, struct error *error) MUST_USE;

#endif

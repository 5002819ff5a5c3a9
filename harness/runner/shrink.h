/* shrink - a failing cell made as small as it can be and still fail the same way, as a scenario of its own.
 *
 * Delta debugging over what the scenario is made of: faults, process faults, batches, items, changes, then the items
 * that anything is told of (`only_items`). Each try is a cell as any other, of a scenario file that is written for it;
 * the same way means: the same point fails by the same finding. Deterministic as cells are; bounded by tries and time.
 * What is left is FOLDER/shrunk/GROUP-NAME-PIPELINE.yaml, which runs by itself, and the cell tells its story instead of
 * its own. Errors: ERROR_IO, ERROR_INTERNAL; that nothing could be made smaller is none. */
#ifndef LAKEPROOF_HARNESS_RUNNER_SHRINK_H
#define LAKEPROOF_HARNESS_RUNNER_SHRINK_H

#include "harness/runner/cell_run.h"

struct shrink_request {
	const struct cell_request *cell; /* as it ran, and failed */
	const char *folder;              /* the run's, absolute */
	const char *scenario_folder;     /* of all scenarios, for the workload under them */
	uint32_t tries_max;              /* 0: 100 */
	int64_t time_max_us;             /* 0: two minutes */
};

int shrink_cell(const struct shrink_request *request, struct error *error) MUST_USE;

#endif

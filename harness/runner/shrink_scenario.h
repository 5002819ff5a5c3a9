/* shrink_scenario - a scenario in parts that can be left out, and as a file again.
 *
 * The file says everything itself: its workload is the whole one, and a copy of what lies under it goes beside it.
 * Borrows the scenario; the rest lives in the caller's arena. Errors as scenario files have them. */
#ifndef LAKEPROOF_HARNESS_RUNNER_SHRINK_SCENARIO_H
#define LAKEPROOF_HARNESS_RUNNER_SHRINK_SCENARIO_H

#include "harness/runner/scenario_file.h"

struct shrink_scenario {
	const struct scenario_file *of;
	const char *workload; /* YAML, whole */
	/* what may become less */
	bool *faults, *process; /* which are still there */
	int order; /* enum delivery_order */
	int64_t batches;
	uint64_t items, changes;
	uint64_t *only; /* numbers of items */
	uint32_t only_count; /* 0: all */
};

/* Reads how large it is; scenario_folder: as in struct shrink_request. */
int shrink_scenario_open(const struct scenario_file *of, const char *scenario_folder, struct arena *arena,
			 struct shrink_scenario *scenario, struct error *error) MUST_USE;
/* `finding`: by which `pipeline` breaks it. */
int shrink_scenario_write(const struct shrink_scenario *scenario, const char *pipeline, const char *finding,
			  const char *path, struct error *error) MUST_USE;

#endif

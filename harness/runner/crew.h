/* crew - the workers of a run: each a process that makes histories and runs the cells that share them.
 *
 * What a worker does is left in the run's folder, so a run that is interrupted is continued by what is there: a cell is
 * done when its cell.json and the digest beside it say that it is of the same files and seed. Sessions that pipelines
 * share are started before the workers and stopped after them. Errors: ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_RUNNER_CREW_H
#define LAKEPROOF_HARNESS_RUNNER_CREW_H

#include "harness/runner/selection.h"

enum crew_keep { KEEP_FAILED = 0, KEEP_ALL, KEEP_NONE };
#define CREW_KEEPS "failed|all|none"

struct crew_options {
	const char *folder;          /* of the run, absolute */
	const char *scenario_folder; /* for its workload.yaml */
	const char *scenarios_given; /* the same, as the user gave it */
	const char *pipelines_given; /* where pipelines have names */
	const char *program_folder;  /* of lakeproof; may be NULL */
	uint32_t jobs;
	enum crew_keep keep;
	bool expect;                  /* a failure that is expected need not be kept */
	bool shrink;                  /* what fails is made as small as it can be */
	void (*done)(uint64_t cells); /* told as they are; may be NULL */
};

/* Runs what is not done yet. Interrupted: *number is the signal; all workers and sessions have ended. */
int crew_run(const struct selection *selection, const struct crew_options *options, int *number,
	     struct error *error) MUST_USE;

#endif
